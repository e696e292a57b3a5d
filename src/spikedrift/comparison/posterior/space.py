"""Parameters of a family as points of the unit cube, in which the prior is uniform.

An axis of a sweep is drawn evenly, or evenly in the logarithm. Flows see the standard normal
quantile of the place on the axis: the prior then is what a flow begins with, and no draw can leave
the axis.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

EDGE = 1e-6  # places nearer to an end count as this far from it: values have six digits


@dataclass(frozen=True)
class Space:
    """Axes of a sweep.

    Attributes
    ----------
    names, titles : tuple of str
    low, high : float, shape (n_axes,)
    log : bool, shape (n_axes,)
        Which are even in the logarithm.
    """

    names: tuple[str, ...]
    titles: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    log: np.ndarray

    @classmethod
    def of(cls, axes: Sequence[Mapping[str, Any]]) -> "Space":
        """Take the axes as a configuration has them, with `low` and `high`."""
        return cls(
            tuple(axis["name"] for axis in axes),
            tuple(axis["title"] or axis["name"] for axis in axes),
            np.array([axis["low"] for axis in axes], dtype=float),
            np.array([axis["high"] for axis in axes], dtype=float),
            np.array([axis["scale"] == "log" for axis in axes]),
        )

    def unit(self, values: np.ndarray) -> np.ndarray:
        """Places in the unit cube of values on the axes: the same shape (..., n_axes)."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        place = (self._scaled(np.asarray(values, dtype=float)) - low) / (high - low)
        return np.clip(place, EDGE, 1 - EDGE)

    def values(self, unit: np.ndarray) -> np.ndarray:
        """Values on the axes of places in the unit cube: the same shape (..., n_axes)."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        place = low + (high - low) * np.asarray(unit)
        return np.where(self.log, np.exp(np.where(self.log, place, 0.0)), place)

    def _scaled(self, values: np.ndarray) -> np.ndarray:
        return np.where(self.log, np.log(np.where(self.log, values, 1.0)), values)


def normal(unit: np.ndarray) -> np.ndarray:
    """Standard normal quantiles of places in the unit cube."""
    return np.asarray(scipy.special.ndtri(np.clip(unit, EDGE, 1 - EDGE)))


def cube(quantile: np.ndarray) -> np.ndarray:
    """Places in the unit cube of standard normal quantiles."""
    return np.asarray(scipy.special.ndtr(quantile))


def log_prior(quantile: np.ndarray) -> np.ndarray:
    """Logarithm of the prior's density at standard normal quantiles: shape (...,)."""
    size = quantile.shape[-1]
    return np.asarray(-0.5 * (quantile**2).sum(axis=-1) - 0.5 * size * np.log(2 * np.pi))


def region(log_ratio: np.ndarray, mass: float) -> np.ndarray:
    """Smallest region of the prior that holds a mass of the posterior: bool, shape (n_places,).

    Parameters
    ----------
    log_ratio : float, shape (n_places,)
        Logarithm of posterior over prior at draws of the prior.
    mass : float
    """
    weight = np.exp(log_ratio - log_ratio.max())
    order = np.argsort(-weight, kind="stable")
    before = np.cumsum(weight[order]) - weight[order]
    inside = np.zeros(len(weight), dtype=bool)
    inside[order] = before < mass * weight.sum()
    return inside
