"""The digest that makes Snakemake rerun what an edit touches, and nothing else."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from planning import plan_for

import spikedrift
from spikedrift.config.root import Config
from spikedrift.core.provenance import NUMERICAL, closure, source_digest, versions
from spikedrift.plan.plan import Plan

PACKAGE = Path(spikedrift.__file__).parent
MEASURES = "spikedrift.similarity.measures"
TWO = (f"{MEASURES}.spikeship", f"{MEASURES}.rate_correlation")
# Packages that read, write, check, fetch and count threads: another version gives the same numbers.
CARRYING = {
    "aiohttp",
    "boto3",
    "botocore",
    "fsspec",
    "h5netcdf",
    "h5py",
    "llvmlite",
    "neo",
    "pydantic",
    "pydantic_core",
    "pynapple",
    "quantities",
    "requests",
    "rsatoolbox",
    "threadpoolctl",
    "urllib3",
    "yaml",
}


def digests_in(root: Path, *modules: str) -> list[str]:
    """Digests as a fresh process sees them (the parsed files are cached within one)."""
    code = (
        "import sys; from spikedrift.core.provenance import source_digest;"
        "print(*map(source_digest, sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *modules],
        env={"PYTHONPATH": str(root)},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.split()


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "spikedrift", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_follows_imports_through_packages():
    found = closure(f"{MEASURES}.spikeship")
    assert {"spikedrift.trials", "spikedrift.core.contract", "spikedrift.similarity"} <= set(found)
    assert "spikedrift.core.errors" not in found  # its words change no result


def test_unknown_module_is_refused():
    with pytest.raises(ModuleNotFoundError, match="no_such_measure"):
        source_digest(f"{MEASURES}.no_such_measure")


@pytest.mark.process
def test_edit_moves_only_the_digests_that_depend_on_it(copy):
    before = digests_in(copy, *TWO)
    path = copy / "spikedrift/similarity/measures/spikeship.py"
    path.write_text(path.read_text() + "\nADDED = 1\n")
    after = digests_in(copy, *TWO)
    assert after[0] != before[0]
    assert after[1] == before[1]


@pytest.mark.process
def test_edit_of_what_both_import_moves_both(copy):
    before = digests_in(copy, *TWO)
    path = copy / "spikedrift/trials.py"
    path.write_text(path.read_text() + "\nADDED = 1\n")
    assert all(new != old for new, old in zip(digests_in(copy, *TWO), before, strict=True))


@pytest.mark.process
def test_header_of_a_package_counts(copy):
    module = "spikedrift.simulation.build"
    before = digests_in(copy, module)
    path = copy / "spikedrift/simulation/session.h"
    path.write_text(path.read_text() + "// changed\n")
    assert digests_in(copy, module) != before


@pytest.mark.process
def test_comments_and_layout_do_not_count(copy):
    before = digests_in(copy, *TWO)
    path = copy / "spikedrift/trials.py"
    path.write_text("# a comment\n\n" + path.read_text())
    assert digests_in(copy, *TWO) == before


def test_versions_name_what_results_depend_on():
    found = versions()
    assert found["spikedrift"] == spikedrift.__version__
    assert found["brian2"] == "2.10.1"


@pytest.mark.process
def test_a_new_version_moves_only_the_digests_of_what_imports_the_package():
    code = f"""
import importlib.metadata, sys
installed = importlib.metadata.version
importlib.metadata.version = lambda name: "9" if name == sys.argv[1] else installed(name)
from spikedrift.core.provenance import source_digest
print(*(source_digest(measure) for measure in {TWO}))
"""

    def digests(package: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", code, package],
            env={"PYTHONPATH": str(PACKAGE.parent)},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.split()

    spikeship, correlation = digests("none")
    assert digests("numba")[0] != spikeship and digests("numba")[1] == correlation
    assert digests("numpy")[0] != spikeship and digests("numpy")[1] != correlation
    assert digests("pydantic") == [spikeship, correlation]


def test_every_package_that_is_imported_counts_or_carries_only():
    imported = {
        name.split(".")[0]
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [str(node.module)]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    others = imported - {*sys.stdlib_module_names, "spikedrift"}
    assert others - NUMERICAL.keys() == CARRYING
    assert NUMERICAL.keys() <= others


@pytest.mark.fault("digests", "a table that a module names is another one")
@pytest.mark.process
def test_a_file_that_a_module_names_counts_with_it(tmp_path):
    root = tmp_path / "src"
    shutil.copytree(PACKAGE, root / "spikedrift", ignore=shutil.ignore_patterns("__pycache__"))
    modules = ["spikedrift.report.tables", f"{MEASURES}.spikeship"]
    (tmp_path / "resources").mkdir()
    judged = tmp_path / "resources" / "ground_truth.tsv"
    judged.write_text("one\n")
    before = digests_in(root, *modules)
    judged.write_text("two\n")
    after = digests_in(root, *modules)
    assert after[0] != before[0] and after[1] == before[1]


@pytest.mark.fault("digests", "the citation of a public file is another one")
def test_a_changed_citation_is_a_changed_param(tmp_path, monkeypatch):
    raw = {"name": "allen.gratings", "source": "arrays", "options": {"blocks": "halves"}}
    config = Config.model_validate({"recordings": [raw]})
    wildcards = SimpleNamespace(recording="allen.gratings")
    before = plan_for(config).terms(wildcards)
    other = tmp_path / "registry.tsv"
    other.write_text(Plan.registry.read_text().replace("Siegle", "Sieglinde"))
    monkeypatch.setattr(Plan, "registry", other)
    assert "Siegle " in before["citation"] and before["licence"]
    after = plan_for(config).terms(wildcards)
    assert after == before | {"citation": before["citation"].replace("Siegle", "Sieglinde")}
