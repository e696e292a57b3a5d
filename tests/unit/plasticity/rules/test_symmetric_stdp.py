"""Symmetric STDP in cells that excite each other: the drift that keeps assemblies together."""

import numpy as np
import pytest
from driving import driven

from spikedrift.plasticity import registry

UNIT, DT = 0.010, 1e-3  # s that stand for one unit of time; step
SPAN, WARM_UP = 1500.0, 100.0  # units
RULE = registry.get("symmetric_stdp")


def theory(n, w, rho):
    """Mean change of a weight in one unit of time, for eta = w_max = 1 and weights held at w.

    Manz & Memmesheimer (2023), linear Poisson cells in a homogeneous block of n.
    """
    load = (n - 1) * w
    rate = rho / (1 - load)
    change = 0.0
    for amplitude, tau in ((0.08, 2.5), (-0.0533, 5.0)):
        change += 2 * rate**2 * amplitude * tau
        numerator = tau * (2 + (2 - n) * w) + 2 - (n - 2) * w - (n - 1) * w**2
        spread = (1 + w) * (1 - load) ** 2 * (1 + (1 + w) * tau) * (1 + tau * (1 - load))
        change += w * rho * amplitude * tau * numerator / spread
    return change


@pytest.mark.parametrize(
    ("n", "w", "rho", "change"),
    # by the authors' program; the last ones bracket the size that an assembly can have
    [
        (10, 0.03, 0.0015, 1.364602e-06),
        (20, 0.02, 0.0015, 8.953535e-07),
        (30, 0.03, 0.0015, -4.816912e-05),
        (12, 0.056, 0.002, 7.365767e-06),
        (15, 0.056, 0.002, -5.806193e-06),
    ],
)
def test_the_closed_form_is_the_published_one(n, w, rho, change):
    assert theory(n, w, rho) == pytest.approx(change, rel=1e-6)


def block(rng, n, w, rho):
    """Spikes of linear Poisson cells that excite each other, by thinning: (cell, time)."""
    excited, now, spikes = np.zeros(n), -WARM_UP, []
    while True:
        bound = n * rho + excited.sum()
        wait = rng.exponential(1 / bound)
        now += wait
        excited *= np.exp(-wait)
        rates = rho + excited
        if now >= SPAN:
            return spikes
        if rng.random() * bound < rates.sum():
            cell = int(np.searchsorted(np.cumsum(rates), rng.random() * rates.sum()))
            excited += w
            excited[cell] -= w
            if now >= 0:
                spikes.append((cell, now))


@pytest.mark.parametrize(("n", "w", "rho"), [(10, 0.05, 0.02), (5, 0.10, 0.03)])
@pytest.mark.slow
def test_a_block_drifts_as_theory_says(n, w, rho):
    rng = np.random.default_rng(n)
    blocks = 1000 // n
    found = [(n * k + c, t) for k in range(blocks) for c, t in block(rng, n, w, rho)]
    # One spike a cell and step; the few that share one are left out.
    steps = {(round(t * UNIT / DT), cell) for cell, t in found if t * UNIT < SPAN * UNIT - DT}
    step, cell = np.array(sorted(steps)).T
    one = np.array([(i, j) for i in range(n) for j in range(n) if i != j])
    wiring = np.concatenate([one + n * k for k in range(blocks)]).T
    spikes = (cell, step * DT)
    synapses, _ = driven(
        [RULE], {"eta": 1e-4}, spikes, spikes, np.full(wiring.shape[1], 0.5), 1.0,
        wiring=wiring, duration=SPAN * UNIT, dt=DT,
    )  # fmt: skip
    change = (np.array(synapses.w).reshape(blocks, -1).mean(axis=1) - 0.5) / 1e-4 / SPAN
    error = change.std(ddof=1) / np.sqrt(blocks)
    expected = theory(n, w, rho)
    alone = 2 * (rho / (1 - (n - 1) * w)) ** 2 * (0.08 * 2.5 - 0.0533 * 5.0)
    assert error < abs(expected - alone) / 20, "independent spikes would be distinguished"
    assert abs(change.mean() - expected) < 4 * error
