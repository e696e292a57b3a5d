"""Monte Carlo tests: p of a value among draws of a null."""

import numpy as np

from spikedrift.stats.means import defined_means


def upper_tail(value: float, null: np.ndarray) -> float:
    """Monte Carlo p of a value at least as large, (1 + k) / (1 + n).

    Undefined surrogates count as larger.
    """
    return float((1 + np.sum(~(null < value))) / (1 + null.size))


def p_of_instances(scores: np.ndarray, draws: int, rng: np.random.Generator) -> float:
    """Monte Carlo p of the mean score of a point's instances, one-sided: more alike.

    Instances are independent, so that each may be in another order than the next: few orders of
    one instance make many of all.

    Parameters
    ----------
    scores : float64, shape (n_orders, n_instances)
        Score of every instance in every order; the first one is as it is. Instances without a
        score are left out.
    draws : int
        Joint orders drawn, the one that is among them.
    rng : Generator

    Returns
    -------
    float
        (1 + k) / (1 + draws); NaN without a score or another order.
    """
    scores = scores[:, np.isfinite(scores[0])]
    n_orders, n = scores.shape
    if n == 0 or n_orders < 2:
        return float("nan")
    drawn = scores[rng.integers(n_orders, size=(draws, n)), np.arange(n)]
    value = float(scores[0].mean())
    return upper_tail(value - 1e-12 * abs(value), defined_means(drawn))
