"""Measures of learning against closed forms, and on a session whose responses are laid out."""

import numpy as np
import pytest
from scipy.stats import norm

from spikedrift.networks import learning
from spikedrift.networks.declaration import Phase, Protocol
from spikedrift.networks.timetable import lay_out, stages

N_PATTERNS = 4


def labels(n_repeats, seed=0):
    rng = np.random.default_rng(seed)
    pattern = np.concatenate([rng.permutation(N_PATTERNS) for _ in range(n_repeats)])
    return pattern, np.repeat(np.arange(n_repeats), N_PATTERNS)


def test_d_prime_of_normal_samples_is_unbiased_in_small_samples():
    rng = np.random.default_rng(0)
    signal, noise = rng.normal(1.5, 2.0, (6, 40_000)), rng.normal(0.0, 2.0, (9, 40_000))
    found = learning.d_prime(signal, noise)
    assert found.mean() == pytest.approx(0.75, abs=4 * found.std() / 200)


def test_d_prime_of_poisson_counts():
    rng = np.random.default_rng(1)
    found = learning.d_prime(rng.poisson(6.0, (4000, 50)), rng.poisson(2.0, (4000, 50)))
    assert found.mean() == pytest.approx(4 / np.sqrt(4), abs=0.02)


def test_d_prime_where_nothing_varies_is_finite_and_without_windows_unknown():
    always, never = np.ones((10, 1), int), np.zeros((10, 1), int)
    assert learning.d_prime(never, never) == 0
    # One odd count among 2 x 10 has pooled variance 1/20.
    assert learning.d_prime(always, never) == pytest.approx(np.sqrt(20) * (1 - 3 / 71))
    assert np.isnan(learning.d_prime(always, never[:1])).all()


@pytest.mark.parametrize("draw", ["poisson", "bursts"])
@pytest.mark.parametrize("n_repeats", [4, 12, 13])
def test_without_selectivity_it_is_zero_on_average(draw, n_repeats):
    rng = np.random.default_rng(2)
    pattern, repeat = labels(n_repeats)
    count = rng.poisson(0.6, (pattern.size, 20_000))
    if draw == "bursts":
        count = rng.poisson(0.2, count.shape) * rng.integers(1, 6, count.shape)
    found = learning.selectivity(count, pattern, repeat, N_PATTERNS)
    error = found.std() / np.sqrt(found.size)
    assert abs(found.mean()) < 4 * error
    # The same pattern chosen and measured on the same repeats would seem selective.
    best = learning.preferred(count, pattern, N_PATTERNS)
    mean = np.array([count[pattern == p].mean(axis=0) for p in range(N_PATTERNS)])
    seeming = mean.max(axis=0) - mean.mean(axis=0)
    assert (best[count.any(axis=0)] == mean.argmax(axis=0)[count.any(axis=0)]).all()
    assert seeming.mean() > 10 * error


@pytest.mark.parametrize(("high", "low"), [(6.0, 2.0), (2.0, 6.0)])
def test_selectivity_of_poisson_cells_is_the_closed_form(high, low):
    """One pattern at a rate of its own, above or below: d' = |difference| / sqrt(mean)."""
    rng = np.random.default_rng(3)
    pattern, repeat = labels(60)
    own = np.arange(4000) % N_PATTERNS
    count = rng.poisson(np.where(pattern[:, None] == own, high, low))
    found = learning.selectivity(count, pattern, repeat, N_PATTERNS)
    assert found.mean() == pytest.approx(4 / np.sqrt(4), rel=0.03)
    if high > low:
        assert (learning.preferred(count, pattern, N_PATTERNS) == own).mean() > 0.999


def test_selectivity_needs_four_repeats():
    pattern, repeat = labels(3)
    assert np.isnan(learning.selectivity(np.ones((12, 5), int), pattern, repeat, N_PATTERNS)).all()


def test_silent_cells_prefer_nothing():
    pattern, _ = labels(2)
    assert learning.preferred(np.zeros((8, 2), int), pattern, N_PATTERNS).tolist() == [-1, -1]


def test_detectors_hit_often_and_seldom_cry_wolf():
    rng = np.random.default_rng(4)
    pattern, repeat = labels(200)
    hit, alarm = np.array([0.9, 0.7, 0.9, 0.7]), np.array([0.1, 0.1, 0.3, 0.3])
    hit, alarm = np.repeat(hit, 50), np.repeat(alarm, 50)
    own = np.arange(200) % N_PATTERNS
    count = rng.random((800, 200)) < np.where(pattern[:, None] == own, hit, alarm)
    background = rng.random((800, 200)) < alarm
    found = learning.detectors(
        count.astype(int), pattern, repeat, background.astype(int), N_PATTERNS
    )
    assert found.reshape(4, 50).mean(axis=1).tolist() == [1, 0, 0, 0]
    assert norm.ppf(learning.HIT) - norm.ppf(learning.FALSE_ALARM) == pytest.approx(1.7, abs=0.05)
    # No Poisson rate makes one.
    rate = np.linspace(0, 5, 200)
    count, background = rng.poisson(rate, (800, 200)), rng.poisson(rate, (800, 200))
    assert not learning.detectors(count, pattern, repeat, background, N_PATTERNS).any()


def test_latency_of_poisson_cells_is_the_median_of_an_exponential():
    rng = np.random.default_rng(5)
    pattern, _ = labels(500)
    first = rng.exponential(0.020, (2000, 30))
    first[pattern != 2] /= 10
    first[:, 0] = np.nan
    found = learning.latency(first, pattern, np.full(30, 2))
    assert np.isnan(found[0])
    error = 0.020 / np.sqrt(500 * 29)  # of the median: sd / sqrt(n), for an exponential
    assert found[1:].mean() == pytest.approx(0.020 * np.log(2), abs=4 * error)


def test_weights_within_and_between_ensembles():
    pre, post = (column.ravel() for column in np.indices((6, 6)))
    ensemble = np.array([0, 0, 1, 1, 2, -1])
    same = (ensemble[pre] == ensemble[post]) & (ensemble[pre] >= 0)
    weight = np.array([np.where(same, 3.0, 1.0), np.ones(36)], dtype=np.float32)
    weight[:, (pre == 5) | (post == 5)] = 1000.0
    within, between = learning.ensemble_weights(weight, pre, post, ensemble)
    assert within.tolist() == [3, 1] and between.tolist() == [1, 1]
    none = np.zeros(0, dtype=int)
    for values in learning.ensemble_weights(np.empty((2, 0)), none, none, ensemble):
        assert np.isnan(values).all() and values.shape == (2,)


DT = 0.001
PHASES = (
    Phase(kind="naive", repeats=6),
    Phase(kind="train", repeats=9),
    Phase(kind="pause", duration=1),
    Phase(kind="block", repeats=6),
)


def laid_out(gap=0.2):
    """Cell c answers pattern c % 4 after 30 ms + c, in the naive stage all answer at random."""
    protocol = Protocol(PHASES, N_PATTERNS, duration=0.1, gap=gap)
    timetable = lay_out(protocol, DT, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    time, cell = [], []
    for onset, pattern, phase in zip(
        timetable.presentation_step, timetable.segment, timetable.presentation_phase, strict=True
    ):
        for c in range(8):
            if (rng.random() < 0.5) if phase == 0 else c % N_PATTERNS == pattern:
                time.append((onset + 30 + c + 0.5) * DT)
                cell.append(c)
    pre, post = (column.ravel() for column in np.indices((8, 8)))
    weight = np.tile(np.where(pre % 4 == post % 4, 0.06, 0.02), (5, 1))
    shown = stages(PHASES, timetable)
    found = learning.measured(
        shown, timetable, DT, np.array(time), np.array(cell), 8, (weight, pre, post), "nS"
    )
    return found.assign_coords(stage=[stage.label for stage in shown]), shown


def test_a_session_is_measured_stage_by_stage():
    found, shown = laid_out()
    assert found["stage"].values.tolist() == ["naive 0", "train 0 first", "train 0 last", "block 0"]
    assert [len(stage.presentations) for stage in shown] == [24, 12, 12, 24]
    # 0.3 s a showing: a quarter of nine repeats is three.
    period = 4 * 0.3
    times = [(stage.start * DT, stage.stop * DT) for stage in shown]
    expected = [(0, 6), (6, 9), (12, 15), (15, 21)]
    late = 1.0  # the pause
    assert times[:3] == [pytest.approx((a * period, b * period)) for a, b in expected[:3]]
    assert times[3] == pytest.approx((15 * period + late, 21 * period + late))
    block = found.sel(stage="block 0")
    assert block["detectors"] == 1 and found["detectors"].values[0] < 0.5
    assert block["detector_latency"] == pytest.approx(0.034)  # of 30.5 to 37.5 ms
    assert block["preferred_pattern"].values.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    # Three even and three odd repeats, counts 1 and 0 that never vary.
    assert block["selectivity"] == pytest.approx(np.sqrt(6) * (1 - 3 / 15))
    assert found["selectivity"].values[0] < 0.7
    assert np.isnan(found["selectivity"].values[1]), "three repeats are too few"
    assert found["weight_ratio"].values == pytest.approx(np.full(5, 3.0))
    assert found["weight_within"].attrs["units"] == "nS"
    # In patterns a count of 1 in a quarter of the showings, never before.
    p = 0.25
    variance = p * (1 - p) * 24 / 23 / 2
    assert block["detection"] == pytest.approx(p / np.sqrt(variance) * (1 - 3 / (4 * 48 - 9)))


def test_without_room_for_background_nothing_is_detected():
    found, _ = laid_out(gap=0.05)
    for name in ("detection", "detectors", "detector_latency"):
        assert np.isnan(found[name]).all()
    assert (found["selectivity"].values[[0, 3]] > -1).all()
