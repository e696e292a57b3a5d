"""Calcium-based plasticity with two stable states.

Graupner & Brunel (2012), PNAS 109:3991; noise as in their correction (doi 10.1073/pnas.1220044110).
Every spike of either side raises the calcium `ca`, a presynaptic one after the delay D; between
spikes it decays. The efficacy rho rises towards 1 while calcium is above theta_p and falls towards
0 while it is above theta_d, with noise in both cases, and always drifts away from 1/2 towards the
nearer of 0 (DOWN) and 1 (UP). The weight runs from w_max/b (DOWN) to w_max (UP) and follows rho
alone: what another rule does to it does not last.

No step of integration is needed. Updates come before a spike is passed on, when calcium jumps, and
every second. The time spent above either threshold since the last update follows from the decay of
calcium, so that rise and fall with their noise are an exact Ornstein-Uhlenbeck step. The cubic
drift towards DOWN and UP has a closed solution too and is taken next (Lie splitting: calcium is
high early in an interval, and the drift is slower than rise and fall by their rates).

Which gamma_d balances the rule depends on where the weight stands, since rho falls in proportion to
itself and rises in proportion to what is left to 1; the drift at that place counts. The noise has
the mean 0 and does not count.
"""

from typing import Any

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.calcium_theory import balanced_fall, predict
from spikedrift.plasticity.rule import Balance, Parameter, ParameterSet, Regular, Rule

PAPER = "Graupner & Brunel 2012"
PUBLISHED = f"{PAPER}; as in the authors' published code (mgraupe/CalciumBasedPlasticityModel)"


def constants(
    tau_ca: float, c_pre: float, c_post: float, theta_p: float, gamma_d: float, gamma_p: float,
    tau: float, delay: float, **others: float,
) -> dict[str, float]:  # fmt: skip
    """Values of a set; times in s."""
    return {
        "tau_ca": tau_ca,
        "pre_jump": c_pre,
        "post_jump": c_post,
        "theta_p": theta_p,
        "gamma_d": gamma_d,
        "gamma_p": gamma_p,
        "tau": tau,
        "D": delay,
        **others,
    }


def _set(
    tau_ca: float, c_pre: float, c_post: float, theta_p: float, gamma_d: float, gamma_p: float,
    sigma: float, tau: float, delay_ms: float, beta: float, b: float,
) -> ParameterSet:  # fmt: skip
    """Parameter set; tau_ca and tau in s."""
    return ParameterSet(
        constants(
            tau_ca, c_pre, c_post, theta_p, gamma_d, gamma_p, tau, delay_ms / 1000,
            sigma=sigma, b=b,
        ),
        f"{PUBLISHED}; of the synapses {beta:.0%} (beta) are DOWN before an induction",
    )  # fmt: skip


CALCIUM = (
    Parameter("eta", 1.0, "1", "speed of all changes; 1 in the paper"),
    Parameter("ca_scale", 1.0, "1", "factor on both jumps of calcium: less calcium than in a "
              "slice, as in vivo; not in the paper"),
    Parameter("tau_ca", 0.020, "second", "decay of calcium"),
    Parameter("pre_jump", 1.0, "1", "calcium by a presynaptic spike, C_pre"),
    Parameter("post_jump", 2.0, "1", "calcium by a postsynaptic spike, C_post"),
    Parameter("D", 0.0137, "second", "delay of the presynaptic calcium"),
    Parameter("theta_d", 1.0, "1", "calcium above which the efficacy falls"),
    Parameter("theta_p", 1.3, "1", "calcium above which the efficacy rises"),
    Parameter("gamma_d", 200.0, "1", "rate of falling"),
    Parameter("gamma_p", 321.808, "1", "rate of rising"),
    Parameter("tau", 150.0, "second", "time constant of the efficacy"),
)  # fmt: skip
# `above_d`, `above_p`: seconds above either threshold since the last update. `both` of them passed
# above both thresholds; at most one of `alone_d` and `alone_p` is not 0, and it comes later.
ABOVE = """
    decay = exp(-(t - last)/tau_ca)
    above_d = tau_ca*log(clip(ca/theta_d, 1, 1/decay))
    above_p = tau_ca*log(clip(ca/theta_p, 1, 1/decay))
    both = clip(above_p, 0*second, above_d)
    alone_d = above_d - both
    alone_p = above_p - both
    """
UPDATE = (
    ABOVE
    + """
    kept = exp(-eta*(gamma_d + gamma_p)*both/tau)
    kept_d = exp(-eta*gamma_d*alone_d/tau)
    kept_p = exp(-eta*gamma_p*alone_p/tau)
    rho += (gamma_p/(gamma_d + gamma_p) - rho)*(1 - kept)
    rho += -rho*(1 - kept_d) + (1 - rho)*(1 - kept_p)
    noisy = 2*both*exprel(-2*eta*(gamma_d + gamma_p)*both/tau)*(kept_d*kept_p)**2
    noisy += alone_d*exprel(-2*eta*gamma_d*alone_d/tau)
    noisy += alone_p*exprel(-2*eta*gamma_p*alone_p/tau)
    rho += sigma*sqrt(eta*noisy/tau)*randn()
    fade = exp(-eta*(t - last)/(2*tau))
    rho += (rho - 0.5)*(1/sqrt(fade + (2*rho - 1)**2*(1 - fade)) - 1)
    ca = ca*decay
    last = t
    w = clip(w + int(eta > 0)*(w_max*(1/b + rho*(1 - 1/b)) - w), 0, w_max)
    """
)
SETS = {
    "DP": _set(0.02, 1, 2, 1.3, 200, 321.808, 2.8284, 150, 13.7, 0.5, 5),
    "DPD": _set(0.02, 0.9, 0.9, 1.3, 250, 550, 2.8284, 150, 4.6, 0.5, 5),
    "DPD_prime": _set(0.02, 1, 2, 2.5, 50, 600, 2.8284, 150, 2.2, 0.5, 5),
    "P": _set(0.02, 2, 2, 1.3, 160, 257.447, 2.8284, 150, 0, 0.5, 5),
    "D": _set(0.02, 0.6, 0.6, 1.3, 500, 550, 5.6568, 150, 0, 0.5, 5),
    "D_prime": _set(0.02, 1, 2, 3.5, 60, 600, 2.8284, 150, 0, 0.5, 5),
    "hippocampal_slices": _set(
        0.0488373, 1, 0.275865, 1.3, 313.0965, 1645.59, 9.1844, 688.355, 18.8008, 0.7, 5.28145
    ),
    "hippocampal_cultures": _set(
        0.0119536, 0.58156, 1.76444, 1.3, 61.141, 113.6545, 2.5654, 33.7596, 10, 0.5, 36.0263
    ),
    "cortical_slices": _set(
        0.0226936, 0.5617539, 1.23964, 1.3, 331.909, 725.085, 3.3501, 346.3615, 4.6098,
        0.5, 5.40988,
    ),
}  # fmt: skip


def _induction(
    name: str, title: str, protocol: str, intervals_ms: tuple[int, ...], sets: tuple[str, ...],
    low: float = 0.5, ca_scale: float = 1.0, **options: Any,
) -> Induction:  # fmt: skip
    """Induction of synapses that are DOWN (w_max/b) or UP, before and after."""
    return Induction(
        name=name,
        title=title,
        protocol=protocol,
        options={"intervals": [ms / 1000 for ms in intervals_ms], **options},
        sets=sets,
        parameters={"ca_scale": ca_scale},
        readout="two_states",
        weight=1 / SETS[sets[0]].values["b"],
        low=low,
        tolerance=0.04,
        replicates=4000,
    )


WINDOW = (-100, -50, -30, -20, -15, -10, -5, 0, 5, 10, 15, 20, 25, 30, 50, 100)
HALF_PERIOD = (-100, -50, -20, -10, 0, 5, 10, 15, 20, 30, 40, 50, 100)
SLICES: dict[str, Any] = {"sets": ("hippocampal_slices",), "low": 0.7}
INDUCTIONS = (
    _induction(
        "window", "60 pairs at 1 Hz", "pairing", WINDOW,
        ("DP", "DPD", "DPD_prime", "P", "D", "D_prime"), along="interval", pairs=60,
    ),
    _induction(
        "hippocampal_pairs", "200 pairs at 5 Hz", "pairing", HALF_PERIOD, **SLICES,
        along="interval", pairs=200, frequencies=[5.0],
    ),
    _induction(
        "hippocampal_bursts", "a spike and two postsynaptic ones at 5 Hz", "bursts", HALF_PERIOD,
        **SLICES, bursts=[100, 30], spikes=2, spacing=0.0115, frequency=5.0,
    ),
    _induction(
        "culture_window", "60 pairs at 1 Hz", "pairing", WINDOW,
        ("hippocampal_cultures",), along="interval", pairs=60,
    ),
    _induction(
        "cortical_window", "75 pairs", "pairing", (-10, -8, -5, -2, 0, 2, 5, 8, 10),
        ("cortical_slices",), along="interval", pairs=75,
        frequencies=[1.0, 20.0, 30.0, 40.0, 50.0],
    ),
    _induction(
        "cortical_low_calcium", "75 pairs with 0.7 of the calcium (not in the paper)", "pairing",
        (-10, -5, 0, 5, 10), ("cortical_slices",), ca_scale=0.7, along="interval",
        pairs=75, frequencies=[1.0, 20.0, 50.0],
    ),
)  # fmt: skip

RULE = Rule(
    name="calcium",
    title="calcium-based plasticity",
    citation="Graupner M, Brunel N (2012) PNAS 109:3991-3996",
    parameters=(
        *CALCIUM,
        Parameter("sigma", 2.8284, "1", "noise while calcium is above a threshold"),
        Parameter("b", 5.0, "1", "weight UP over weight DOWN"),
    ),
    model="""
    ca : 1
    rho : 1
    last : second
    """,
    start="""
    rho = (w/w_max - 1/b)/(1 - 1/b)
    """,
    on_pre=UPDATE + "{transmit}",
    on_late=UPDATE + "ca += ca_scale*pre_jump",
    late="D",
    on_post=UPDATE + "ca += ca_scale*post_jump",
    every=(Regular(UPDATE, interval=1.0),),
    predict=predict,
    balance=Balance("gamma_d", balanced_fall, lambda values, point: {"sigma": 0.0}),
    inductions=INDUCTIONS,
    sets=SETS,
)  # fmt: skip
