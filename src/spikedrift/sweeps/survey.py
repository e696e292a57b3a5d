"""Surveys: every run of a sweep is simulated and summarized, and a failed run is kept as such.

The summary of a run is written at once to a store, under its recording id. An interrupted survey
therefore goes on where it stopped, and neither another size of the chunks nor a new point runs
anything again. A run is taken from the store if the digest of its code and options is the same.
"""

import json
import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from spikedrift import trials
from spikedrift.config.sweeps import Accept
from spikedrift.core import results
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.errors import InputError
from spikedrift.drift import gates
from spikedrift.networks import catalog, simulate
from spikedrift.networks.session_plan import NetworkRun
from spikedrift.networks.simulate import Simulated
from spikedrift.sweeps import acceptance
from spikedrift.sweeps.coordinates import axis_coordinates
from spikedrift.sweeps.matching import matched
from spikedrift.sweeps.points import Point
from spikedrift.sweeps.summary import Surveyed, failed, summary

log = logging.getLogger(__name__)

WORDS = ("status", "reason", "parameters")  # variables of a summary that are text


def survey(sweep: Surveyed, points: Sequence[Point], store: Path, build_dir: Path) -> xr.Dataset:
    """Summarize runs; those that are not yet in the store are simulated.

    Parameters
    ----------
    sweep : Surveyed
    points : sequence of Point
        Of one variant.
    store : Path
        Folder with one file for each run, written as soon as the run ends; `keep_trials` puts
        trials and traces into the folder `trials` beside it.
    build_dir : Path
        Cache of compiled programs.

    Returns
    -------
    Dataset
        Dim `run`, in the order of the points; variables as `summary` and `failed` make them.
    """
    found: dict[str, xr.Dataset] = {}
    kept = store.with_name("trials") if sweep.survey.keep_trials else None
    for point in points:
        stored = _stored(store / f"{point.recording}.nc", sweep.digest(point))
        if stored is None:
            continue
        lost = stored["status"].item() == "failed"
        if kept is None or lost or (kept / f"{point.recording}.nc").is_file():
            found[point.recording] = stored
    missing = [point for point in points if point.recording not in found]
    log.info("%d of %d runs are there already", len(found), len(points))
    for point, one in _simulated(sweep, missing, build_dir, kept):
        one.attrs["digest"] = sweep.digest(point)
        if not one.attrs["retry"]:
            write_netcdf(one, store / f"{point.recording}.nc")
        found[point.recording] = one
        told = f" ({one['reason'].item()})" if one["reason"].item() else ""
        log.info("%d of %d: %s, variant %s%s, instance %d: %s%s", len(found), len(points),
                 point.recording, point.variant,
                 "".join(f", {value}" for value in point.values),
                 point.instance, one["status"].item(), told)  # fmt: skip
    return joined([found[point.recording] for point in points])


def _stored(path: Path, digest: str) -> xr.Dataset | None:
    if not path.is_file():
        return None
    try:
        return results.read(path, digest=digest)
    except InputError as error:  # of other code, or damaged: it is made again
        log.info("%s", error)
        return None


def _simulated(
    sweep: Surveyed, points: Sequence[Point], build_dir: Path, kept: Path | None
) -> Iterator[tuple[Point, xr.Dataset]]:
    """Runs with their outcomes, one after another, or in batches that fit on a GPU."""
    model = catalog.get(sweep.network)
    runs = [
        NetworkRun(p.recording, p.parameters, p.seed, p.instance, sweep.trained.get(p.trained, ""))
        for p in points
    ]
    by_name = {point.recording: point for point in points}
    for batch in simulate.batches(model, sweep.options, runs):
        outcomes: Sequence[Simulated | Exception]
        try:
            with tempfile.TemporaryDirectory() as scratch:
                outcomes = simulate.simulate_batch(
                    model, sweep.options, batch, build_dir=build_dir, scratch_dir=Path(scratch)
                )
        except (RuntimeError, MemoryError) as error:
            outcomes = [error] * len(batch)
        for run, outcome in zip(batch, outcomes, strict=True):
            point = by_name[run.recording]
            if isinstance(outcome, Simulated):
                if kept is not None:
                    write_netcdf(outcome.traces, kept / f"{point.recording}.traces.nc")
                    trials.write(outcome.trials, kept / f"{point.recording}.nc")
                try:
                    yield point, summary(outcome, sweep, point)
                except InputError as error:
                    yield point, failed(point, error)
            else:
                yield point, failed(point, outcome)


def joined(runs: Sequence[xr.Dataset]) -> xr.Dataset:
    """Put runs side by side over dim `run`; variables that a run lacks are NaN there."""
    whole = xr.concat(
        runs, dim="run", data_vars="all", coords="minimal", compat="override", join="outer",
        combine_attrs="drop",
    )  # fmt: skip
    if "signal_gate" in whole:
        whole["signal_gate"] = whole["signal_gate"].where(whole["status"] != "failed", gates.FAILED)
        whole["signal_gate"] = whole["signal_gate"].astype(str)
        whole["aspect_note"] = whole["aspect_note"].where(whole["status"] != "failed", "")
        whole["aspect_note"] = whole["aspect_note"].astype(str)
    return whole.assign({name: whole[name].astype(str) for name in WORDS})


def collect(
    chunks: Sequence[xr.Dataset],
    points: Sequence[Point],
    title: str,
    software: Mapping[str, str],
    accept: Accept | None = None,
    match: float | None = None,
) -> tuple[xr.Dataset, pd.DataFrame]:
    """All runs of a survey as one data set, and as a table.

    Parameters
    ----------
    chunks : sequence of Dataset
        As `survey` returns them.
    points : sequence of Point
        All of the sweep.
    title : str
        Name of the sweep.
    software : mapping of package -> version
    accept : Accept, optional
        What a run must show to be compared.
    match : float, optional
        Tuning index to which the speed of drift is matched, `survey.match`.

    Returns
    -------
    data : Dataset
        Dims `point`, `instance` and those of the summaries; a failed run has its status and reason
        and NaN in all measures. By `point`: `variant`, `title`, `control`, `axis_{name}` (NaN
        or empty for a variant that is not swept; attribute `factor`, 1, where values multiply what
        a variant has), `name`, which says the values of the axes too,
        and `point_title`, what figures and pages call the point. Where points share no instance
        (`paired: false`), `instance` is 0 and `instance_number` (point) its number in the sweep.
        With `accept` what
        `spikedrift.sweeps.acceptance.accepted` says.
    table : DataFrame
        One row a run: recording, variant, point_title, axes, instance, status, reason, parameters;
        with `accept` also accepted and rejection; trained_repeats where training goes on until
        weights rest.
    """
    whole = joined([chunk.isel(run=[k]) for chunk in chunks for k in range(chunk.sizes["run"])])
    ids = list(dict.fromkeys(point.id for point in points))
    first = {point.id: point for point in reversed(points)}
    order = [point.recording for point in points]
    numbers = [point.instance for point in points]
    # Points that share no instance have one each, whose number is its own.
    unpaired = len(ids) > 1 and len(set(numbers)) == len(points)
    places = [0] * len(points) if unpaired else numbers
    n_instances = len(set(places))
    by_point = whole.sel(run=order).assign_coords(
        point=("run", [point.id for point in points]), instance=("run", places)
    )
    data = by_point.set_index(run=["point", "instance"]).unstack("run").sel(point=ids)
    names = list(dict.fromkeys(name for point in points for name in point.axes))
    columns: dict[str, Any] = {
        name: ("point", [getattr(first[key], name) for key in ids])
        for name in ("variant", "title", "control", "name")
    }
    columns["point_title"] = ("point", [first[key].words for key in ids])
    if unpaired:
        columns["instance_number"] = ("point", numbers)
    factors = {axis for point in first.values() for axis in point.factors}
    columns |= axis_coordinates([first[key].axes for key in ids], factors)
    data = data.assign_coords(columns)
    data.attrs = {
        "sweep": title,
        "seed": points[0].seed,
        "n_points": len(ids),
        "n_instances": n_instances,
        "n_failed": int((data["status"] == "failed").sum()),
        "unit_of_inference": "network instance (connectivity x patterns x noise)",
        "software": json.dumps(dict(software), sort_keys=True),
    }
    if match is not None and "signal_index" in data:
        data = matched(data, match)
        data.attrs["match"] = match
    said: tuple[str, ...] = ()
    if accept is not None:
        judged = acceptance.accepted(data, accept)
        data, said = data.merge(judged), ("accepted", "rejection")
        data.attrs["n_accepted"] = int(judged["accepted"].sum())
        data.attrs["accept"] = accept.model_dump_json()
    open_ = tuple(name for name in ("trained_repeats",) if name in data)
    rows = [
        {
            "recording": point.recording,
            "variant": point.variant,
            "point_title": point.words,
            **{f"axis_{name}": point.axes.get(name, np.nan) for name in names},
            "instance": point.instance,
            **{name: whole[name].sel(run=point.recording).item() for name in WORDS},
            **{
                name: data[name].sel(point=point.id, instance=place).item() for name in said + open_
            },
        }
        for point, place in zip(points, places, strict=True)
    ]
    return data, pd.DataFrame(rows)
