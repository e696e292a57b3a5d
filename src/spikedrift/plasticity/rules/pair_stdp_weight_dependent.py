"""Pair STDP whose steps depend on the weight by an exponent, between additive and multiplicative.

Gütig, Aharonov, Rotter & Sompolinsky (2003), Journal of Neuroscience 23:3697: with v = w/w_max a
pair s = t_post - t_pre apart raises v by eta (1 - v)^mu exp(-s / tau+) for s > 0 and lowers it by
ratio eta v^mu exp(s / tau-) for s < 0; all spikes interact. With mu = 0 this is additive
(`pair_stdp`), with mu = 1 multiplicative (`pair_stdp_multiplicative`): the larger mu, the stronger
are the weights drawn to one value, and the less do correlations of spikes part them.

Under independent Poisson trains of any rates, and with small steps, that value is where both sides
balance, tau+ (1 - v)^mu = ratio tau- v^mu: v = 1/(1 + (ratio tau-/tau+)^(1/mu)).
"""

from collections.abc import Mapping
from math import exp, expm1, nan

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Parameter, ParameterSet, Rule
from spikedrift.plasticity.rules.pair_stdp import INDUCTIONS, MODEL, single_pair


def rest(values: Mapping[str, float], dt: float) -> float:
    """Weight over w_max at which independent Poisson trains leave it, for mu above 0.

    Parameters
    ----------
    values : mapping of parameter -> value
    dt : float
        Time step; s. Two spikes of one step potentiate, so that the windows are sums over steps.
    """
    up = dt / -expm1(-dt / values["tau_plus"])
    down = values["ratio"] * dt / expm1(dt / values["tau_minus"])
    return float(1 / (1 + (down / up) ** (1 / values["mu"])))


def predict(values: Mapping[str, float], condition: Condition, induction: Induction) -> float:
    """Change by a single pair, or up to rest under Poisson trains; NaN for other spikes.

    Poisson trains have to be long: rest is taken to be reached where it is nearer than exp(-6).
    """
    mu, eta, w_max = values["mu"], values["eta"], induction.w_max
    first = induction.weight / w_max
    if condition.rates is None:
        up, down = eta * w_max * (1 - first) ** mu, eta * w_max * first**mu
        return single_pair(values, condition, up, down)
    if not mu:
        return nan
    last = rest(values, induction.dt)
    pairs = condition.rates[0] * condition.rates[1] * values["tau_plus"] * condition.duration
    steepness = mu * ((1 - last) ** (mu - 1) + (1 - last) ** mu / last)  # of the drift at rest
    return w_max * (last - first) if exp(-eta * pairs * steepness) < exp(-6) else nan


RULE = Rule(
    name="pair_stdp_weight_dependent",
    title="pair STDP with a power of the weight",
    citation="Gütig R et al. (2003) Journal of Neuroscience 23:3697-3714",
    parameters=(
        Parameter("eta", 0.005, "1", "potentiation at weight 0, in units of w_max"),
        Parameter("ratio", 1.05, "1", "depression at w_max over potentiation at weight 0"),
        Parameter("mu", 0.02, "1", "exponent of the weight"),
        Parameter("tau_plus", 0.020, "second", "window of potentiation"),
        Parameter("tau_minus", 0.020, "second", "window of depression"),
    ),
    model=MODEL,
    on_pre="""
    {transmit}
    x += 1
    w = clip(w - ratio*eta*w_max*(w/w_max)**mu*y, 0, w_max)
    """,
    on_post="""
    y += 1
    w = clip(w + eta*w_max*(1 - w/w_max)**mu*x, 0, w_max)
    """,
    sets={
        "additive": ParameterSet({"mu": 0.0}, "the limit of the equations"),
        "intermediate": ParameterSet({"mu": 0.5}, "halfway between the limits"),
        "multiplicative": ParameterSet({"mu": 1.0}, "the limit of the equations"),
    },
    predict=predict,
    inductions=(
        *INDUCTIONS,
        Induction(
            name="rest",
            title="Poisson spikes",
            protocol="rates",
            options={"rates": [20, 40], "others": [40], "duration": 60.0},
            sets=("intermediate", "multiplicative"),
            parameters={"ratio": 1.5},
            dt=0.0005,
            weight=0.6,
            replicates=256,
            # Five standard errors of the mean.
            tolerance=0.01,
        ),
    ),
)
