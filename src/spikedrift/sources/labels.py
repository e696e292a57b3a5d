"""Labels that a source gives to trials and units: when two are equal, and when one is missing."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

NO_LABEL = ("", "nan")  # a missing text; "nan" is from floats that were written as text


@dataclass(frozen=True)
class Labels:
    """Labels of the rows of a table.

    Attributes
    ----------
    value : array of numbers or of str, shape (n_rows,)
        Equal for equal labels: a number has the same label as int, float or bool.
    missing : bool, shape (n_rows,)
        Where the value is NaN, an empty text or the text `nan`.
    """

    value: np.ndarray
    missing: np.ndarray


def as_labels(value: np.ndarray) -> Labels:
    """Labels of the values of a column, shape (n_rows,): numbers or text."""
    if value.dtype.kind == "U":
        return Labels(value, np.isin(np.char.lower(np.char.strip(value)), NO_LABEL))
    return Labels(value, np.isnan(value.astype(np.float64)))


def in_order(value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct labels in their order, and the place of each value there: both as of `np.unique`.

    Numbers within text count as numbers, so that `clip 2` comes before `clip 10`: segments of a
    movie that are named so would otherwise be out of the order in which they are shown.
    """
    names, place = np.unique(value, return_inverse=True)
    if names.dtype.kind == "U":
        order = np.array(sorted(range(names.size), key=lambda k: _natural(str(names[k]))), np.int64)
        names, place = names[order], np.argsort(order)[place]
    return names, place


def _natural(text: str) -> list[Any]:
    """Text and numbers of a label in turns."""
    try:
        return ["", float(text)]
    except ValueError:
        parts = re.split(r"(\d+(?:\.\d+)?)", text)
        return [float(part) if k % 2 else part for k, part in enumerate(parts)]


def as_text(value: np.ndarray) -> np.ndarray:
    """Labels as text; whole numbers have no fraction, whatever their type was."""
    if value.dtype.kind != "f":
        return value.astype(str)
    whole = np.isfinite(value) & (np.mod(value, 1) == 0)
    text = value.astype(str).astype(object)
    text[whole] = [str(int(one)) for one in value[whole]]
    return text.astype(str)
