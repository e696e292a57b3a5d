"""Rows of a sweep: a variant at one value of each axis, before any network is made of it.

They are counted and told apart in no time, so that of thousands of networks a job makes its own.
The module imports nothing that takes long, since Snakemake reads it at every start.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from spikedrift.config.sweeps import Axis, Sweep, Variant


@dataclass(frozen=True, slots=True)
class Row:
    """Values of the axes at one point of a variant.

    Attributes
    ----------
    variant : Variant
    number : int
        Of the point within its variant, from 1.
    values : dict of axis -> value
        Empty for a variant that is not swept.
    instances : range
        Numbers of the point's instances.
    """

    variant: Variant
    number: int
    values: dict[str, Any]
    instances: range


def rows(sweep: Sweep) -> list[Row]:
    """Rows of a sweep: variants outermost, then axes."""
    found: list[Row] = []
    for variant in sweep.variants:
        for number, values in enumerate(axis_values(sweep, sweep.axes_of(variant)), 1):
            found.append(Row(variant, number, values, _instances(sweep, len(found))))
    return found


def _instances(sweep: Sweep, place: int) -> range:
    """Instances of a point by its place in the sweep: its own, unless points are paired."""
    first = 0 if sweep.paired else place * sweep.instances
    return range(first, first + sweep.instances)


def instance_seeds(sweep: Sweep) -> Iterator[str]:
    """Seeds of the random draws of all instances (`Point.instance_seed`), without their rows."""
    last = _instances(sweep, sweep.size - 1)
    return (instance_seed(sweep.seed, number) for number in range(last.stop))


def instance_seed(seed: int, instance: int) -> str:
    """Seed of the random draws of an instance: wiring, patterns and noise."""
    return f"{seed}.{instance}"


def axis_values(sweep: Sweep, axes: Sequence[Axis]) -> list[dict[str, Any]]:
    """Values of the axes at every point of a variant; numbers have six significant digits.

    Samples of two variants are the same places between the ends of each.
    A Latin hypercube (McKay, Beckman & Conover 1979) puts one sample into each of `samples` equal
    parts of every axis.
    """
    if not axes:
        return [{}]
    names = [axis.name for axis in axes]
    found: list[tuple[Any, ...]]
    if sweep.samples is not None:
        drawn = _drawn(sweep.sampling, len(sweep.axes), sweep.samples, sweep.seed)
        found = list(zip(*map(_stretched, axes, drawn), strict=True))
    else:
        columns = [axis.values or _stretched(axis, _even(axis.n)) for axis in axes]
        together = zip if sweep.sampling == "list" else itertools.product
        found = list(together(*columns))
    return [dict(zip(names, row, strict=True)) for row in found]


def _even(n: int) -> list[float]:
    return [k / (n - 1) for k in range(n)]


@cache
def _drawn(sampling: str, size: int, n: int, seed: int) -> list[list[float]]:
    """Samples of the unit cube, one list for each axis; drawn once for all variants of a sweep."""
    if sampling == "latin_hypercube":
        # Its import takes half a second, in each start of such a study.
        from scipy.stats.qmc import LatinHypercube

        drawn = LatinHypercube(size, rng=seed).random(n)
    else:
        import numpy as np

        drawn = np.random.default_rng(seed).random((n, size))
    columns: list[list[float]] = drawn.T.tolist()
    return columns


def _stretched(axis: Axis, unit: Sequence[float]) -> tuple[float, ...]:
    """Numbers of the unit interval, stretched to the range of an axis."""
    low, high = axis.low or 0.0, axis.high or 0.0
    if axis.scale == "log":
        found = [low * (high / low) ** u for u in unit]
    else:
        found = [low + (high - low) * u for u in unit]
    return tuple(float(f"{value:.6g}") for value in found)
