"""Turnover: weights that move without any spikes.

Weights perform a random walk within [0, w_max], the simplest account of spontaneous synaptic
fluctuations (Yasumatsu, Matsuzaki, Miyazaki, Noguchi & Kasai 2008, J. Neuroscience 28:13592;
Mongillo, Rumpel & Loewenstein 2017, Curr. Opin. Neurobiol. 46:7). Steps come once a second: the
walk is far slower, and one draw per synapse and second costs almost nothing.

Steps that end at a bound move the mean inward: weights that begin near 0 grow. The mean stays with
`weight_noise_multiplicative`, `weight_noise_lognormal` and `weight_noise_bounded`.
"""

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.rule import Parameter, Regular, Rule

RULE = Rule(
    name="weight_noise",
    title="weight noise",
    citation="Yasumatsu N et al. (2008) Journal of Neuroscience 28:13592-13608",
    parameters=(Parameter("noise", 0.03, "1", "SD after one second, in units of w_max"),),
    rate="noise",
    spontaneous=True,
    every=(Regular("w = clip(w + noise*w_max*randn(), 0, w_max)", interval=1.0),),
    # The rule does not see spikes: the mean stays, and the error of the mean is that of the walk.
    predict=lambda values, condition, induction: 0.0,
    inductions=(
        Induction(
            name="rates",
            title="10 s with spikes",
            protocol="rates",
            options={"rates": [0, 10, 50], "duration": 10.0},
            replicates=1000,
            tolerance=0.012,
        ),
    ),
)
