"""Nulls of a model that has nothing to do with the recordings: which condition is which is lost.

Cells of an RDM are never permuted by themselves: they are not independent, and the result might be
no possible RDM.
"""

from dataclasses import dataclass

import numpy as np

from spikedrift.core.errors import InputError
from spikedrift.rsa.stacks import Comparator, by_animal, check_stack, n_conditions, relabeled
from spikedrift.stats.inference import holm

MIN_CONDITIONS = 7  # 5040 permutations
CELLS = 4_000_000  # of the surrogates that are held at a time


@dataclass(frozen=True)
class NullTest:
    """Similarity of models to recordings against surrogates, one-sided: nearer than by chance.

    Attributes
    ----------
    score : float64, shape (n_models,)
        Mean over animals.
    null : float64, shape (n_models, n_surrogates)
    p_value : float64, shape (n_models,)
        (1 + k) / (1 + n_surrogates), k surrogates at least as near.
    smallest_p : float
        1 / (1 + n_surrogates).
    kept : str
        What the surrogates keep.
    """

    score: np.ndarray
    null: np.ndarray
    p_value: np.ndarray
    smallest_p: float
    kept: str

    @property
    def p_holm(self) -> np.ndarray:
        """Holm over the models: float64, shape (n_models,)."""
        return holm(self.p_value)


def permutation_test(
    rdms: np.ndarray,
    models: np.ndarray,
    compare: Comparator,
    rng: np.random.Generator,
    n_surrogates: int = 999,
    animals: np.ndarray | None = None,
) -> NullTest:
    """Permute the labels of the conditions, rows and columns together (Mantel 1967).

    All recordings get the same permutation. Exact where every order of the conditions was as likely
    for a model that knows nothing of them; not for bins of a movie, which have an order of their
    own: `circular_shift_test`.

    Parameters
    ----------
    rdms : float64, shape (k, n_pairs)
    models : float64, shape (n_models, n_pairs)
    compare : Comparator
    rng : Generator
    n_surrogates : int
    animals : array, shape (k,), optional
        Labels of `rdms`.

    Raises
    ------
    InputError
        With fewer than seven conditions, or an undefined pair.
    """
    check_stack(rdms, models)
    n = n_conditions(rdms)
    if n < MIN_CONDITIONS:
        raise InputError(
            f"a permutation of conditions needs {MIN_CONDITIONS} of them, there are {n}"
        )
    orders = rng.permuted(np.tile(np.arange(n), (n_surrogates, 1)), axis=1)
    return _against(rdms, models, compare, orders, animals, "the values of each RDM")


def without_lag(rdms: np.ndarray) -> np.ndarray:
    """RDMs over bins of time less their mean at each lag |t - t'|.

    Distant bins differ more in any smooth movie: agreement in that is no evidence.

    Parameters
    ----------
    rdms : float64, shape (k, n_pairs)
        Conditions in the order of time, evenly spaced.

    Returns
    -------
    float64, shape (k, n_pairs)
        0 at the largest lag, which has one pair.
    """
    first, second = np.triu_indices(n_conditions(rdms), 1)
    lag = second - first - 1
    member = np.zeros((lag.size, lag.max() + 1))
    member[np.arange(lag.size), lag] = 1.0
    return np.asarray(rdms - (rdms @ member / member.sum(axis=0))[:, lag])


def circular_shift_test(
    rdms: np.ndarray,
    models: np.ndarray,
    compare: Comparator,
    animals: np.ndarray | None = None,
    keep_lag: bool = False,
) -> NullTest:
    """Shift the recordings' time axis against the models', the last bins coming in at the start.

    Rows and columns shift together, so that each RDM keeps its autocorrelation and what depends on
    lag alone. All T - 1 shifts of T bins are the surrogates, none is drawn: p is at least 1 / T.
    The test assumes a stationary movie whose autocorrelation is short beside its length, since
    strangers become neighbors at the seam, where the end meets the start. On 30 bins it holds its
    level where features are smoothed over 1.5 bins (standard deviation), and rejects three times
    too often where they are smoothed over 6.

    Parameters
    ----------
    rdms : float64, shape (k, n_pairs)
        Over bins of time in their order, evenly spaced.
    models : float64, shape (n_models, n_pairs)
    compare : Comparator
    animals : array, shape (k,), optional
        Labels of `rdms`.
    keep_lag : bool
        Keep what depends on lag alone. A shift breaks it at the seam, so that two unrelated movies
        pass for related more often, and far more often where they are slow; this is here to show
        that.

    Raises
    ------
    InputError
        With fewer than three bins, or an undefined pair.
    """
    check_stack(rdms, models)
    n = n_conditions(rdms)
    if n < 3:
        raise InputError(f"a circular shift of time needs 3 bins, there are {n}")
    if not keep_lag:
        rdms, models = without_lag(rdms), without_lag(models)
    orders = (np.arange(n) + np.arange(1, n)[:, None]) % n
    return _against(rdms, models, compare, orders, animals, "autocorrelation in time")


def _against(
    rdms: np.ndarray,
    models: np.ndarray,
    compare: Comparator,
    orders: np.ndarray,
    animals: np.ndarray | None,
    kept: str,
) -> NullTest:
    """Compare models with RDMs in every one of `orders`: (n_surrogates, n_conditions)."""
    groups = by_animal(len(rdms), animals)
    weight = np.zeros(len(rdms))
    for group in groups:
        weight[group] = 1 / (len(groups) * group.size)

    def scores(stack: np.ndarray) -> np.ndarray:
        """Mean over animals: stack (n, k, n_pairs) -> (n_models, n)."""
        flat = stack.reshape(-1, stack.shape[-1])
        return np.stack([compare(one, flat).reshape(stack.shape[:2]) @ weight for one in models])

    step = max(1, CELLS // rdms.size)
    score = scores(rdms[None])[:, 0]
    null = np.concatenate(
        [
            scores(relabeled(rdms, orders[start : start + step]))
            for start in range(0, len(orders), step)
        ],
        axis=1,
    )
    as_near = ~(null < score[:, None] - 1e-12 * np.abs(score[:, None]))
    p = (1 + as_near.sum(axis=1)) / (1 + len(orders))
    return NullTest(score, null, p, 1 / (1 + len(orders)), kept)
