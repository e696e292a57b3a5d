"""A chain of stimuli drives groups of cells, for as long as each lasts."""

import numpy as np

from spikedrift.networks.environment import CONSTANT, SEGMENTS, Environment

CHAIN = ((0.0, 0.2, 0.8), (0.5, 0.0, 0.5), (1.0, 0.0, 0.0))
GROUP = np.array([0, 0, 1, 2])


def made(chain=CHAIN):
    return Environment(
        {0: chain}, GROUP, 20, strength=2.0, constant=0.3, shown=5.0, background=0.1,
        rng=np.random.default_rng(3),
    )  # fmt: skip


def stimuli(environment, n_steps, most):
    """Stimulus of every step, asked for in stretches of at most `most` steps."""
    found, left = [], n_steps
    while left:
        outside, steps = environment.until(min(most, left))
        (number,) = {int(one) for one in GROUP[outside > 0]}
        assert set(outside) == {0.0, 2.0} and 0 < steps <= most
        found += [number] * steps
        left -= steps
    return np.array(found)


def test_stimuli_follow_each_other_as_the_chain_says():
    environment = made()
    environment.number = 0
    shown = stimuli(environment, 20 * 3000, 50).reshape(-1, 20)
    assert (shown == shown[:, :1]).all(), "each lasts 20 steps"
    counts = np.zeros((3, 3))
    np.add.at(counts, (shown[:-1, 0], shown[1:, 0]), 1)
    n = counts.sum(axis=1, keepdims=True)
    expected = np.array(CHAIN)
    assert (np.abs(counts / n - expected) <= 4 * np.sqrt(expected * (1 - expected) / n)).all()


def test_stretches_may_be_divided():
    whole, parts = made(), made()
    whole.number = parts.number = 0
    assert np.array_equal(stimuli(whole, 900, 900), stimuli(parts, 900, 7))


def test_segments_are_shown_above_a_background_and_a_constant_takes_the_place_of_stimuli():
    environment = made()
    assert environment.number == SEGMENTS
    outside, steps = environment.until(33)
    assert np.array_equal(outside, np.full(4, 0.1)) and steps == 33
    environment.segment = 2
    assert np.allclose(environment.until(5)[0], [0.1, 0.1, 0.1, 5.1])
    environment.segment = -1
    assert np.array_equal(environment.until(5)[0], np.full(4, 0.1))
    environment.number = CONSTANT
    assert np.array_equal(environment.until(5)[0], np.full(4, 0.3))
