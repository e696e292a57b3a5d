"""Cosine of dissimilarities whitened by the covariance of their noise.

a' V^-1 b / sqrt(a' V^-1 a b' V^-1 b), V as in `spikedrift.rsa.whitening`. With independent
noise and all pairs it is linear CKA, not debiased, of the second moments of the responses.
"""

import numpy as np

from spikedrift.rsa.comparator import Comparator, cosines, over_pairs
from spikedrift.rsa.whitening import whitened


def _score(
    models: np.ndarray, rdms: np.ndarray, pairs: np.ndarray, sigma: np.ndarray | None = None
) -> np.ndarray:
    return cosines(whitened(models, pairs, sigma), whitened(rdms, pairs, sigma))


COMPARATOR = Comparator(
    name="whitened_cosine",
    title="whitened cosine",
    takes="rdm",
    direction="higher",
    blind_to="the common scale. It assumes noise that is alike and independent over conditions, "
    "which a slow state breaks; a few units can carry it",
    citation="Diedrichsen et al. 2021, arXiv:2007.02789",
    compare=over_pairs(_score),
)
