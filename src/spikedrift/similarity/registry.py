"""The measures by name: what each one is, and how to find it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from spikedrift.core import plugins
from spikedrift.core.errors import InputError, unknown

PACKAGE = "spikedrift.similarity.measures"
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


def names() -> list[str]:
    """Names of all measures, sorted: the files of the `measures` folder, none of them imported."""
    return plugins.names(PACKAGE)


def reads_timing(name: str) -> bool:
    """Whether a measure reads spike times, from the text of its file: nothing is imported."""
    path = plugins.file(PACKAGE, name)
    if path is None:
        return False
    text = path.read_text(encoding="utf-8")
    return re.search(r"^\s+code=[\"']timing[\"']", text, re.MULTILINE) is not None


def get(name: str) -> Measure:
    """Import the measure called `name`.

    Raises
    ------
    InputError
        For an unknown name (with the nearest known one), or a file without a `MEASURE` of that
        name.
    """
    known = names()
    if name not in known:
        raise unknown("unknown similarity measure", name, known)
    module = plugins.imported(PACKAGE, name)
    measure = getattr(module, "MEASURE", None)
    if not isinstance(measure, Measure) or measure.name != name:
        raise InputError(f"{module.__file__}: needs MEASURE = Measure(name={name!r}, ...)")
    return measure
