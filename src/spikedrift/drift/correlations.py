"""Correlations of responses: population vectors, ensemble rates and tuning curves.

Each takes mean rates over sets of repeats (single repeats, halves of blocks, days) and returns one
value for each pair of sets. Deitch, Rubin & Ziv (2021), Current Biology 31:4327.
"""

import numpy as np

from spikedrift.similarity.correlation import pearson_stacks
from spikedrift.stats.means import defined_means

MEASURES = ("population_vector", "ensemble_rate", "tuning_curve")
TUNING_SEGMENTS = 3  # over two segments every correlation is 1 or -1


def population_vector(rate: np.ndarray, observed: np.ndarray, min_shared: int) -> np.ndarray:
    """Pearson over units in each segment, mean over the segments where it is defined.

    Parameters
    ----------
    rate : float64, shape (n_sets, n_segments, n_units)
    observed : bool, same shape
    min_shared : int

    Returns
    -------
    float64, shape (n_sets, n_sets)
    """
    x, seen = np.swapaxes(rate, 0, 1), np.swapaxes(observed, 0, 1)
    return defined_means(pearson_stacks(x, x, seen, seen, min_shared), axis=0)


def ensemble_rate(rate: np.ndarray, observed: np.ndarray, min_shared: int) -> np.ndarray:
    """Pearson over units of rates averaged over segments.

    Arguments and shape of the result are those of `population_vector`. The rates of a unit in two
    sets are averaged over the segments in which it was observed in both.
    """
    if (observed == observed[:, :1]).all():
        x, seen = rate.mean(axis=1), observed[:, 0]
        return pearson_stacks(x, x, seen, seen, min_shared)
    x, seen = np.moveaxis(rate, 2, 0), np.moveaxis(observed, 2, 0).astype(np.float64)
    other = np.swapaxes(seen, 1, 2)
    n = np.moveaxis(seen @ other, 0, 2)
    joint = np.divide(np.moveaxis((x * seen) @ other, 0, 2), n, out=np.zeros(n.shape), where=n > 0)
    one, two = joint[:, :, None], np.swapaxes(joint, 0, 1)[:, :, None]
    both = (n > 0)[:, :, None]
    return pearson_stacks(one, two, both, both, min_shared)[..., 0, 0]


def tuning_curves(rate: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Pearson over segments for every unit: float64, shape (n_units, n_sets, n_sets).

    Arguments as in `population_vector`.
    """
    x, seen = np.moveaxis(rate, 2, 0), np.moveaxis(observed, 2, 0)
    return pearson_stacks(x, x, seen, seen, TUNING_SEGMENTS)


def over_units(value: np.ndarray, average: str, min_shared: int) -> np.ndarray:
    """Median or mean over units (first axis) with a value; NaN for fewer than `min_shared`."""
    n = np.isfinite(value).sum(axis=0)
    if average == "mean":
        middle = np.nansum(value, axis=0) / np.maximum(n, 1)
    else:
        # Undefined units sort to the end. np.nanmedian takes several times as long.
        ranked = np.sort(value, axis=0)
        low, high = (np.maximum(k, 0)[None] for k in ((n - 1) // 2, n // 2))
        middle = (
            0.5
            * (np.take_along_axis(ranked, low, axis=0) + np.take_along_axis(ranked, high, axis=0))[
                0
            ]
        )
    return np.where(n >= min_shared, middle, np.nan)


def correlations(
    rate: np.ndarray, observed: np.ndarray, average: str, min_shared: int
) -> np.ndarray:
    """All `MEASURES`: float64, shape (n_measures, n_sets, n_sets).

    Arguments as in `population_vector`; `average` (median or mean) is over units, for tuning
    curves.
    """
    return np.stack(
        [
            population_vector(rate, observed, min_shared),
            ensemble_rate(rate, observed, min_shared),
            over_units(tuning_curves(rate, observed), average, min_shared),
        ]
    )
