"""Whether a model and a recording are alike in what must be alike before drift is compared.

A variant is judged by its drift only where rate, irregularity, sparseness, discrimination and
reliability are those of the recording: all of them move what drift looks like.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from spikedrift.comparison.scores.models import Failed, padded
from spikedrift.comparison.scores.summary import CODES, STATISTICS, Run, vector
from spikedrift.config.compare import Compare
from spikedrift.stats.covariance import spread

RELIABILITIES = tuple(f"{code}_reliability" for code in CODES)
TRAITS = (*STATISTICS, *RELIABILITIES)
TITLES = {name: one.title for name, one in STATISTICS.items()} | {
    f"{code}_reliability": f"{code}: reliability" for code in CODES
}


def traits(runs: Mapping[str, Sequence[Run | Failed]], lag: int) -> np.ndarray:
    """All statistics and reliabilities of every run, drops over the lags up to `lag`.

    Returns
    -------
    array, shape (n_points, most instances, n_traits)
        NaN for failed runs.
    """

    def of(run: Run) -> np.ndarray:
        return np.concatenate([vector(run.parts(lag), list(STATISTICS)), run.reliability()])

    return padded(runs, of, (len(TRAITS),))


def differences(
    recording: Run, points: Sequence[str], instance_trait: np.ndarray, options: Compare
) -> xr.Dataset:
    """Compare everything that is known of a recording with every point, beside the score.

    Parameters
    ----------
    recording : Run
    points : sequence of str
    instance_trait : array, shape (n_points, n_instances, n_traits)
        As `traits` gives it.
    options : Compare

    Returns
    -------
    Dataset
        Dims `point`, `instance`, `trait` (all statistics and reliabilities), `compared_trait`
        (those of `options.comparable_on`).

        * `recording_trait`, `recording_trait_sd` (trait): values, and standard deviations over the
          bootstrap of units; NaN for reliabilities, of which a bootstrap is not valid.
        * `instance_trait` (point, instance, trait), not scaled.
        * `trait_difference` (point, compared_trait): mean of the instances less the recording,
          over the root of sampling variance plus variance of instances within points (twice the
          latter where the former is not known); NaN where neither is known.
        * `incomparable` (point): whether some trait difference is beyond
          `options.incomparable_above`.
    """
    x, y = instance_trait, traits({"": [recording]}, recording.largest_lag())[0, 0]
    samples = vector(recording.bootstrap_parts(), list(STATISTICS))
    sampling = np.concatenate([spread([samples]), np.full(len(CODES), np.nan)])
    within = spread(list(x))
    total = np.where(np.isfinite(sampling), sampling, within) + np.nan_to_num(within)
    place = [TRAITS.index(name) for name in options.comparable_on]
    n = np.isfinite(x).sum(axis=1)
    mean = np.divide(np.nansum(x, axis=1), n, out=np.full(n.shape, np.nan), where=n > 0)
    scale = np.sqrt(np.where(total > 0, total, np.nan))
    difference = ((mean - y) / scale)[:, place]
    return xr.Dataset(
        {
            "recording_trait": ("trait", y),
            "recording_trait_sd": ("trait", np.sqrt(sampling)),
            "instance_trait": (("point", "instance", "trait"), x),
            "trait_difference": (("point", "compared_trait"), difference),
            "incomparable": (
                "point",
                (np.abs(difference) > options.incomparable_above).any(axis=1),
            ),
        },
        coords={
            "point": list(points),
            "trait": list(TRAITS),
            "compared_trait": list(options.comparable_on),
        },
    )


def of_trials(recording: Run, runs: Sequence[Run]) -> str:
    """Say whether trials of a recording and of models are equally long, with as many segments."""
    duration, segments = recording.trials
    models = sorted({(round(run.trials[0], 6), run.trials[1]) for run in runs})
    own = f"trials of {duration:.4g} s, {segments} segments"
    if not np.isfinite(duration) or not models:
        return ""
    if models == [(round(duration, 6), segments)]:
        return f"Recording and models: {own} (the same)."
    theirs = "; ".join(f"trials of {lasting:.4g} s, {n} segments" for lasting, n in models)
    return (
        f"Not the same: {own} in the recording, {theirs} in the models; options duration and "
        "segments of the selection and the survey make them so."
    )


def words(found: xr.Dataset, options: Compare) -> str:
    """Say how many points are not comparable, and in what, and of how many it is not known."""
    difference = found["trait_difference"].values
    beyond, known = np.abs(difference) > options.incomparable_above, np.isfinite(difference)
    run = known.any(axis=1)
    seen, size = int(run.sum()), found.sizes["point"]

    def listed(those: np.ndarray) -> str:
        return ", ".join(
            f"{TITLES[str(name)]} ({count})"
            for name, count in zip(found["compared_trait"].values, those.sum(axis=0), strict=True)
            if count
        )

    said = []
    if n := int(beyond.any(axis=1).sum()):
        with_runs = f" with runs that are compared ({size} in all)" * (seen < size)
        said.append(
            f"{n} of {seen} points{with_runs} are more than {options.incomparable_above:g} SD from "
            f"the recording in {listed(beyond)}: their drift is not compared at equal terms."
        )
    unknown = run[:, None] & ~known
    if n := int(unknown.any(axis=1).sum()):
        said.append(
            f"Of {n} of {seen} points it is not known whether they are like the recording in "
            f"{listed(unknown)}."
        )
    return " ".join(said)
