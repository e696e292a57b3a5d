"""Inputs and outputs of drifting assemblies: wiring, homeostasis, theory, compensation, trials."""

import numpy as np
import pytest
from rate_sessions import shown_twice

from spikedrift.config.overrides import override
from spikedrift.networks.models import kossio_2021 as kossio
from spikedrift.networks.session_plan import NetworkRun, plan

SMALL = {"assemblies": 3, "settling": 200.0, "retention": 400.0, "trace_interval": 200.0}


def drifting(changes):
    options = override(kossio.KossioNetwork(), {**SMALL, **changes}, "k")
    return kossio.Drifting(plan(kossio.MODEL, options, NetworkRun("k", {}, 1, 0)))


def blocks(model):
    """Weights of the interior, of inputs and of outputs, copied."""
    ends = model.options.projections.values()
    return [model.weight[model.part[pre], model.part[post]].copy() for pre, post in ends]


def test_inputs_reach_the_interior_and_the_interior_reaches_outputs():
    model = drifting({})
    model.update(5, 0)
    assert not model.weight[~model.joined].any()
    interior, given, got = (block > 0 for block in blocks(model))
    assert interior.any() and given.any() and got.any()
    assert model.joined.sum() == 54 * 53 + 2 * 54 * 12


def test_homeostasis_keeps_sums_up():
    model = drifting({})
    model.update(50, 0)
    for _ in range(500):
        model._normalize()  # what is cut off at a bound is given to the others
    _, given, got = blocks(model)
    assert given.max() <= 0.3 / 18 and got.max() <= 0.3 / 18
    assert given.sum(axis=1) == pytest.approx(np.full(12, 0.3))
    assert got.sum(axis=0) == pytest.approx(np.full(12, 0.3))
    assert given.sum(axis=0) == pytest.approx(np.full(54, 12 * 0.3 / 54))
    assert got.sum(axis=1) == pytest.approx(np.full(54, 12 * 0.3 / 54))


def test_rates_of_an_assembly_are_those_of_the_theory():
    n, w = 18, 0.03
    rate = kossio.mean_rates(w * (1 - np.eye(n)), np.full(n, 0.2))
    assert rate == pytest.approx(np.full(n, 0.2 / (1 - (n - 1) * w)))


def test_assemblies_are_followed_by_the_cells_that_they_share():
    first = np.array([0, 0, 0, 1, 1, 1])
    saves = [
        np.array([1, 1, 1, 0, 0, 0]),
        np.array([0, 1, 1, 1, 0, 0]),
        np.array([2, 0, 0, 0, 1, 1]),
    ]
    found = kossio.followed(saves, first)
    assert found[0].tolist() == [0, 0, 0, 1, 1, 1]
    assert found[1].tolist() == [1, 0, 0, 0, 1, 1]
    assert found[2].tolist() == [-1, 0, 0, 0, 1, 1]  # a community more than there are assemblies


def test_a_cue_excites_its_own_assembly():
    model = drifting({"shown": {"segments": 3}})
    for segment in range(3):
        rate = model.respond(segment)
        own = model.group[:54] == segment
        assert rate[own].min() > 5 * rate[~own].max()


def test_without_compensation_inputs_and_outputs_are_fixed():
    model = drifting({"compensation": False})
    model.update(2, 0)
    before = blocks(model)
    model.update(2, 1)
    interior, given, got = (
        np.array_equal(one, other) for one, other in zip(before, blocks(model), strict=True)
    )
    assert given and got and not interior


@pytest.mark.slow
def test_inputs_and_outputs_follow_cells_that_change_places():
    model = drifting({"mu": 0.0, "hebb": 1e-3})
    part, group = model.part, model.group.copy()
    group[[0, 18]] = 1, 0  # a cell of each assembly goes over to the other
    model.weight[part["E"], part["E"]] = 0.04 * (group[part["E"], None] == group[part["E"]])
    np.fill_diagonal(model.weight, 0.0)
    model.update(400, 1)
    inputs, outputs = group[part["input"]], group[part["output"]]
    for new, old, cell in ((1, 0, 0), (0, 1, 18)):
        to, off = model.weight[part["input"], cell], model.weight[cell, part["output"]]
        assert to[inputs == new].mean() > to[inputs == old].mean()
        assert off[outputs == new].mean() > off[outputs == old].mean()


def test_blocks_become_trials(tmp_path):
    shown = {"segments": 3, "repeats": 8, "pause": 400.0}
    options = override(kossio.KossioNetwork(), {**SMALL, "shown": shown}, "small")

    found, values = shown_twice(kossio.MODEL, options, "small.cues", tmp_path)
    assert found.trials.sizes["unit"] == 54
    assert np.isfinite(values["index"])
