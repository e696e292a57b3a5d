"""Triplet STDP, all spikes interacting.

Pfister & Gerstner (2006), Journal of Neuroscience 26:9673: two traces on either side, r1 and r2 of
presynaptic and o1 and o2 of postsynaptic spikes. A presynaptic spike changes the weight by
-o1 (A2- + A3- r2), a postsynaptic one by r1 (A2+ + A3+ o2). The slow traces r2 and o2 are read
before the spike that reads them is added. Without the triplet terms it is pair STDP; the minimal
rule keeps A2-, A3+ and, in the hippocampus, A2+.
"""

from collections.abc import Mapping

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.rule import Balance, Parameter, ParameterSet, Point, Rule

FIT = "Pfister & Gerstner 2006"
VISUAL_CORTEX = (
    f"{FIT}; not read in the paper, supported by the fit error that they give on the pairing data "
    "of Sjöström, Turrigiano & Nelson 2001 with 60 pairs"
)
HIPPOCAMPUS = f"{FIT}; not read in the paper, without further support"


def amplitudes(
    a2_plus: float, a3_plus: float, a2_minus: float, a3_minus: float, tau_x: float, tau_y: float
) -> dict[str, float]:
    """Values of a set, in the order of the paper's table; time constants in ms."""
    return {
        "A2_plus": a2_plus,
        "A3_plus": a3_plus,
        "A2_minus": a2_minus,
        "A3_minus": a3_minus,
        "tau_x": tau_x / 1000,
        "tau_y": tau_y / 1000,
    }


def depression(values: Mapping[str, float], point: Point) -> float:
    """A2_minus at which independent Poisson spikes change no mean weight.

    The trace of all spikes of a rate has the mean rate * tau, and so it has before a spike.
    """
    x, y = point.pre, point.post
    plus = values["A2_plus"] + values["A3_plus"] * y * values["tau_y"]
    minus = values["A3_minus"] * x * values["tau_x"]
    return values["tau_plus"] / values["tau_minus"] * plus - minus


# With w_max = 100 and eta = .01 a change of 1 is the paper's change of 1, far from both bounds.
FREE = {"weight": 50.0, "w_max": 100.0, "parameters": {"eta": 0.01}}
IN_HIPPOCAMPUS = {"sets": ("hippocampus_full", "hippocampus_minimal"), **FREE}
INDUCTIONS = (
    Induction(
        name="frequency",
        title="60 pairs",
        protocol="pairing",
        options={"frequencies": [0.1, 1, 2, 5, 10, 15, 20, 30, 40, 50]},
        **FREE,
    ),
    Induction(
        name="window",
        title="60 pairs at 1 Hz",
        protocol="pairing",
        options={"along": "interval", "intervals": [k * 5e-3 for k in range(-20, 21) if k]},
        **FREE,
    ),
    Induction(
        name="pre-post-pre",
        title="60 triplets pre-post-pre",
        protocol="triplets",
        options={"order": "pre-post-pre"},
        **IN_HIPPOCAMPUS,
    ),
    Induction(
        name="post-pre-post",
        title="60 triplets post-pre-post",
        protocol="triplets",
        options={
            "order": "post-pre-post",
            "intervals": [(-0.005, 0.005), (-0.010, 0.010), (-0.005, 0.015), (-0.015, 0.005)],
        },
        **IN_HIPPOCAMPUS,
    ),
    Induction(
        name="quadruplets",
        title="60 quadruplets",
        protocol="quadruplets",
        options={"times": [t * 1e-3 for t in (-89, -60, -40, -20, 20, 40, 60, 84)]},
        **IN_HIPPOCAMPUS,
    ),
)

PARAMETERS = (
    Parameter("eta", 1.0, "1", "factor on all amplitudes, which are in units of w_max"),
    Parameter("A2_plus", 5e-10, "1", "potentiation by pairs"),
    Parameter("A3_plus", 6.2e-3, "1", "potentiation by triplets post-pre-post"),
    Parameter("A2_minus", 7e-3, "1", "depression by pairs"),
    Parameter("A3_minus", 2.3e-4, "1", "depression by triplets pre-post-pre"),
    Parameter("tau_plus", 0.0168, "second", "window of potentiation"),
    Parameter("tau_minus", 0.0337, "second", "window of depression"),
    Parameter("tau_x", 0.101, "second", "slow presynaptic trace"),
    Parameter("tau_y", 0.125, "second", "slow postsynaptic trace"),
)
MODEL = """
    dr1/dt = -r1/tau_plus : 1 (event-driven)
    dr2/dt = -r2/tau_x : 1 (event-driven)
    do1/dt = -o1/tau_minus : 1 (event-driven)
    do2/dt = -o2/tau_y : 1 (event-driven)
    """

RULE = Rule(
    name="triplet_stdp",
    title="triplet STDP",
    citation="Pfister J-P, Gerstner W (2006) Journal of Neuroscience 26:9673-9682",
    parameters=PARAMETERS,
    model=MODEL,
    on_pre="""
    {transmit}
    w = clip(w - eta*w_max*o1*(A2_minus + A3_minus*r2), 0, w_max)
    r1 += 1
    r2 += 1
    """,
    on_post="""
    w = clip(w + eta*w_max*r1*(A2_plus + A3_plus*o2), 0, w_max)
    o1 += 1
    o2 += 1
    """,
    inductions=INDUCTIONS,
    balance=Balance("A2_minus", depression),
    # A slow trace that a set does not use keeps a time constant that is not 0.
    sets={
        "visual_cortex_full": ParameterSet(
            amplitudes(5e-10, 6.2e-3, 7e-3, 2.3e-4, 101, 125), VISUAL_CORTEX
        ),
        "visual_cortex_minimal": ParameterSet(
            amplitudes(0, 6.5e-3, 7.1e-3, 0, 101, 114), VISUAL_CORTEX
        ),
        "hippocampus_full": ParameterSet(
            amplitudes(6.1e-3, 6.7e-3, 1.6e-3, 1.4e-3, 946, 27), HIPPOCAMPUS
        ),
        "hippocampus_minimal": ParameterSet(
            amplitudes(5.3e-3, 8e-3, 3.5e-3, 0, 946, 40), HIPPOCAMPUS
        ),
        "nestml": ParameterSet(
            amplitudes(7.5e-10, 9.3e-3, 7e-3, 2.3e-4, 101, 125),
            "documentation of the NESTML triplet synapse; potentiation is 1.5 times that of "
            "visual_cortex_full, and it does not fit the same data",
        ),
    },
)
