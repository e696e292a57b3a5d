"""Rho-a: Spearman's correlation as expected if ties were broken at random.

It is 12 sum(r_i s_i) / (n^3 - n), with r and s the centered ranks of the two sides. Unlike
Spearman's correlation or tau-b it does not prefer models that predict ties (Schuett et al. 2023,
eLife 12:e82566).
"""

import numpy as np
from scipy.stats import rankdata

from spikedrift.rsa.comparator import Comparator, over_pairs
from spikedrift.rsa.stacks import ranks


def _score(models: np.ndarray, rdms: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    n = models.shape[1]
    one, two = (rankdata(side, axis=1) - (n + 1) / 2 for side in (models, rdms))
    return np.asarray(12 * (one @ two.T) / max(n**3 - n, 1))


COMPARATOR = Comparator(
    name="rho_a",
    title="rho-a",
    takes="rdm",
    direction="higher",
    blind_to="every magnitude: it reads the order of dissimilarities alone. Whatever falls "
    "steadily with lag is alike, at any speed and of any shape",
    citation="Schütt et al. 2023, doi:10.7554/eLife.82566",
    compare=over_pairs(_score),
    normalize=ranks,
)
