"""Measures of similarity by name: what each one is, and how to find it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from spikedrift.core.plugins import Plugins

Values = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Measure:
    """A way to compare two trials.

    Attributes
    ----------
    name : str
        Stem of the file that defines it.
    title : str
        For axes, with the unit.
    kind : {"distance", "similarity"}
        Whether larger means more different or more alike.
    code : {"rate", "timing"}
        What of the response it reads. Timing measures refuse files without spike times.
    units : str
        Unit of the value, "s" or "1".
    citation : str
        Paper that defines it.
    pairs : callable
        `pairs(dataset, first, second, **options) -> (value, n_shared)`: one float64 value and one
        int64 number of shared units for each pair of trial indices; NaN where undefined. Must be
        symmetric in its two arguments.
    repeats : callable, optional
        `repeats(dataset, members, **options) -> (value, n_shared)`, the repeat x repeat matrices,
        where `members[r]` are the trial indices of repeat r. Left out: the mean over the pairs of
        trials that show the same segment.
    """

    name: str
    title: str
    kind: Literal["distance", "similarity"]
    code: Literal["rate", "timing"]
    units: str
    citation: str
    pairs: Callable[..., Values]
    repeats: Callable[..., Values] | None = None


MEASURES = Plugins("measures", "MEASURE", Measure, "similarity measure")
names, get = MEASURES.names, MEASURES.get


def reads_timing(name: str) -> bool:
    """Whether a measure reads spike times, as its file says: nothing is imported.

    Raises
    ------
    InputError
        For an unknown name (with the nearest known one), or a file that is not valid Python.
    """
    return bool(MEASURES.literal(name, "code") == "timing")
