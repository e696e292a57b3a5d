"""Columns of NWB tables as plain arrays: numbers, labels, ragged columns, spans of time."""

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from pynwb.core import AbstractContainer, DynamicTable, DynamicTableRegion, VectorIndex

from spikedrift.core.errors import InputError, unknown
from spikedrift.sources import slices
from spikedrift.sources.hdf5 import reading
from spikedrift.sources.labels import as_text

CLOCK = 1e-6  # s, by which times of one moment may differ


@dataclass(frozen=True)
class Ragged:
    """A column with a list in every row, which is read row by row.

    Attributes
    ----------
    start, stop : int64, shape (n_rows,)
        Where each row's values stand in `data`.
    data : array-like
        As it lies in the file.
    target : VectorData
        The column that `data` belongs to.
    what : str
        File, column and table.
    """

    start: np.ndarray
    stop: np.ndarray
    data: Any
    target: Any
    what: str

    def row(self, number: int) -> np.ndarray:
        """Values of one row as they are: shape (n_values, ...)."""
        with reading(f"{self.what}: row {number}"):
            return np.asarray(self.data[self.start[number] : self.stop[number]])

    def floats(self, number: int, shape: tuple[int, ...] = ()) -> np.ndarray:
        """Values of one row as float64, each of the given shape.

        Raises
        ------
        InputError
            Naming the row, where they are no numbers or of another shape.
        """
        values = self.row(number)
        if values.dtype.kind not in "iufb" or values.shape[1:] != shape:
            raise InputError(
                f"{self.what}: row {number} holds {values.dtype} of shape {values.shape}, must be "
                f"numbers{f' of shape {shape} each' if shape else ', one after the other'}"
            )
        return values.astype(np.float64)


def column(table: DynamicTable, name: str, where: str) -> np.ndarray:
    """Column of a table with one value per row: numbers or text, shape (n_rows,).

    A reference to an object becomes the object's name, and a value of an enumeration its text.

    Raises
    ------
    InputError
        Where there is no such column, it holds a list in every row or something else that is
        neither number nor text, or it cannot be read.
    """
    values, what = _found(table, name, where)
    if isinstance(values, VectorIndex | DynamicTableRegion) or len(_shape(values)) != 1:
        raise InputError(f"{what} holds more than one value a row, or rows of another table")
    with reading(what):
        read = _plain(values.data[:], what)
        if hasattr(values, "elements"):  # an enumeration: numbers of texts
            read = _plain(values.elements.data[:], what)[read]
        rows = len(table.id)
    if read.size != rows:
        raise InputError(f"{what} has {read.size} values, but the table has {rows} rows")
    return read


def is_number(table: DynamicTable, name: str) -> bool:
    """Whether a column has one number per row, by its type in the file."""
    values = table[name]
    plain = not isinstance(values, VectorIndex | DynamicTableRegion)
    plain &= not hasattr(values, "elements")
    return plain and len(_shape(values)) == 1 and _kind(values.data) in "iufb"


def is_text(table: DynamicTable, name: str) -> bool:
    """Whether a column has one text per row, by its type in the file; so has an enumeration."""
    values = table[name]
    if isinstance(values, VectorIndex | DynamicTableRegion) or len(_shape(values)) != 1:
        return False
    dtype = getattr(values.data, "dtype", None)  # of references a word of hdmf's
    text = isinstance(dtype, np.dtype) and (
        dtype.kind in "SU" or h5py.check_string_dtype(dtype) is not None
    )
    return text or hasattr(values, "elements")


def numbers(table: DynamicTable, name: str, where: str) -> np.ndarray:
    """Column of a table as float64, shape (n_rows,).

    Numbers that were written as text are read as well; an empty text is NaN.

    Raises
    ------
    InputError
        As `column`, and where a text is no number.
    """
    values = column(table, name, where)
    if values.dtype.kind == "U":
        values = np.where(np.char.strip(values) == "", "nan", values)
    try:
        return values.astype(np.float64)
    except ValueError:
        raise InputError(
            f"{where}: column {name!r} of {table.name!r} holds {_no_number(values)!r}, not numbers"
        ) from None


def ragged_column(table: DynamicTable, name: str, where: str) -> Ragged:
    """Column of a table with a list in every row.

    Raises
    ------
    InputError
        Where there is no such column, it has no index, or its index does not fit its values.
    """
    values, what = _found(table, name, where)
    if not isinstance(values, VectorIndex):
        raise InputError(f"{what} has no index ({name}_index), which says where each row ends")
    if isinstance(values.target, VectorIndex):
        raise InputError(f"{what} holds lists of lists, must hold one list a row")
    with reading(f"{what}: its index"):
        end = np.asarray(values.data[:])
        rows = len(table.id)
    size = _shape(values.target)[0]
    start, stop = slices.contiguous(end, size, what)
    if start.size != rows:
        raise InputError(f"{what}: its index has {start.size} rows, but the table has {rows}")
    return Ragged(start, stop, values.target.data, values.target, what)


def spans(table: DynamicTable, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Start and stop of every row: float64, shape (n_rows,), s.

    Raises
    ------
    InputError
        Where a row has no start or no stop, or stops before it starts.
    """
    start, stop = numbers(table, "start_time", where), numbers(table, "stop_time", where)
    bad = ~(np.isfinite(start) & (stop >= start))
    if bad.any():
        raise InputError(
            f"{where}: row {int(np.argmax(bad))} of {table.name!r} has no start or no stop, or "
            "stops before it starts"
        )
    return start, stop


def merged(start: np.ndarray, stop: np.ndarray, gap: float = 0.0) -> np.ndarray:
    """Spans that intervals cover, in order: float64, shape (n_spans, 2).

    Intervals that overlap, touch, or lie no more than `gap` apart are in one span.
    """
    if start.size == 0:
        return np.empty((0, 2))
    order = np.argsort(start, kind="stable")
    begin, end = start[order], np.maximum.accumulate(stop[order])
    apart = begin[1:] > end[:-1] + gap
    return np.stack([begin[np.append(True, apart)], end[np.append(apart, True)]], axis=1)


def rows_of(ids: Any, where: str, what: str) -> dict[int, int]:
    """Row of every id of a table.

    Raises
    ------
    InputError
        Where two rows have the same id.
    """
    found = {int(value): row for row, value in enumerate(ids)}
    if len(found) < len(ids):
        raise InputError(f"{where}: two {what} have the same id")
    return found


def _found(table: DynamicTable, name: str, where: str) -> tuple[Any, str]:
    """Column of a table, and the beginning of an error's message about it."""
    if name not in table.colnames:
        raise unknown(f"{where}: table {table.name!r} has no column", name, table.colnames)
    what = f"{where}: column {name!r} of {table.name!r}"
    with reading(what):
        return table[name], what


def _shape(values: Any) -> tuple[int, ...]:
    """Shape of a column's data, without reading them."""
    shape = getattr(values.data, "shape", None)
    return np.shape(values.data) if shape is None else tuple(shape)


def _kind(values: Any) -> str:
    """Numpy's letter for the type of values; that of objects where they have no type."""
    return getattr(getattr(values, "dtype", None), "kind", "O")


def _plain(values: Any, what: str) -> np.ndarray:
    """Values as an array of numbers or of text."""
    kind = _kind(values)
    if kind in "iufbU":
        return np.asarray(values)
    if kind == "S":
        return np.char.decode(values, "utf-8")
    if kind != "O":
        raise InputError(f"{what} holds {values.dtype}, neither numbers nor text")
    return np.array([_text(one, what) for one in values], dtype=str)


def _text(value: Any, what: str) -> str:
    """Text of one value; the name for an object, empty where there is none."""
    if isinstance(value, AbstractContainer):
        return str(value.name)
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if value is None or isinstance(value, str):
        return value or ""
    if np.ndim(value) == 0 and np.asarray(value).dtype.kind in "iufb":
        return str(as_text(np.asarray([value]))[0])
    raise InputError(f"{what} holds {type(value).__name__}, neither numbers nor text")


def _no_number(values: np.ndarray) -> str:
    """First text that is no number."""
    for value in values.tolist():
        try:
            float(value)
        except ValueError:
            return str(value)
    return ""
