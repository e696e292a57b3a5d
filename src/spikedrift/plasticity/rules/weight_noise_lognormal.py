"""Log-normal weight noise: weights fluctuate about their set points, which are their means.

The log of the size of a spine performs an Ornstein-Uhlenbeck process (Loewenstein, Kuras & Rumpel
2011, J. Neuroscience 31:9481, on two time scales, days and months; here there is one):
dx = -x/tau dt + s sqrt(2/tau) dW. Once a second it is taken on exactly, with k = exp(-1 s/tau),

    x <- k x + s sqrt(1 - k^2) z,    v <- k^2 v + (1 - k^2) s^2,    w = w_set exp(x - v/2),

where z is standard normal and v, the variance of x, rises from 0 to s^2. Subtracting v/2 makes
w_set the mean of the weight at all times, and not its median. How much of what synapses do is such
noise is reviewed by Mongillo, Rumpel & Loewenstein (2017, Curr. Opin. Neurobiol. 46:7). Its time
constants are days; the default is short enough for a simulated session.

The set point is the first weight and moves by what other rules do to the weight, within
[0, w_max]: what STDP has changed stays, and is multiplied by the fluctuation as all else. While the
noise is off, x rests.

A weight above w_max is taken for w_max, while x and the set point know nothing of that bound: what
is cut does not add up. The mean of the weight is then E[min(w_set exp(x - v/2), w_max)], known in
closed form (`mean`): below w_set by less than .01 w_max where w_set is at most w_max/2 and s at
most .4, and by .4 s w_max where w_set is w_max. `weight_noise_bounded` keeps the mean there too.
"""

from collections.abc import Mapping
from math import exp, log, sqrt
from statistics import NormalDist

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Parameter, Regular, Rule


def mean(set_point: float, w_max: float, log_sd: float) -> float:
    """Mean of a log-normal weight of mean `set_point`, above 0, cut at w_max.

    Parameters
    ----------
    set_point, w_max : float
    log_sd : float
        Standard deviation of ln w, above 0.
    """
    below = NormalDist().cdf
    room = log(w_max / set_point) / log_sd
    return set_point * below(room - log_sd / 2) + w_max * below(-room - log_sd / 2)


def predict(values: Mapping[str, float], condition: Condition, induction: Induction) -> float:
    """Change of the mean, which is what is lost at w_max."""
    rounds = int(condition.duration) + 1  # the first is at 0
    log_sd = values["log_sd"] * sqrt(1 - exp(-2 * rounds / values["tau_log"]))
    if not log_sd:
        return 0.0
    return mean(induction.weight, induction.w_max, log_sd) - induction.weight


def _from(name: str, title: str, weight: float, tolerance: float) -> Induction:
    return Induction(
        name=name,
        title=title,
        protocol="pairing",
        options={"frequencies": [0.2, 0.5, 1, 2], "intervals": [0.01]},
        parameters={"tau_log": 20.0},
        dt=0.001,
        weight=weight,
        replicates=4096,
        tolerance=tolerance,
    )


RULE = Rule(
    name="weight_noise_lognormal",
    title="log-normal weight noise",
    citation="Loewenstein Y, Kuras A, Rumpel S (2011) Journal of Neuroscience 31:9481-9488",
    parameters=(
        Parameter("log_sd", 0.3, "1", "SD of ln w at rest, s"),
        Parameter("tau_log", 100.0, "second", "time constant of ln w"),
    ),
    rate="log_sd",
    spontaneous=True,
    model="""
    set_point : 1
    last_w : 1
    deviation : 1
    log_variance : 1
    """,
    start="""
    set_point = w
    last_w = w
    """,
    every=(
        Regular(
            """
            acts = int(log_sd > 0)
            kept = exp(-1*second/tau_log)
            fresh_sd = log_sd*sqrt(1 - kept**2)
            set_point = clip(set_point + w - last_w, 0, w_max)
            deviation += fresh_sd*randn() - acts*(1 - kept)*deviation
            log_variance += acts*(1 - kept**2)*(log_sd**2 - log_variance)
            w = clip(w + acts*(set_point*exp(deviation - log_variance/2) - w), 0, w_max)
            last_w = w
            """,
            interval=1.0,
        ),
    ),
    predict=predict,
    # Tolerances are five standard errors of the mean.
    inductions=(
        _from("near_0", "from near 0", 0.05, 0.0012),
        _from("near_w_max", "from near w_max", 0.95, 0.0125),
    ),
)
