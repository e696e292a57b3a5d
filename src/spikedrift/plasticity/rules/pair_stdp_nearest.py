"""Additive pair STDP between nearest neighbors: each spike pairs with the last of the other side.

The windows are those of Song, Miller & Abbott (2000), Nature Neuroscience 3:919; the pairing is the
symmetric nearest-neighbor scheme of Morrison, Diesmann & Gerstner (2008), Biological Cybernetics
98:459: a trace is set to 1, not raised by 1.
"""

from collections.abc import Mapping

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Rule
from spikedrift.plasticity.rules.pair_stdp import INDUCTIONS, MODEL, PARAMETERS, single_pair


def predict(values: Mapping[str, float], condition: Condition, induction: Induction) -> float:
    """Change by a single pair, or NaN where the protocol has more."""
    step = values["eta"] * induction.w_max
    return single_pair(values, condition, step, step)


RULE = Rule(
    name="pair_stdp_nearest",
    title="nearest-neighbor pair STDP",
    citation="Morrison A, Diesmann M, Gerstner W (2008) Biological Cybernetics 98:459-478",
    parameters=PARAMETERS,
    model=MODEL,
    on_pre="""
    {transmit}
    x = 1
    w = clip(w - ratio*eta*w_max*y, 0, w_max)
    """,
    on_post="""
    y = 1
    w = clip(w + eta*w_max*x, 0, w_max)
    """,
    predict=predict,
    inductions=INDUCTIONS,
)
