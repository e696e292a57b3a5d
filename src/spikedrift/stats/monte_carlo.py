"""Monte Carlo tests: p of a value among draws from a null distribution."""

import numpy as np

from spikedrift.stats.means import defined_means


def upper_tail(value: float, null: np.ndarray) -> float:
    """Monte Carlo p, (1 + k) / (1 + n), where k of n draws are at least as large as the value.

    `null` has shape (n,); undefined draws count as larger.
    """
    return float((1 + np.sum(~(null < value))) / (1 + null.size))


def p_of_instances(scores: np.ndarray, draws: int, rng: np.random.Generator) -> float:
    """Monte Carlo p of the mean score of a point's instances, one-sided: more alike.

    Instances are independent, so that each may take an order of its own: a few orders of each
    instance make many joint orders.

    Parameters
    ----------
    scores : float64, shape (n_orders, n_instances)
        Score of every instance in every order; the first order is the one observed. Instances
        without a score in it are left out.
    draws : int
        Number of joint orders drawn; the one observed is counted in addition.
    rng : Generator

    Returns
    -------
    float
        (1 + k) / (1 + draws); NaN without a score or without a second order.
    """
    scores = scores[:, np.isfinite(scores[0])]
    n_orders, n = scores.shape
    if n == 0 or n_orders < 2:
        return float("nan")
    drawn = scores[rng.integers(n_orders, size=(draws, n)), np.arange(n)]
    value = float(scores[0].mean())
    return upper_tail(value - 1e-12 * abs(value), defined_means(drawn))
