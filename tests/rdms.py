"""Recordings of animals as RDMs, and plain comparators, for tests of statistics on RDMs."""

import numpy as np
from scipy.stats import rankdata
from statsmodels.stats.multitest import multipletests

from spikedrift.rsa.stacks import centered_unit_length, defined_pairs, ranks, unit_length


def cosine(model, rdms):
    return rdms @ model / (np.linalg.norm(model) * np.linalg.norm(rdms, axis=1))


def correlation(model, rdms):
    return cosine(model - model.mean(), rdms - rdms.mean(axis=1, keepdims=True))


def rho_a(model, rdms):
    n = model.size
    own, other = (rankdata(x, axis=-1) - (n + 1) / 2 for x in (model, rdms))
    return 12 * other @ own / (n**3 - n)


COMPARATORS = {
    "cosine": (defined_pairs(cosine), unit_length),
    "corr": (defined_pairs(correlation), centered_unit_length),
    "rho-a": (defined_pairs(rho_a), ranks),
}


def distances(one, two):
    """Cross-validated squared distances of conditions: (..., n, units) twice -> (..., n_pairs)."""
    product = one @ np.swapaxes(two, -1, -2) / one.shape[-1]
    product = (product + np.swapaxes(product, -1, -2)) / 2
    i, j = np.triu_indices(one.shape[-2], 1)
    return product[..., i, i] + product[..., j, j] - 2 * product[..., i, j]


def animals(rng, features, n, units=60, noise=1.0):
    """RDMs of n animals, each with units and trial noise of its own: (n, n_pairs).

    Units mix the features (n_conditions, n_features) at random, so that an animal's expected RDM is
    `distances(features, features)`.
    """
    mixing = rng.normal(size=(n, features.shape[1], units))
    response = features @ mixing
    one, two = (response + noise * rng.normal(size=response.shape) for _ in range(2))
    return distances(one, two) / features.shape[1]


def truth(features):
    return distances(features, features)


def holm(p_values):
    return multipletests(p_values, method="holm")[1]
