"""Where a point of a sweep lies: its variant, its values on the axes, its instances."""

from collections.abc import Mapping, Sequence
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
        Those that it is swept over.
    seeds : tuple of str
        One an instance. Instances of two points with one seed have one wiring, one set of patterns
        and one noise.
    title : str
        Words of the variant, whatever its values; empty: its name.
    """

    variant: str
    axes: Mapping[str, Any]
    seeds: tuple[str, ...]
    title: str = ""


def axis_columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Values of every axis by row, `axis_{name}`; NaN where a row has none.

    Axes whose values are not numbers are text, and empty where there is none.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {f"axis_{name}": _column([row.get(name) for row in rows]) for name in names}


def _column(values: list[Any]) -> list[Any]:
    if all(value is None or isinstance(value, int | float) for value in values):
        return [np.nan if value is None else float(value) for value in values]
    return ["" if value is None else str(value) for value in values]
