"""Is a recording one more draw from a point? Asked so that the answer can be no to all.

A ranking always has a first. The check compares what was observed with what a point predicts
for one more instance, and so can reject every point: for the recording, and for an
out-of-model control it must.
"""

from dataclasses import dataclass

import numpy as np
import scipy

POWER_AT = 3.0  # standard deviations in every statistic


@dataclass(frozen=True)
class Check:
    """Recordings against the predictive distribution of points.

    Attributes
    ----------
    distance : float, shape (n_recordings, n_points)
        Mahalanobis distance at the best time scale, in predictive standard deviations.
    p_value : float, shape (n_recordings, n_points)
        NaN where undefined: too few instances for the covariance of so many statistics.
    time_scale : float, shape (n_recordings, n_points)
    freedom : float
        Degrees of freedom of the covariance.
    power : float
        Probability that a recording `POWER_AT` standard deviations off in every statistic, whose
        errors are independent, is rejected at the level over all points (noncentral F; Holm's
        first step); NaN where undefined.
    """

    distance: np.ndarray
    p_value: np.ndarray
    time_scale: np.ndarray
    freedom: float
    power: float = float("nan")


def check(
    recordings: np.ndarray,
    instances: np.ndarray,
    scales: np.ndarray,
    grid: np.ndarray,
    level: float = 0.05,
) -> Check:
    """Check recordings against every point.

    With mean m of n instances, the covariance C within points (all pooled, not shrunk, nu
    degrees of freedom) and the factors S(tau) on the statistics that drift speed multiplies,

        T2(tau) = (y - S m)' (C + S C S / n)^-1 (y - S m).

    tau is that of the score (`distance.fit`) or 1, whichever gives less. At the true factor, if
    that is 1, (nu - p + 1) / (nu p) T2 is F(p, nu - p + 1) distributed (Hotelling 1931, Ann Math
    Stat 2:360), and what is taken is not larger: the level holds, with some power given away for
    the fitted factor. The least over all tau would not do: what a network without drift has by
    chance, stretched twenty times with its uncertainty, is compatible with anything. The price: a
    recording that drifts several times faster than the point, whose drift is no larger than
    its noise, is rejected too often (in simulations 10 to 21 % at three times the speed); simulate
    faster.

    Instances of one index share wiring, patterns and noise over points. Their residuals then
    are no independent draws, and nu is less than the sum: with r the correlation of the whitened
    residuals of two points, nu = (sum of nu_c)^2 / sum over pairs of min(nu_c, nu_c') r^2
    (Satterthwaite's argument for the variance of a sum of Wishart matrices).

    Parameters
    ----------
    recordings : float, shape (n_recordings, n_statistics)
        What is checked: the recording and the out-of-model controls.
    instances : float, shape (n_instances, n_points, n_statistics)
        NaN where undefined.
    scales, grid
        As for `distance.fit`.
    level : float
        At which `power` is given.
    """
    n_points, size = instances.shape[1:]
    known = np.isfinite(instances).all(axis=2)
    count = known.sum(axis=0)
    whole = np.where(known[..., None], instances, 0.0)
    mean = whole.sum(axis=0) / np.maximum(count, 1)[:, None]
    residual = np.where(known[..., None], whole - mean, 0.0)
    dof = np.maximum(count - 1, 0)
    shape = (len(recordings), n_points)
    missing = np.full(shape, np.nan)
    undefined = Check(missing, missing, missing, float(dof.sum()))
    if dof.sum() < size:
        return undefined
    covariance = np.einsum("kci,kcj->ij", residual, residual) / dof.sum()
    if np.linalg.matrix_rank(covariance, hermitian=True) < size:
        return undefined
    nu = _freedom(residual, dof, covariance)
    tau = _time_scale(recordings, whole, known, covariance, scales, grid)
    share = np.where(count > 0, 1 / np.maximum(count, 1), np.nan)
    square = np.stack(
        [_square(recordings, mean, covariance, share, scales, t) for t in (tau, tau**0)]
    )
    least = square.min(axis=0)
    tau = np.where(square[0] <= square[1], tau, 1.0)
    second = nu - size + 1
    p = least * np.nan
    if second > 0:
        p = scipy.stats.f.sf(least * second / (nu * size), size, second)
    tau = np.where(np.isfinite(least), tau, np.nan)
    return Check(np.sqrt(least), p, tau, nu, _power(size, second, level, int((count > 0).sum())))


def _power(size: int, second: float, level: float, n_points: int) -> float:
    if not second > 0:
        return 0.0
    critical = scipy.stats.f.isf(level / n_points, size, second)
    return float(scipy.stats.ncf.sf(critical, size, second, size * POWER_AT**2))


def _time_scale(
    recordings: np.ndarray,
    whole: np.ndarray,
    known: np.ndarray,
    covariance: np.ndarray,
    scales: np.ndarray,
    grid: np.ndarray,
) -> np.ndarray:
    """Factor of `distance.fit` of recordings and points: shape (n_recordings, n_points)."""
    if not scales.any():
        return np.ones((len(recordings), whole.shape[1]))
    weight = known / np.maximum(known.sum(axis=0), 1)
    precise = np.linalg.inv(covariance)
    moving, rest = np.where(scales, whole, 0.0), np.where(scales, 0.0, whole)
    square = np.einsum("kci,ij,kcj,kc->c", moving, precise, moving, weight, optimize=True)
    cross = np.einsum("kci,ij,kcj,kc->c", rest, precise, moving, weight, optimize=True)
    mean = np.einsum("kci,kc->ci", moving, weight)
    linear = recordings @ precise @ mean.T - cross
    best = np.divide(linear, square, out=np.ones(linear.shape), where=square > 0)
    return np.asarray(best.clip(grid[0], grid[-1]))


def _square(
    recordings: np.ndarray,
    mean: np.ndarray,
    covariance: np.ndarray,
    share: np.ndarray,
    scales: np.ndarray,
    tau: np.ndarray,
) -> np.ndarray:
    """T2 of every recording and point at given factors (n_recordings, n_points)."""
    factor = np.where(scales, tau[..., None], 1.0)
    spread = covariance * factor[..., :, None] * factor[..., None, :]
    metric = covariance + spread * np.nan_to_num(share)[:, None, None]
    gap = (recordings[:, None] - factor * mean)[..., None]
    white = np.linalg.solve(np.linalg.cholesky(metric), gap)[..., 0]
    return np.asarray((white**2).sum(axis=-1) * (share > 0) + share * 0)


def held_out(instances: np.ndarray, scales: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """P of every run against the other instances of its own point: whether the level is held.

    Its instance is left out of all points.

    Returns
    -------
    float, shape (n_instances, n_points)
    """
    rows = [
        np.diagonal(check(one, np.delete(instances, k, axis=0), scales, grid).p_value)
        for k, one in enumerate(instances)
    ]
    return np.array(rows).reshape(instances.shape[:2])


def _freedom(residual: np.ndarray, dof: np.ndarray, covariance: np.ndarray) -> float:
    """Degrees of freedom of the pooled covariance where points share their noise."""
    white = np.linalg.solve(np.linalg.cholesky(covariance), residual.transpose(1, 2, 0))
    product = np.einsum("aik,bik->ab", white, white)
    length = np.sqrt(np.diag(product))
    norm = np.outer(length, length)
    correlation = np.divide(product, norm, out=np.zeros_like(product), where=norm > 0)
    weight = np.minimum(dof[:, None], dof)
    return float(dof.sum() ** 2 / (weight * correlation**2).sum())
