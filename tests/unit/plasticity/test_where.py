"""Statements that run only for synapses whose cell fulfills a condition."""

from dataclasses import replace

import numpy as np
import pytest
from inducing import spike_trains, weights
from waves import offer

from spikedrift.core.errors import InputError
from spikedrift.plasticity import registry
from spikedrift.plasticity.check import check
from spikedrift.plasticity.rule import Parameter, Regular, Rule

DT = 0.2e-3
LOOKED_AT = [
    name for name in registry.names() if any(one.where for one in registry.declared(name).every)
]


def counting(*every):
    """A rule that counts steps in its weight."""
    theta = Parameter("theta", -0.050, "volt", "bound of the membrane potential")
    return Rule("counting", "count of steps", "", (theta, Parameter("eta", 1, "1", "a step")),
                every=every, cell="seen : volt")  # fmt: skip


def grow(where, on="synapse", interval=0.0):
    return Regular("w = clip(w + eta, 0, w_max)", interval, on, where)


def run(rule, n=8, duration=0.4, start=0.0, w_max=1e6, pre=((), ())):
    return weights(
        rule, {}, pre, ((), ()), np.full(n, start), w_max, duration=duration, dt=DT, cell="waves",
        record=["u"],
    )  # fmt: skip


@pytest.mark.slow
def test_they_run_in_the_steps_in_which_the_condition_holds_and_in_no_other(monkeypatch):
    offer(monkeypatch)
    w, seen = run(counting(grow("u > theta")))
    expected = (seen["u"] > -0.050).sum(axis=0)
    assert len(set(expected)) > 4 and expected.max() < len(seen["u"]) / 2
    np.testing.assert_array_equal(w, expected)


def test_they_keep_their_place_among_the_other_statements(monkeypatch):
    """They see what stands before them, and not what stands after them."""
    offer(monkeypatch)
    before, after = (Regular(f"seen = {value}", on="cell") for value in ("u", "-1*volt"))
    w, seen = run(counting(before, grow("seen > theta"), after, grow("seen > theta")))
    np.testing.assert_array_equal(w, (seen["u"] > -0.050).sum(axis=0))


@pytest.mark.parametrize("name", LOOKED_AT)
@pytest.mark.slow
def test_a_voltage_rule_that_looks_at_every_synapse_gives_the_same_weights(name, monkeypatch):
    offer(monkeypatch)
    rule, n = registry.get(name), 30
    pre = spike_trains(np.random.default_rng(2), n, 30.0, round(1 / DT), DT)
    pre = (pre[0], pre[1] * DT)
    every = tuple(replace(one, where="") for one in rule.every)
    some, all_of_them = (
        run(one, n, 1.0, 5.0, 20.0, pre)[0] for one in (rule, replace(rule, every=every))
    )
    assert (some > 5.01).any() and (some < 20.0).any()
    np.testing.assert_array_equal(some, all_of_them)


def test_there_are_voltage_rules_that_do():
    assert set(LOOKED_AT) == {"clopath", "clopath_assemblies"}


@pytest.mark.parametrize(
    ("regular", "told"),
    [
        (grow("u > tetha"), "where: `u > tetha`: unknown variable 'tetha'; did"),
        (grow("u > 0"), "where: `u > 0`: .*different units"),
        (grow("u - theta"), "where: `u - theta`: is not a condition"),
        (grow("u >"), "where: `u >`: "),
        (grow("w > 1"), "where: `w > 1`: unknown variable 'w'"),
        (grow("u > theta", interval=1.0), "where: is for statements of a synapse in"),
        (Regular("seen = u", on="cell", where="u > theta"), "where: is for statements of a syn"),
    ],
)
def test_a_bad_condition_is_one_line(regular, told):
    with pytest.raises(InputError, match=f"plasticity rule counting: {told}"):
        check(counting(regular))
