"""Surveys: every run of a sweep is simulated and summarized, and a failed run is kept as such.

The summary of a run is written at once to a store, under its recording id. An interrupted survey
therefore goes on where it stopped, and neither another size of the chunks nor a new point runs
anything again. A run is taken from the store if the digest of its code and options is the same.
"""

import hashlib
import json
import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from spikedrift import trials
from spikedrift.config.drift import CurveOptions, DriftOptions
from spikedrift.config.networks import NetworkOptions
from spikedrift.config.selections import Selection
from spikedrift.config.similarity import MeasureEntry
from spikedrift.config.sweeps import Accept, Survey
from spikedrift.core import results
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.errors import DiskError, InputError
from spikedrift.drift import gates
from spikedrift.drift.curves import curve_values, unit_halves
from spikedrift.drift.discrimination import discrimination
from spikedrift.drift.profile import profile_values
from spikedrift.drift.signal.indices import CODES
from spikedrift.drift.signal.recording import SUMS, drift_values
from spikedrift.networks import catalog, simulate
from spikedrift.networks.session_plan import NetworkRun
from spikedrift.networks.simulate import Simulated
from spikedrift.similarity.matrix import similarity
from spikedrift.simulation.run import Ended
from spikedrift.spikes import selections
from spikedrift.sweeps import acceptance
from spikedrift.sweeps.coordinates import axis_columns
from spikedrift.sweeps.points import Point

log = logging.getLogger(__name__)

PROBES = ("naive", "block")
WORDS = ("status", "reason", "parameters")  # variables of a summary that are text


@dataclass(frozen=True)
class Surveyed:
    """A sweep that is surveyed.

    Attributes
    ----------
    network : str
    options : NetworkOptions
        Options of the sweep, which points change.
    survey : Survey
    measures : mapping of code (rate, timing) -> {measure, options}
        Similarity measures by which discrimination of patterns is read.
    source : str
        Digest of the source code.
    """

    network: str
    options: NetworkOptions
    survey: Survey
    measures: Mapping[str, Mapping[str, Any]]
    source: str

    def digest(self, point: Point) -> str:
        """Digest of all that a run's summary depends on."""
        kept = self.survey.model_dump(mode="json", exclude={"chunk", "keep_trials"})
        asked = [self.source, point.id, point.seed, point.instance, kept, dict(self.measures)]
        asked += [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in point.files]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


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
                 "".join(f", {name} {value}" for name, value in point.axes.items()),
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
    runs = [NetworkRun(p.recording, p.parameters, p.seed, p.instance) for p in points]
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


def failed(point: Point, error: Exception) -> xr.Dataset:
    """Outcome of a run without a result: `status` (failed) and its `reason`.

    Attribute `retry` is 1 for a run that was ended from outside (out of memory, killed, a full
    disk), which is tried again, and 0 for others, which would fail again.
    """
    words = {"status": "failed", "reason": str(error) or type(error).__name__}
    again = isinstance(error, MemoryError | Ended | DiskError)
    return _labeled(xr.Dataset({k: ((), v) for k, v in words.items()}), point, retry=int(again))


def summary(simulated: Simulated, sweep: Surveyed, point: Point) -> xr.Dataset:
    """Summary of a run in numbers.

    Parameters
    ----------
    simulated : Simulated
    sweep : Surveyed
    point : Point

    Returns
    -------
    Dataset
        `status` and `reason` of the network's activity; every measure of learning and of stability
        that the traces have by stage; `weight_ratio_last` (weight within over between
        ensembles at the end), `settling_change`, `mean_rate` (Hz); `discrimination` (probe, code),
        S of segments in the phases naive and block (NaN for a phase that is not there);
        `signal_index`, `signal_p` (code) between blocks, NaN where there is none, and `signal_gate`
        (code), which says why (`spikedrift.drift.gates`); `n_units`, `n_segments` and
        `trial_duration` (s) of what the measures saw; and what a comparison with a recording reads:
        `signal_chance` (code) and the sums over units of
        `spikedrift.drift.signal.recording.drift_values`, and see `compared`; and what
        `spikedrift.sweeps.acceptance.measured` returns.
    """
    traces, data = simulated.traces, simulated.trials
    seen = Selection(
        name="survey",
        phases=PROBES,
        units=sweep.survey.units,
        duration=sweep.survey.duration,
        segments=sweep.survey.segments,
    )
    probed = selections.apply(data, seen, point.seed)
    values = np.full((len(PROBES), len(CODES)), np.nan)
    for j, code in enumerate(CODES):
        of = sweep.measures[code]
        table = discrimination(similarity(probed, of["measure"], of["options"]))
        for i, probe in enumerate(PROBES):
            values[i, j] = table.loc[table["phase"] == probe, "value"].mean()
    blocks = selections.apply(data, seen.model_copy(update={"phases": ("block",)}), point.seed)
    drift = drift_values(blocks, DriftOptions(index=sweep.survey.index), point.seed)
    index = drift.sel(matching="none", drop=True)
    staged = {
        name: variable.variable
        for name, variable in traces.data_vars.items()
        if variable.dims in (("stage",), ("population", "stage"))
    }
    one = xr.Dataset(
        staged
        | {
            "status": ((), traces.attrs["status"]),
            "reason": ((), traces.attrs["status_reason"]),
            "weight_ratio_last": ((), _last(traces.get("weight_ratio")), {"units": "1"}),
            "settling_change": ((), float(traces.attrs["settling_change"]), {"units": "1"}),
            "mean_rate": ((), float(data.attrs["mean_rate"]), {"units": "Hz"}),
            "discrimination": (("probe", "code"), values, {"units": "1"}),
            "signal_index": ("code", index["index"].values, {"units": "1"}),
            "signal_p": ("code", index["p_value"].values, {"units": "1"}),
            "signal_gate": ("code", index["gate"].values.astype(str)),
            "signal_chance": ("code", index["chance"].values),
            **{name: _by_code(drift[name]) for name in SUMS},
            "n_units": ((), float(blocks.sizes["unit"])),
            "n_segments": ((), float(drift.attrs["n_segments"])),
            "trial_duration": ((), float(drift.attrs["trial_duration"]), {"units": "s"}),
        },
        coords={
            "probe": list(PROBES),
            "code": list(CODES),
            "stage": traces["stage"].values,
            "population": traces["population"].values,
            "relation": drift["relation"].values,
            "drift_lag": drift["lag"].values,
        },
    )
    asked = acceptance.measured(traces, drift["depth"])
    one = one.merge(asked).merge(compared(blocks, sweep, point.seed))
    return _labeled(one, point, retry=0)


def _last(values: xr.DataArray | None) -> float:
    return np.nan if values is None else float(values[-1])


def _by_code(sums: xr.DataArray) -> tuple[tuple[str, ...], np.ndarray]:
    dims = ("code", "relation", "drift_lag")[: sums.ndim]
    return dims, sums.transpose("code", ...).values


def compared(blocks: xr.Dataset, sweep: Surveyed, seed: int) -> xr.Dataset:
    """Results of a run that a comparison reads: curves, their statistics, reliability, profile.

    Returns
    -------
    Dataset
        `curve_value`, `curve_pairs` (code, relation, lag), `curve_statistic` (code,
        statistic), `reliability` (code): as `spikedrift.drift.curves` gives them;
        `correlation_value`, `correlation_pairs` (correlation, relation, lag), `profile`
        (profile_statistic): as `spikedrift.drift.profile`.
    """
    halves, parts = CurveOptions(halves=sweep.survey.halves), []
    for code in CODES:
        entry = MeasureEntry(name=code, **sweep.measures[code])
        curve = curve_values(blocks, entry, seed).rename(
            value="curve_value", n_pairs="curve_pairs", statistic_value="curve_statistic"
        )
        parts.append(curve.assign(reliability=unit_halves(blocks, entry, halves, seed).reliability))
    curves = xr.concat(parts, dim="code", combine_attrs="drop").assign_coords(code=list(CODES))
    profile = profile_values(blocks, seed).rename(
        value="correlation_value", n_pairs="correlation_pairs", statistic_value="profile",
        statistic="profile_statistic",
    )  # fmt: skip
    return curves.merge(profile, combine_attrs="drop")


def _labeled(one: xr.Dataset, point: Point, retry: int) -> xr.Dataset:
    one["parameters"] = ((), json.dumps(point.parameters, sort_keys=True))
    one = one.assign_coords(run=point.recording)
    return one.assign_attrs(seed=point.seed, instance=point.instance, retry=retry)


def joined(runs: Sequence[xr.Dataset]) -> xr.Dataset:
    """Put runs side by side over dim `run`; variables that a run lacks are NaN there."""
    whole = xr.concat(
        runs, dim="run", data_vars="all", coords="minimal", compat="override", join="outer",
        combine_attrs="drop",
    )  # fmt: skip
    if "signal_gate" in whole:
        whole["signal_gate"] = whole["signal_gate"].where(whole["status"] != "failed", gates.FAILED)
        whole["signal_gate"] = whole["signal_gate"].astype(str)
    return whole.assign({name: whole[name].astype(str) for name in WORDS})


def collect(
    chunks: Sequence[xr.Dataset],
    points: Sequence[Point],
    title: str,
    software: Mapping[str, str],
    accept: Accept | None = None,
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

    Returns
    -------
    data : Dataset
        Dims `point`, `instance` and those of the summaries; a failed run has its status and reason
        and NaN in all measures. By `point`: `variant`, `title`, `control`, `axis_{name}` (NaN
        or empty for a variant that is not swept), `name` and `point_title`, which say the values
        of the axes too. With `accept` what `spikedrift.sweeps.acceptance.accepted` says.
    table : DataFrame
        One row a run: recording, variant, axes, instance, status, reason, parameters; with
        `accept` also accepted and rejection.
    """
    whole = joined([chunk.isel(run=[k]) for chunk in chunks for k in range(chunk.sizes["run"])])
    ids = list(dict.fromkeys(point.id for point in points))
    first = {point.id: point for point in reversed(points)}
    n_instances = len({point.instance for point in points})
    order = [point.recording for point in points]
    by_point = whole.sel(run=order).assign_coords(
        point=("run", [point.id for point in points]),
        instance=("run", [point.instance for point in points]),
    )
    data = by_point.set_index(run=["point", "instance"]).unstack("run").sel(point=ids)
    names = list(dict.fromkeys(name for point in points for name in point.axes))
    columns: dict[str, Any] = {
        name: ("point", [getattr(first[key], name) for key in ids])
        for name in ("variant", "title", "control", "name")
    }
    columns["point_title"] = ("point", [first[key].words for key in ids])
    axes = axis_columns([first[key].axes for key in ids])
    columns |= {name: ("point", column) for name, column in axes.items()}
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
    said: tuple[str, ...] = ()
    if accept is not None:
        judged = acceptance.accepted(data, accept)
        data, said = data.merge(judged), ("accepted", "rejection")
        data.attrs["n_accepted"] = int(judged["accepted"].sum())
        data.attrs["accept"] = accept.model_dump_json()
    rows = [
        {
            "recording": point.recording,
            "variant": point.variant,
            **{f"axis_{name}": point.axes.get(name, np.nan) for name in names},
            "instance": point.instance,
            **{name: whole[name].sel(run=point.recording).item() for name in WORDS},
            **{
                name: data[name].sel(point=point.id, instance=point.instance).item()
                for name in said
            },
        }
        for point in points
    ]
    return data, pd.DataFrame(rows)
