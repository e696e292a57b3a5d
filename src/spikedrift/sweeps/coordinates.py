"""Where a point of a sweep lies: its variant, its values on the axes, its instances."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Coordinates:
    """Where a point of a sweep lies.

    Attributes
    ----------
    variant : str
        Name of its variant.
    axes : mapping of axis -> value
        Its values on the axes over which it is swept.
    seeds : tuple of str
        One for each instance. Instances of two points with the same seed have the same wiring,
        patterns and noise.
    title : str
        Words of the variant, whatever its values; empty: its name.
    sweep : str
        Name of its sweep where there are several; empty: there is one.
    factors : tuple of str
        Axes whose values multiply what a variant has.
    """

    variant: str
    axes: Mapping[str, Any]
    seeds: tuple[str, ...]
    title: str = ""
    sweep: str = ""
    factors: tuple[str, ...] = ()


def value_words(axis: str, value: Any, factor: bool) -> str:
    """Words for a value on an axis: `rate 0.02`, or `rate × 1.26` where it is a factor."""
    return f"{axis} × {value}" if factor else f"{axis} {value}"


def axis_columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Values of every axis by row, as `axis_{name}`; NaN where a row has none.

    Values of axes that do not hold numbers are text, which is empty where a row has none.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {f"axis_{name}": _column([row.get(name) for row in rows]) for name in names}


def axis_coordinates(
    rows: Sequence[Mapping[str, Any]], factors: Container[str]
) -> dict[str, tuple[str, list[Any], dict[str, int]]]:
    """`axis_columns` as coordinates of `point`; those of factors have the attribute `factor`, 1."""
    return {
        name: ("point", column, {"factor": 1} if name.removeprefix("axis_") in factors else {})
        for name, column in axis_columns(rows).items()
    }


def _column(values: list[Any]) -> list[Any]:
    if all(value is None or isinstance(value, int | float) for value in values):
        return [np.nan if value is None else float(value) for value in values]
    return ["" if value is None else str(value) for value in values]
