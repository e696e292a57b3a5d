"""Structural turnover: synapses vanish and come back, weak ones the sooner.

Fauth & van Rossum (2019), eLife 8:e43717: a synapse that is there is removed at a rate that falls
with its weight along a logistic function, and a free place gets a new one at a constant rate. The
wiring of the projection says which places there are; a free place passes no spikes on and keeps no
weight, whatever other rules do there. Once every second it is drawn what vanishes and what is born.

The rates are those of a program of the paper's model by others; it acts beside a rule that moves
the weights.
"""

from collections.abc import Mapping

import numpy as np

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Parameter, ParameterSet, Rule
from spikedrift.simulation.statements import Regular

INTERVAL = 1.0  # s
DAY = 86400.0  # s


def removal(values: Mapping[str, float], weight: float) -> float:
    """Rate at which a synapse of a weight (over its bound) is removed; Hz."""
    return values["removal"] / (1 + np.exp(values["steepness"] * (weight - values["half"])))


def predict(values: Mapping[str, float], condition: Condition, induction: Induction) -> float:
    """Change of the mean weight, where new synapses have the weight that old ones have.

    The share of places with a synapse relaxes to creation/(creation + removal).
    """
    gone = removal(values, induction.weight / induction.w_max) * values["turnover"]
    born = values["creation"] * values["turnover"]
    rest = born / (born + gone)
    n = condition.duration / INTERVAL
    share = rest + (1 - rest) * (1 - (born + gone) * INTERVAL) ** n
    return float(induction.weight * (share - 1))


RULE = Rule(
    name="structural_turnover",
    title="structural turnover",
    citation="Fauth MJ, van Rossum MCW (2019) eLife 8:e43717",
    parameters=(
        Parameter("turnover", 1.0, "1", "factor on both rates"),
        Parameter("creation", 1 / DAY, "Hz", "birth of a synapse at a free place"),
        Parameter("removal", 24 / DAY, "Hz", "removal of the weakest synapse"),
        Parameter("steepness", 20.0, "1", "of the logistic function of the weight over w_max"),
        Parameter("half", 0.35, "1", "weight over w_max at which removal is half as frequent"),
        Parameter("newborn", 0.1, "1", "weight of a new synapse, in units of w_max"),
    ),
    rate="turnover",
    spontaneous=True,
    model="present : 1",
    start="present = 1",
    on_pre="",
    release="present",
    every=(
        Regular(
            f"""
            leaving = turnover*removal*{INTERVAL}*second/(1 + exp(steepness*(w/w_max - half)))
            gone = present*int(rand() < leaving)
            born = (1 - present)*int(rand() < turnover*creation*{INTERVAL}*second)
            w = clip((present - gone)*w + born*newborn*w_max, 0, w_max)
            present = present - gone + born
            """,
            INTERVAL,
        ),
    ),
    sets={
        "fauth_van_rossum": ParameterSet(
            {}, "a program of others after the paper (azic11/react); not read in the paper"
        ),
    },
    predict=predict,
    inductions=(
        Induction(
            name="turnover",
            title="no spikes that count, synapses removed and born",
            protocol="pairing",
            options={"frequencies": [0.2, 0.5, 1, 2]},
            parameters={"creation": 0.02, "removal": 0.04, "newborn": 0.5, "steepness": 0.0},
            weight=0.5,
            replicates=4096,
            # Four standard errors of a share of one half, and a round more or less at the ends.
            tolerance=0.03,
        ),
    ),
)
