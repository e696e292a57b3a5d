"""The page of networks is what their files say, and files are light to import."""

import subprocess
import sys
from pathlib import Path

import pytest

from spikedrift.networks import catalog
from spikedrift.networks.document import document

ROOT = Path(__file__).resolve().parents[3]
HEAVY = {"brian2", "numba", "pandas", "xarray", "scipy", "matplotlib", "networkx"}


def test_the_page_is_what_the_networks_say():
    assert (ROOT / "docs" / "networks.md").read_text(encoding="utf-8") == document()


@pytest.mark.process
def test_snakemake_may_read_all_networks_at_every_start():
    code = (
        "import sys; from spikedrift.networks import catalog as d;"
        "[d.get(name) for name in d.names()]; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())


@pytest.mark.parametrize("name", catalog.names())
def test_targets_name_experiments_and_have_bounds(name):
    model = catalog.get(name)
    known = {one.name for one in model.experiments}
    assert len(known) == len(model.experiments)
    assert not model.experiments or model.readout is not None
    for target in model.targets:
        assert target.experiment in known and target.source and target.meaning
        assert target.low is not None or target.high is not None
        bounds = [v for v in (target.low, target.value, target.high) if v is not None]
        assert bounds == sorted(bounds), f"{target.name}: the number lies outside of its bounds"
