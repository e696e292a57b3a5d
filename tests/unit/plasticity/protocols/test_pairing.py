"""Trains of pairs against the arithmetic of the programs that they come from."""

import numpy as np
import pytest

from spikedrift.config.inductions import Pairing
from spikedrift.plasticity import protocol


def steps(dt, **options):
    """Presynaptic and postsynaptic steps, and the length in steps, of the only condition."""
    condition, *others = protocol.get("pairing").conditions(
        Pairing(**options), dt, np.random.default_rng(0)
    )
    assert not others
    times = condition.pre, condition.post, np.array([condition.duration])
    return [np.round(one / dt).astype(int).tolist() for one in times]


@pytest.mark.parametrize("rate", [0.1, 10.0, 20.0, 40.0, 50.0])
@pytest.mark.parametrize("interval", [10, -10])
def test_the_trains_of_clopath_2010(rate, interval):
    """Their program, ms: indices below period * 5 + |interval| + 1; blocks of at least 10 s."""
    period, n = round(1000 / rate), 10 if rate == 0.1 else 15
    length = 5 * period + abs(interval) + 1
    post = np.arange(abs(interval) + interval, length, period)
    pre = np.arange(abs(interval), length - 1, period)
    block = max(length - 1, 10_000) if interval < 0 else max(5 * period, 10_000)
    got = steps(
        1e-3, frequencies=[rate], intervals=[interval * 1e-3], pairs=5, trains=n, ends="extra_post"
    )
    first = min(pre[0], post[0])
    for side, expected in zip(got[:2], (pre, post), strict=True):
        assert side == [k * block + s - first for k in range(n) for s in expected]


@pytest.mark.parametrize("rate", [1.0, 10.0, 20.0, 40.0, 50.0])
@pytest.mark.parametrize("interval", [10, -10])
def test_the_trains_of_agnes_and_vogels_2024(rate, interval):
    """Their program, steps of .1 ms from 1 on: conditions on the step modulo the period."""
    period = round(10_000 / rate)
    step = np.arange(1, 50 * period + 1)
    pre = step[(step + (200 if interval > 0 else 0)) % period == 0]
    post = step[(step + 100) % period == 0]  # where the pulse ends
    got = steps(
        1e-4, frequencies=[rate], intervals=[interval * 1e-3], pairs=50, ends="window"
    )  # fmt: skip
    assert got == [(pre - 1).tolist(), (post - 1).tolist(), [50 * period]]
    assert len(pre) == len(post) == 50


def test_whole_pairs():
    pre, post, length = steps(1e-3, frequencies=[30.0], intervals=[-0.005], pairs=3, trains=(2,))
    assert post == [0, 33, 67, 10_000, 10_033, 10_067]
    assert pre == [one + 5 for one in post] and length == [10_100]


def test_trains_are_one_number_or_one_for_every_frequency():
    with pytest.raises(ValueError, match="trains: 2 numbers for 1 frequencies"):
        Pairing(trains=(1, 2))
