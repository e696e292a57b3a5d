"""Rates of a trials file as targets: what is counted, what is held out, who learns what."""

import numpy as np
import pytest

from spikedrift import trials
from spikedrift.core.errors import InputError
from spikedrift.training import recorded, siegert, targets

SEGMENTS, REPEATS, UNITS = 2, 6, 3
CELL = siegert.Cell(0.34, tau_syn=0.003)


def dataset(spikes, observed=None, duration=0.1):
    """Trials with the spikes of `spikes[segment, repeat, unit]`, a list of times."""
    index = [(s, r) for r in range(REPEATS) for s in range(SEGMENTS)]
    lists = [spikes.get((s, r, u), []) for s, r in index for u in range(UNITS)]
    count = np.array([len(one) for one in lists]).reshape(len(index), UNITS)
    found = trials.assemble(
        np.array([t for one in lists for t in one], float),
        count,
        recording="r.movie",
        kind="synthetic",
        trial={
            "stimulus": "movie",
            "segment": np.array([5 + 2 * s for s, _ in index]),
            "repeat": np.array([r for _, r in index]),
            "duration": np.full(len(index), duration),
        },
        unit={"unit_id": ["a", "b", "c"]},
        attributes={},
    )
    if observed is not None:
        found["observed"].values[:] = observed
    return found


def poisson(rng, rate):
    """Spikes of Poisson processes in every trial of 1 s; rate: (segment, ms, unit)."""
    found = {}
    for s in range(SEGMENTS):
        for r in range(REPEATS):
            for u in range(UNITS):
                at = np.flatnonzero(rng.random(1000) < rate[s, :, u] / 1000)
                found[s, r, u] = list((at + 0.5) / 1000)
    return found


def test_rates_are_spikes_over_trials_and_time():
    one = dataset({(0, 0, 0): [0.001, 0.0199, 0.02], (0, 3, 0): [0.095], (1, 5, 2): [0.05]})
    found = recorded.responses(one, 0.02, 0.0)
    expected = np.zeros((2, 5, 3))
    expected[0, :, 0] = np.array([2, 1, 0, 0, 1]) / REPEATS / 0.02
    expected[1, 2, 2] = 1 / REPEATS / 0.02
    np.testing.assert_allclose(found.rate, expected, rtol=1e-12)
    np.testing.assert_allclose(found.time, [0.02, 0.04, 0.06, 0.08, 0.1])
    assert found.segment.tolist() == [5, 7] and found.unit_id.tolist() == ["a", "b", "c"]


def test_what_is_left_of_a_bin_at_the_end_is_not_counted():
    found = recorded.responses(dataset({(0, 0, 1): [0.03, 0.095]}), 0.04, 0.0)
    np.testing.assert_allclose(found.rate[0, :, 1], [1 / REPEATS / 0.04, 0])


def test_trials_without_a_unit_do_not_count():
    observed = np.ones((SEGMENTS * REPEATS, UNITS), bool)
    observed[0, 0] = False  # segment 5, repeat 0
    spikes = {(0, r, 0): [0.01] for r in range(1, REPEATS)} | {(1, 0, 0): [0.01]}
    found = recorded.responses(dataset(spikes, observed), 0.1, 0.0)
    np.testing.assert_allclose(found.rate[:, 0, 0], [10, 10 / REPEATS])
    learned = np.zeros(SEGMENTS * REPEATS, bool)
    learned[:2] = True
    with pytest.raises(InputError, match=r"unit a was measured in no trial of segment 5.* NaN"):
        recorded.responses(dataset(spikes, observed), 0.1, 0.0, learned)


def test_smoothing_keeps_a_constant_and_the_shape_of_the_gaussian():
    spikes = {(s, r, 0): [0.0005 + k / 100 for k in range(10)] for s in range(2) for r in range(6)}
    found = recorded.responses(dataset(spikes), 0.01, 0.02)
    np.testing.assert_allclose(found.rate[:, :, 0], 100.0)
    (pulse,) = (
        recorded.responses(dataset({(0, 0, 1): [0.505]}, duration=1.0), 0.01, 0.03).rate[0, :, 1],
    )
    at = np.arange(100)
    assert pulse.argmax() == 50
    assert np.sqrt((pulse * (at - 50) ** 2).sum() / pulse.sum()) == pytest.approx(3, rel=0.01)
    assert pulse.sum() * 0.01 == pytest.approx(1 / REPEATS, rel=1e-6)


def test_every_second_repeat_is_held_out_and_the_ceiling_is_that_of_the_noise():
    rng = np.random.default_rng(3)
    rate = np.stack([np.full(1000, 20.0), 30 + 30 * np.sin(np.arange(1000) / 100),
                     np.where(np.arange(1000) < 500, 0.0, 80.0)], axis=1)  # fmt: skip
    one = dataset(poisson(rng, np.stack([rate, rate[::-1]])), duration=1.0)
    learned, held_out = recorded.halves(one)
    assert (learned ^ held_out).all()
    assert set(one["repeat"].values[learned]) == {0, 2, 4}
    a, b = (recorded.responses(one, 0.02, 0.05, part).rate for part in (learned, held_out))
    ceiling = targets.correlations(a, b)
    assert ceiling[0] < 0.5 < 0.8 < min(ceiling[1:]) < max(ceiling[1:]) < 0.999
    # Without smoothing counts are Poisson's, and their noise says how high the ceiling is.
    a, b = (recorded.responses(one, 0.02, 0.0, part).rate for part in (learned, held_out))
    mean = np.stack([rate, rate[::-1]]).reshape(2, 50, 20, UNITS).mean(axis=2)
    signal, noise = mean.var(axis=(0, 1)), mean.mean(axis=(0, 1)) / 0.02 / 3
    np.testing.assert_allclose(targets.correlations(a, b), signal / (signal + noise), atol=0.2)


def test_correlations_are_over_segments_and_time():
    rng = np.random.default_rng(4)
    one, other = rng.random((2, 2, 7, 3))
    other[..., 2] = 5.0
    found = targets.correlations(one, other)
    expected = [np.corrcoef(one[..., k].ravel(), other[..., k].ravel())[0, 1] for k in (0, 1)]
    np.testing.assert_allclose(found[:2], expected, rtol=1e-12)
    assert np.isnan(found[2])


def test_drive_makes_a_cell_fire_at_the_rates():
    rate = np.array([[[2.0, 0.0], [30.0, 1.0]]])
    found = recorded.drive(CELL, rate, lowest=0.5)
    np.testing.assert_allclose(siegert.rate(CELL, found), [[[2, 0.5], [30, 1]]], rtol=1e-9)


@pytest.mark.parametrize(
    "rate, cell, words",
    [
        ([[[1.0, np.nan], [2.0, 1.0]]], CELL, "target of unit b: a rate of NaN"),
        ([[[1.0, 0.0], [2.0, 1.0]]], CELL, "target of unit b: a rate of 0"),
        ([[[1.0, 9.0], [2.0, 9.0]]], CELL, "target of unit b: a rate that never changes"),
        ([[[900.0, 9.0], [2.0, 8.0]]], siegert.Cell(0.3, dead_time=0.002),
         "target of unit a: a rate that cells below 500 Hz do not reach"),
    ],
)  # fmt: skip
def test_a_target_that_no_cell_has_is_one_line(rate, cell, words):
    with pytest.raises(InputError, match=words) as error:
        recorded.drive(cell, np.array(rate), units=np.array(["a", "b"]))
    assert "\n" not in str(error.value)


def test_units_choose_the_nearest_cell_the_fastest_first():
    rate = np.array([3.0, 11.0, 5.0, 9.0, 0.0])
    # 10 takes 11 (first of two equally near), 9.5 takes 9, 4 takes 3, and 3 what is nearest then.
    assert recorded.matched(np.array([3.0, 9.5, 10.0, 4.0]), rate).tolist() == [2, 3, 1, 0]
    found = recorded.matched(
        np.random.default_rng(5).random(50), np.random.default_rng(6).random(60)
    )
    assert np.unique(found).size == 50
    with pytest.raises(InputError, match="6 units cannot be matched to 5 cells"):
        recorded.matched(np.ones(6), rate)
    with pytest.raises(InputError, match="not finite"):
        recorded.matched(np.array([np.nan]), rate)


def test_synthetic_rates_have_the_published_statistics():
    found = recorded.synthetic(np.random.default_rng(7), 20_000, 2, 50, 0.02, 0.3)
    mean = found.mean(axis=(0, 1))
    assert mean.mean() == pytest.approx(6.07, rel=0.02)
    assert np.median(mean) == pytest.approx(4.09, rel=0.02)
    assert 1.0 <= mean.min() < 1.01 and 40.0 < mean.max() <= 41.7
    assert (found > 0).all()
    # Logarithms are sums of processes with normal weights: their SD over units and draws is given.
    several = [
        recorded.synthetic(np.random.default_rng(k), 50, 1, 1000, 0.4, 0.3) for k in range(5)
    ]
    spread = np.mean([np.log(one).std(axis=(0, 1)) ** 2 for one in several]) ** 0.5
    assert spread == pytest.approx(0.3, rel=0.15)


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda one: one.assign(event_amplitude=("spike", one["spike_time"].values)), "two-photon"),
        (lambda one: one.assign(duration=one["duration"] * 0.1), "shorter than bins of 0.02 s"),
        (lambda one: one.assign(duration=one["duration"] * np.linspace(0.5, 1, 12)), "too unequal"),
    ],
)
def test_trials_without_rates_over_time_are_one_line(change, words):
    with pytest.raises(InputError, match=words):
        recorded.responses(change(dataset({(0, 0, 0): [0.01]})), 0.02, 0.0)
    with pytest.raises(InputError, match=r"bins of 0 s"):
        recorded.responses(dataset({}), 0.0, 0.0)


def test_one_repeat_cannot_be_divided():
    one = trials.select(dataset({}), trials=np.arange(SEGMENTS * REPEATS) < SEGMENTS)
    with pytest.raises(InputError, match=r"r\.movie: one repeat cannot be divided"):
        recorded.halves(one)
