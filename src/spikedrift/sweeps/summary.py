"""Summary of a run of a survey: what it learned, how far it drifted, and what a comparison reads.

A run whose blocks are chosen by how far it drifted (`survey.match`) has one summary for each later
block, held against the first, over dim `pair`; `spikedrift.sweeps.matching` chooses among them once
all instances of a point are there.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from spikedrift import trials
from spikedrift.config.drift import DriftOptions
from spikedrift.config.networks import NetworkOptions
from spikedrift.config.selections import Selection
from spikedrift.config.similarity import MeasureEntry
from spikedrift.config.sweeps import Survey
from spikedrift.core.errors import DiskError
from spikedrift.drift.curves import curve_values, reliabilities
from spikedrift.drift.discrimination import discrimination
from spikedrift.drift.profile import profile_values
from spikedrift.drift.signal.indices import CODES
from spikedrift.drift.signal.recording import SUMS, aspects_over_blocks, drift_values
from spikedrift.networks.simulate import Simulated
from spikedrift.similarity.matrix import similarity
from spikedrift.simulation.run import Ended
from spikedrift.spikes import selections
from spikedrift.sweeps import acceptance
from spikedrift.sweeps.matching import gaps, pairs
from spikedrift.sweeps.points import Point

PROBES = ("naive", "block")


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
    trained : mapping of name -> path
        Files of the trainings that points begin with.
    """

    network: str
    options: NetworkOptions
    survey: Survey
    measures: Mapping[str, Mapping[str, Any]]
    source: str
    trained: Mapping[str, str] = field(default_factory=dict)

    def digest(self, point: Point) -> str:
        """Digest of all that a run's summary depends on."""
        kept = self.survey.model_dump(mode="json", exclude={"chunk", "keep_trials", "match"})
        kept["pairs"] = self.survey.match is not None
        asked = [self.source, point.id, point.seed, point.instance, kept, dict(self.measures)]
        read = [*point.files, *point.shared, *filter(None, [self.trained.get(point.trained)])]
        asked += [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in read]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


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
        ensembles at the end), `settling_change`, `mean_rate` (Hz); what the traces have by `cue`
        and by `pause`; and what `of_blocks` returns of all blocks. With `survey.match` that is
        asked of every later block and the first, over dim `pair`, and `pair_gap` (pair) is the time
        between the two; s.

    Raises
    ------
    InputError
        For a run without what is measured, such as too few units.
    """
    traces, data = simulated.traces, simulated.trials
    staged = {
        name: variable.variable
        for name, variable in traces.data_vars.items()
        if variable.dims in (("stage",), ("population", "stage"), ("cue",), ("pause",))
    }
    whole = xr.Dataset(
        staged
        | {
            "status": ((), traces.attrs["status"]),
            "reason": ((), traces.attrs["status_reason"]),
            "weight_ratio_last": ((), _last(traces.get("weight_ratio")), {"units": "1"}),
            "settling_change": ((), float(traces.attrs["settling_change"]), {"units": "1"}),
            "mean_rate": ((), float(data.attrs["mean_rate"]), {"units": "Hz"}),
            **{
                name: ((), float(data.attrs[name]), {"units": "1"})
                for name in ("trained_repeats", "came_to_rest")
                if name in data.attrs
            },
        },
        coords={
            name: traces[name].values
            for name in ("stage", "population", "cue", "pause")
            if name in traces.coords
        },
    )
    seen = Selection(
        name="survey",
        phases=PROBES,
        units=sweep.survey.units,
        duration=sweep.survey.duration,
        segments=sweep.survey.segments,
    )
    probed = selections.apply(data, seen, point.seed)
    blocks = selections.apply(data, seen.model_copy(update={"phases": ("block",)}), point.seed)
    if sweep.survey.match is None:
        measured = of_blocks(probed, blocks, traces, sweep, point)
    else:
        later = pairs(data)
        parts = [of_blocks(probed, blocks, traces, sweep, point, (0, one)) for one in later]
        measured = xr.concat(parts, dim="pair", join="outer", combine_attrs="drop")
        measured = measured.assign_coords(pair=later)
        # What takes three blocks is of the whole session, whichever pair is chosen.
        options = DriftOptions(index=sweep.survey.index)
        over = aspects_over_blocks(blocks, options, point.seed)
        for name in over:
            of_two = measured[name].isel(aspect=~measured["aspect"].isin(over["aspect"]).values)
            measured[name] = xr.concat([of_two, over[name].expand_dims(pair=later)], "aspect")
        measured["pair_gap"] = ("pair", gaps(traces, later), {"units": "s"})
    return _labeled(whole.merge(measured), point, retry=0)


def of_blocks(
    probed: xr.Dataset,
    blocks: xr.Dataset,
    traces: xr.Dataset,
    sweep: Surveyed,
    point: Point,
    pair: tuple[int, int] | None = None,
) -> xr.Dataset:
    """What a summary says of some blocks.

    Parameters
    ----------
    probed, blocks : trials Dataset
        What the measures see of the phases naive and block, and of the phase block.
    traces : Dataset
        As `spikedrift.networks.simulate` gives them.
    sweep : Surveyed
    point : Point
    pair : tuple of int, optional
        Two blocks by their place in the session, from 0; default: all.

    Returns
    -------
    Dataset
        `discrimination` (probe, code), S of segments in the phases naive and block (NaN for a
        phase that is not there); `signal_index`, `signal_p` (code) between blocks, NaN where there
        is none, and `signal_gate` (code), which says why (`spikedrift.drift.gates`); `n_units`,
        `n_segments` and `trial_duration` (s) of what the measures saw; and what a comparison with a
        recording reads: `signal_chance` (code) and the sums over units of
        `spikedrift.drift.signal.recording.drift_values`, `aspect_value` and `aspect_note` (aspect)
        of it, and see `compared`; and what
        `spikedrift.sweeps.acceptance.measured` returns.
    """
    if pair is not None:
        number = np.unique(blocks["block"].values)[list(pair)]
        probed, blocks = (
            trials.select(of, trials=((of["phase"] != "block") | of["block"].isin(number)).values)
            for of in (probed, blocks)
        )
    values = np.full((len(PROBES), len(CODES)), np.nan)
    for j, code in enumerate(CODES):
        of = sweep.measures[code]
        table = discrimination(similarity(probed, of["measure"], of["options"]))
        for i, probe in enumerate(PROBES):
            values[i, j] = table.loc[table["phase"] == probe, "value"].mean()
    drift = drift_values(blocks, DriftOptions(index=sweep.survey.index), point.seed)
    index = drift.sel(matching="none", drop=True)
    one = xr.Dataset(
        {
            "discrimination": (("probe", "code"), values, {"units": "1"}),
            "signal_index": ("code", index["index"].values, {"units": "1"}),
            "signal_p": ("code", index["p_value"].values, {"units": "1"}),
            "signal_gate": ("code", index["gate"].values.astype(str)),
            "signal_chance": ("code", index["chance"].values),
            **{name: _by_code(drift[name]) for name in SUMS},
            "aspect_value": ("aspect", drift["aspect_value"].values, {"units": "1"}),
            "aspect_note": ("aspect", drift["aspect_note"].values),
            "n_units": ((), float(blocks.sizes["unit"])),
            "n_segments": ((), float(drift.attrs["n_segments"])),
            "trial_duration": ((), float(drift.attrs["trial_duration"]), {"units": "s"}),
        },
        coords={
            "probe": list(PROBES),
            "code": list(CODES),
            "aspect": drift["aspect"].values,
            "relation": drift["relation"].values,
            "drift_lag": drift["lag"].values,
        },
    )
    asked = acceptance.measured(traces, drift["depth"], pair)
    return one.merge(asked).merge(compared(blocks, sweep, point.seed))


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
    entries = [MeasureEntry(name=code, **sweep.measures[code]) for code in CODES]
    parts = [curve_values(blocks, entry, seed) for entry in entries]
    curves = xr.concat(parts, dim="code", combine_attrs="drop").rename(
        value="curve_value", n_pairs="curve_pairs", statistic_value="curve_statistic"
    )
    reliability = reliabilities(blocks, entries, sweep.survey.halves, seed)
    curves = curves.assign(reliability=("code", reliability)).assign_coords(code=list(CODES))
    profile = profile_values(blocks, seed).rename(
        value="correlation_value", n_pairs="correlation_pairs", statistic_value="profile",
        statistic="profile_statistic",
    )  # fmt: skip
    return curves.merge(profile, combine_attrs="drop")


def _labeled(one: xr.Dataset, point: Point, retry: int) -> xr.Dataset:
    one["parameters"] = ((), json.dumps(point.parameters, sort_keys=True))
    one = one.assign_coords(run=point.recording)
    return one.assign_attrs(seed=point.seed, instance=point.instance, retry=retry)
