"""Drift of segments shown often against that of others."""

import numpy as np
import pytest
from tunings import N_SEGMENTS, tuned_of, tuning_curves, value

from spikedrift.drift.signal.often import apart, rare_to_often
from spikedrift.drift.signal.tuned import Undefined

OFTEN = np.arange(N_SEGMENTS) == 0


@pytest.mark.parametrize(("noise", "later"), [(0.3, 1), (1.0, 1), (0.5, 2)])
@pytest.mark.parametrize(("which", "expected"), [("rare", 1.0), ("often", -1.0), ("all", 0.0)])
def test_the_segments_that_drift_are_found(which, expected, noise, later):
    """The first segment's code is deeper than that of the others, and no part of the comparison."""
    found = []
    depth = np.where(OFTEN, 2.0, 1.0)
    for seed in range(16):
        rng = np.random.default_rng(seed)
        before, change = tuning_curves(rng), tuning_curves(rng) / 2
        drifts = {"rare": ~OFTEN, "often": OFTEN, "all": OFTEN | ~OFTEN}[which]
        signals = [depth * before, depth * (before + change * drifts)]
        found.append(value(rare_to_often(tuned_of(signals, rng, noise, later=later), OFTEN, 3.0)))
    error = np.std(found) / 4
    # A part of the segments grows deeper, which the depth of the whole population takes up.
    assert abs(np.mean(found) - expected) < 3 * error + 0.06 and error < 0.1


def test_centering_over_segments_is_undone():
    rng = np.random.default_rng(1)
    change = rng.standard_normal((100_000, 5)) * [2.0, 1.0, 1.0, 0.0, 3.0]
    centered = change - change.mean(axis=1, keepdims=True)
    assert apart((centered**2).mean(axis=0)) == pytest.approx([4, 1, 1, 0, 9], abs=0.1)


def test_without_a_segment_shown_often_it_is_said():
    rng = np.random.default_rng(1)
    tuning = tuned_of([tuning_curves(rng)] * 2, rng)
    for often, said in ((OFTEN & ~OFTEN, "no segment is known"), (OFTEN | ~OFTEN, "equally often")):
        with pytest.raises(Undefined, match=said):
            rare_to_often(tuning, often, 3.0)
