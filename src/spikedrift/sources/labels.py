"""Labels that a source gives its trials and units: when two are equal, and when one is missing."""

from dataclasses import dataclass

import numpy as np

NO_LABEL = ("", "nan")  # what stands for a missing text; floats that were written as text, too


@dataclass(frozen=True)
class Labels:
    """Labels of the rows of a table.

    Attributes
    ----------
    value : array of numbers or of str, shape (n_rows,)
        What equal labels have in common: a number has the same label as int, float or bool.
    missing : bool, shape (n_rows,)
        NaN or an empty text.
    """

    value: np.ndarray
    missing: np.ndarray


def as_labels(value: np.ndarray) -> Labels:
    """Labels of the values of a column."""
    if value.dtype.kind == "U":
        return Labels(value, np.isin(np.char.lower(np.char.strip(value)), NO_LABEL))
    return Labels(value, np.isnan(value.astype(np.float64)))


def as_text(value: np.ndarray) -> np.ndarray:
    """Labels as text: a whole number without a fraction, whatever type it had."""
    if value.dtype.kind != "f":
        return value.astype(str)
    whole = np.isfinite(value) & (np.mod(value, 1) == 0)
    text = value.astype(str).astype(object)
    text[whole] = [str(int(one)) for one in value[whole]]
    return text.astype(str)
