"""SpikeShip against its published values, scipy's earth mover's distance, and its symmetries."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import wasserstein_distance

from spikedrift.core.errors import InputError
from spikedrift.similarity.spikeship import spikeship_matrix, spikeship_pairs
from spikedrift.trials import cut

Epoch = list[list[float]]


def ragged(epochs: list[Epoch]) -> tuple[np.ndarray, np.ndarray, int, int]:
    count = [len(train) for epoch in epochs for train in epoch]
    times = np.array([t for epoch in epochs for train in epoch for t in train], float)
    return times, np.concatenate([[0], np.cumsum(count)]), len(epochs), len(epochs[0])


def distance(one: Epoch, two: Epoch, **options) -> float:
    value, _ = spikeship_matrix(*ragged([one, two]), **options)
    assert np.array_equal(value, value.T, equal_nan=True)
    assert (np.diag(value) == 0).all()
    return float(value[0, 1])


# Values of the published implementation on small inputs (reference commit 2c9572a).
GOLDEN = [
    ("identical", [[1], [2], [3]], [[1], [2], [3]], 0),
    ("global shift", [[1], [2], [3]], [[11], [12], [13]], 0),
    ("one unit moved", [[1], [2], [3]], [[1], [2], [7]], 1.4),
    ("even split", [[0], [0]], [[0], [10]], 7.0),
    ("one against three spikes", [[0], [5]], [[0, 3, 6], [5]], 2.1),
    ("two against four spikes", [[0, 6], [5], [1]], [[0, 1, 6, 7], [8], [1]], 1.225),
    ("equal counts", [[1, 2, 3], [4, 5, 6]], [[1, 2, 9], [4, 5, 6]], 1.4),
    ("duplicate spike", [[1, 1], [2]], [[1], [2]], 0),
    ("silent unit is left out", [[1], [2], [3], [9]], [[1], [2], [7], []], 1.4),
    ("one shared unit", [[1, 4], [2], []], [[3], [], [1]], np.nan),
    ("no shared unit", [[1], []], [[], [1]], np.nan),
    ("one empty", [[1], [2]], [[], []], np.nan),
    ("both empty", [[], []], [[], []], np.nan),
]


@pytest.mark.parametrize(("one", "two", "expected"), [case[1:] for case in GOLDEN],
                         ids=[case[0] for case in GOLDEN])  # fmt: skip
def test_golden(one: Epoch, two: Epoch, expected: float) -> None:
    np.testing.assert_allclose(distance(one, two), expected, rtol=1e-14, atol=1e-15)


def test_one_trial_is_a_zero() -> None:
    value, n_shared = spikeship_matrix(*ragged([[[1.0], [2.0]]]))
    assert value.tolist() == [[0.0]]
    assert n_shared.tolist() == [[2]]


def test_no_units() -> None:
    value, n_shared = spikeship_matrix(np.empty(0), np.zeros(1, int), 2, 0)
    np.testing.assert_array_equal(value, [[0, np.nan], [np.nan, 0]])
    assert not n_shared.any()


@pytest.mark.parametrize("train", [[3, 1, 2], [1, np.nan, 2], [1, 2, np.inf]])
def test_unsound_times_are_refused(train: list[float]) -> None:
    with pytest.raises(InputError, match="trial 1, unit 1: spike times are unsorted or not finite"):
        spikeship_matrix(*ragged([[[0.0], [1.0, 2.0, 3.0]], [[0.0], train]]))


def test_arrays_that_do_not_fit_are_refused() -> None:
    times, offsets, n_trials, n_units = ragged([[[1], [2]], [[1], [2]]])
    with pytest.raises(InputError, match="offsets"):
        spikeship_matrix(times, offsets, n_trials, n_units + 1)
    with pytest.raises(InputError, match=r"outside 0\.\.1"):
        spikeship_pairs(times, offsets, n_trials, n_units, None, [0], [2])


def test_integer_and_single_precision_times() -> None:
    times, *rest = ragged([[[1], [2], [3]], [[1], [2], [7]]])
    for dtype in (np.int64, np.float32):
        assert spikeship_matrix(times.astype(dtype), *rest)[0][0, 1] == pytest.approx(1.4)


def test_unobserved_units_are_missing() -> None:
    epochs = [[[1], [2], [3], [9]], [[1], [2], [7], [400]]]
    observed = np.ones((2, 4), bool)
    observed[1, 3] = False
    value, n_shared = spikeship_matrix(*ragged(epochs), observed=observed)
    assert value[0, 1] == pytest.approx(1.4)
    np.testing.assert_array_equal(n_shared, [[4, 3], [3, 3]])


def test_fewest_shared_units() -> None:
    one, two = [[1], [2], [3]], [[1], [2], [7]]
    assert distance(one, two, min_shared=3) == pytest.approx(1.4)
    assert np.isnan(distance(one, two, min_shared=4))


@st.composite
def two_epochs(draw, least: int = 0) -> tuple[Epoch, Epoch]:
    """Up to 12 units, trains of 0 to 24 spikes on a grid (many ties) or off it."""
    n_units = draw(st.integers(2, 12))
    seed, grid = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([0, 4, 1000]))
    mean = draw(st.sampled_from([0.7, 2.0, 8.0]))
    rng = np.random.default_rng(seed)

    def epoch() -> Epoch:
        trains = [rng.random(max(least, n)) for n in rng.poisson(mean, n_units)]
        return [np.sort(np.round(t * grid) / grid if grid else t).tolist() for t in trains]

    return epoch(), epoch()


def equal(value: float, expected: float) -> None:
    np.testing.assert_allclose(value, expected, rtol=1e-9, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(two_epochs())
def test_is_the_least_earth_movers_distance_over_shifts(epochs: tuple[Epoch, Epoch]) -> None:
    shared = [(a, b) for a, b in zip(*epochs, strict=True) if a and b]
    value = distance(*epochs)
    if len(shared) < 2:
        assert np.isnan(value)
        return

    def total(shift: float) -> float:
        return sum(wasserstein_distance(a, np.add(b, shift)) for a, b in shared)

    # The sum is convex and piecewise linear with corners at differences of spike times: the
    # least corner is exact, where these are few enough to try.
    corners = np.unique([x - y for a, b in shared for x in a for y in b])
    if corners.size <= 60:
        least = min(map(total, corners))
    else:
        least = minimize_scalar(
            total, bounds=(-1, 1), method="bounded", options={"xatol": 1e-10}
        ).fun
    np.testing.assert_allclose(value, 0.7 / (len(shared) - 1) * least, rtol=1e-7, atol=1e-10)


@settings(max_examples=60, deadline=None)
@given(two_epochs(), st.floats(-5, 5), st.floats(0.01, 100))
def test_symmetries(epochs: tuple[Epoch, Epoch], shift: float, scale: float) -> None:
    one, two = epochs
    value = distance(one, two)
    equal(distance(two, one), value)
    equal(distance(one, [[t + shift for t in train] for train in two]), value)
    scaled = [[[t * scale for t in train] for train in epoch] for epoch in epochs]
    np.testing.assert_allclose(distance(*scaled), scale * value, rtol=1e-9, atol=1e-12 * scale)
    order = np.random.default_rng(len(one)).permutation(len(one))
    equal(distance([one[k] for k in order], [two[k] for k in order]), value)
    equal(distance([[t for t in train for _ in range(3)] for train in one], two), value)
    equal(distance([*one, [0.3]], [*two, []]), value)
    equal(distance([*one, []], [*two, []]), value)


def test_a_pair_gives_the_same_bits_in_both_directions() -> None:
    epochs = [[[0.1, 0.7], [0.3], [0.25, 0.5, 0.9]], [[0.2], [0.1, 0.35], [0.4, 0.8]]]
    value, n_shared = spikeship_pairs(*ragged(epochs), None, [0, 1], [1, 0])
    assert value[0] == value[1] > 0
    assert n_shared.tolist() == [3, 3]


def synthetic(n_trials: int, n_units: int, mean: float, seed: int):
    rng = np.random.default_rng(seed)
    count = rng.poisson(rng.gamma(1.0, mean, n_units), (n_trials, n_units))
    times = np.concatenate([np.sort(rng.random(n)) for n in count.ravel()])
    return times, np.concatenate([[0], np.cumsum(count)]), n_trials, n_units


def plain(times: np.ndarray, offsets: np.ndarray, n_units: int, one: int, two: int) -> float:
    """The same by sorting: couple on a common grid of quantiles, median by cumulative mass."""
    flows, masses, shared = [], [], 0
    for unit in range(n_units):
        a = times[offsets[one * n_units + unit] : offsets[one * n_units + unit + 1]]
        b = times[offsets[two * n_units + unit] : offsets[two * n_units + unit + 1]]
        if a.size and b.size:
            shared += 1
            edges = np.union1d(np.arange(a.size + 1) * b.size, np.arange(b.size + 1) * a.size)
            flows.append(a[edges[:-1] // b.size] - b[edges[:-1] // a.size])
            masses.append(np.diff(edges) / (a.size * b.size))
    flow, mass = np.concatenate(flows), np.concatenate(masses)
    order = np.argsort(flow)
    middle = flow[order[np.searchsorted(np.cumsum(mass[order]), 0.5 * mass.sum())]]
    return float(0.7 / (shared - 1) * (mass * abs(flow - middle)).sum())


@pytest.mark.parametrize("mean", [0.5, 3.0, 40.0])
def test_large_pairs_equal_the_sorted_computation(mean: float) -> None:
    """Hundreds to thousands of flows a pair: the bracket of the median is exercised."""
    times, offsets, n_trials, n_units = synthetic(5, 200, mean, seed=3)
    value, _ = spikeship_matrix(times, offsets, n_trials, n_units)
    for one, two in zip(*np.triu_indices(n_trials, 1), strict=True):
        expected = plain(times, offsets, n_units, one, two)
        np.testing.assert_allclose(value[one, two], expected, rtol=1e-12)


@pytest.mark.parametrize("tail", ["heavy", "two clusters", "mostly equal"])
def test_awkward_distributions_of_flows(tail: str) -> None:
    rng = np.random.default_rng(7)
    n = 700
    flow = {
        "heavy": rng.standard_cauchy(n) ** 3,
        "two clusters": np.where(np.arange(n) % 2, 1e6, -1e-6) + rng.normal(size=n) * 1e-9,
        "mostly equal": np.where(rng.random(n) < 0.8, 0.25, rng.random(n)),
    }[tail]
    times = np.concatenate([flow, np.zeros(n)])
    value, _ = spikeship_matrix(times, np.arange(2 * n + 1), 2, n)
    expected = 0.7 / (n - 1) * abs(flow - np.median(flow)).sum()
    np.testing.assert_allclose(value[0, 1], expected, rtol=1e-12)


def test_threads_and_order_of_pairs_change_no_bit() -> None:
    data = synthetic(110, 30, 2.0, seed=1)
    first, second = np.triu_indices(110)
    value, n_shared = spikeship_pairs(*data, None, first, second, threads=1)
    again, _ = spikeship_pairs(*data, None, first, second, threads=4)
    assert value.tobytes() == again.tobytes()
    order = np.random.default_rng(0).permutation(first.size)
    mixed, shared = spikeship_pairs(*data, None, first[order], second[order], threads=2)
    assert mixed.tobytes() == value[order].tobytes()
    np.testing.assert_array_equal(shared, n_shared[order])


@pytest.mark.parametrize("mean", [0.3, 2.0, 30.0])
def test_pairs_by_themselves_and_in_a_matrix_have_the_same_bits(mean: float) -> None:
    """Few pairs are coupled one by one, many by panels of trials; long trains walk both ways."""
    data = synthetic(300, 40, mean, seed=5)
    value, n_shared = spikeship_matrix(*data)
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 300, (2, 400))
    some, shared = spikeship_pairs(*data, None, first, second)
    np.testing.assert_array_equal(some, value[first, second])
    np.testing.assert_array_equal(shared, n_shared[first, second])
    few = np.array([250, 3, 299, 40])
    block, _ = spikeship_pairs(*data, None, few.repeat(4), np.tile(few, 4))
    np.testing.assert_array_equal(block.reshape(4, 4), value[np.ix_(few, few)])
    assert (n_shared == np.minimum(n_shared, np.diag(n_shared)[:, None])).all()


def test_a_bad_trial_is_named_by_its_own_number() -> None:
    times, offsets, n_trials, n_units = synthetic(50, 10, 5.0, seed=2)
    unit = int(np.argmax(np.diff(offsets)[40 * n_units : 41 * n_units]))
    times[offsets[40 * n_units + unit]] = np.inf
    with pytest.raises(InputError, match=f"trial 40, unit {unit}: spike times"):
        spikeship_pairs(times, offsets, n_trials, n_units, None, [39], [40])


def test_spike_lists_of_a_session_become_the_layout() -> None:
    """`trials.cut` with one list a unit, as docs/trials.md has it, against a loop."""
    rng = np.random.default_rng(6)
    trains = [np.sort(rng.uniform(0, 60, n)) for n in (300, 0, 40, 700, 120)]
    start, duration = np.array([12.0, 3.0, 30.5, 31.0]), np.array([1.0, 0.5, 2.0, 1.5])
    unit = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    time, count = cut(np.concatenate(trains), unit, start, duration, len(trains))
    offsets = np.append(0, np.cumsum(count))
    epochs = [
        [[t - s for t in train.tolist() if s <= t < s + d] for train in trains]
        for s, d in zip(start, duration, strict=True)
    ]
    expected = ragged(epochs)
    assert time.tolist() == expected[0].tolist()
    assert offsets.tolist() == expected[1].tolist()
    value, n_shared = spikeship_matrix(time, offsets, *count.shape)
    again, shared = spikeship_matrix(*expected)
    np.testing.assert_array_equal(value, again)
    assert n_shared.tolist() == shared.tolist() and n_shared[0, 2] >= 3


def single_bound(times: np.ndarray, n_shared: np.ndarray) -> np.ndarray:
    """The documented bound of single precision."""
    with np.errstate(divide="ignore"):
        return 0.7 * n_shared / (n_shared - 1) * 6 * 2.0**-24 * abs(times).max(initial=0)


@settings(max_examples=60, deadline=None)
@given(two_epochs(), st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
@pytest.mark.slow
def test_single_precision_stays_within_its_bound(
    epochs: tuple[Epoch, Epoch], shift: float, scale: float
) -> None:
    times, *rest = ragged([[[t * scale + shift for t in train] for train in e] for e in epochs])
    exact, n_shared = spikeship_pairs(times, *rest, None, [0], [1])
    single, shared = spikeship_pairs(times, *rest, None, [0], [1], precision="float32")
    np.testing.assert_array_equal(shared, n_shared)
    if n_shared[0] >= 2:
        assert abs(single - exact)[0] <= single_bound(times, n_shared)[0]
    else:
        assert np.isnan(single).all()


@pytest.mark.parametrize("mean", [0.5, 3.0, 40.0])
def test_single_precision_of_many_flows(mean: float) -> None:
    data = synthetic(60, 200, mean, seed=3)
    exact, n_shared = spikeship_matrix(*data)
    single, _ = spikeship_matrix(*data, precision="float32")
    off = abs(single - exact)
    assert (off <= single_bound(data[0], n_shared)).all()
    assert off.max() > 1e-12, "is it single precision at all?"


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("tail", ["far and near", "all equal", "two values", "geometric"])
def test_the_median_is_found_whatever_the_flows_are(tail: str, precision: str) -> None:
    rng = np.random.default_rng(11)
    n = 501
    flow = {
        "far and near": np.r_[np.full(250, 1e4), rng.random(251) * 1e-6],
        "all equal": np.full(n, 0.1),
        "two values": np.where(np.arange(n) < 250, -1.0, 1.0),
        "geometric": rng.choice([-1, 1], n) * 2.0 ** -np.arange(n),
    }[tail]
    times = np.concatenate([flow, np.zeros(n)])
    value, n_shared = spikeship_matrix(times, np.arange(2 * n + 1), 2, n, precision=precision)
    expected = 0.7 / (n - 1) * abs(flow - np.median(flow)).sum()
    off = single_bound(times, n_shared)[0, 1] if precision == "float32" else 1e-15
    np.testing.assert_allclose(value[0, 1], expected, rtol=1e-12, atol=off)


@pytest.mark.mirror
def test_published_extract(mirror: Path) -> None:
    """The authors' own extract of the Allen recordings: sum and two entries of the matrix."""
    folder = mirror / "allen_neuropixels_gratings"
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((folder / name.lstrip("*")).read_bytes()).hexdigest() == digest
    times, cells = np.load(folder / "spike_times.npy"), np.load(folder / "ii_spike_times.npy")
    offsets = np.append(cells[..., 0].ravel(), cells[-1, -1, 1])
    np.testing.assert_array_equal(offsets[1:], cells[..., 1].ravel())
    value, n_shared = spikeship_matrix(times, offsets, *cells.shape[:2])
    assert value.sum() == pytest.approx(604.3674339288, rel=1e-9)
    assert value[3, 17] == pytest.approx(0.0134241620444, rel=1e-10)
    assert value[10, 100] == pytest.approx(0.0158435971163, rel=1e-10)
    assert n_shared.min() >= 2
