"""Tuning of units whose drift is known, with noise of repeats of any size."""

from itertools import pairwise

import numpy as np

from spikedrift.drift.signal.tuned import Tuned

N_UNITS, N_SEGMENTS, N_REPEATS = 200, 6, 10


def tuned_of(
    signals: list[np.ndarray],
    rng: np.random.Generator,
    noise: float = 1.0,
    n_repeats: int = N_REPEATS,
    axes: np.ndarray | None = None,
    later: float = 1.0,
) -> Tuned:
    """Repeats of the tuning in each block, with independent noise.

    Parameters
    ----------
    signals : list of float64, shape (n_units, n_segments)
        Of each block.
    rng : Generator
    noise : float
        SD of each response about the signal.
    n_repeats : int
    axes : float64, shape (n_units, n_axes), optional
        Orthonormal directions of further noise, five times as large, that all units share.
    later : float
        Factor of the noise in all blocks but the first.
    """
    blocks = []
    for number, signal in enumerate(signals):
        shape = (len(signal), n_repeats, signal.shape[1])
        off = noise * rng.standard_normal(shape)
        if axes is not None:
            common = rng.standard_normal((axes.shape[1], n_repeats, signal.shape[1]))
            off += 5 * noise * np.tensordot(axes, common, axes=1)
        blocks.append(signal[:, None] + off * (later if number else 1.0))
    response = np.concatenate(blocks, axis=1)
    ends = n_repeats * np.arange(len(signals) + 1)
    mean = response.mean(axis=2, keepdims=True)
    return Tuned(
        response=response - mean,
        observed=np.ones(response.shape[:2], bool),
        amount=response.sum(axis=2),
        count=np.ones(len(response)),
        blocks=tuple(slice(int(a), int(b)) for a, b in pairwise(ends)),
    )


def value(of, n_units: int = N_UNITS) -> float:
    """What a number is of all units."""
    return float(of(np.ones((1, n_units)))[0])


def tuning_curves(
    rng: np.random.Generator, n_units: int = N_UNITS, n_segments: int = N_SEGMENTS
) -> np.ndarray:
    """Gaussian tuning: float64, shape (n_units, n_segments)."""
    return rng.standard_normal((n_units, n_segments))
