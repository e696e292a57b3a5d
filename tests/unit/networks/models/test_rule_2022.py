"""The self-healing readout: what is learned at first, what heals, trials of both populations."""

import numpy as np
import pytest
from rate_sessions import shown_twice

from spikedrift.config.overrides import override
from spikedrift.networks.models import rule_2022 as rule
from spikedrift.networks.session_plan import NetworkRun, plan

SMALL = {"places": 24, "n": 40, "n_readout": 24, "days": 100, "rounds": 50}
SHOWN = {"days": 10, "shown": {"segments": 4, "repeats": 8, "pause": 40.0}}


def planned(changes):
    options = override(rule.RuleNetwork(), {**SMALL, **changes}, "r")
    return plan(rule.MODEL, options, NetworkRun("r", {}, 1, 0))


def test_the_readout_learns_its_fields_at_first():
    one = planned({})
    model = rule.Healing(one)
    assert rule.error(model.first, rule.readout_fields(one.options)) < 0.1
    assert model.first.mean(axis=0) == pytest.approx(np.full(24, model.level))


def test_encoding_cells_have_their_mean_and_spread():
    encoding = rule.Healing(planned({})).encoding
    assert encoding.mean() == pytest.approx(rule.MEAN, rel=0.1)
    assert encoding.std(axis=1).mean() == pytest.approx(rule.SPREAD, rel=0.2)


def test_errors_of_tuning():
    rng = np.random.default_rng(1)
    one, other = rng.standard_normal((2, 200, 50))
    assert rule.error(one, 3 * one + 2) == pytest.approx(0, abs=1e-12)
    assert rule.error(one, other) == pytest.approx(1, abs=0.05)


def test_without_drift_and_noise_nothing_changes():
    model = rule.Healing(
        planned({"tau": 1e12, "variability": 0.0, "synaptic_noise": 0.0, "plasticity": False})
    )
    model.update(20, 0)
    assert rule.error(model.decode(model.weight), model.first) < 0.1


def test_without_plasticity_both_readouts_are_one():
    model = rule.Healing(planned({"plasticity": False}))
    model.update(10, 0)
    assert np.array_equal(model.weight, model.still)


@pytest.mark.parametrize("units", ["encoding", "readout"])
def test_blocks_become_trials(tmp_path, units):
    options = override(rule.RuleNetwork(), {**SMALL, **SHOWN, "units": units}, "small")

    found, values = shown_twice(rule.MODEL, options, "small.places", tmp_path)
    assert set(found.trials["population"].values) == {units}
    assert np.isfinite(values["index"])
