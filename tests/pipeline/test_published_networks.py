"""config/published-networks.yaml puts networks side by side without a special case."""

import re
from pathlib import Path

import pytest
from planning import plan_for
from running import ROOT, jobs

from spikedrift.config.networks import FILES
from spikedrift.config.read import read

CONFIG = str(Path("config") / "published-networks.yaml")


@pytest.fixture(scope="module")
def plan():
    return plan_for(read(ROOT / CONFIG))


def test_every_network_is_compared_with_every_recording(plan):
    compared = {entry.recording: entry.models for entry in plan.config.comparisons}
    assert compared == dict.fromkeys(plan.study.recordings, tuple(plan.study.sweeps))
    assert not [line for line in plan.notices if "one seed" in line]


def left_out(text):
    """Networks that the header of a configuration leaves out, with the reason of each."""
    header = text.partition("\nseed:")[0]
    found = {}
    for names, reason in re.findall(r"^#   ([a-z0-9_, ]+): (.+)$", header, flags=re.M):
        found |= dict.fromkeys(names.split(", "), reason)
    return found


def test_every_network_of_the_library_takes_part_or_is_left_out_for_a_reason(plan):
    networks = [sweep.network for sweep in plan.study.sweeps.values()]
    assert len(set(networks)) == len(networks), "each once"
    missing = left_out((ROOT / CONFIG).read_text())
    assert sorted([*networks, *missing]) == FILES.names()
    assert all(len(reason.split()) > 3 for reason in missing.values())


def test_every_network_has_a_control_and_two_blocks_and_draws_of_its_own(plan):
    sweeps = plan.study.sweeps.values()
    assert len({sweep.seed for sweep in sweeps}) == len(sweeps) > 1
    for sweep in sweeps:
        assert sum(variant.control for variant in sweep.variants) == 1
        of_variants = [plan.study.parts[sweep.name][variant.name] for variant in sweep.variants]
        assert {parts.blocks for parts in of_variants} == {2}


def test_it_is_planned(plan):
    planned = jobs(ROOT, "--configfile", CONFIG, "--forceall")
    made = {file for job in planned for file in job.output}
    for entry in plan.config.comparisons:
        assert f"results/compare/{entry.name}.nc" in made
        assert f"results/figures/scores.{entry.name}.pdf" in made
    for sweep in plan.study.sweeps:
        assert f"results/figures/survey.{sweep}.pdf" in made
        assert f"results/figures/final/6_sweep_map.{sweep}.pdf" in made
