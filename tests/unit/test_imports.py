"""What every start of Snakemake, and so every job, has to import before it does anything."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("scipy.stats", "scipy.optimize", "scipy.signal", "scipy.spatial", "sklearn", "statsmodels",
         "matplotlib", "brian2", "pynwb")  # fmt: skip
# Most jobs are of these.
SCRIPTS = ("prepare_trials", "simulate_point", "similarity_matrix", "drift_curves", "signal_index",
           "profile", "statistics")  # fmt: skip


def imported(lines: str) -> set[str]:
    code = f"{lines}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def imports_of(path: Path) -> str:
    """Import lines of spikedrift at the top of a script or the Snakefile."""
    return "\n".join(re.findall(r"^(?:from|import) .*$", path.read_text(), flags=re.MULTILINE))


def test_the_plan_needs_no_data_library():
    lines = imports_of(ROOT / "Snakefile").replace("from snakemake.utils import min_version", "")
    assert imported(lines).isdisjoint((*HEAVY, "scipy", "pandas", "xarray", "numba"))


def test_the_contract_of_light_imports_holds_for_all_that_the_snakefile_names():
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = (one for one in options["contracts"] if "start" in one["name"])
    for line in re.findall(r"^from spikedrift.*$", (ROOT / "Snakefile").read_text(), re.MULTILINE):
        module, names = re.fullmatch(r"from (\S+) import (.+)", line).groups()
        asked = [f"{module}.{name}." for name in names.split(", ")]  # modules, or names in one
        sources = [f"{source}." for source in contract["source_modules"]]
        assert any(one.startswith(tuple(sources)) for one in asked), line


@pytest.mark.parametrize("name", SCRIPTS)
def test_common_jobs_need_no_statistics(name):
    assert imported(imports_of(ROOT / "workflow" / "scripts" / f"{name}.py")).isdisjoint(HEAVY)
