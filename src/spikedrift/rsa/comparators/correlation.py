"""Pearson's correlation of two vectors of dissimilarities."""

import numpy as np

from spikedrift.rsa.comparator import Comparator, centered, cosines, over_pairs
from spikedrift.rsa.stacks import centered_unit_length


def _score(models: np.ndarray, rdms: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    return cosines(centered(models), centered(rdms))


COMPARATOR = Comparator(
    name="correlation",
    title="Pearson correlation",
    takes="rdm",
    direction="higher",
    blind_to="the common scale and the mean dissimilarity: a code that hardly drifts and one "
    "that is redrawn can be alike. Pairs that share a condition count several times",
    citation="Kriegeskorte, Mur & Bandettini 2008, doi:10.3389/neuro.06.004.2008",
    compare=over_pairs(_score),
    normalize=centered_unit_length,
)
