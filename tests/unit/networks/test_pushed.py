"""Recovery from a push: what is read of activity whose recovery is known."""

from types import SimpleNamespace

import numpy as np
import pytest

from spikedrift.networks.balanced import Times
from spikedrift.networks.pushed import recovery
from spikedrift.training.projections import components

DT, N, BINS = 1e-4, 30, 200
TIMES = Times(stimulus=0, outside=1000, stop=21_000, learn_every=200)


class Made:
    """Activity with noise of SD `noise` on every cell, and an answer to a push that decays."""

    def __init__(self, tau, noise, parts):
        rng = np.random.default_rng(1)
        at = np.arange(1, 101) / 100
        waves = np.array([np.sin(2 * np.pi * (k + 1) * at) / (k + 1) for k in range(5)])
        self.target = [waves.T @ rng.normal(size=(5, N))]
        self.cells = np.arange(10, 10 + N)
        balance = SimpleNamespace(n_cells=60)
        self.options = SimpleNamespace(balance=balance, simulation=SimpleNamespace(dt=DT))
        self.times, self.tau, self.noise, self.parts = TIMES, tau, noise, parts

    def run(self, condition, purpose, inputs, push):
        assert condition == 0 and inputs
        rng = np.random.default_rng([int(purpose.split()[1]), 7])
        total = self.noise * rng.normal(size=(BINS, 60))
        if push is not None:
            self.push = push
            since = (np.arange(BINS) + 0.5) * 0.01 - (push.last - TIMES.outside) * DT
            decays = np.where(since > 0, np.exp(-np.maximum(since, 0) / self.tau), 0.0)
            total += 3 * decays[:, None] * push.input
            if self.parts:
                total[since > 0] += self.noise * (rng.normal(size=(2, (since > 0).sum(), 60))[1]
                                                  - total[since > 0] / self.noise)  # fmt: skip
        return SimpleNamespace(total=total)


@pytest.mark.parametrize("tau", [0.05, 0.2])
def test_a_displacement_that_decays_is_found(tau):
    made = Made(tau, 0.5, parts=False)
    found = recovery(made, 40, 0.6, 0.05, size=0.4)
    axis = components(made.target[0], 4)[1][0]
    np.testing.assert_allclose(made.push.input[made.cells], 0.4 * N**0.5 * axis)
    assert np.abs(np.delete(made.push.input, made.cells)).max() == 0
    assert (made.push.first, made.push.last) == (7000, 7500)
    assert found.back == pytest.approx(tau, abs=0.011)
    assert found.spread == pytest.approx(0.5, rel=0.05)
    first = 3 * 0.4 * N**0.5 * np.exp(-0.005 / tau) / 0.5
    assert found.along.max() == pytest.approx(first, rel=0.05)
    assert (np.abs(found.along[:5]) < 1e-12).all()  # while it is pushed nothing has answered yet
    assert found.time[0] == pytest.approx(0.005) and found.time.size == BINS - 60
    assert found.apart == pytest.approx(0, abs=0.05)


def test_trials_that_part_for_good():
    assert recovery(Made(0.05, 0.5, parts=True), 60, 0.6).apart == pytest.approx(1, abs=0.1)


def test_a_displacement_that_stays_has_no_time():
    assert np.isnan(recovery(Made(50.0, 0.5, parts=False), 5, 0.6).back)
