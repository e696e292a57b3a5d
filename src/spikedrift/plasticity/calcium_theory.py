"""Theory of calcium-based rules, from the shares of time that calcium is above its thresholds.

Graupner & Brunel (2012), PNAS 109:3991; Graupner, Wallisch & Ostojic (2016), J. Neurosci. 36:11238.
Calcium by Poisson spikes is shot noise: Gilbert & Pollak (1960), Bell Syst. Tech. J. 39:333.
`values` are the parameters of the rules `calcium` and `calcium_graded`.
"""

from collections.abc import Mapping
from math import ceil, erf, exp, gamma, prod, sqrt

import numpy as np

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Point

Values = Mapping[str, float]
POINTS = 1024  # of the distribution of calcium, up to the smallest jump


def shares_above(
    values: Values, pre: np.ndarray, post: np.ndarray, duration: float
) -> tuple[float, float]:
    """Shares of time with calcium above theta_d and above theta_p (alpha_d, alpha_p).

    The protocol is assumed to repeat for ever, as in the papers: it begins with the calcium that is
    left at its end.

    Parameters
    ----------
    values : mapping of parameter -> value
    pre, post : float64, shape (n_spikes,)
        Spike times, s; the delay of the presynaptic calcium is added here.
    duration : float
        s
    """
    tau = values["tau_ca"]
    time = np.concatenate([np.asarray(pre) + values["D"], post])
    if not time.size:
        return 0.0, 0.0
    # Where two jumps coincide, the presynaptic one comes first; rounding must not change that.
    time = np.round(time, 9) % duration
    order = np.argsort(time, kind="stable")
    time = time[order]
    gap = np.diff(time, append=time[0] + duration)
    after = _calcium(values, order < np.size(pre), np.exp(-np.roll(gap, 1) / tau), duration)

    def share(theta: float) -> float:
        above = tau * np.log(np.maximum(after / theta, 1.0))
        return float(np.minimum(above, gap).sum() / duration)

    return share(values["theta_d"]), share(values["theta_p"])


def _calcium(values: Values, is_pre: np.ndarray, decay: np.ndarray, duration: float) -> np.ndarray:
    """Calcium just after each spike, once the first value is forgotten."""
    # Whoever looks at a rule's parameters, each start of Snakemake too, needs no numba.
    from spikedrift.plasticity.shot_noise import after_spikes

    scale = values["ca_scale"]
    return after_spikes(
        is_pre,
        decay,
        scale * values["pre_jump"],
        scale * values["post_jump"],
        values.get("boost", 0.0),
        1 + ceil(40 * values["tau_ca"] / duration),
    )


def shares_of_poisson(values: Values, x: float, y: float) -> tuple[float, float]:
    """Shares of time above theta_d and theta_p while independent Poisson spikes come for ever.

    The distribution F of calcium obeys c F'(c) = tau sum_k r_k (F(c) - F(c - C_k)) for the rates
    r_k and the jumps C_k of both sides. With n spikes within tau, G = F/c^n is a known number up to
    the smallest jump; beyond, it is summed up in stretches as long as that jump.

    Parameters
    ----------
    values : mapping of parameter -> value, without `boost`
    x, y : float
        Rates of both sides, Hz.
    """
    sides = ((x, values["pre_jump"]), (y, values["post_jump"]))
    jumps = [(r * values["tau_ca"], values["ca_scale"] * jump) for r, jump in sides]
    jumps = [(number, jump) for number, jump in jumps if number * jump > 0]
    thetas = values["theta_d"], values["theta_p"]
    if not jumps:
        return 0.0, 0.0
    n, smallest = sum(number for number, _ in jumps), min(jump for _, jump in jumps)
    grid = smallest / POINTS * np.arange(1, POINTS * ceil(max(thetas) / smallest) + 1)
    factor = exp(-np.euler_gamma * n) / gamma(1 + n) / prod(jump**k for k, jump in jumps)
    g = np.full(grid.size, factor)
    for start in range(POINTS - 1, grid.size - 1, POINTS):
        c = grid[start : start + POINTS + 1]
        middle = (c[1:] + c[:-1]) / 2
        fall = np.zeros(POINTS)
        for number, jump in jumps:  # (c - C_k)^n, which is steep where it begins, exactly
            steep = np.diff(np.maximum(c - jump, 0.0) ** (n + 1)) / (n + 1)
            fall += number * np.interp(middle - jump, grid, g, left=factor) * steep
        g[start + 1 : start + POINTS + 1] = g[start] - np.cumsum(fall / middle ** (n + 1))
    alpha_d, alpha_p = (1 - theta**n * np.interp(theta, grid, g, left=factor) for theta in thetas)
    return float(alpha_d), float(alpha_p)


def balanced_fall(values: Values, point: Point) -> float:
    """Return gamma_d at which independent Poisson spikes change no mean weight.

    With `b`, the drift towards DOWN or UP that the efficacy has where it stands counts too. NaN
    where presynaptic calcium boosts the postsynaptic one, and where nothing could fall or rise.
    """
    floor = 1 / values["b"] if "b" in values else 0.0
    rho = (point.weight / point.w_max - floor) / (1 - floor)
    if values.get("boost", 0.0) or not 0 < rho < 1:
        return np.nan
    alpha_d, alpha_p = shares_of_poisson(values, point.pre, point.post)
    drift = rho * (1 - rho) * (rho - 0.5) if "b" in values else 0.0
    rise = values["gamma_p"] * alpha_p * (1 - rho) + drift
    return rise / (alpha_d * rho) if alpha_d else np.nan


def mean_efficacy(
    values: Values, alpha_d: float, alpha_p: float, duration: float, start: float
) -> float:
    """Return the mean efficacy after a time, from its first value and the shares of time above."""
    fall, rise = values["gamma_d"] * alpha_d, values["gamma_p"] * alpha_p
    if fall + rise == 0:
        return start
    rest = rise / (fall + rise)
    return rest + (start - rest) * exp(-duration * values["eta"] * (fall + rise) / values["tau"])


def transitions(
    values: Values, alpha_d: float, alpha_p: float, duration: float
) -> tuple[float, float]:
    """Probabilities that a synapse goes UP from DOWN, and DOWN from UP.

    Diffusion approximation: while spikes come, noise and drift by calcium act alone, and the
    efficacy is Gaussian; afterwards a synapse is UP where it is above 1/2. `s2` is twice the
    variance.
    """
    pull = values["gamma_d"] * alpha_d + values["gamma_p"] * alpha_p
    if pull * values["eta"] * duration == 0:
        return 0.0, 0.0
    s2 = values["sigma"] ** 2 * (alpha_d + alpha_p) / pull
    s2 *= 1 - exp(-2 * duration * values["eta"] * pull / values["tau"])
    mean_of_down, mean_of_up = (
        mean_efficacy(values, alpha_d, alpha_p, duration, start) for start in (0.0, 1.0)
    )
    return (
        (1 + erf((mean_of_down - 0.5) / sqrt(s2))) / 2,
        (1 - erf((mean_of_up - 0.5) / sqrt(s2))) / 2,
    )


def change_of_bistable(
    values: Values, pre: np.ndarray, post: np.ndarray, duration: float, beta: float = 0.5
) -> float:
    """Mean weight after over that before; a share `beta` of synapses begins DOWN, the rest UP.

    Other arguments as for `shares_above`.
    """
    up, down = transitions(values, *shares_above(values, pre, post, duration), duration)
    b = values["b"]
    after = beta * (1 - up) + (1 - beta) * down + b * (beta * up + (1 - beta) * (1 - down))
    return after / (beta + (1 - beta) * b)


def predict(values: Values, condition: Condition, induction: Induction) -> float:
    """Change of the weight that theory expects, in the induction's readout.

    Mean weights follow the linear terms of the equation alone. Without `b` the weight is the
    efficacy, and has no two states.
    """
    spikes = condition.pre, condition.post, condition.duration
    if induction.readout == "two_states":
        return change_of_bistable(values, *spikes, induction.low) if "b" in values else np.nan
    floor = 1 / values["b"] if "b" in values else 0.0
    first = induction.weight / induction.w_max
    start = (first - floor) / (1 - floor)
    stop = mean_efficacy(values, *shares_above(values, *spikes), condition.duration, start)
    last = floor + stop * (1 - floor)
    change = last / first if induction.readout == "ratio" else last - first
    return change * (1 if induction.readout == "ratio" else induction.w_max)
