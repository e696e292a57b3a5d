"""Plug-ins in folders of a user's own and in installed packages."""

import subprocess
import sys
from pathlib import Path

import pytest

from spikedrift.cells import cell
from spikedrift.core import plugins
from spikedrift.core.errors import InputError
from spikedrift.plasticity import registry
from spikedrift.similarity import registry as measures
from spikedrift.sources import registry as sources

MEASURES = "spikedrift.similarity.measures"
LOOK = f"""
from spikedrift.core import plugins
from spikedrift.core.provenance import source_digest
print("mine" in plugins.names({MEASURES!r}), source_digest({f"{MEASURES}.mine"!r}))
"""


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of one test are not those of the next."""
    monkeypatch.setenv("SPIKEDRIFT_PLUGINS", "")


def folder(place: Path, *files: str, text: str = "") -> str:
    for name in files:
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return str(place)


@pytest.mark.fault("config", "a folder of plug-ins that is none, or with two of one name", cases=5)
def test_a_folder_that_cannot_serve_is_one_line(tmp_path: Path) -> None:
    for given, words in (
        ([str(tmp_path / "nowhere")], r"config: plugins\[0\]: .*nowhere"),
        ([folder(tmp_path / "empty", "notes.txt")], "holds no plug-ins"),
        ([folder(tmp_path / "typo", "mesures/a.py")], "'mesures'; did you mean 'measures'"),
        (
            [folder(tmp_path / "taken", "measures/spikeship.py")],
            r"taken/measures/spikeship\.py: .*similarity/measures/spikeship\.py has the same name",
        ),
        (
            [folder(tmp_path / "one", "rules/a.py"), folder(tmp_path / "two", "rules/a.py")],
            r"two/rules/a\.py: .*one/rules/a\.py has the same name",
        ),
    ):
        with pytest.raises(InputError, match=words):
            plugins.use(given)


@pytest.mark.parametrize("name", ["raster", "recordings", "style"])
def test_a_figure_is_not_hidden_by_one_of_another_folder(tmp_path: Path, name: str) -> None:
    """Figures are found by name among those of the library, of analyses and final ones alike."""
    with pytest.raises(InputError, match=rf"figures/{name}\.py: .*{name}\.py has the same name"):
        plugins.use([folder(tmp_path, f"figures/{name}.py")])


def test_files_are_listed_by_kind_and_only_while_the_folder_is_used(tmp_path: Path) -> None:
    before = plugins.names(MEASURES)
    plugins.use([folder(tmp_path, "measures/mine.py", "rules/ours.py", "measures/_shared.py")])
    assert plugins.names(MEASURES) == sorted([*before, "mine"])
    assert plugins.file(MEASURES, "mine") == tmp_path / "measures" / "mine.py"
    assert "ours" in registry.names()
    plugins.use([])
    assert plugins.names(MEASURES) == before
    assert plugins.file(MEASURES, "mine") is None


@pytest.mark.fault("config", "a plug-in that is no Python")
def test_a_plug_in_that_is_no_python_is_named_with_its_line(tmp_path: Path) -> None:
    plugins.use([folder(tmp_path, "rules/torn.py", text="a = 1\nb = (\n")])
    with pytest.raises(InputError, match=r"rules/torn\.py: line 2: '\(' was never closed"):
        registry.declared("torn")


def test_a_plug_in_is_called_as_its_file(tmp_path: Path) -> None:
    text = "from spikedrift.cells.cell import Cell\nCELL = Cell('one', '', '')\n"
    plugins.use([folder(tmp_path, "cells/other.py", text=text)])
    with pytest.raises(InputError, match=r"cell other: .*other\.py calls it 'one'"):
        cell.get("other")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("MEASURE = Measure(code='timing')", "timing"),
        ("MEASURE: Measure = Measure(\n    'mine', '', 'distance', 'timing')", "timing"),
        ("MEASURE = Measure(code=CODE)\nOTHER = Measure(code='timing')", None),
        ("MEASURE = Measure(**every)  # code='timing'", None),
        ("def other():\n    MEASURE = Measure(code='timing')", None),
    ],
)
def test_what_a_file_says_of_itself_is_read_and_not_run(
    tmp_path: Path, text: str, said: str | None
) -> None:
    plugins.use([folder(tmp_path, "measures/mine.py", text=f"import nowhere\n{text}\n")])
    assert measures.MEASURES.literal("mine", "code") == said


def test_files_beside_plug_ins_are_none(tmp_path: Path) -> None:
    """A source is a file that defines one; helpers lie in the same package."""
    plugins.use([folder(tmp_path, "sources/helper.py", text="# SOURCE = Source(\n")])
    assert not {"helper", "registry", "movie"} & set(sources.names())
    with pytest.raises(InputError, match="unknown source 'helper'"):
        sources.get("helper")


@pytest.mark.process
def test_an_edit_of_a_users_file_is_another_digest(tmp_path: Path) -> None:
    """Asked in a process of its own each time, as jobs do: they learn of the folder around them."""
    place = folder(tmp_path, "measures/mine.py", text="VALUE = 1\n")
    plugins.use([place])

    def look() -> list[str]:
        done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    first = look()
    assert first[0] == "True"
    folder(tmp_path, "measures/mine.py", text="VALUE = 1  # as before\n")
    assert look() == first
    folder(tmp_path, "measures/mine.py", text="VALUE = 2\n")
    assert look()[1] != first[1]


def test_an_installed_package_may_offer_plug_ins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder(tmp_path, "theirs/__init__.py", "theirs/plugged/__init__.py")
    folder(tmp_path, "theirs/plugged/rules/offered.py", text="VALUE = 1\n")
    folder(tmp_path, "theirs-1.0.dist-info/METADATA", text="Name: theirs\nVersion: 1.0\n")
    text = "[spikedrift.plugins]\ntheirs = theirs.plugged\n"
    folder(tmp_path, "theirs-1.0.dist-info/entry_points.txt", text=text)
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins.use([])
    assert "offered" in registry.names()
    with pytest.raises(InputError, match=r"rule offered: .*offered\.py must define RULE"):
        registry.declared("offered")
