"""Powers and overlaps of signals: the sum over quadruples of trials, and what must not move it."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikedrift.drift.signal.products import (
    overlaps,
    overlaps_without,
    powers_without,
    products,
    squares,
    window_products,
)

BLOCKS = np.repeat(np.eye(2, dtype=bool), [4, 5], axis=1)


def naive(response, observed, first, second):
    """P_A P_B and Q_AB of one cell, quadruple by quadruple."""
    a = [t for t in np.flatnonzero(first) if observed[t]]
    b = [t for t in np.flatnonzero(second) if observed[t]]
    power, overlap = [], []
    for i, k in itertools.permutations(a, 2):
        for j, m in itertools.permutations(b, 2):
            y_i, y_j, y_k, y_l = (response[t] for t in (i, j, k, m))
            power.append((y_i @ y_k) * (y_j @ y_l))
            overlap.append((y_i @ y_j) * (y_k @ y_l))
    return np.mean(power), np.mean(overlap)


@pytest.mark.parametrize("lost", [0.0, 0.2])
def test_closed_form_is_the_sum_over_quadruples(lost: float) -> None:
    rng = np.random.default_rng(3)
    response = rng.standard_normal((7, 9, 6))
    observed = rng.random((7, 9)) >= lost
    observed[:, [0, 1, 4, 5]] = True
    found = products(response, observed, BLOCKS)
    for cell in range(7):
        power, overlap = naive(response[cell], observed[cell], *BLOCKS)
        assert np.prod(found.power[cell]) == pytest.approx(power, rel=1e-12, abs=1e-12)
        assert found.overlap[cell, 0, 1] == pytest.approx(overlap, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("lost", [0.0, 0.3])
def test_the_square_of_a_power_is_the_mean_over_four_different_trials(lost: float) -> None:
    rng = np.random.default_rng(8)
    observed = rng.random((5, 7)) >= lost
    observed[:, :4] = True
    response = rng.standard_normal((5, 7, 3)) * observed[..., None]
    found = squares(response, observed)
    for cell, seen in enumerate(observed):
        y = response[cell]
        terms = [
            (y[i] @ y[k]) * (y[j] @ y[m])
            for i, k, j, m in itertools.permutations(np.flatnonzero(seen), 4)
        ]
        assert found[cell] == pytest.approx(np.mean(terms), rel=1e-12, abs=1e-12)
    observed[0, 3:] = False
    assert np.isnan(squares(response * observed[..., None], observed)[0])


def test_noise_leaves_the_square_of_a_power() -> None:
    """Over many cells with one signal; its biased counterpart, the square of P, is not."""
    rng = np.random.default_rng(9)
    signal = np.array([0.6, -0.3, -0.3])
    response = signal + rng.standard_normal((40_000, 5, 3))
    found = squares(response, np.ones((40_000, 5), bool))
    error = found.std() / 200
    assert abs(found.mean() - (signal @ signal) ** 2) < 4 * error


@pytest.mark.parametrize("width", [2, 3])
@pytest.mark.parametrize("lost", [0.0, 0.2])
def test_windows_of_trials_are_sums_over_the_same_quadruples(lost: float, width: int) -> None:
    rng = np.random.default_rng(5)
    observed = rng.random((4, 9)) >= lost
    response = rng.standard_normal((4, 9, 6)) * observed[..., None]
    found = window_products(response, observed, width)
    member = np.array([np.isin(np.arange(9), first + np.arange(width)) for first in range(9 - 1)])
    for first, second in itertools.combinations(range(9 - width + 1), 2):
        if second - first < width:
            continue
        for cell in range(4):
            pair = found.power[cell, [first, second]].prod(), found.overlap[cell, first, second]
            enough = (member[[first, second]] & observed[cell]).sum(axis=1).min() >= 2
            here = member[[first, second]]
            expected = naive(response[cell], observed[cell], *here) if enough else (0.0, 0.0)
            assert pair == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("lost", [0.0, 0.3])
def test_a_trial_left_out_is_as_if_it_had_not_been(lost: float) -> None:
    rng = np.random.default_rng(6)
    observed = rng.random((30, 9)) >= lost
    response = rng.standard_normal((30, 9, 6)) * observed[..., None]
    seen, others = observed[:, BLOCKS[0]], observed[:, BLOCKS[1]]
    scalar = response[:, BLOCKS[0]] @ response[:, BLOCKS[1]].transpose(0, 2, 1)
    whole, *without = overlaps_without(scalar, seen, others)
    power = [powers_without(response[:, block], observed[:, block]) for block in BLOCKS]
    np.testing.assert_allclose(whole, overlaps(scalar, seen, others), rtol=1e-12, atol=1e-12)
    for trial in range(9):
        left = observed & (np.arange(9) != trial)
        expected = products(response * left[..., None], left, BLOCKS)
        block = int(BLOCKS[1, trial])
        at = trial - 4 * block
        for found, value in (
            (without[block][:, at], expected.overlap[:, 0, 1]),
            (power[block][:, at], expected.power[:, block]),
        ):
            np.testing.assert_allclose(found, value, rtol=1e-11, atol=1e-11)


def test_signals_of_two_units_go_through_the_same_quadruples() -> None:
    rng = np.random.default_rng(4)
    one, two = rng.standard_normal((5, 4, 6)), rng.standard_normal((5, 5, 6))
    seen = np.ones((5, 4), bool), np.ones((5, 5), bool)
    both = np.concatenate([one, two], axis=1)
    joined = products(both, np.ones((5, 9), bool), BLOCKS).overlap[:, 0, 1]
    np.testing.assert_allclose(
        overlaps(one @ two.transpose(0, 2, 1), seen[0], seen[1]), joined, rtol=1e-12
    )


def test_too_few_trials_and_shared_trials_are_undefined() -> None:
    response, observed = np.ones((1, 4, 3)), np.array([[True, True, True, False]])
    member = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [0, 1, 1, 0]], bool)
    found = products(response, observed, member)
    assert np.isfinite(found.power[0]).tolist() == [True, False, True]
    assert np.isnan(found.overlap).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_gains_of_trials_leave_the_ratio_of_proportional_signals(seed: int) -> None:
    """Without noise P_A P_B = Q_AB whatever the gain of any trial, however they correlate."""
    rng = np.random.default_rng(seed)
    gain = np.exp(np.cumsum(rng.standard_normal((3, 9, 1)), axis=1))
    found = products(gain * rng.standard_normal((3, 1, 6)), np.ones((3, 9), bool), BLOCKS)
    np.testing.assert_allclose(found.overlap[:, 0, 1], found.power.prod(axis=1), rtol=1e-10)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_order_of_trials_within_a_block_is_no_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    response, observed = rng.standard_normal((4, 9, 6)), rng.random((4, 9)) > 0.1
    order = np.concatenate([rng.permutation(4), 4 + rng.permutation(5)])
    one = products(response, observed, BLOCKS)
    two = products(response[:, order], observed[:, order], BLOCKS)
    np.testing.assert_allclose(one.power, two.power, rtol=1e-10, equal_nan=True)
    np.testing.assert_allclose(one.overlap, two.overlap, rtol=1e-10, atol=1e-12, equal_nan=True)


def test_noise_leaves_both_expectations() -> None:
    """Poisson counts with gains that drift: the mean over 20,000 cells is that of the signals."""
    rng = np.random.default_rng(0)
    signal = np.array([[4.0, 1.0, 1.0, 2.0], [1.0, 4.0, 2.0, 1.0]])
    gain = np.linspace(0.5, 1.5, 9)
    expected = gain[:, None] * signal[BLOCKS.argmax(axis=0)]
    counts = rng.poisson(expected, (20_000, 9, 4)).astype(float)
    centered = counts - counts.mean(axis=2, keepdims=True)
    found = products(centered, np.ones(centered.shape[:2], bool), BLOCKS)
    centers = signal - signal.mean(axis=1, keepdims=True)
    pairs = [
        np.mean([gain[i] * gain[k] for i, k in itertools.permutations(np.flatnonzero(block), 2)])
        for block in BLOCKS
    ]
    power = np.prod(pairs) * (centers[0] @ centers[0]) * (centers[1] @ centers[1])
    overlap = np.prod(pairs) * (centers[0] @ centers[1]) ** 2
    for value, truth in ((found.power.prod(axis=1), power), (found.overlap[:, 0, 1], overlap)):
        error = value.std() / np.sqrt(value.size)
        assert abs(value.mean() - truth) < 4 * error < 0.2 * max(truth, power)
