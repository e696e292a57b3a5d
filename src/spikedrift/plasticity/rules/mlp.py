"""Rules that a small network computes: the MLP family.

Confavreux, Agnes, Zenke, Sprekeler & Vogels (2025). At every spike the weight changes by eta times
the output of a perceptron with two hidden layers of 50 and 4 logistic units without bias, and a
linear unit. Its inputs are 2 x_pre, 2 x_post, w, 15 V, 15 C_exc and 15 C_inh: a trace of either
side's spikes, the weight, and low-pass filters of the membrane potential and of the excitatory and
inhibitory drive, in volts. A presynaptic spike reads the slow presynaptic and the fast postsynaptic
trace, a postsynaptic one the fast presynaptic and the slow postsynaptic trace. The hidden layers
are frozen, the same for all rules of the family (`mlp.yaml`); a rule is its five
linear weights for presynaptic spikes, of which the last is a bias, then five for postsynaptic ones.
No vector of them is published in numbers.

The published weights are in units of a network whose w_max is 20, and its membrane potential knows
no spikes (`spike_width` 0). Its filter of the potential ran at tau_exc by mistake, and its
background task left all three filters at 1 s.

All traces are read before the spikes of the present time step, those of the other side included.
The spike is passed on with the weight that it found.
"""

from pathlib import Path
from typing import Any

import yaml

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.rule import Parameter, Rule

FROZEN: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
INPUTS = {  # in the order of the columns of the first layer
    "x_pre": "x",
    "x_post": "y",
    "w": "w",
    "v_trace": "v_trace_post/volt",
    "c_exc": "c_exc_post/volt",
    "c_inh": "c_inh_post/volt",
}


def layer(unit: str, weights: list[list[float]], inputs: list[str]) -> list[str]:
    """Statements of a layer of logistic units without bias, named `unit` and a number."""
    sums = (
        " ".join(f"{weight:+.9g}*{one}" for weight, one in zip(row, inputs, strict=True))
        for row in weights
    )
    return [f"{unit}{number} = 1/(1 + exp(-({text})))" for number, text in enumerate(sums, 1)]


def change(side: str, x: str, y: str) -> str:
    """Statements that change the weight at a spike of a side, from traces of both."""
    scales = FROZEN["input_scale"]
    first, second = FROZEN["Wh1"], FROZEN["Wh2"]
    outputs = range(1, len(second) + 1)
    lines = [
        f"x = {x}",
        f"y = {y}",
        *(f"in_{name} = {scales[name]}*{value}" for name, value in INPUTS.items()),
        *layer("hidden", first, [f"in_{name}" for name in INPUTS]),
        *layer("output", second, [f"hidden{number}" for number in range(1, len(first) + 1)]),
        "change = " + " + ".join([*(f"{side}_{n}*output{n}" for n in outputs), f"{side}_bias"]),
        "w = clip(w + eta*change, 0, w_max)",
    ]
    return "\n".join(lines)


LINEAR = tuple(
    Parameter(f"{side}_{unit}", 0.0, "1", f"{told} at a {spike} spike")
    for side, spike in (("before", "presynaptic"), ("after", "postsynaptic"))
    for unit, told in (*((n, f"weight of output unit {n}") for n in (1, 2, 3, 4)), ("bias", "bias"))
)

# Not from a paper: an arbitrary rule of the family, to show one at work.
ANY = {"before_1": -1.0, "before_2": 1.0, "after_1": 1.0, "after_2": -1.0}

RULE = Rule(
    name="mlp",
    title="MLP rule",
    citation="Confavreux B, Agnes EJ, Zenke F, Sprekeler H, Vogels TP (2025)",
    parameters=(
        Parameter("eta", 0.01, "1", "step, in units of the weight"),
        *LINEAR,
        Parameter("tau_pre1", FROZEN["tau_pre1_s"], "second", "fast presynaptic trace"),
        Parameter("tau_pre2", FROZEN["tau_pre2_s"], "second", "slow presynaptic trace"),
        Parameter("tau_post1", FROZEN["tau_post1_s"], "second", "fast postsynaptic trace"),
        Parameter("tau_post2", FROZEN["tau_post2_s"], "second", "slow postsynaptic trace"),
        Parameter("tau_v", 0.1, "second", "filter of the membrane potential"),
        Parameter("tau_exc", 0.01, "second", "filter of the excitatory drive"),
        Parameter("tau_inh", 0.1, "second", "filter of the inhibitory drive"),
    ),
    model="""
    dx_fast/dt = -x_fast/tau_pre1 : 1 (event-driven)
    dx_slow/dt = -x_slow/tau_pre2 : 1 (event-driven)
    dy_fast/dt = -y_fast/tau_post1 : 1 (event-driven)
    dy_slow/dt = -y_slow/tau_post2 : 1 (event-driven)
    arrived : second
    """,
    start="arrived = -1*second",
    cell="""
    dv_trace/dt = (u - v_trace)/tau_v : volt
    dc_exc/dt = (excitatory_drive - c_exc)/tau_exc : volt
    dc_inh/dt = (inhibitory_drive - c_inh)/tau_inh : volt
    """,
    cell_start="v_trace = u",
    on_pre="\n".join(
        [
            "{transmit}",
            change("before", "x_slow", "y_fast"),
            "x_fast += 1",
            "x_slow += 1",
            "arrived = t",
        ]
    ),
    on_post="\n".join(
        [
            change("after", "x_fast - int(arrived == t)", "y_slow"),
            "y_fast += 1",
            "y_slow += 1",
        ]
    ),
    vector=tuple(parameter.name for parameter in LINEAR),
    inductions=(
        Induction(
            name="window",
            title="60 pairs at 1 Hz, an arbitrary rule of the family",
            protocol="pairing",
            options={
                "along": "interval",
                "intervals": [k * 0.01 for k in range(-10, 11) if k],
            },
            parameters=ANY,
            cell="cvaif",
            weight=0.1,
            w_max=20.0,
        ),
    ),
)
