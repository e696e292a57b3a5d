"""Drift within noise space: inside, outside, and in no direction of its own."""

import numpy as np
import pytest
from tunings import N_UNITS, tuned_of, tuning_curves, value

from spikedrift.drift.signal.noise_space import AXES, noise_space
from spikedrift.drift.signal.tuned import Undefined


@pytest.mark.parametrize(("noise", "later"), [(0.03, 1), (0.06, 1), (0.03, 3)])
@pytest.mark.parametrize("where", ["inside", "outside", "anywhere"])
def test_drift_is_found_where_it_is(where, noise, later):
    found = []
    for seed in range(16):
        rng = np.random.default_rng(seed)
        before = tuning_curves(rng)
        axes = np.linalg.qr(rng.standard_normal((N_UNITS, AXES)))[0]
        change = tuning_curves(rng) / 2
        inside = axes @ (axes.T @ change)
        change = {"inside": 2 * inside, "outside": change - inside, "anywhere": change}[where]
        tuning = tuned_of([before, before + change], rng, noise, axes=4 * axes, later=later)
        found.append(value(noise_space(tuning, rng)))
    share = AXES / N_UNITS  # of the signal; what changes within is part of the later signal
    later_share = (AXES + AXES) / (N_UNITS + AXES)
    expected = {"inside": 1 - (share + later_share) / 2, "outside": -share, "anywhere": 0.0}[where]
    # The axes are found from 60 trials and miss a few percent of what lies within the true ones.
    assert np.mean(found) == pytest.approx(expected, abs=0.04 if where == "inside" else 0.02)


def test_contributions_of_units_add_up_and_few_units_are_said():
    rng = np.random.default_rng(3)
    before = tuning_curves(rng)
    of = noise_space(tuned_of([before, before + tuning_curves(rng)], rng), rng)
    assert of(np.full((1, N_UNITS), 3.0)) == pytest.approx(of(np.ones((1, N_UNITS))))
    few = tuning_curves(rng, n_units=2 * AXES - 1)
    with pytest.raises(Undefined, match="9 units were seen in all repeats, it takes 10"):
        noise_space(tuned_of([few, few], rng), rng)
