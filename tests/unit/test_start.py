"""What is said around a run: whose results stand here, and what to open."""

from pathlib import Path

import pytest

from spikedrift.errors import InputError
from spikedrift.start import RECORD, Configuration, check_python, ending


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_same_configuration_is_no_news(here: Path) -> None:
    first = Configuration(["a.yaml"], {"seed": 1}, ["results/x"])
    assert first.notices == []  # nothing was made here yet
    first.record()
    assert first.notices == []
    # Another value is for Snakemake to see, and another place of the same file is no other one.
    assert Configuration(["a.yaml"], {"seed": 2}, ["results/x"]).notices == []
    assert Configuration([here / "a.yaml"], {"seed": 1}, ["results/x"]).notices == []
    assert Configuration(["renamed.yaml"], {"seed": 1}, ["results/x"]).notices == []


@pytest.mark.fault("config", "a second configuration over the results of the first")
def test_another_configuration_is_told_of(here: Path) -> None:
    Configuration(["a.yaml"], {"seed": 1}, ["results/x", "results/y", "results/z"]).record()
    other = Configuration(["b.yaml", "c.yaml"], {"seed": 2}, ["results/w", "results/x"])
    (line,) = other.notices
    assert "results/ is of a.yaml (digest " in line
    assert "this run is of b.yaml + c.yaml: 1 files that both name" in line
    assert "2 of a.yaml stay" in line
    assert "--directory" in line
    other.record()
    assert other.notices == []
    assert Configuration(["a.yaml"], {"seed": 1}, []).notices != []


def test_a_record_of_something_else_is_no_record(here: Path) -> None:
    RECORD.parent.mkdir()
    for content in (b"", b"[]", b"{}", b"\xff", b'{"name": 1, "digest": 2, "results": 3}'):
        RECORD.write_bytes(content)
        assert Configuration(["a.yaml"], {}, []).notices == []


@pytest.mark.fault("config", "a Python that Snakemake cannot start jobs by")
@pytest.mark.parametrize("name", ["a b", "it's", 'say "x"', "R&D", "a(1)", "$HOME"])
def test_a_python_that_jobs_cannot_start_by_is_refused(name: str) -> None:
    path = f"/home/me/{name}/.venv/bin/python"
    with pytest.raises(InputError, match="move the project") as refused:
        check_python(path)
    assert path in str(refused.value)


def test_other_paths_may_be_as_they_are() -> None:
    for path in ("/home/me/.venv/bin/python3.12", "/home/m\u00fcller/a-b_c+d,e@f/.venv/bin/python"):
        check_python(path)


def test_the_end_names_what_is_there(here: Path) -> None:
    figures = [f"results/figures/final/{name}.pdf" for name in ("1-path", "2-rules", "3-nets")]
    assert ending(figures, []) == []
    Path(figures[0]).parent.mkdir(parents=True)
    for path in figures[:2]:
        Path(path).touch()
    where, report = ending(figures, [here / "mine.yaml", here / "more.yaml"])
    assert where == "final figures: results/figures/final/ (2, begin with 1-path.pdf)"
    assert report.endswith("--configfile mine.yaml more.yaml --report results/report.zip")
    assert ".venv/bin/snakemake --report" in ending(figures, [])[1]
