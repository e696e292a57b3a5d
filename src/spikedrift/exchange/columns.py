"""Columns of trials and units that another library calls by names of its own."""

from collections.abc import Mapping

import numpy as np

from spikedrift import trials
from spikedrift.core.errors import InputError, unknown
from spikedrift.sources.labels import as_labels, as_text, in_order
from spikedrift.sources.repeats import counted_through, order_within


def trial_columns(
    found: Mapping[str, np.ndarray], recording: str, segment: str | None
) -> dict[str, np.ndarray]:
    """Columns of the contract from the labels of trials, which come in the order of showing.

    Labels that are called as a column of the contract are that column; others are left out.

    Parameters
    ----------
    found : mapping of name -> array, shape (n_trials,)
    recording : str
        Id, `{session}.{stimulus}`; the stimulus is that of trials that do not say theirs.
    segment : str or None
        Label that tells which part of the stimulus was shown: equal labels are one segment. None:
        that is in `segment`; without it all trials show the same.

    Returns
    -------
    dict of name -> array, shape (n_trials,)
        Without `repeat` showings of a segment are counted within a block, and through the blocks.

    Raises
    ------
    InputError
        For a `segment` that is no label, or is missing in a trial.
    """
    size = len(next(iter(found.values())))
    out = {name: np.asarray(found[name]) for name in trials.TRIAL_COLUMNS if name in found}
    out.setdefault("stimulus", np.full(size, recording.partition(".")[2] or recording))
    if segment is not None:
        if segment not in found:
            raise unknown(f"{recording}: no label of trials is called", segment, found)
        labels = as_labels(plain(np.asarray(found[segment])))
        if labels.missing.any():
            raise InputError(
                f"{recording}: trial {int(np.argmax(labels.missing))} has no {segment!r}; leave it "
                "out"
            )
        names, out["segment"] = in_order(labels.value)
        out["segment_name"] = as_text(names)[out["segment"]]
    out.setdefault("segment", np.zeros(size, np.int64))
    out.setdefault("block", np.zeros(size, np.int64))
    if "repeat" not in out:
        _, number = np.unique(np.stack([out["block"], out["segment"]]), axis=1, return_inverse=True)
        out["repeat"] = counted_through(out["block"], order_within(number.ravel()))
    return out


def unit_columns(
    found: Mapping[str, np.ndarray], names: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Columns of units that the contract knows, and all others, which are quality columns.

    Parameters
    ----------
    found : mapping of name -> array, shape (n_units,)
    names : array of str, shape (n_units,)
        Ids of units that have no `unit_id`.
    """
    known = {name: plain(np.asarray(values)) for name, values in found.items()}
    unit = {name: known.pop(name) for name in trials.UNIT_COLUMNS if name in known}
    unit.setdefault("unit_id", names)
    return unit, {name: one for name, one in known.items() if one.dtype.kind in "biufU"}


def plain(values: np.ndarray) -> np.ndarray:
    """Values as an array of numbers or of text, where they lie in one of objects."""
    return np.array(values.tolist()) if values.dtype.kind == "O" else values
