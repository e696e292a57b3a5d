"""Linear centered kernel alignment, debiased.

HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)) with the unbiased estimator of Song et al. 2012 (J Mach
Learn Res 13:1393): diagonals are not used, so that noise that conditions do not share, and too few
conditions, do not make unrelated responses alike (Murphy et al. 2024, arXiv:2405.01012). That
estimator is an inner product of matrices from which the best fit a_i + a_j to the cells off the
diagonal is taken out. The Gram matrix K of responses and their squared distances D = k_i + k_j - 2K
differ by such a term, so that CKA is computed here from dissimilarities: from squared distances it
is CKA of the responses, from others the alignment of the kernel -D (bias-corrected distance
correlation, Szekely & Rizzo 2014, Ann Stat 42:2382).

The number of units on the two sides must be the same: the effect of few units is not corrected.
"""

import numpy as np

from spikedrift.rsa.comparator import Comparator, cleared, cosines, over_pairs
from spikedrift.rsa.stacks import n_conditions


def _without_conditions(rdms: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Rows less the best fit a_i + a_j; with pairs missing, over those that are left."""
    n = n_conditions(pairs)
    row, column = (index[pairs] for index in np.triu_indices(n, k=1))
    design = np.zeros((row.size, n))
    at = np.arange(row.size)
    design[at, row] = design[at, column] = 1.0
    fit = design @ np.linalg.lstsq(design, rdms.T, rcond=None)[0]
    return cleared(rdms - fit.T, rdms)


def _score(models: np.ndarray, rdms: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    return cosines(_without_conditions(models, pairs), _without_conditions(rdms, pairs))


def of_responses(one: np.ndarray, two: np.ndarray) -> float:
    """Debiased linear CKA of two sets of responses.

    Parameters
    ----------
    one, two : float64, shapes (n_conditions, p) and (n_conditions, q)

    Returns
    -------
    float
        NaN with fewer than four conditions.
    """
    n = len(one)
    if n < 4:
        return float("nan")
    upper = np.triu_indices(n, k=1)
    gram = [((side - side.mean(axis=0)) @ (side - side.mean(axis=0)).T)[upper]
            for side in (one, two)]  # fmt: skip
    return float(COMPARATOR.compare(gram[0], gram[1][None])[0])


COMPARATOR = Comparator(
    name="cka",
    title="debiased CKA",
    takes="rdm",
    direction="higher",
    blind_to="the common scale, and all that belongs to single conditions (a term a_i + a_j): how "
    "noisy, strong or far from the others each is. It follows the few directions of most variance",
    citation="Murphy, Zylberberg & Fyshe 2024, arXiv:2405.01012",
    compare=over_pairs(_score),
)
