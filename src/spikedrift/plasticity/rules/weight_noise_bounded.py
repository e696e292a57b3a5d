"""Bounded weight noise: weights fluctuate within [0, w_max], and their mean stays where it is.

The Jacobi diffusion, an Ornstein-Uhlenbeck process whose noise vanishes at both bounds (Forman &
Sørensen 2008, Scand. J. Statistics 35:438; without a restoring force that of Wright and Fisher):
dw = -r (w - w_set) dt + s sqrt(w (w_max - w)) dW. About w_max/2 the noise is nearly additive, and
near 0 it goes as the square root of the weight. Steps come once a second, in a chain that stays
within the bounds by itself: with a = w_set + exp(-r 1 s) (w - w_set), where the weight would go
without noise,

    w <- a + s (w_max - a) with the probability a/w_max,    w <- a - s a otherwise.

The mean of a step is a, and its variance s^2 a (w_max - a), exactly and at any weight. So the mean
of the weight is w_set, its autocorrelation exp(-r t), and with k = exp(-r 1 s) its variance at rest
s^2/(1 - k^2 (1 - s^2)) w_set (w_max - w_set); without a restoring force it is, after n steps,
(1 - (1 - s^2)^n) w_set (w_max - w_set), until all weights are at one of the bounds. Being kept
within the bounds moves no mean, which it does with `weight_noise`.

The set point is the first weight and moves by what other rules do to the weight, within
[0, w_max]: what STDP has changed stays. With r = 0 nothing draws the weights back, and another rule
can be the restoring force.
"""

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.rule import Parameter, Regular, Rule


def _from(name: str, title: str, weight: float, restoring: float, tolerance: float) -> Induction:
    return Induction(
        name=name,
        title=title,
        protocol="pairing",
        options={"frequencies": [0.2, 0.5, 1, 2], "intervals": [0.01]},
        parameters={"restoring": restoring},
        dt=0.001,
        weight=weight,
        replicates=4096,
        tolerance=tolerance,
    )


RULE = Rule(
    name="weight_noise_bounded",
    title="bounded weight noise",
    citation="Forman JL, Sørensen M (2008) Scand. J. Statistics 35:438-465",
    parameters=(
        Parameter(
            "bounded_noise", 0.03, "1", "SD after one second, in sqrt(w (w_max - w)); at most 1"
        ),
        Parameter("restoring", 0.01, "Hz", "rate of the return to the set point; 0: none"),
    ),
    rate="bounded_noise",
    spontaneous=True,
    model="""
    set_point : 1
    last_w : 1
    """,
    start="""
    set_point = w
    last_w = w
    """,
    every=(
        Regular(
            """
            set_point = clip(set_point + w - last_w, 0, w_max)
            aim = set_point + exp(-restoring*second)*(w - set_point)
            jump = clip(bounded_noise, 0, 1)*(w_max*int(rand() < aim/w_max) - aim)
            w = clip(w + int(bounded_noise > 0)*(aim + jump - w), 0, w_max)
            last_w = w
            """,
            interval=1.0,
        ),
    ),
    predict=lambda values, condition, induction: 0.0,
    # Tolerances are five standard errors of the mean. With the seed of the configuration one of the
    # twelve conditions is four off; over twelve other seeds their mean is half of one off.
    inductions=(
        _from("near_0", "from near 0", 0.05, 0.05, 0.0017),
        _from("near_w_max", "from near w_max", 0.95, 0.05, 0.0017),
        _from("no_restoring_force", "no restoring force", 0.5, 0.0, 0.019),
    ),
)
