"""Latency, rank order and the univariate distances against hand-worked values, scipy and closed
forms."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import spearmanr

from spikedrift import trials
from spikedrift.core.errors import InputError
from spikedrift.similarity.matrix import similarity
from spikedrift.similarity.registry import get, reads_timing

ALL = ("latency", "rank_order", "van_rossum", "victor_purpura", "isi_distance", "spike_distance")
UNIVARIATE = ALL[2:]


def recording(epochs, duration=1.0, observed=None, events=False) -> xr.Dataset:
    """Trials of one segment from lists: epochs[trial][unit] is a list of spike times."""
    count = np.array([[len(train) for train in epoch] for epoch in epochs])
    time = np.array([t for epoch in epochs for train in epoch for t in train], float)
    return trials.assemble(
        time,
        count,
        recording="made.movie",
        kind="synthetic",
        trial={
            "stimulus": "x", "segment": 0, "repeat": np.arange(len(epochs)), "duration": duration,
        },
        unit={"unit_id": np.arange(count.shape[1])},
        observed=observed,
        event_amplitude=np.ones(time.size) if events else None,
    )  # fmt: skip


def drawn(n_trials=7, n_units=12, seed=0, grid=None) -> xr.Dataset:
    rng = np.random.default_rng(seed)
    times = [[np.sort(rng.random(rng.poisson(2.0))) for _ in range(n_units)]
             for _ in range(n_trials)]  # fmt: skip
    if grid:
        times = [[np.unique(np.floor(train * grid) / grid) for train in epoch] for epoch in times]
    observed = rng.random((n_trials, n_units)) > 0.15
    return recording(
        [[t if seen else [] for t, seen in zip(*row, strict=True)]
         for row in zip(times, observed, strict=True)],
        observed=observed,
    )  # fmt: skip


def trains(data: xr.Dataset, trial: int, unit: int) -> np.ndarray:
    cut = trials.offsets(data)
    cell = trial * data.sizes["unit"] + unit
    return data["spike_time"].values[cut[cell] : cut[cell + 1]]


def value(data: xr.Dataset, measure: str, **options) -> np.ndarray:
    return similarity(data, measure, options)["value"].values


def test_latency_by_hand():
    data = recording([[[0.1, 0.9], [0.2], [0.3], [0.9]], [[0.2], [0.3, 0.35], [0.8], []]])
    # Differences -.1, -.1, -.5 of three shared units: median -.1, mean of 0, 0, .4.
    out = similarity(data, "latency")
    assert float(out["value"][0, 1]) == pytest.approx(0.4 / 3)
    assert int(out["n_shared"][0, 1]) == 3
    assert float(out["value"][0, 0]) == 0
    assert np.isnan(value(data, "latency", min_shared=4)[0, 1])


def test_latency_is_blind_to_a_common_shift():
    rng = np.random.default_rng(1)
    first = rng.random((2, 30)) * 0.5
    data = recording(
        [[[t] for t in first[0]], [[t] for t in first[1]], [[t + 0.4] for t in first[1]]]
    )
    out = value(data, "latency")
    assert out[0, 2] == pytest.approx(out[0, 1], rel=1e-12)
    assert out[1, 2] == pytest.approx(0.0, abs=1e-12)
    difference = first[0] - first[1]
    assert out[0, 1] == pytest.approx(np.abs(difference - np.median(difference)).mean(), rel=1e-12)


@pytest.mark.parametrize("time", ["first", "mean"])
@pytest.mark.parametrize("grid", [None, 5])
def test_rank_order_against_scipy(time, grid):
    data = drawn(n_units=25, grid=grid)  # a coarse grid gives ties
    out = similarity(data, "rank_order", {"time": time})
    for one in range(7):
        for two in range(one, 7):
            a, b = ([trains(data, t, u) for u in range(25)] for t in (one, two))
            both = [u for u in range(25) if a[u].size and b[u].size]
            when = (lambda t: t[0]) if time == "first" else np.mean
            expected = spearmanr([when(a[u]) for u in both], [when(b[u]) for u in both]).statistic
            assert float(out["value"][one, two]) == pytest.approx(expected, abs=1e-12)
            assert int(out["n_shared"][one, two]) == len(both)


def test_rank_order_is_undefined_where_nothing_is_ordered():
    data = recording([[[0.1], [0.1], [0.1]], [[0.1], [0.2], [0.3]], [[0.1], [0.2], []]])
    assert np.isnan(value(data, "rank_order")[0]).all()
    assert np.isnan(value(data, "rank_order")[1, 2])


def test_victor_purpura_by_hand():
    data = recording([[[0.1, 0.5]], [[0.104, 0.5, 0.7]], [[0.3]], [[]]])
    out = value(data, "victor_purpura", cost=100.0)
    assert out[0, 1] == pytest.approx(0.4 + 1)  # 4 ms moved, one spike added
    assert out[0, 2] == pytest.approx(3.0)  # moving 200 ms costs more than taking away and adding
    assert out[1, 3] == 3 and out[3, 3] == 0


def edit_distance(a, b, cost):
    """Dynamic program of Victor & Purpura 1996."""
    table = np.add.outer(np.arange(len(a) + 1.0), np.arange(len(b) + 1.0))
    for i, s in enumerate(a, 1):
        for j, t in enumerate(b, 1):
            table[i, j] = min(
                table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + cost * abs(s - t)
            )
    return table[-1, -1]


def filtered(a, b, tau):
    """Closed form: squared distance is a sum of exponentials of all intervals."""
    sign = np.repeat([1.0, -1.0], [len(a), len(b)])
    t = np.concatenate([a, b])
    kernel = np.exp(-np.abs(np.subtract.outer(t, t)) / tau)
    return np.sqrt(max(sign @ kernel @ sign, 0.0))


@pytest.mark.parametrize(
    ("measure", "options", "expected"),
    [
        ("victor_purpura", {"cost": 20.0}, lambda a, b: edit_distance(a, b, 20.0)),
        ("van_rossum", {"time_constant": 0.05}, lambda a, b: filtered(a, b, 0.05)),
    ],
)
def test_means_over_observed_units(measure, options, expected):
    data = drawn()
    out = similarity(data, measure, options)
    seen = data["observed"].values
    for one, two in [(0, 1), (3, 6), (5, 2)]:
        both = np.flatnonzero(seen[one] & seen[two])
        mean = np.mean([expected(trains(data, one, u), trains(data, two, u)) for u in both])
        assert float(out["value"][one, two]) == pytest.approx(mean, rel=1e-9)
        assert int(out["n_shared"][one, two]) == both.size
    assert (np.diag(out["value"]) == 0).all()


def test_van_rossum_is_defined_for_nearly_equal_trains():
    t = np.linspace(0.001, 0.9, 40)
    data = recording([[t], [t + 1e-14], [np.nextafter(t, 1)], [t]])
    out = value(data, "van_rossum")
    # Closed form for 40 spikes that all move by 1e-14 s: sqrt(2 * 40 * 1e-14 / 0.01).
    assert np.isfinite(out).all() and out.max() < 1.1 * np.sqrt(8e-11)
    assert out[0, 3] == 0


def test_isi_distance_by_hand():
    # Intervals of .25 and .2 s all along the trial: 1 - .2 / .25.
    data = recording([[[0.25, 0.5, 0.75]], [[0.1, 0.3, 0.5, 0.7, 0.9]]])
    assert value(data, "isi_distance")[0, 1] == pytest.approx(0.2)


def test_spike_distance_by_hand():
    # Every spike lies 10 ms from its neighbor, with intervals of .2 s: .01 / .2.
    one = np.array([0.2, 0.4, 0.6, 0.8])
    out = value(recording([[one], [one + 0.01]]), "spike_distance")
    assert out[0, 1] == pytest.approx(0.05, rel=0.03)


@pytest.mark.parametrize("measure", ["isi_distance", "spike_distance"])
def test_duplicate_spikes_and_silent_units(measure):
    once = [[[0.2, 0.6], [0.5]], [[0.3, 0.8], [0.1]]]
    twice = [[[0.2, 0.2, 0.6], [0.5]], [[0.3, 0.8, 0.8], [0.1]]]
    assert value(recording(twice), measure)[0, 1] == value(recording(once), measure)[0, 1] <= 1
    silent = recording([[[0.2, 0.6], [0.5]], [[0.3, 0.8], []], [[], []]])
    out = similarity(silent, measure)
    assert int(out["n_shared"][0, 1]) == 1
    alone = recording([[[0.2, 0.6]], [[0.3, 0.8]]])
    assert float(out["value"][0, 1]) == value(alone, measure)[0, 1]
    assert np.isnan(out["value"].values[2]).all()


@pytest.mark.parametrize("measure", ALL)
def test_pairs_are_symmetric_and_do_not_depend_on_what_else_is_asked(measure):
    data = drawn()
    rule, options = get(measure), {"min_shared": 3}
    first, second = (index.ravel() for index in np.indices((7, 7)))
    every, shared = rule.pairs(data, first, second, **options)
    np.testing.assert_array_equal(every.reshape(7, 7), every.reshape(7, 7).T)
    few = np.array([3, 17, 30])
    alone, n = rule.pairs(data, first[few], second[few], **options)
    np.testing.assert_allclose(alone, every[few], rtol=1e-12)
    np.testing.assert_array_equal(n, shared[few])


@pytest.mark.parametrize("measure", ALL)
def test_fewer_than_min_shared_is_nan_and_events_are_refused(measure):
    data = drawn()
    assert np.isnan(value(data, measure, min_shared=13)).all()
    assert reads_timing(measure)
    with pytest.raises(InputError, match=f"{measure} needs spike times") as raised:
        similarity(recording([[[0.1]] * 3, [[0.2]] * 3], events=True), measure)
    assert "\n" not in str(raised.value)
