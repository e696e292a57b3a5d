"""Subtractive normalization: every cell keeps the sum of its weights.

Litwin-Kumar & Doiron (2014), Nature Communications 5:5319: every 20 ms each weight of a cell falls
by the same amount, its share of what the sum has gained since the first round, and is clipped. It
acts beside a rule that moves the weights.
"""

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.rule import Parameter, Regular, Rule

INTERVAL = 0.020

RULE = Rule(
    name="subtractive_normalization",
    title="subtractive normalization",
    citation="Litwin-Kumar A, Doiron B (2014) Nature Communications 5:5319",
    parameters=(
        Parameter("normalization", 1.0, "1", "share of the gain that a round takes back"),
        Parameter("lower", 0.0, "1", "lower bound of the weight"),
    ),
    rate="normalization",
    cell="""
    total : 1
    target : 1
    """,
    cell_start="target = -1",  # not known yet
    # Alone it has nothing to take back.
    predict=lambda values, condition, induction: 0.0,
    inductions=(
        Induction(
            name="frequency",
            title="60 pairs, no other rule",
            protocol="pairing",
            options={"frequencies": [0.1, 1, 10, 50]},
            tolerance=1e-12,
        ),
    ),
    every=(
        Regular("total = 0", INTERVAL, on="cell"),
        Regular("total_post += w", INTERVAL),
        Regular("target += int(target < 0)*(total - target)", INTERVAL, on="cell"),
        Regular(
            "w = clip(w - normalization*(total_post - target_post)/N_incoming, lower, w_max)",
            INTERVAL,
        ),
    ),
)
