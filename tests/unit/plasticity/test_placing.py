"""Traces that live in cells are those that every synapse of the cell would have."""

from dataclasses import replace

import numpy as np
import pytest
from driving import driven, poisson
from inducing import fixed_values

from spikedrift.plasticity import registry
from spikedrift.plasticity.placing import place
from spikedrift.plasticity.rule import Parameter, Rule
from spikedrift.plasticity.synapse import combine

DT, STEPS, N_PRE, N_POST = 0.5e-3, 600, 5, 4
BOTH = ("pre", "post")
CELL = """
u = -55*mV + 25*mV*sin(t/(9*ms) + i) : volt
excitatory_drive = 8*mV*(1 + sin(t/(7*ms) + i)) : volt
inhibitory_drive = 4*mV*(1 + cos(t/(5*ms) + i)) : volt
population_rate = 20*Hz*(1 + sin(t/(31*ms))) : Hz
"""
MOVED = {  # what only one side changes, by what is the same for all synapses
    "bcm": {"z_plus", "arrived", "z_minus", "z_slow", "nu"},
    "clopath": {"xbar", "arrived"},
    "clopath_assemblies": {"xbar"},
    "codependent": {"x", "y", "z"},
    "codependent_inhibitory": {"x", "y"},
    "global_inhibitory": {"z_i", "arrived", "z_e"},
    "inhibitory": {"x", "y"},
    "mlp": {"x_fast", "x_slow", "y_fast", "y_slow", "arrived"},
    "pair_stdp": {"x", "y"},
    "pair_stdp_multiplicative": {"x", "y"},
    "pair_stdp_nearest": {"x", "y"},
    "pair_stdp_weight_dependent": {"x", "y"},
    "six_parameter": {"x", "y"},
    "symmetric_stdp": {"x_p", "x_d", "y_p", "y_d"},
    "triplet_stdp": {"r1", "r2", "o1", "o2"},
    "triplet_stdp_nearest": {"r1", "r2", "o1", "o2"},
    "zenke": {"z_plus", "arrived", "z_minus", "z_slow"},
}


def variables(equations):
    """Names of what is declared, one a line."""
    return {line.partition(":")[0].strip() for line in equations.splitlines() if ":" in line}


@pytest.mark.parametrize("name", registry.names())
def test_what_one_cell_alone_determines_moves_and_nothing_else(name):
    rule = registry.get(name)
    left, source, _ = place(rule, BOTH, "now_")
    moved = variables(source.equations) | variables(left.cell.removeprefix(rule.cell))
    assert moved == MOVED.get(name, set())
    only_post, source, _ = place(rule, ["post"], "now_")
    assert not source.code.strip() and variables(only_post.cell) <= variables(left.cell)


def test_what_stays_in_the_synapse():
    """Read after the spike that sets it, set by both sides or by the weight, or by chance."""
    eta = Parameter("eta", 1.0, "1", "a step")
    trace = "dx/dt = -x/(20*ms) : 1 (event-driven)"

    def stays(on_pre, on_post="w = clip(w + eta*x, 0, w_max)", model=trace, **others):
        rule = Rule("any", "any", "", (eta,), model=model, on_pre=on_pre, on_post=on_post, **others)
        return place(rule, BOTH, "now_")[0] is rule

    assert not stays("x += eta")
    assert stays("x += eta\nw = clip(w - eta*x, 0, w_max)")
    assert stays("x += eta", "x = 0")
    assert stays("x += w")
    assert stays("x += rand()")
    assert stays("x = x + 1")
    assert stays("x += 1", model="dx/dt = (1 - x)/(20*ms) : 1 (event-driven)")
    assert stays("x += 1", model=f"{trace}\ndy/dt = (x - y)/(5*ms) : 1 (event-driven)")
    assert stays("x += 1", start="x = w")
    assert stays("x += 1", on_late="w = clip(x, 0, w_max)", late="eta")
    assert stays("x = x + 1", model="x : 1")


@pytest.mark.parametrize(
    ("name", "delay"),
    [
        ("bcm", 0.0),
        ("clopath", 3 * DT),
        ("clopath_assemblies", 0.0),
        ("codependent", 3 * DT),
        ("inhibitory", 3 * DT),
        ("triplet_stdp_nearest", 0.0),
    ],
)
@pytest.mark.slow
def test_weights_are_those_of_traces_in_every_synapse(name, delay):
    rule = replace(registry.get(name), predict=None)
    values = {**dict(next(iter(rule.sets.values())).values if rule.sets else {}),
              **dict(rule.inductions[0].parameters), **fixed_values(rule)}  # fmt: skip
    rng = np.random.default_rng(3)
    pre, post = ((cell, step * DT) for cell, step in
                 (poisson(rng, n, 60.0, STEPS, DT) for n in (N_PRE, N_POST)))  # fmt: skip
    wiring = np.nonzero(rng.random((N_PRE, N_POST)) < 0.7)
    start = rng.uniform(0.2, 0.8, wiring[0].size)
    moved = {}
    for where in ((), ("post",), BOTH):
        synapses, _ = driven(
            [rule], values, pre, post, start, 1.0, wiring=wiring,
            duration=STEPS * DT, dt=DT, cell=CELL, in_cells=where, delay=delay,
        )  # fmt: skip
        moved[where] = np.array(synapses.w)
    assert (moved[()] != start).mean() > 0.5
    for where in (("post",), BOTH):
        np.testing.assert_allclose(moved[where], moved[()], rtol=1e-12, atol=1e-14)


def test_a_cell_on_both_sides_keeps_them_apart():
    made = combine([registry.get("inhibitory")], "v_post += {weight}", "", "a_", BOTH)
    assert variables(made.source.equations) == {"a_from_x", "a_from_tau"}
    assert {"a_y", "a_tau"} <= variables(made.cell)
    assert {
        ("tau", "source", "a_from_tau"),
        ("tau", "cell", "a_tau"),
        ("tau", "synapse", "tau"),
    } == {one[1:] for one in made.placed if one[1] == "tau"}
