"""Triplet STDP between nearest neighbors: a spike sets its traces to 1.

Pfister & Gerstner (2006), Journal of Neuroscience 26:9673; `triplet_stdp` has the equations.
"""

from collections.abc import Mapping

import numpy as np

from spikedrift.plasticity.rule import Balance, ParameterSet, Point, Rule
from spikedrift.plasticity.rules.triplet_stdp import (
    HIPPOCAMPUS,
    INDUCTIONS,
    MODEL,
    PARAMETERS,
    VISUAL_CORTEX,
    amplitudes,
)

SETS = {
    "visual_cortex_full": ParameterSet(
        amplitudes(8.8e-11, 5.3e-2, 6.6e-3, 3.1e-3, 714, 40), VISUAL_CORTEX
    ),
    "visual_cortex_minimal": ParameterSet(amplitudes(0, 5e-2, 8e-3, 0, 714, 40), VISUAL_CORTEX),
    "hippocampus_full": ParameterSet(
        amplitudes(4.6e-3, 9.1e-3, 3e-3, 7.5e-9, 575, 47), HIPPOCAMPUS
    ),
    "hippocampus_minimal": ParameterSet(amplitudes(4.6e-3, 9.1e-3, 3e-3, 0, 575, 48), HIPPOCAMPUS),
}


def depression(values: Mapping[str, float], point: Point) -> float:
    """A2_minus at which independent Poisson spikes change no mean weight.

    The trace of the last spike of a rate has the mean rate * tau / (1 + rate * tau).
    """

    def trace(rate: float, tau: str) -> float:
        return rate * values[tau] / (1 + rate * values[tau])

    x, y = point.pre, point.post
    if not x * y:
        return np.nan
    plus = values["A2_plus"] + values["A3_plus"] * trace(y, "tau_y")
    minus = values["A3_minus"] * trace(x, "tau_x")
    return y * trace(x, "tau_plus") * plus / (x * trace(y, "tau_minus")) - minus


RULE = Rule(
    name="triplet_stdp_nearest",
    title="nearest-neighbor triplet STDP",
    citation="Pfister J-P, Gerstner W (2006) Journal of Neuroscience 26:9673-9682",
    parameters=tuple(
        parameter.at(SETS["visual_cortex_full"].values.get(parameter.name, parameter.default))
        for parameter in PARAMETERS
    ),
    model=MODEL,
    on_pre="""
    {transmit}
    w = clip(w - eta*w_max*o1*(A2_minus + A3_minus*r2), 0, w_max)
    r1 = 1
    r2 = 1
    """,
    on_post="""
    w = clip(w + eta*w_max*r1*(A2_plus + A3_plus*o2), 0, w_max)
    o1 = 1
    o2 = 1
    """,
    inductions=INDUCTIONS,
    balance=Balance("A2_minus", depression),
    sets=SETS,
)
