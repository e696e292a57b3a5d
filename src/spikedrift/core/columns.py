"""Convert columns of a source to the dtypes of the trials contract, with nothing lost."""

import numpy as np

from spikedrift.core.errors import InputError


def typed(column: np.ndarray, dtype: str, name: str) -> np.ndarray:
    """Convert a column to the contract's dtype.

    Texts, fractions and missing values are refused as whole numbers, and missing values and
    objects other than texts as labels.

    Parameters
    ----------
    column : array, any shape
    dtype : {"int64", "bool", "float64", "str"}
    name : str
        Begins the message of an error.

    Returns
    -------
    array of `dtype`, same shape

    Raises
    ------
    InputError
        For a column of another kind, or naming the first value that `dtype` cannot hold.
    """
    if dtype == "str":
        return _texts(column, name)
    allowed = {"int64": "iuf", "bool": "biuf", "float64": "biuf"}[dtype]
    if column.dtype.kind not in allowed:
        raise InputError(f"{name} must be {dtype}, got {column.dtype}")
    with np.errstate(invalid="ignore"):
        bad = np.zeros(column.shape, dtype=bool)
        if dtype == "int64":
            bad = ~(np.mod(column, 1) == 0) | (np.abs(column.astype(np.float64)) >= 2.0**63)
        if dtype == "bool":
            bad = ~np.isin(column, (0, 1))
    if bad.any():
        what = "whole numbers" if dtype == "int64" else "true or false"
        raise InputError(f"{name} must hold {what}, {_place(bad)} has {column.flat[bad.argmax()]}")
    return column.astype(dtype)


def _texts(column: np.ndarray, name: str) -> np.ndarray:
    """Labels as text; a whole number becomes its digits."""
    if column.dtype.kind in "UTiu":
        return column.astype(str)
    known = np.array([isinstance(value, str) for value in column.flat]).reshape(column.shape)
    if not known.all():
        value = column.flat[(~known).argmax()]
        raise InputError(
            f"{name} must hold texts or whole numbers, {_place(~known)} has {str(value)[:40]!r}; "
            "leave out what has no label"
        )
    return column.astype(str)


def _place(bad: np.ndarray) -> str:
    return f"place {int(bad.argmax())}" if bad.ndim else "which"
