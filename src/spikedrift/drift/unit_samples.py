"""Resamples and halves of the units, the same for all measures of one recording.

Samples of two measures, or of two files, are joint if they are drawn here with one seed and one
set of options.
"""

import numpy as np
import xarray as xr

from spikedrift.core.errors import InputError
from spikedrift.spikes.selections import stream


def unit_stream(dataset: xr.Dataset, seed: int, task: str) -> np.random.Generator:
    """Random stream that all measures of one recording and selection share."""
    attributes = (str(dataset.attrs.get(name, "")) for name in ("recording", "selection"))
    return stream(seed, *attributes, task)


def resampled_units(dataset: xr.Dataset, n: int, seed: int) -> np.ndarray:
    """Units drawn with replacement, as many as there are: int64, shape (n, n_units)."""
    n_units = dataset.sizes["unit"]
    rng = unit_stream(dataset, seed, "bootstrap")
    return rng.integers(n_units, size=(n, n_units))


def halved_units(dataset: xr.Dataset, n: int, seed: int) -> np.ndarray:
    """Disjoint random halves of the units: int64, shape (n, 2, n_units // 2).

    Raises
    ------
    InputError
        For fewer than four units.
    """
    n_units = dataset.sizes["unit"]
    if n_units < 4:
        raise InputError(f"{dataset.attrs.get('recording')}: {n_units} units cannot be halved")
    return random_halves(n_units, n, unit_stream(dataset, seed, "halves"))


def random_halves(n_units: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Disjoint random halves of `n_units` units: int64, shape (n, 2, n_units // 2)."""
    order = np.array([rng.permutation(n_units) for _ in range(n)])
    half = n_units // 2
    return np.stack([order[:, :half], order[:, half : 2 * half]], axis=1)
