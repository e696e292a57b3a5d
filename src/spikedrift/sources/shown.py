"""Which trials a table of intervals holds: what was shown when, how often, in which block."""

from dataclasses import dataclass

import numpy as np
from pynwb.core import DynamicTable

from spikedrift.config.sources import ShownOptions
from spikedrift.core.errors import InputError
from spikedrift.sources.labels import as_labels, as_text, in_order
from spikedrift.sources.movie import showings
from spikedrift.sources.repeats import counted_through, order_within
from spikedrift.sources.tables import CLOCK, column, numbers


@dataclass(frozen=True)
class Shown:
    """Trials in their order of showing; arrays of shape (n_trials,), times in s.

    `labels` are those of segments; `unlabeled` is the number of trials that were left out because
    one of their labels is missing.
    """

    start: np.ndarray
    stop: np.ndarray
    segment: np.ndarray
    repeat: np.ndarray
    block: np.ndarray
    whole: np.ndarray
    labels: list[str]
    unlabeled: int

    def columns(self, kept: np.ndarray, stimulus: str) -> dict[str, np.ndarray | str]:
        """Columns of the trials contract of the trials that are kept: bool, shape (n_trials,)."""
        names = np.array(self.labels)[self.segment[kept]] if self.labels else ""
        return {
            "stimulus": stimulus,
            "segment": self.segment[kept],
            "segment_name": names,
            "repeat": self.repeat[kept],
            "block": self.block[kept],
            "presentation_index": np.arange(kept.size)[kept],
            "start_time": self.start[kept],
            "duration": self.stop[kept] - self.start[kept],
        }


def shown(table: DynamicTable, options: ShownOptions, where: str) -> Shown:
    """Trials in their order of showing, without those that lack a label.

    Parameters
    ----------
    table : DynamicTable
        Has the columns `start_time` and `stop_time`, s, and those that the options name.
    options : ShownOptions
    where : str
        What an error starts with: the file.

    Raises
    ------
    InputError
        Naming the column or row at fault, or where no trial is left.
    """
    row, begin, end = _taken(table, options, where)
    start = begin + options.offset
    stop = end if options.duration is None else start + options.duration
    if (stop <= start).any():
        number = row[np.argmax(stop <= start)]
        raise InputError(f"{where}: row {number} of {table.name!r} is shorter than the offset")
    block, labeled = _blocks(table, options, row, begin, np.where(np.isnan(end), stop, end), where)
    label: dict[str, np.ndarray] = {}
    for key in ("segment", "repeat"):
        if (name := getattr(options, key)) is not None:
            number = key == "repeat" or options.segment_frames is not None  # frames
            found = as_labels((numbers if number else column)(table, name, where)[row])
            label[key], labeled = found.value, labeled & ~found.missing
    if not labeled.any():
        raise InputError(
            f"{where}: no interval of {table.name!r} is left: segment, repeat or block is missing "
            f"in all {row.size}"
        )
    label = {key: value[labeled] for key, value in label.items()}
    block, start, stop = _numbered(block[labeled]), start[labeled], stop[labeled]
    unlabeled = int((~labeled).sum())
    if options.segment_frames is not None:
        movie = showings(
            start, stop, label["segment"], block, options.segment_frames, where, options.first_frame
        )
        return Shown(**vars(movie), labels=[], unlabeled=unlabeled)
    names, segment = in_order(label.get("segment", np.full(block.size, "all")))
    showing = label.get("repeat", order_within(segment + names.size * block))
    return Shown(
        start=start,
        stop=stop,
        segment=segment,
        repeat=counted_through(block, showing),
        block=block,
        whole=np.ones(block.size, dtype=bool),
        labels=as_text(names).tolist(),
        unlabeled=unlabeled,
    )


def _taken(
    table: DynamicTable, options: ShownOptions, where: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of the intervals that are taken, in order of start, and their start and stop, s.

    A stop may be missing where the options give a duration.
    """
    if len(table) == 0:
        raise InputError(f"{where}: table {table.name!r} of intervals is empty")
    taken = np.ones(len(table), dtype=bool)
    for name, wanted in options.where.items():
        values = column(table, name, where)
        taken &= _is_one_of(values, wanted)
        if not taken.any():
            raise InputError(
                f"{where}: no interval of {table.name!r} has {options.where}; {name} holds "
                f"{_some(values)}"
            )
    start = numbers(table, "start_time", where)
    stop = np.full(start.size, np.nan)
    if options.duration is None or "stop_time" in table.colnames:
        stop = numbers(table, "stop_time", where)
    row = np.flatnonzero(taken)
    row = row[np.argsort(start[row], kind="stable")]
    start, stop = start[row], stop[row]
    open_end = np.isnan(stop) & (options.duration is not None)
    bad = ~np.isfinite(start) | ~(open_end | (np.isfinite(stop) & (stop > start)))
    if bad.any():
        raise InputError(
            f"{where}: row {row[np.argmax(bad)]} of {table.name!r} has no start or no stop, or "
            "ends before it starts"
        )
    return row, start, stop


def _blocks(
    table: DynamicTable,
    options: ShownOptions,
    row: np.ndarray,
    start: np.ndarray,
    stop: np.ndarray,
    where: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Label of the block of each row, and whether it is known."""
    if options.block is not None:
        block = as_labels(column(table, options.block, where))
        return block.value[row], ~block.missing[row]
    gap = np.inf if options.block_gap is None else options.block_gap
    number = np.concatenate([[0], np.cumsum(start[1:] - stop[:-1] > gap + CLOCK)])
    return number, np.ones(row.size, dtype=bool)


def _numbered(block: np.ndarray) -> np.ndarray:
    """Blocks numbered from 0, a new one wherever the label changes: int64, shape (n_trials,)."""
    return np.concatenate([[0], np.cumsum(block[1:] != block[:-1])]).astype(np.int64)


def _is_one_of(
    values: np.ndarray, wanted: str | bool | float | list[str | bool | float]
) -> np.ndarray:
    """Whether each value is one of those wanted: the same text or the same number.

    Where one is a number and the other a text, the text is read as a number; true and false are 1
    and 0, as in columns of bool.
    """
    found = np.zeros(values.size, dtype=bool)
    for value in wanted if isinstance(wanted, list) else [wanted]:
        if values.dtype.kind == "U" and isinstance(value, str):
            found |= values == value
        elif values.dtype.kind == "U":
            found |= np.array([_number(one) for one in values.tolist()]) == float(value)
        else:
            found |= values == _number(str(value))
    return found


def _number(text: str) -> float:
    """Number that a text stands for; NaN where it is none."""
    text = text.strip().lower()
    if text in ("true", "false"):
        return float(text == "true")
    try:
        return np.nan if "_" in text else float(text)
    except ValueError:
        return np.nan


def _some(values: np.ndarray) -> str:
    """The first few different values."""
    several = np.unique(as_text(values)).tolist()
    return ", ".join(several[:10]) + (", ..." if len(several) > 10 else "")
