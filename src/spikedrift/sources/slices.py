"""Slices of one long array: where the values of each row or cell begin and end."""

from collections.abc import Callable

import numpy as np

from spikedrift.core.errors import InputError


def contiguous(end: np.ndarray, size: int, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Begin and end of every row of a contiguous ragged array.

    Parameters
    ----------
    end : array of int, shape (n_rows,)
        Where each row ends: the index of a ragged column.
    size : int
        Number of values that the index divides.
    what : str
        What an error starts with: file, table and column.

    Returns
    -------
    start, stop : int64, shape (n_rows,)

    Raises
    ------
    InputError
        Naming the row: an index that is not a list of whole numbers, falls, or ends before or
        beyond the last value.
    """
    if end.ndim != 1 or end.dtype.kind not in "iu":
        raise InputError(
            f"{what}: its index holds {end.dtype} of shape {end.shape}, must be whole numbers, "
            "one a row"
        )
    stop = end.astype(np.int64)
    start = np.concatenate([[0], stop[:-1]]).astype(np.int64)
    check(start, stop, size, "values", lambda row: f"{what}: row {row}")
    last = int(stop[-1]) if stop.size else 0
    if last != size:
        raise InputError(
            f"{what}: its index ends at {last} (row {stop.size - 1}, the last), but there are "
            f"{size} values; the file is damaged, or was not written to its end"
        )
    return start, stop


def check(
    start: np.ndarray, stop: np.ndarray, size: int, values: str, name: Callable[[int], str]
) -> None:
    """Refuse slices that run backward or leave the array.

    Parameters
    ----------
    start, stop : int64, shape (n_slices,)
    size : int
        Number of values.
    values : str
        What they are.
    name : callable
        Turns the number of a slice into the beginning of an error's message.

    Raises
    ------
    InputError
        For the first bad slice.
    """
    for bad, problem in (
        ((np.minimum(start, stop) < 0) | (stop > size), f"is outside the {size} {values}"),
        (stop < start, "ends before it starts"),
    ):
        if bad.any():
            at = int(np.argmax(bad))
            raise InputError(f"{name(at)}: slice {start[at]}:{stop[at]} {problem}")
