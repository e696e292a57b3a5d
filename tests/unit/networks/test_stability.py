"""Irregularity and synchrony of processes whose values are known, and the status they lead to."""

import numpy as np
import pytest

from spikedrift.networks import stability
from spikedrift.networks.declaration import (
    Network,
    Phase,
    Population,
    Projection,
    Protocol,
    Recording,
    all_to_all,
    constant,
)
from spikedrift.networks.timetable import Stage

N_CELLS, DURATION, DT = 50, 200.0, 0.001


def trains(interval, seed=0):
    """Renewal processes: `interval(rng, shape)` draws with mean 1; 5 Hz."""
    rng = np.random.default_rng(seed)
    time = np.cumsum(interval(rng, (N_CELLS, 1600)) / 5.0, axis=1) - 20
    cell = np.repeat(np.arange(N_CELLS), 1600)
    inside = (time.ravel() >= 0) & (time.ravel() < DURATION)
    order = rng.permutation(inside.sum())
    return time.ravel()[inside][order], cell[inside][order]


def poisson(rng, shape):
    return rng.exponential(size=shape)


@pytest.mark.parametrize("order", [1, 4, 16])
def test_cv_of_gamma_intervals(order):
    time, cell = trains(lambda rng, shape: rng.gamma(order, 1 / order, shape))
    assert stability.interval_cv(time, cell, N_CELLS) == pytest.approx(order**-0.5, rel=0.02)


def test_cv_needs_spikes():
    time, cell = np.arange(9.0), np.zeros(9, dtype=int)
    assert np.isnan(stability.interval_cv(time, cell, 3))
    assert stability.interval_cv(np.arange(10.0), np.zeros(10, dtype=int), 3) == pytest.approx(0)


def test_fano_of_independent_cells_is_one():
    time, _ = trains(poisson)
    n = DURATION / stability.BIN
    assert stability.population_fano(time, 0, DURATION) == pytest.approx(1, abs=4 * np.sqrt(2 / n))
    assert np.isnan(stability.population_fano(np.empty(0), 0, DURATION))


@pytest.mark.parametrize("share", [0.02, 0.2])
def test_fano_of_cells_that_share_events(share):
    """Each event of one Poisson process reaches each cell with a probability c."""
    time, cell = shared(share)
    expected = 1 + (N_CELLS - 1) * share
    assert stability.population_fano(time, 0, DURATION) == pytest.approx(expected, rel=0.1)
    assert np.bincount(cell).mean() == pytest.approx(5 * DURATION, rel=0.05)


def shared(share):
    rng = np.random.default_rng(1)
    event = rng.random(rng.poisson(5.0 / share * DURATION)) * DURATION
    which, cell = np.nonzero(rng.random((event.size, N_CELLS)) < share)
    return event[which], cell


def test_shares_at_the_bounds():
    weight = np.array([[0.0, 0.00004, 0.05, 0.1], [0.1, 0.09995, 0.0998, 0.05]])
    lower, upper = stability.at_bounds(weight, 0.1)
    assert lower.tolist() == [0.5, 0] and upper.tolist() == [0.25, 0.5]
    assert np.isnan(stability.at_bounds(np.empty((2, 0)), 0.1)).all()


STAGES = [
    Stage("naive", "naive 0", np.arange(1), 0, int(DURATION / DT / 2)),
    Stage("block", "block 0", np.arange(1), int(DURATION / DT / 2), int(DURATION / DT)),
]


NETWORK = Network(
    populations=(Population("E", N_CELLS), Population("I", 10)),
    projections=tuple(
        Projection(name, pre, "E", receptor, all_to_all(), constant(0.05), w_max=0.1)
        for name, pre, receptor in (
            ("afferent", "E", "excitatory"),
            ("recurrent", "E", "excitatory"),
            ("inhibitory", "I", "inhibitory"),
        )
    ),
    protocol=Protocol((Phase("naive", repeats=1), Phase("block", repeats=1)), 2, 1.0, 1.0),
    recording=Recording("E"),
)


def measured(time, cell, weights=None):
    """Cells from `N_CELLS` on are those of I."""
    weights = weights or {"afferent": np.full((3, 10), 0.05)}
    population, place = np.divmod(cell, N_CELLS)
    return stability.measured(STAGES, DT, time, population, place, NETWORK, weights)


def test_a_session_is_measured():
    time, cell = trains(poisson)
    both = np.append(time, np.arange(400) * 0.5), np.append(cell, np.full(400, N_CELLS))
    found = measured(*both, {"afferent": np.zeros((3, 4)), "recurrent": np.full((3, 4), 0.1)})
    e, i = found["stage_rate"].sel(population="E"), found["stage_rate"].sel(population="I")
    assert e.values == pytest.approx([5, 5], rel=0.1) and i.values == pytest.approx([0.2, 0.2])
    assert found["at_bound"].sel(bound="lower", projection="afferent").values.tolist() == [1] * 3
    assert found["at_bound"].sel(bound="upper", projection="recurrent").values.tolist() == [1] * 3
    assert found["stage_start"].values.tolist() == [0, 100]
    assert found["interval_cv"].values == pytest.approx([1, 1], rel=0.05)


def growing(time, cell):
    kept = (time > DURATION / 2) | (np.random.default_rng(2).random(time.size) < 0.1)
    return time[kept], cell[kept]


WEIGHTS = {"recurrent": np.array([[0.05] * 10, [0.1] * 10, [0.1] * 10])}
CASES = {
    "ok": (*trains(poisson), None, ""),
    "silent": (np.array([1.0]), np.array([0]), None, "E rate 0.0002 Hz in naive 0"),
    "saturated": (
        *(np.repeat(column, 30) for column in trains(poisson)),
        None,
        "in naive 0",
    ),
    "runaway": (*growing(*trains(poisson)), None, "times that of the first stage in block 0"),
    "runaway weights": (
        *trains(poisson),
        WEIGHTS,
        "1 of the recurrent weights blown up at phase edge 1",
    ),
    "synchronous": (*shared(0.2), None, "correlation 0.2"),
    "regular": (
        *trains(lambda rng, shape: rng.gamma(16, 1 / 16, shape)),
        None,
        "CV of intervals 0.25 in naive 0",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_status(name):
    time, cell, weights, told = CASES[name]
    word, reason = stability.status(measured(time, cell, weights), NETWORK)
    assert word == name.split()[0]
    assert told in reason and bool(reason) == (word != "ok")


def test_weights_that_began_at_their_bound_have_not_run_away():
    at_bound = {"recurrent": np.full((3, 10), 0.1)}
    assert stability.status(measured(*trains(poisson), at_bound), NETWORK)[0] == "ok"


def test_inhibition_that_grew_to_its_bound_has_not_run_away():
    grown = {"inhibitory": WEIGHTS["recurrent"]}
    assert stability.status(measured(*trains(poisson), grown), NETWORK)[0] == "ok"
