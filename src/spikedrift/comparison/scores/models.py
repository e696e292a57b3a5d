"""The model side of a comparison: runs by point, from drift files or from a survey."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from spikedrift.comparison.scores.summary import CODES, Run
from spikedrift.core.errors import InputError
from spikedrift.drift import gates
from spikedrift.drift.signal.recording import SUMS
from spikedrift.sweeps.coordinates import Coordinates
from spikedrift.sweeps.points import first_controls, told_apart


@dataclass(frozen=True)
class Failed:
    """An instance that is not compared: it diverged, was not accepted, or cannot be measured."""

    name: str
    reason: str
    state: str = gates.FAILED


@dataclass(frozen=True)
class Models:
    """Points of sweeps with their instances.

    Attributes
    ----------
    runs : dict of point -> runs
        A point is a variant at one value of each axis; one run an instance.
    coordinates : dict of point -> Coordinates
    titles : dict of point -> str
    control : str
        Variant without plasticity; empty where there is none, of several sweeps one a line.
    """

    runs: Mapping[str, Sequence[Run | Failed]]
    coordinates: Mapping[str, Coordinates]
    titles: Mapping[str, str]
    control: str

    @classmethod
    def read(
        cls,
        labels: Sequence[Mapping[str, Any]],
        rate: Sequence[str | Path],
        timing: Sequence[str | Path],
        index: Sequence[str | Path],
        profile: Sequence[str | Path],
    ) -> "Models":
        """Read the drift files of runs; all arguments have one entry for each run.

        Parameters
        ----------
        labels : sequence of mapping
            Of `spikedrift.sweeps.points.labels`, or of `told_apart`.
        rate, timing, index, profile : sequence of path

        Raises
        ------
        InputError
            As `Run.read`.
        """
        runs = [Run.read(*files) for files in zip(rate, timing, index, profile, strict=True)]
        return cls._grouped(labels, runs)

    @classmethod
    def of_survey(cls, data: xr.Dataset, recording: Run, several: bool = False) -> "Models":
        """Take the runs of a survey as `spikedrift.sweeps.survey.collect` puts them together.

        Parameters
        ----------
        data : Dataset
        recording : Run
            Its measures are those of the survey, since both come from one configuration.
        several : bool
            It is one sweep of several: names begin with its own.

        Raises
        ------
        InputError
            For a survey of an earlier version. That all runs failed is an outcome.
        """
        if "trial_duration" not in data and (data["status"] != "failed").any():
            raise InputError(
                f"survey {data.attrs.get('sweep')}: none of its runs can be compared, an earlier "
                "version made it; run it again"
            )
        axes = [str(name) for name in data.coords if str(name).startswith("axis_")]
        labels, runs = [], []
        numbered = "instance_number" in data.coords
        for p in range(data.sizes["point"]):
            point = data.isel(point=p)
            values = {name.removeprefix("axis_"): point[name].item() for name in axes}
            swept = {key: one for key, one in values.items() if not (pd.isna(one) or one == "")}
            label = {
                "point": str(point["name"].values),
                "variant": str(point["variant"].values),
                "title": str(point["point_title"].values),
                "variant_title": str(point["title"].values),
                "control": bool(point["control"].values),
                "axes": swept,
                "factors": [
                    name.removeprefix("axis_") for name in axes if data[name].attrs.get("factor")
                ],
            }
            if several:
                label = told_apart(label, str(data.attrs["sweep"]))
            for i, instance in enumerate(data["instance"].values.tolist()):
                number = point["instance_number"].item() if numbered else instance
                seed = f"{data.attrs['seed']}.{number}"
                labels.append({**label, "instance_seed": seed})
                name = f"{label['point']}, instance {instance}"
                runs.append(_surveyed(point.isel(instance=i), name, recording))
        return cls._grouped(labels, runs)

    @classmethod
    def joined(cls, parts: Sequence["Models"], sweeps: Sequence[str]) -> "Models":
        """Put the points of all parts side by side, in the order of the sweeps."""
        if len(parts) == 1 and len(sweeps) == 1:
            return parts[0]
        where = {key: at for part in parts for key, at in part.coordinates.items()}
        order = sorted(where, key=lambda key: sweeps.index(where[key].sweep))
        runs = {key: group for part in parts for key, group in part.runs.items()}
        titles = {key: title for part in parts for key, title in part.titles.items()}
        controls = [line for part in parts for line in part.control.splitlines()]
        return cls(
            {key: runs[key] for key in order},
            {key: where[key] for key in order},
            {key: titles[key] for key in order},
            "\n".join(controls),
        )

    @classmethod
    def _grouped(
        cls, labels: Sequence[Mapping[str, Any]], runs: Sequence[Run | Failed]
    ) -> "Models":
        by_point: dict[str, list[Run | Failed]] = {}
        seeds: dict[str, list[str]] = {}
        for label, run in zip(labels, runs, strict=True):
            by_point.setdefault(label["point"], []).append(run)
            seeds.setdefault(label["point"], []).append(label["instance_seed"])
        first = {label["point"]: label for label in reversed(labels)}
        return cls(
            by_point,
            {
                point: Coordinates(
                    first[point]["variant"],
                    first[point]["axes"],
                    tuple(seeds[point]),
                    str(first[point].get("variant_title", "")),
                    str(first[point].get("sweep", "")),
                    tuple(first[point]["factors"]),
                )
                for point in by_point
            },
            {point: first[point]["title"] for point in by_point},
            first_controls(labels, "variant"),
        )


def _surveyed(one: xr.Dataset, name: str, recording: Run) -> Run | Failed:
    """Files of a run as its drift analysis would have made them, from its summary."""
    if str(one["status"].values) == "failed":
        return Failed(name, str(one["reason"].values))
    if "accepted" in one and not one["accepted"]:
        reason = f"not accepted: {one['rejection'].item()}"
        return Failed(name, reason, gates.REJECTED)
    named = {
        "recording": name,
        "n_units": int(one["n_units"]),
        "n_segments": int(one["n_segments"]),
        "trial_duration": float(one["trial_duration"]),
    }

    def file(code: str) -> xr.Dataset:
        of = one.sel(code=code)
        return xr.Dataset(
            {
                "value": of["curve_value"],
                "n_pairs": of["curve_pairs"].fillna(0),
                "statistic_value": of["curve_statistic"],
                "reliability": of["reliability"],
            },
            attrs={**named, "kind": recording.curves(code).attrs["kind"], "code": code},
        )

    profile = xr.Dataset(
        {
            "value": one["correlation_value"],
            "n_pairs": one["correlation_pairs"].fillna(0),
            "statistic_value": one["profile"].rename(profile_statistic="statistic"),
        },
        attrs=named,
    )
    return Run(file("rate"), file("timing"), _drift(one).assign_attrs(named), profile)


def _drift(one: xr.Dataset) -> xr.Dataset:
    """Drift file of a run, with the variables that `spikedrift.drift.signal.recording` reads."""
    single = {f"signal_{name}": name for name in ("index", "gate", "chance")}
    numbers = one[list(single)].rename(single).expand_dims(matching=["none"])
    sums = one[list(SUMS)].drop_vars("lag", errors="ignore").rename(drift_lag="lag")
    aspects = one[["aspect_value", "aspect_note"]]
    return xr.merge([numbers, sums, aspects], combine_attrs="drop").sel(code=list(CODES))


def failures(runs: Mapping[str, Sequence[Run | Failed]]) -> str:
    """Reasons of the failed instances of every point that has some, with their numbers: JSON."""
    found: dict[str, dict[str, int]] = {}
    for point, group in runs.items():
        for run in group:
            if isinstance(run, Failed):
                counts = found.setdefault(point, {})
                reason = re.sub(r"^\S+: ", "", run.reason)  # without the run's name: one for all
                counts[reason] = counts.get(reason, 0) + 1
    return json.dumps(found)


def measured(
    runs: Mapping[str, Sequence[Run | Failed]],
) -> dict[str, list[Run]]:
    """Runs that did not fail."""
    return {key: [run for run in group if isinstance(run, Run)] for key, group in runs.items()}


def stacked(groups: Sequence[np.ndarray], most: int) -> np.ndarray:
    """Stack numbers of instances by point, NaN where a point has fewer than `most`."""
    out = np.full((len(groups), most, *groups[0].shape[1:]), np.nan)
    for row, group in zip(out, groups, strict=True):
        row[: len(group)] = group
    return out


def padded(
    runs: Mapping[str, Sequence[Run | Failed]], of: Any, shape: tuple[int, ...] = ()
) -> np.ndarray:
    """Numbers of every run: shape (n_points, most instances, *shape); NaN where there is no run.

    Parameters
    ----------
    runs : mapping of point -> runs
    of : callable
        Run -> number or array of the shape.
    shape : tuple
    """
    most = max(map(len, runs.values()), default=0)
    out = np.full((len(runs), most, *shape), np.nan)
    for row, group in zip(out, runs.values(), strict=True):
        for k, run in enumerate(group):
            if isinstance(run, Run):
                row[k] = of(run)
    return out
