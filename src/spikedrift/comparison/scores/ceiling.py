"""How well the best possible model could do: unit halves of the recording, matched-noise copies."""

import numpy as np

from spikedrift.comparison.scores.distance import fit


def of_halves(
    first: np.ndarray,
    second: np.ndarray,
    covariance: np.ndarray,
    scales: np.ndarray,
    grid: np.ndarray,
) -> tuple[float, float]:
    """Bracket of the score that a right model can reach, from random halves of the units.

    One half is scored as a model of the other, as any point is. Two disjoint halves of N
    units differ by four times the sampling variance of all N (each has twice as much), a
    noise-free right model differs from the recording by one, and an independent recording of N
    other units by two. Hence the bracket (score / 4, score / 2): the Spearman-Brown step from
    halves to the whole, for squared differences.

    Parameters
    ----------
    first, second : arrays, shape (n_halves, n_statistics)
        Statistics of the two halves of each split.
    covariance, scales, grid
        As in `distance.fit`.

    Returns
    -------
    low, high : float
        Mean over splits and over both directions; NaN where no split has all statistics.
    """
    score = [
        fit(y, x[None], covariance, scales, grid).score
        for a, b in zip(first, second, strict=True)
        for y, x in ((a, b), (b, a))
        if np.isfinite(a).all() and np.isfinite(b).all()
    ]
    mean = float(np.mean(score)) if score else float("nan")
    return mean / 4, mean / 2


def matched_noise(
    instances: np.ndarray, covariance: np.ndarray, scales: np.ndarray, grid: np.ndarray
) -> float:
    """Score of a point's instances against one of themselves, left out in turn.

    What the point itself would get if the recording were one more of its instances; NaN with
    fewer than two instances.
    """
    n = len(instances)
    if n < 2:
        return float("nan")
    score = [
        fit(instances[k], np.delete(instances, k, axis=0), covariance, scales, grid).score
        for k in range(n)
    ]
    return float(np.mean(score))
