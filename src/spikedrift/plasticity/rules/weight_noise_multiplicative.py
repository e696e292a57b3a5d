"""Multiplicative weight noise: steps in proportion to the weight, which leave its mean where it is.

Spines fluctuate in proportion to their size (Yasumatsu, Matsuzaki, Miyazaki, Noguchi & Kasai 2008,
J. Neuroscience 28:13592; Loewenstein, Kuras & Rumpel 2011, J. Neuroscience 31:9481); Humble,
Hiratsuka, Kasai & Toyoizumi (2019, Front. Comput. Neurosci. 13:38) put such noise beside STDP. Once
a second the weight is multiplied by exp(noise z - noise^2/2) with z standard normal, whose mean is
1: a geometric random walk from wherever other rules have left the weight. It takes back nothing of
what they did. No mean grows by being kept above 0, which it does with `weight_noise`.

There is no restoring force. Alone, ln w spreads without end, and its median falls while few weights
hold up the mean; a rule beside it, such as STDP with steps that depend on the weight, has to hold
the weights. Steps end at w_max, which costs mean where weights come near it. With the
log-normal L_t that a walk without the bound has after t seconds, the loss is between
E[max(L_t - w_max, 0)] and w P(the walk has met w_max, as seen from the weight it ends at): `lost`.
"""

from collections.abc import Mapping
from math import log, nan, sqrt
from statistics import NormalDist

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Parameter, Regular, Rule

NEGLIGIBLE = 1e-3  # of the weight


def lost(weight: float, w_max: float, log_sd: float) -> tuple[float, float]:
    """Bounds from below and above of what the mean loses to steps that end at w_max.

    Below: the mean excess of the free walk over w_max at the end. Above: the weight times the
    chance that a Brownian motion with the drift log_sd^2/2, which is ln w with every walk weighed
    by where it ends, meets ln w_max; by the reflection principle.

    Parameters
    ----------
    weight, w_max : float
        The first weight, above 0 and at most w_max.
    log_sd : float
        Standard deviation of ln w at the end, above 0.
    """
    below = NormalDist().cdf
    room = log(w_max / weight) / log_sd
    ends = weight * below(log_sd / 2 - room)
    reflected = w_max * below(-log_sd / 2 - room)
    return ends - reflected, ends + reflected


def predict(values: Mapping[str, float], condition: Condition, induction: Induction) -> float:
    """No change of the mean where w_max is out of reach; NaN where it is not."""
    log_sd = values["relative_noise"] * sqrt(int(condition.duration) + 1)  # the first round is at 0
    if (
        log_sd
        and lost(induction.weight, induction.w_max, log_sd)[1] > NEGLIGIBLE * induction.weight
    ):
        return nan
    return 0.0


RULE = Rule(
    name="weight_noise_multiplicative",
    title="multiplicative weight noise",
    citation="Humble J et al. (2019) Frontiers in Computational Neuroscience 13:38",
    parameters=(Parameter("relative_noise", 0.03, "1", "SD of ln w after one second"),),
    rate="relative_noise",
    spontaneous=True,
    every=(
        Regular(
            "w = clip(w*exp(relative_noise*randn() - relative_noise**2/2), 0, w_max)", interval=1.0
        ),
    ),
    predict=predict,
    inductions=(
        Induction(
            name="near_0",
            title="from near 0",
            protocol="pairing",
            options={"frequencies": [0.2, 0.5, 1, 2], "intervals": [0.01]},
            dt=0.001,
            weight=0.05,
            replicates=4096,
            # Five standard errors of the mean after 300 s.
            tolerance=0.0022,
        ),
    ),
)
