"""Storage of other patterns: the closed form of what is kept, and trials."""

import numpy as np
import pytest
from rate_sessions import shown_twice

from spikedrift.config.overrides import override
from spikedrift.networks.models import devalle_2025 as devalle
from spikedrift.networks.session_plan import NetworkRun, plan


def storing(changes):
    options = override(devalle.DevalleNetwork(), changes, "d")
    return devalle.Storing(plan(devalle.MODEL, options, NetworkRun("d", {}, 1, 0)))


def test_weights_decorrelate_as_the_closed_form_says():
    model = storing({"n": 400})
    first = model.weight.ravel().astype(float)
    for patterns in (20, 80):
        model.update(patterns if patterns == 20 else 60, 0)
        kept = np.corrcoef(first, model.weight.ravel())[0, 1]
        assert kept == pytest.approx((1 - 0.125 * 0.1) ** patterns, abs=0.03)


def test_currents_vary_as_much_later_as_at_first():
    model = storing({"n": 1000})
    model.update(200, 0)
    assert model.current().std() == pytest.approx(1, abs=0.1)


def test_the_share_of_strong_synapses_is_stationary():
    model = storing({"n": 400})
    before = model.weight.mean()
    model.update(300, 0)
    assert before == pytest.approx(0.125, abs=0.02)
    assert model.weight.mean() == pytest.approx(0.125, abs=0.02)


def test_nothing_is_stored_without_plasticity():
    model = storing({"storing": 0.0})
    before = model.weight.copy()
    model.update(10, 0)
    assert np.array_equal(before, model.weight)


def test_blocks_become_trials_that_drift(tmp_path):
    changes = {"n": 60, "patterns": 4, "shown": {"segments": 4, "repeats": 8}}
    options = override(devalle.DevalleNetwork(), changes, "small")

    _, values = shown_twice(devalle.MODEL, options, "small.inputs", tmp_path)
    assert np.isfinite(values["index"])
