"""Correlation of dissimilarities whitened by the covariance of their noise.

The plain mean is taken out of each vector first; the rest is `whitened_cosine`.
"""

import numpy as np

from spikedrift.rsa.comparator import Comparator, centered, cosines, over_pairs
from spikedrift.rsa.whitening import whitened


def _score(
    models: np.ndarray, rdms: np.ndarray, pairs: np.ndarray, sigma: np.ndarray | None = None
) -> np.ndarray:
    one, two = (whitened(centered(side), pairs, sigma) for side in (models, rdms))
    return cosines(one, two)


COMPARATOR = Comparator(
    name="whitened_correlation",
    title="whitened correlation",
    takes="rdm",
    direction="higher",
    blind_to="the common scale and the mean dissimilarity. It assumes noise that is alike and "
    "independent over conditions, which a slow state breaks",
    citation="Diedrichsen et al. 2021, arXiv:2007.02789",
    compare=over_pairs(_score),
)
