"""Distance of model instances from a recording, with one fitted time-scale factor.

Statistics fall into those that drift speed multiplies (drops and steps) and those that it leaves
alone (ratios, reliability). For a recording y, instances x_i of one point and a factor tau,

    score(tau) = mean_i (y - S x_i)' C^-1 (y - S x_i) / (p - f),   S = diag(tau or 1),

with C the recording's sampling covariance plus the spread of instances, p the number of
statistics and f = 1 where some statistic scales. It is a mean squared standardized residual: a
recording that is one more draw from the point is expected near 1. As instances enter one by
one and not as their mean, a factor that blows up noise costs score, so that a point without
drift cannot be stretched into one with drift. The score is quadratic in tau: the fit is exact.
"""

from dataclasses import dataclass

import numpy as np
import scipy


@dataclass(frozen=True)
class Fit:
    """One point against one recording.

    Attributes
    ----------
    time_scale : float
        Fitted factor on the model's drift magnitudes; 1 where no statistic scales.
    at_bound : bool
        Whether the best factor lies outside the grid and was set to its end.
    score : float
        Mean over instances at `time_scale`; 1 is expected of a right model, and larger is worse.
    instance_score : array, shape (n_instances,)
    profile : array, shape (n_grid,)
        Score at every factor of the grid.
    residual : array, shape (n_statistics,)
        Mean over instances of (y - S x) / sqrt(diag C).
    """

    time_scale: float
    at_bound: bool
    score: float
    instance_score: np.ndarray
    profile: np.ndarray
    residual: np.ndarray


def freedom(scales: np.ndarray) -> int:
    """Number of statistics less that of fitted parameters."""
    return max(len(scales) - int(scales.any()), 1)


def fit(
    recording: np.ndarray,
    instances: np.ndarray,
    covariance: np.ndarray,
    scales: np.ndarray,
    grid: np.ndarray,
) -> Fit:
    """Fit the time-scale factor of one point and score it.

    Parameters
    ----------
    recording : array, shape (n_statistics,)
    instances : array, shape (n_instances, n_statistics)
        Finite; one row for each instance.
    covariance : array, shape (n_statistics, n_statistics)
        Positive definite.
    scales : array of bool, shape (n_statistics,)
        Which statistics the factor multiplies.
    grid : array, shape (n_grid,)
        Factors of the profile, increasing; the fit stays between its ends.
    """
    factor = scipy.linalg.cho_factor(covariance, lower=True)

    def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Multiply rows as a' C^-1 b; shape (n_instances,)."""
        return np.asarray(np.einsum("ij,ij->i", a, scipy.linalg.cho_solve(factor, b.T).T))

    moving = np.where(scales, instances, 0.0)
    rest = recording - np.where(scales, 0.0, instances)
    constant, linear, square = product(rest, rest), product(rest, moving), product(moving, moving)

    def scores(tau: np.ndarray) -> np.ndarray:
        """Score of each instance at each factor; shape (n_tau, n_instances)."""
        t = np.asarray(tau, dtype=float)[:, None]
        return (constant - 2 * t * linear + t**2 * square) / freedom(scales)

    best = 1.0
    if scales.any() and square.mean() > 0:
        best = float(linear.mean() / square.mean())
    inside = float(np.clip(best, grid[0], grid[-1]))
    instance_score = scores(np.array([inside]))[0]
    return Fit(
        time_scale=inside,
        at_bound=inside != best,
        score=float(instance_score.mean()),
        instance_score=instance_score,
        profile=scores(grid).mean(axis=1),
        residual=(rest - inside * moving).mean(axis=0) / np.sqrt(np.diag(covariance)),
    )
