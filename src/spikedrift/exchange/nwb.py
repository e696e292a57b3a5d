"""Trials to and from NWB 2; `python -m spikedrift.exchange.nwb FROM TO` makes one of the other.

The file that is written is plain NWB: a table of units with their spike times in the session, a
table of trials with what was shown. What NWB has no place for, the attributes of the trials file,
stands as JSON in the scratch space. `from_nwb` makes the same trials of it; the source `nwb` reads
it as it reads any NWB file.
"""

import argparse
import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pynwb
import xarray as xr
from pynwb.core import VectorData, VectorIndex

from spikedrift import __version__, trials
from spikedrift.core.atomic import replacing
from spikedrift.core.errors import InputError
from spikedrift.exchange import timeline
from spikedrift.sources.hdf5 import reading
from spikedrift.sources.nwb_file import open_nwb
from spikedrift.sources.tables import column, spans
from spikedrift.sources.units import cut_units, observed_in, units

ATTRIBUTES = "spikedrift_attributes"  # name in the scratch space
ANIMAL = "animal "  # what the attribute `subject` of a recording begins with
NO_DATE = datetime(1970, 1, 1, tzinfo=UTC)
BEHAVIOR = {"running_speed": "cm/s", "pupil_area": "unit of the source"}
# Columns of the table of units that are no quality columns, and those that NWB keeps for itself.
OWN = ("spike_times", "obs_intervals", "unit_id", "population", "recording")
RESERVED = ("id", *(one["name"] for one in pynwb.misc.Units.__columns__))


def to_nwb(
    dataset: xr.Dataset, path: str | Path, *, session_start_time: datetime | None = None
) -> None:
    """Write trials as an NWB file, whole or not at all.

    Spike times are those of `timeline.trains`. `obs_intervals` are the trials in which a unit was
    observed: what happened between trials is not in the file. Ids of units that are whole numbers
    are the ids of the table; its column `unit_id` has all.

    Parameters
    ----------
    dataset : trials Dataset
        Of a recording or of a simulation.
    path : path
        Ends in `.nwb`.
    session_start_time : datetime, optional
        When the session began, with its time zone. A trials file does not know: by default it is 1
        January 1970, and the description of the session says that it is not known.

    Raises
    ------
    InputError
        As `timeline.trains` and `timeline.observed_spans`, for a quality column whose name NWB
        keeps for something else, for a time without a time zone, for another suffix.
    DiskError
        Where the disk refuses.
    """
    path = Path(path)
    if path.suffix != ".nwb":
        raise InputError(f"{path}: an NWB file is to be written, whose name must end in .nwb")
    trials.check(dataset)
    file = _session(dataset, session_start_time)
    file.add_time_intervals(_trials(dataset))
    file.units = _units(dataset)
    _add_behavior(file, dataset)
    file.add_scratch(
        json.dumps(dataset.attrs, sort_keys=True, default=lambda value: np.asarray(value).tolist()),
        name=ATTRIBUTES,
        description="attributes of the trials file of spikedrift, as JSON",
    )
    with replacing(path) as temporary, pynwb.NWBHDF5IO(str(temporary), "w") as io:
        io.write(file)


def from_nwb(path: str | Path) -> xr.Dataset:
    """Read the trials of a file that `to_nwb` wrote.

    All is as it was; spike times differ by no more than the rounding of `timeline.trains`, and by
    nothing where they were cut from a session.

    Raises
    ------
    InputError
        For a file that `to_nwb` did not write, whose tables were changed so that they no longer fit
        each other, or that is damaged; the message names the file.
    """
    where = str(path)
    with open_nwb(path) as nwb:
        attributes = _attributes(nwb, where)
        shown, of_units = nwb.trials, units(nwb, None, where)
        if shown is None:
            raise InputError(f"{where}: the table 'trials' is missing")
        trial = {name: column(shown, name, where) for name in trials.TRIAL_COLUMNS}
        start, stop = spans(shown, where)
        rows = np.arange(len(of_units))
        observed = observed_in(of_units, rows, start, stop, where)
        spike_time, spike_count = cut_units(of_units, rows, start, stop, observed, where)
        unit = {name: column(of_units, name, where) for name in trials.UNIT_COLUMNS}
        quality = {
            name: column(of_units, name, where) for name in of_units.colnames if name not in OWN
        }
    row = np.repeat(np.arange(spike_count.size) // rows.size, spike_count.ravel())
    spike_time = np.minimum(spike_time, np.nextafter(trial["duration"], 0)[row])
    try:
        return trials.assemble(
            spike_time,
            spike_count,
            recording=attributes.pop("recording"),
            kind=attributes.pop("kind"),
            trial=trial,
            unit=unit,
            quality=quality,
            observed=observed,
            attributes=attributes,
        )
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _session(dataset: xr.Dataset, began: datetime | None) -> pynwb.NWBFile:
    """The file without its tables: what it is, of whom, whom to cite."""
    about = dataset.attrs
    recording = str(about["recording"])
    if began is not None and began.tzinfo is None:
        raise InputError(
            f"{recording}: session_start_time {began} has no time zone; give it one, such as "
            "datetime(..., tzinfo=UTC)"
        )
    session, _, stimulus = recording.partition(".")
    what = {"data": "recording", "model": "simulation", "synthetic": "synthetic recording"}
    unknown = "" if began is not None else "; its date is not known, and 1970-01-01 stands for it"
    file = pynwb.NWBFile(
        f"{what[about['kind']]} {recording}, cut into trials by spikedrift {__version__}{unknown}",
        recording,
        began or NO_DATE,
        session_id=session,
        stimulus_notes=stimulus or None,
        notes=about["assumptions"] or None,
        related_publications=(about["citation"],) if about["citation"] else None,
        source_script=about["source"] or None,
        source_script_file_name=about["source"] or None,
    )
    if (animal := str(about["subject"])).startswith(ANIMAL):
        file.subject = pynwb.file.Subject(subject_id=animal.removeprefix(ANIMAL))
    return file


def _plain(values: np.ndarray) -> Any:
    """Values of a column as NWB writes them: texts as a list."""
    return values.astype(str).tolist() if values.dtype.kind in "OUT" else values


def _trials(dataset: xr.Dataset) -> pynwb.epoch.TimeIntervals:
    """Table of trials: start, stop and all columns of the contract."""
    start, stop = timeline.edges(dataset)
    columns = [
        VectorData(name="start_time", description="start of the trial, s", data=start),
        VectorData(name="stop_time", description="end of the trial, s", data=stop),
    ]
    for name, (_, _, unit, meaning) in trials.TRIAL_COLUMNS.items():
        if name != "start_time":
            said = meaning if unit == "1" else f"{meaning}; {unit}"
            columns.append(
                VectorData(name=name, description=said, data=_plain(dataset[name].values))
            )
    return pynwb.epoch.TimeIntervals(
        name="trials", description="showings of a part of the stimulus", columns=columns
    )


def _units(dataset: xr.Dataset) -> pynwb.misc.Units:
    """Table of units: spike times in the session, when they are known, quality."""
    names = dataset["unit_id"].values.astype(str)
    columns: list[VectorData] = []
    for name, about, rows in (
        ("spike_times", "spikes in the session, s; in trials alone", timeline.trains(dataset)),
        ("obs_intervals", "trials in which the unit was observed; start and stop, s",
         timeline.observed_spans(dataset)),
    ):  # fmt: skip
        data = VectorData(name=name, description=about, data=np.concatenate(rows))
        end = np.cumsum([len(row) for row in rows]).astype(np.uint64)
        columns += [data, VectorIndex(name=f"{name}_index", data=end, target=data)]
    described = {name: trials.UNIT_COLUMNS[name][3] for name in trials.UNIT_COLUMNS}
    for name, meaning in described.items():
        columns.append(
            VectorData(name=name, description=meaning, data=_plain(dataset[name].values))
        )
    for name in trials.quality_names(dataset):
        if name in (*OWN, *RESERVED) or set(name) & set("/:") or hasattr(pynwb.misc.Units, name):
            raise InputError(
                f"{dataset.attrs['recording']}: quality column {name!r} cannot be a column of "
                f"units in NWB; rename quality_{name} first (Dataset.rename)"
            )
        columns.append(
            VectorData(
                name=name, description="quality of the unit, of its source",
                data=_plain(trials.quality(dataset, name)),
            )
        )  # fmt: skip
    return pynwb.misc.Units(
        name="units", description=f"units of {dataset.attrs['recording']}", id=_ids(names),
        columns=columns,
    )  # fmt: skip


def _ids(names: np.ndarray) -> list[int]:
    """Ids of units where all are whole numbers as NWB has them, otherwise numbers from 0."""
    whole = all(name.isascii() and name.isdigit() and len(name) < 10 for name in names)
    if whole and all(str(int(name)) == name for name in names):
        return [int(name) for name in names]
    return list(range(names.size))


def _add_behavior(file: pynwb.NWBFile, dataset: xr.Dataset) -> None:
    """Add series of behavior, a sample in the middle of each trial, where trials do not overlap."""
    start, stop = timeline.edges(dataset)
    if timeline.overlap(start, stop):  # a sample would count in several trials
        return
    order = np.argsort(start, kind="stable")
    known = {name: dataset[name].values for name in BEHAVIOR if dataset[name].notnull().any()}
    if known:
        module = file.create_processing_module("behavior", "means over trials")
        for name, values in known.items():
            module.add(
                pynwb.TimeSeries(
                    name=name,
                    description="mean over a trial, at its middle",
                    data=values[order],
                    unit=BEHAVIOR[name],
                    timestamps=((start + stop) / 2)[order],
                )
            )


def _attributes(nwb: pynwb.NWBFile, where: str) -> dict[str, Any]:
    """Attributes of the trials file, from the scratch space."""
    with reading(f"{where}: attributes of the trials"):
        found: Mapping[str, Any] = nwb.scratch or {}
        if ATTRIBUTES not in found:
            raise InputError(
                f"{where}: not written by spikedrift (no {ATTRIBUTES!r} in its scratch space); the "
                "source nwb reads any NWB file (docs/adding-a-data-set.md)"
            )
        try:
            said = json.loads(str(found[ATTRIBUTES].data))
        except ValueError:
            said = None
    if not isinstance(said, dict) or not {"recording", "kind"} <= said.keys():
        raise InputError(f"{where}: {ATTRIBUTES!r} in its scratch space must be JSON of a mapping")
    return said


def main(arguments: list[str]) -> None:
    """Make an NWB file of a trials file, or the other way round."""
    parser = argparse.ArgumentParser(
        prog="python -m spikedrift.exchange.nwb",
        description="Make an NWB file of a trials file, or a trials file of such an NWB file.",
    )
    parser.add_argument("given", type=Path, help="a trials file (.nc), or an NWB file (.nwb)")
    parser.add_argument("made", type=Path, help="the other one")
    parser.add_argument(
        "--pause",
        type=float,
        metavar="S",
        help="put trials one after the other, so many seconds apart, where their times are not "
        "known",
    )
    asked = parser.parse_args(arguments)
    logging.basicConfig(format="%(message)s")
    if asked.given.suffix == ".nwb":
        dataset = from_nwb(asked.given)
        trials.write(dataset, asked.made)
    else:
        dataset = trials.read(asked.given)
        if asked.pause is not None:
            dataset = timeline.end_to_end(dataset, asked.pause)
        to_nwb(dataset, asked.made)
    print(f"{asked.made}: {dataset.sizes['unit']} units, {dataset.sizes['trial']} trials")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except InputError as found:
        sys.exit(f"spikedrift: {found}")
