"""Codependent excitatory plasticity: neighboring currents decide.

Agnes & Vogels (2024), Nature Neuroscience 27:964: the cell keeps two low-passes of what arrives at
it, E of the excitatory (NMDA) drive and I of the inhibitory drive. A presynaptic spike lowers the
weight by the share A_LTD y f, a postsynaptic one changes it by (A_LTP x E - A_het z E**2) f: pairs
potentiate as far as the neighbors excite, and strong excitation depresses whether or not the
synapse was active. x is the trace of the presynaptic spikes, y and z are a fast and a slow trace
of the postsynaptic ones, and inhibition closes the gate f = exp(-(I/I_gate)**gamma), which is 0
from I_off on.

Every trace is read before the spike that reads it is added to it, except that z is read afterwards
where `own` is 1, as in the authors' program for receptive fields.

Which A_het balances the rule depends on the excitatory drive, which comes from the neighbors.
"""

from collections.abc import Mapping

import numpy as np

from spikedrift.cells.models import conductance_clamp
from spikedrift.config.inductions import Induction
from spikedrift.plasticity.rule import Balance, Parameter, ParameterSet, Point, Rule

PROGRAM = "the authors' program, ejagnes/codependent_plasticity"


def heterosynaptic(values: Mapping[str, float], point: Point) -> float:
    """A_het at which independent Poisson spikes change no mean weight, the drives being constant.

    The gate of inhibition is then a common factor, which must not be 0.
    """
    x, y, excitation = point.pre, point.post, point.excitation
    if not excitation or not y * values["tau_z"] + values["own"]:
        return np.nan
    potentiation = values["A_LTP"] * values["tau_x"] * excitation
    depression = values["A_LTD"] * values["tau_y"] * point.weight
    slow = y * values["tau_z"] + values["own"]
    return x * (potentiation - depression) / (slow * excitation**2)


RULE = Rule(
    name="codependent",
    title="codependent excitatory plasticity",
    citation="Agnes EJ, Vogels TP (2024) Nature Neuroscience 27:964-974",
    parameters=(
        Parameter("eta", 1.0, "1", "factor on all amplitudes"),
        Parameter("A_LTP", 2.5, "1/volt", "potentiation by pairs, in units of the weight"),
        Parameter("A_LTD", 0.012, "1", "depression by pairs, share of the weight"),
        Parameter("A_het", 10.0, "1/volt**2", "heterosynaptic depression, in units of the weight"),
        Parameter("tau_x", 0.0168, "second", "presynaptic trace"),
        Parameter("tau_y", 0.0337, "second", "fast postsynaptic trace"),
        Parameter("tau_z", 0.125, "second", "slow postsynaptic trace"),
        Parameter("own", 0.0, "1", "share of a spike in the z that it reads"),
        Parameter("tau_E", 0.050, "second", "low-pass of the excitatory drive"),
        Parameter("tau_I", 0.500, "second", "low-pass of the inhibitory drive"),
        Parameter("I_gate", 0.010, "volt", "inhibition that closes the gate"),
        Parameter("gamma", 1.0, "1", "how sharply"),
        Parameter("I_off", 1.0, "volt", "inhibition from which on nothing changes"),
    ),
    model="""
    dx/dt = -x/tau_x : 1 (event-driven)
    dy/dt = -y/tau_y : 1 (event-driven)
    dz/dt = -z/tau_z : 1 (event-driven)
    """,
    on_pre="""
    {transmit}
    gate = int(I_post < I_off)*exp(-(I_post/I_gate)**gamma)
    w = clip(w - eta*A_LTD*w*y*gate, 0, w_max)
    x += 1
    """,
    on_post="""
    gate = int(I_post < I_off)*exp(-(I_post/I_gate)**gamma)
    w = clip(w + eta*(A_LTP*x*E_post - A_het*(z + own)*E_post**2)*gate, 0, w_max)
    y += 1
    z += 1
    """,
    cell="""
    dE/dt = (excitatory_drive - E)/tau_E : volt
    dI/dt = (inhibitory_drive - I)/tau_I : volt
    """,
    sets={
        "frequency": ParameterSet({}, f"{PROGRAM}, frequency_STDP"),
        "receptive_field": ParameterSet(
            {
                "A_LTP": 0.5 / 3,
                "A_LTD": 0.5 / 3,
                "A_het": 0.01 / 3,
                "tau_z": 0.100,
                "own": 1.0,
                "tau_E": 0.010,
                "tau_I": 0.100,
                "I_gate": 0.150,
                "gamma": 3.0,
                "I_off": 0.170,
            },
            f"{PROGRAM}, receptive_field, where z is the cell's afterhyperpolarization",
        ),
    },
    balance=Balance("A_het", heterosynaptic, clamp=conductance_clamp.driven),
    inductions=(
        Induction(
            name="frequency",
            title="50 pairs",
            protocol="pairing",
            options={"frequencies": (0.1, 1, 10, 20, 30, 40, 50), "pairs": 50, "ends": "window"},
            cell="codependent",
            weight=0.12,
            readout="ratio",
        ),
    ),
)
