"""What is said around a run: whose results stand here, and what to open."""

import shlex
from pathlib import Path

import pytest

from spikedrift.core.errors import InputError
from spikedrift.plan.start import RECORD, Configuration, again, check_python, ending


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
    assert line.endswith("stay as they are; --directory keeps configurations apart")
    Path("results/report.zip").touch()
    (line,) = other.notices
    assert "results/findings.html becomes that of this run, results/report.zip stays" in line
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
    command = again(here, here / "Snakefile", [here / "mine.yaml", here / "more.yaml"], {})
    page = ["results/findings.html"]
    assert ending(figures, page, here, command) == []
    Path(figures[0]).parent.mkdir(parents=True)
    for path in figures[:2]:
        Path(path).touch()
    where, found, report = ending(figures, page, here, command)
    assert found == "what was found: results/findings.html"
    assert [where, report] == ending(figures, [], here, command)
    assert where == "final figures: results/figures/final/ (2, begin with 1-path.pdf)"
    assert report == (
        "a report of everything: .venv/bin/snakemake --configfile mine.yaml more.yaml "
        "--report results/report.zip"
    )
    assert again(here, here / "Snakefile", [], {}) == ".venv/bin/snakemake"


@pytest.mark.fault("config", "the report of a run in another directory, with other values")
def test_the_end_of_a_run_elsewhere_holds_from_anywhere(here: Path, tmp_path_factory) -> None:
    project = tmp_path_factory.mktemp("my project")
    settings = {"seed": 2, "fetch": {"mirror": "it's"}}
    command = again(project, project / "Snakefile", ["mine.yaml"], settings)
    assert shlex.split(command) == [
        f"{project}/.venv/bin/snakemake",
        *("--snakefile", f"{project}/Snakefile", "--directory", str(here)),
        *("--configfile", f"{here}/mine.yaml"),
        *("--config", "seed=2", """fetch={"mirror": "it's"}"""),
    ]
    figure = here / "results/figures/final/1-path.pdf"
    figure.parent.mkdir(parents=True)
    figure.touch()
    figures = ["results/figures/final/1-path.pdf"]
    where, found, report = ending(figures, ["results/findings.html"], project, command)
    assert found == f"what was found: {here}/results/findings.html"
    assert where.startswith(f"final figures: {here}/results/figures/final/ (1")
    assert report.endswith(f"{command} --report results/report.zip")
