"""Trials to and from Neo, and by it to elephant: a Segment is a trial, a SpikeTrain a unit in it.

Times of a SpikeTrain count from the start of its trial, so that nothing is rounded.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import neo
import numpy as np
import xarray as xr

from spikedrift import trials
from spikedrift.core.errors import InputError
from spikedrift.exchange.columns import trial_columns, unit_columns

if TYPE_CHECKING:
    from neo import Block, SpikeTrain

logger = logging.getLogger(__name__)

UNIT_LABELS = ("unit_id", "population", "recording")
ORDER = "unit_ids"  # annotation of a Block: the units in the order of the trials file


def to_neo(dataset: xr.Dataset) -> "Block":
    """Return trials as a Block of Neo.

    Parameters
    ----------
    dataset : trials Dataset
        A Block has an object for every unit in every trial, each of which takes some half a
        millisecond: select first what is needed (`spikedrift.trials.select`).

    Returns
    -------
    Block
        Its annotations are the attributes of the trials file, and `unit_ids`. It has a Segment for
        every trial, in the order of the file, whose annotations are the columns of the contract; in
        it a SpikeTrain for every unit that was observed, from 0 to the duration of the trial, s,
        whose annotations are `unit_id`, `population`, `recording` and the quality columns.

    Raises
    ------
    InputError
        For a file without trials or units, with a unit that was observed in no trial, or of
        two-photon events, which have no timing.
    """
    trials.check(dataset)
    name = str(dataset.attrs["recording"])
    for dim in ("trial", "unit"):
        if dataset.sizes[dim] == 0:
            raise InputError(f"{name}: has no {dim}s, so that there is nothing to hand on")
    if "event_amplitude" in dataset.variables:
        raise InputError(f"{name}: {trials.NO_TIMING}, so that it has no spike trains to hand on")
    block = neo.Block(name=name)
    block.annotate(**{key: _scalar(value) for key, value in dataset.attrs.items()})
    of_unit = _rows(dataset, UNIT_LABELS)
    if not (seen := dataset["observed"].values.any(axis=0)).all():
        raise InputError(
            f"{name}: unit {of_unit[int(np.argmin(seen))]['unit_id']} was observed in no trial, so "
            "that a Block has no place for it; leave it out (spikedrift.trials.select)"
        )
    block.annotate(**{ORDER: [row["unit_id"] for row in of_unit]})
    for quality in trials.quality_names(dataset):
        if quality in UNIT_LABELS:
            raise InputError(
                f"{name}: quality column {quality!r} is called as a column of units; rename "
                f"quality_{quality} first (Dataset.rename)"
            )
        for row, value in zip(of_unit, trials.quality(dataset, quality), strict=True):
            row[quality] = _scalar(value)
    edges = trials.offsets(dataset)
    times, observed = dataset["spike_time"].values, dataset["observed"].values
    n_units = len(of_unit)
    for index, labels in enumerate(_rows(dataset, tuple(trials.TRIAL_COLUMNS))):
        segment = neo.Segment(name=f"trial {index}", index=index)
        segment.annotate(**labels)
        for unit in np.flatnonzero(observed[index]).tolist():
            cell = index * n_units + unit
            train = neo.SpikeTrain(
                times[edges[cell] : edges[cell + 1]],
                t_stop=labels["duration"],
                units="s",
                name=of_unit[unit]["unit_id"],
            )
            train.annotate(**of_unit[unit])
            segment.spiketrains.append(train)
        block.segments.append(segment)
    return block


def from_neo(
    block: "Block",
    *,
    recording: str | None = None,
    kind: str | None = None,
    segment: str | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Return the trials of a Block of Neo.

    Parameters
    ----------
    block : Block
        A Segment is a trial. Its SpikeTrains, in any unit of time, last equally long. A unit is
        known by the annotation `unit_id`, or else by the name of its SpikeTrains; in a trial that
        has no SpikeTrain of it, it was not observed. Annotations that are called as columns of the
        contract become these; others of SpikeTrains become quality columns if they are numbers or
        texts and the same in all trials.
    recording, kind : str, optional
        As `trials.assemble` takes them. Default: annotations of the Block, then its name and
        `data`.
    segment : str, optional
        Annotation of Segments that tells which part of the stimulus was shown, such as `direction`.
        Default: `segment`; without it all trials show the same.
    attributes : mapping, optional
        Of the trials file, beside the annotations of the Block with these names.

    Raises
    ------
    InputError
        Where there is no Segment or no SpikeTrain, one has no name, two of a Segment have the same
        or do not last equally long, and as `trials.assemble`.
    """
    said = dict(block.annotations)
    recording = recording or said.get("recording") or block.name
    if not recording:
        raise InputError("from_neo: the Block has no name; give recording, {session}.{stimulus}")
    if not any(len(one.spiketrains) for one in block.segments):
        raise InputError(f"{recording}: the Block has no SpikeTrain in any Segment")
    of_unit: dict[str, dict[str, Any]] = {}
    spans, labels, cells = [], [], []
    for index, one in enumerate(block.segments):
        where = f"{recording}: Segment {index}"
        trains = list(one.spiketrains)
        length = one.annotations.get("duration")
        if not trains and not isinstance(length, float):
            raise InputError(f"{where} has no SpikeTrain, so that its length is not known")
        spans.append(_span(trains, where) if trains else (0.0, length))
        labels.append(dict(one.annotations))
        cells.append(_cells(trains, of_unit, where))
    order = said.pop(ORDER, None)
    names = list(order) if order and set(order) == of_unit.keys() else list(of_unit)
    start, stop = np.array(spans).T
    found = _columns(labels)
    exact = found.get("duration")
    if exact is None or np.abs(exact - (stop - start)).max() > 1e-9:
        found["duration"] = stop - start
    if "start_time" not in found and start.any():
        found["start_time"] = start
    time, unit, trial, late = [], [], [], 0
    observed = np.zeros((len(cells), len(names)), bool)
    for index, trains_of in enumerate(cells):
        for name, train in trains_of.items():
            column = names.index(name)
            observed[index, column] = True
            within = np.asarray(train.rescale("s").magnitude, dtype=np.float64) - start[index]
            inside = within < found["duration"][index]
            late += int((~inside).sum())
            time.append(within[inside])
            unit.append(np.full(inside.sum(), column))
            trial.append(np.full(inside.sum(), index))
    if late:
        logger.warning("%s: %d spikes at the very end of a trial are left out", recording, late)
    spike_time, spike_count = trials.ragged(
        np.concatenate(trial), np.concatenate(unit), np.concatenate(time), observed.shape
    )
    units, quality = unit_columns(_columns([of_unit[name] for name in names]), np.array(names))
    known = {key: said[key] for key in said if key not in ("recording", "kind")}
    return trials.assemble(
        spike_time,
        spike_count,
        recording=recording,
        kind=kind or said.get("kind") or "data",
        trial=trial_columns(found, recording, segment),
        unit=units,
        quality=quality,
        observed=observed,
        attributes={
            "source": "spikedrift.exchange.neo",
            **({} if "contract_version" not in said else known),
            **(attributes or {}),
        },
    )


def _scalar(value: Any) -> Any:
    """A value as Python has it, which Neo can write."""
    return value.item() if isinstance(value, np.generic) else value


def _rows(dataset: xr.Dataset, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Columns of a Dataset as a mapping for every trial or unit."""
    columns = [dataset[name].values.tolist() for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _columns(rows: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Labels that all rows have and that are numbers or texts, as columns."""
    names = [name for name in rows[0] if all(name in row for row in rows)]
    values = {name: [row[name] for row in rows] for name in names}
    return {
        name: np.array(column)
        for name, column in values.items()
        if all(isinstance(one, int | float | str | np.generic) for one in column)
    }


def _span(trains: "list[SpikeTrain]", where: str) -> tuple[float, float]:
    """Start and stop that all SpikeTrains of a Segment share, s."""
    found = {
        (float(one.t_start.rescale("s").magnitude), float(one.t_stop.rescale("s").magnitude))
        for one in trains
    }
    if len(found) > 1:
        raise InputError(
            f"{where}: its SpikeTrains do not last equally long ({sorted(found)[0]} s and "
            f"{sorted(found)[-1]} s); cut them to one length (time_slice)"
        )
    return found.pop()


def _cells(
    trains: "list[SpikeTrain]", of_unit: dict[str, dict[str, Any]], where: str
) -> "dict[str, SpikeTrain]":
    """SpikeTrains of a Segment by unit; what they say of units goes into `of_unit`."""
    out: dict[str, SpikeTrain] = {}
    for number, one in enumerate(trains):
        name = str(one.annotations.get("unit_id", one.name or ""))
        if not name:
            raise InputError(
                f"{where}: SpikeTrain {number} has neither a name nor an annotation unit_id, so "
                "that its unit is not known"
            )
        if name in out:
            raise InputError(f"{where}: two SpikeTrains are of unit {name!r}")
        out[name] = one
        said = dict(one.annotations)
        before = of_unit.setdefault(name, said)
        for key in [key for key, value in before.items() if not _equal(value, said.get(key))]:
            del before[key]
    return out


def _equal(one: Any, other: Any) -> bool:
    """Whether two annotations are the same; NaN is NaN."""
    if isinstance(one, float) and isinstance(other, float) and np.isnan(one) and np.isnan(other):
        return True
    return bool(np.all(one == other))
