"""Learning with dropout: gradients, geometry of drift, trials."""

import numpy as np
import pytest
from rate_sessions import shown_twice

from spikedrift.config.overrides import override
from spikedrift.networks.models import aitken_2022 as aitken
from spikedrift.networks.session_plan import NetworkRun, plan

SMALL = {"n": 30, "n_inputs": 10, "training": 500.0, "session": 500.0, "trace_interval": 250.0}
SHOWN = {"shown": {"segments": 4, "repeats": 8, "pause": 2000.0}}


def planned(changes):
    options = override(aitken.AitkenNetwork(), changes, "a")
    return plan(aitken.MODEL, options, NetworkRun("a", {}, 1, 0))


def test_a_batch_goes_down_the_gradient():
    model = aitken.Learner(
        planned({**SMALL, "noise": "none", "weight_decay": 0.0, "eta": 1e-3, "batch": 4000})
    )

    def loss():
        of_class, x = model.test
        logit = model.respond_to(x) @ model.out.T
        logit = logit - logit.max(axis=1, keepdims=True)
        own = logit[np.arange(len(x)), of_class]
        return float((np.log(np.exp(logit).sum(axis=1)) - own).mean())

    before, hidden, out, bias = loss(), model.hidden.copy(), model.out.copy(), model.bias.copy()
    model.update(1, 0)
    squared = sum(
        np.sum((b - a) ** 2)
        for a, b in ((hidden, model.hidden), (out, model.out), (bias, model.bias))
    )
    # A small step of length |eta g| lowers the loss by eta |g|^2.
    assert before - loss() == pytest.approx(squared / 1e-3, rel=0.2)


def test_drift_along_the_varying_direction_is_inside():
    rng = np.random.default_rng(1)
    one = rng.standard_normal((500, 10)) * np.array([5.0, *[0.1] * 9])
    other = one + np.eye(10)[0]
    inside, follows = aitken._geometry(one, other)
    assert inside == pytest.approx(10, rel=0.1) and follows > 0
    across, _ = aitken._geometry(one, one + np.eye(10)[3])
    assert across < 0.1


def test_classes_are_as_far_apart_as_the_option_says():
    stimuli = aitken.Learner(planned({"distance": 3.0})).stimuli
    away = np.linalg.solve(stimuli.mix.T, stimuli.apart)
    assert np.linalg.norm(away) == pytest.approx(3.0)


@pytest.mark.parametrize("noise", ["dropout", "gaussian", "none"])
def test_the_readout_is_that_of_the_session(noise):
    one = planned({**SMALL, "noise": noise})
    left = aitken.integrate(one)
    read = aitken.readout(one, left)
    assert 0.6 < read["accuracy"] <= 1 and read["response"] < 1
    model = aitken.Learner(one)
    model.update(1000, 0)
    assert np.allclose(model.hidden.ravel(), left.weights["hidden"][-1], atol=1e-6)


def test_blocks_become_trials_that_drift(tmp_path):
    options = override(aitken.AitkenNetwork(), {**SMALL, **SHOWN}, "small")

    _, values = shown_twice(aitken.MODEL, options, "small.classes", tmp_path)
    assert np.isfinite(values["index"])
