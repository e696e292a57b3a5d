"""Random rewiring: grid cells, what is exchanged in a day, competition, what remains, trials."""

import numpy as np
import pytest
from rate_sessions import shown_twice

from spikedrift.config.overrides import override
from spikedrift.core.errors import InputError
from spikedrift.networks.models import acker_2019 as acker
from spikedrift.networks.session_plan import NetworkRun, plan

SMALL = {"n": 60, "n_inputs": 1000, "synapses": 120, "turnover": 12, "total": 14.91, "days": 5}


def rewiring(changes):
    options = override(acker.AckerNetwork(), {**SMALL, **changes}, "a")
    return acker.Rewiring(plan(acker.MODEL, options, NetworkRun("a", {}, 1, 0)))


def test_grid_cells_are_periodic_along_their_waves():
    grid = acker.grid_cells(2000, np.random.default_rng(1))
    assert grid.shape == (2000, 100)
    # Sums of three waves lie between -1.5 and 3.
    assert grid.min() == pytest.approx(0, abs=1e-3) and grid.max() <= np.exp(1.35) - 1
    summed = np.log(grid + 1) / 0.3 - 1.5
    assert summed.mean() == pytest.approx(0, abs=0.05)
    assert summed.var() == pytest.approx(1.5, rel=0.05)  # three cosines of random phase


def test_strengths_follow_their_density():
    size = np.linspace(0, 0.2, 100_001)
    density = 100.7 * (1 - np.exp(-size / 0.022))
    density *= np.exp(-size / 0.018) + 0.02 * np.exp(-size / 0.150)
    strength = size / 0.2 * size / (size + 0.0314)
    mean = (density * strength).sum() / density.sum()
    found = acker.strengths(np.random.default_rng(1))
    assert found.size == acker.POOL and found.mean() == pytest.approx(mean, rel=0.02)


def test_a_day_exchanges_as_many_synapses_of_every_cell():
    model = rewiring({})
    before = model.weight > 0
    model.update(1, 0)
    after = model.weight > 0
    assert (after.sum(axis=1) == 120).all()
    lost = (before & ~after).sum(axis=1)
    # Some that were lost are made again: 12 are drawn from 892 empty ones, 12 of them just lost.
    assert lost.max() <= 12 and lost.mean() == pytest.approx(12 - 12 * 12 / 892, abs=0.1)
    assert model.weight.sum(axis=1) == pytest.approx(np.full(60, 14.91))


def test_those_fire_that_are_nearly_the_most_excited():
    model = rewiring({})
    current, rate = model.current(), model.firing()
    for place in range(acker.PLACES):
        fire = current[:, place] >= 0.9 * current[:, place].max()
        assert np.array_equal(rate[:, place] > 0, fire)
        assert np.array_equal(rate[fire, place], current[fire, place])


def test_learning_is_hebbian_and_scaled():
    model = rewiring({"eta": 1e-3})
    before, rate = model.weight.copy(), model.firing()
    model._replay()
    cell, grid_cell = np.argwhere(before > 0)[7]
    grown = before + (before > 0) * 1e-3 * np.einsum("cp,gp->cg", rate, model.grid)
    expected = 14.91 * grown[cell, grid_cell] / grown[cell].sum()
    assert model.weight[cell, grid_cell] == pytest.approx(expected)


def test_without_learning_excitation_goes_with_the_synapses():
    model = rewiring({"n": 400, "eta": 0.0})
    first = model.current()
    model.update(5, 0)
    one, other = (part - part.mean(axis=0) for part in (first, model.current()))
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] == pytest.approx(0.9**5, abs=0.06)


def test_centers_of_fields():
    place = np.arange(100)
    one = np.exp(-0.5 * ((place - 40) / 8) ** 2)
    two = one + np.exp(-0.5 * ((place - 80) / 8) ** 2)
    found = acker.centers(np.array([one, two, np.zeros(100)]))
    assert found[0] == pytest.approx(40, abs=1) and np.isnan(found[1:]).all()


def test_more_synapses_than_can_be_exchanged_is_one_line():
    with pytest.raises(InputError, match="114 of 1200 synapses cannot be exchanged with 1250"):
        override(acker.AckerNetwork(), {"n_inputs": 1250}, "a")


def test_blocks_become_trials_that_drift(tmp_path):
    shown = {"segments": 10, "repeats": 8}
    options = override(acker.AckerNetwork(), {**SMALL, "eta": 0.0, "shown": shown}, "small")

    _, values = shown_twice(acker.MODEL, options, "small.places", tmp_path)
    assert values["index"] > 0.1
