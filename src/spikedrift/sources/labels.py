"""Labels that a source gives to trials and units: when two are equal, and when one is missing."""

from dataclasses import dataclass

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


def as_text(value: np.ndarray) -> np.ndarray:
    """Labels as text; whole numbers have no fraction, whatever their type was."""
    if value.dtype.kind != "f":
        return value.astype(str)
    whole = np.isfinite(value) & (np.mod(value, 1) == 0)
    text = value.astype(str).astype(object)
    text[whole] = [str(int(one)) for one in value[whole]]
    return text.astype(str)
