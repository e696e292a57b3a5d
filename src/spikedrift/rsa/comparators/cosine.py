"""Cosine of two vectors of dissimilarities, which depends on their zero but not on their scale."""

import numpy as np

from spikedrift.rsa.comparator import Comparator, cosines, over_pairs
from spikedrift.rsa.stacks import unit_length


def _score(models: np.ndarray, rdms: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    return cosines(models, rdms)


COMPARATOR = Comparator(
    name="cosine",
    title="cosine",
    takes="rdm",
    direction="higher",
    blind_to="the common scale, and so the speed of drift. Where all dissimilarities are far "
    "from 0 it is near 1 for any two matrices; pairs that share a condition count several times",
    citation="Walther et al. 2016, doi:10.1016/j.neuroimage.2015.12.012",
    compare=over_pairs(_score),
    normalize=unit_length,
)
