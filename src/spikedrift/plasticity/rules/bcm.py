"""Bienenstock-Cooper-Munro plasticity as triplets whose depression slides with the rate.

Bienenstock, Cooper & Munro (1982), Journal of Neuroscience 2:32, in the spiking form of Pfister &
Gerstner (2006), Journal of Neuroscience 26:9673, with the metaplastic depression that the programs
of Zenke, Hennequin & Gerstner (2013), PLoS Computational Biology 9:e1003330, and Zenke, Agnes &
Gerstner (2015), Nature Communications 6:6922, share. A postsynaptic spike changes the weight by
A z_plus z_slow, a presynaptic one by -A (tau_plus tau_slow / tau_minus) z_minus nu^2 / kappa, where
nu is the postsynaptic rate over tau_nu.

For independent Poisson spikes of rates x and y the mean change is
A tau_plus tau_slow x y (y - theta), with the sliding threshold theta = nu^2 / kappa:
depression below it, potentiation above. The weight rests where the rate is kappa.

All traces are read before the spikes of the present time step, those of the other side included.
The spike is passed on with the weight that it found.
"""

from collections.abc import Mapping

import numpy as np

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Balance, Parameter, ParameterSet, Point, Rule


def predict(values: Mapping[str, float], condition: Condition, induction: Induction) -> float:
    """Mean change by independent Poisson spikes."""
    if condition.rates is None:
        return np.nan
    x, y = condition.rates
    span, tau, off = condition.duration, values["tau_nu"], values["nu_start"] - y
    squared = (  # nu^2 summed over time
        y * y * span
        - 2 * y * off * tau * np.expm1(-span / tau)
        - off * off * tau / 2 * np.expm1(-2 * span / tau)
    )
    fast, slow, minus = values["tau_plus"], values["tau_slow"], values["tau_minus"]
    built = span - fast - slow + fast * slow / (fast + slow)  # as the traces begin at 0
    threshold = squared / values["kappa"] * (1 - minus / span)
    amplitude = values["eta"] * induction.w_max * values["A"] * fast * slow
    return float(amplitude * x * y * (y * built - threshold))


def kappa(values: Mapping[str, float], point: Point) -> float:
    """Kappa at which independent Poisson spikes change no mean weight, nu having settled.

    It is the rate y and little more: the mean of z_minus nu^2 over its value for traces that do not
    fluctuate, from the joint cumulants of the two traces of one Poisson train.
    """
    y, nu, minus = point.post, values["tau_nu"], values["tau_minus"]
    if not y:
        return np.nan
    return y + 1 / (2 * nu) + 2 / (minus + nu) + 1 / (y * nu * (nu + 2 * minus))


def settled(values: Mapping[str, float], point: Point) -> dict[str, float]:
    """Start the average of the rate where it ends: it takes many minutes."""
    del values
    return {"nu_start": point.post}


def rates(name: str, eta: float) -> Induction:
    """Sweep of the postsynaptic rate; the threshold begins at 10 Hz and hardly moves."""
    return Induction(
        name=f"rates_{name}",
        title="postsynaptic rate",
        protocol="rates",
        options={"swept": "post", "rates": (1, 2, 5, 8, 10, 12, 15, 20, 25, 30)},
        sets=(name,),
        parameters={"eta": eta, "nu_start": 10.0},
        replicates=64,
        # Four standard errors of the mean at the highest rate.
        tolerance=0.01,
    )


RULE = Rule(
    name="bcm",
    title="BCM, as metaplastic triplets",
    citation="Bienenstock EL, Cooper LN, Munro PW (1982) Journal of Neuroscience 2:32-48",
    parameters=(
        Parameter("eta", 1.0, "1", "factor on the amplitude"),
        Parameter("A", 6.5e-3, "1", "potentiation by triplets, in units of w_max"),
        Parameter("kappa", 10.0, "Hz", "rate at which the threshold meets the rate"),
        Parameter("tau_nu", 1200.0, "second", "average of the rate"),
        Parameter("nu_start", 1.0, "Hz", "first value of that average"),
        Parameter("tau_plus", 0.0168, "second", "presynaptic trace"),
        Parameter("tau_minus", 0.0337, "second", "fast postsynaptic trace"),
        Parameter("tau_slow", 0.114, "second", "slow postsynaptic trace"),
    ),
    model="""
    dz_plus/dt = -z_plus/tau_plus : 1 (event-driven)
    dz_minus/dt = -z_minus/tau_minus : 1 (event-driven)
    dz_slow/dt = -z_slow/tau_slow : 1 (event-driven)
    dnu/dt = -nu/tau_nu : Hz (event-driven)
    arrived : second
    """,
    start="""
    arrived = -1*second
    nu = nu_start
    """,
    on_pre="""
    {transmit}
    depression = tau_plus*tau_slow/tau_minus*z_minus*nu**2/kappa
    w = clip(w - eta*w_max*A*depression, 0, w_max)
    z_plus += 1
    arrived = t
    """,
    on_post="""
    z_earlier = z_plus - int(arrived == t)
    w = clip(w + eta*w_max*A*z_earlier*z_slow, 0, w_max)
    z_minus += 1
    z_slow += 1
    nu += 1/tau_nu
    """,
    sets={
        "visual_cortex": ParameterSet(
            {},
            "amplitude and time constants of the published program (fzenke/auryn, "
            "TripletConnection), which are those of Pfister & Gerstner 2006; kappa, tau_nu and "
            "nu_start as in zenke_2015",
        ),
        "zenke_2015": ParameterSet(
            {"A": 2e-4, "tau_plus": 0.020, "tau_minus": 0.020, "tau_slow": 0.100},
            "published program (fzenke/pub2015orchestrated, P11Connection) with w_max = 5, where "
            "depression reads A z_minus (nu/kappa)^2",
        ),
    },
    predict=predict,
    balance=Balance("kappa", kappa, settled),
    inductions=(rates("visual_cortex", 0.1), rates("zenke_2015", 3.1)),
)
