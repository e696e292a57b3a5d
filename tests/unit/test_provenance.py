"""The digest that makes Snakemake rerun what an edit touches, and nothing else."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import spikedrift
from spikedrift.provenance import closure, source_digest, versions

PACKAGE = Path(spikedrift.__file__).parent
MEASURES = "spikedrift.similarity.measures"


def digest_in(root: Path, module: str) -> str:
    """Digest as a fresh process sees it (the parsed files are cached within one)."""
    code = f"from spikedrift.provenance import source_digest; print(source_digest('{module}'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(root)},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "spikedrift", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_follows_imports_through_packages():
    found = closure(f"{MEASURES}.spikeship")
    assert {"spikedrift.trials", "spikedrift.errors", "spikedrift.similarity"} <= set(found)


def test_unknown_module_is_refused():
    with pytest.raises(ModuleNotFoundError, match="no_such_measure"):
        source_digest(f"{MEASURES}.no_such_measure")


def test_edit_moves_only_the_digests_that_depend_on_it(copy):
    measures = [f"{MEASURES}.spikeship", f"{MEASURES}.rate_correlation"]
    before = [digest_in(copy, measure) for measure in measures]
    path = copy / "spikedrift/similarity/measures/spikeship.py"
    path.write_text(path.read_text() + "\nADDED = 1\n")
    after = [digest_in(copy, measure) for measure in measures]
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_edit_of_what_both_import_moves_both(copy):
    measures = [f"{MEASURES}.spikeship", f"{MEASURES}.rate_correlation"]
    before = [digest_in(copy, measure) for measure in measures]
    path = copy / "spikedrift/trials.py"
    path.write_text(path.read_text() + "\nADDED = 1\n")
    assert all(
        new != old
        for new, old in zip([digest_in(copy, name) for name in measures], before, strict=True)
    )


def test_header_of_a_package_counts(copy):
    module = "spikedrift.simulation.build"
    before = digest_in(copy, module)
    path = copy / "spikedrift/simulation/session.h"
    path.write_text(path.read_text() + "// changed\n")
    assert digest_in(copy, module) != before


def test_comments_and_layout_do_not_count(copy):
    before = digest_in(copy, f"{MEASURES}.spikeship")
    path = copy / "spikedrift/trials.py"
    path.write_text("# a comment\n\n" + path.read_text())
    assert digest_in(copy, f"{MEASURES}.spikeship") == before


def test_versions_name_what_results_depend_on():
    found = versions()
    assert found["spikedrift"] == spikedrift.__version__
    assert found["brian2"] == "2.10.1"
