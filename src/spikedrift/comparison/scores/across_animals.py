"""Several animals: the point nearest to all but one animal, and its score on the one left out.

The covariance is that between animals, which a single recording cannot give. It needs five animals;
with fewer, only the covariance within a recording is known.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from spikedrift.comparison.scores.distance import Fit, fit, freedom
from spikedrift.comparison.scores.usable import unshared
from spikedrift.config.compare import MIN_ANIMALS, Compare
from spikedrift.core.errors import InputError
from spikedrift.spikes.caveats import subject_of
from spikedrift.stats.covariance import pooled, shrunk


def leave_one_out(scores: Sequence[xr.Dataset], options: Compare | None = None) -> xr.Dataset:
    """Leave out each animal in turn: the best point by the others, and its score on that animal.

    Recordings of one animal are averaged. Of the animals that are left, the covariance between
    them (Ledoit-Wolf) plus the spread of the instances within points is the metric; the one
    time-scale factor of a point is fitted to them and held for the animal left out, which has no
    part in choice, factor or metric. A score is as in `spikedrift.comparison.scores.distance`: 1 is
    expected where the animal is one more draw from the point, with many animals; it is more with
    few, whose covariance is uncertain. The factor is fitted to the others together: it costs them
    one degree of freedom in all, and the animal left out none.

    Parameters
    ----------
    scores : sequence of Dataset
        Files of `spikedrift.comparison.scores.scores` for one sweep, one for each recording.
    options : Compare, optional
        Grid of time-scale factors.

    Returns
    -------
    Dataset
        Dims `animal`, `point` (the points).

        * `score_others`, `score_left_out`, `time_scale_fit` (animal, point): mean over the
          other animals, score on the one left out, factor fitted to the others; NaN without an
          instance that has all statistics.
        * `best` (animal): name of the point that is nearest to the others; `best_score_others`,
          `best_score` (on the animal left out), `rank` (of that point among all on the animal left
          out, 1 the nearest).
        * `score` (point): mean of `score_left_out`; `n_recordings` (animal).

        Statistics are those that all files have; of them the ones that no instance has in all
        recordings together with the others are dropped
        (`spikedrift.comparison.scores.usable`). Where none is left all is NaN and `best` empty.

        Attributes: `n_animals`, `statistics`, `dropped`, `inference`, `formula`.

    Raises
    ------
    InputError
        For fewer than five animals, animals that are not known, or files that differ in points.
    """
    options = options or Compare()
    _check_alike(scores)
    members = members_of(scores)
    if len(members) < MIN_ANIMALS:
        raise InputError(
            f"comparison: {len(members)} animals, leaving one out needs {MIN_ANIMALS}: with fewer "
            "the covariance is the within-recording bootstrap with Ledoit-Wolf shrinkage, the "
            "ceiling comes from unit halves, and no animal is resampled"
        )
    wanted = list(dict.fromkeys(name for one in scores for name in one["statistic"].values))
    shared = [name for name in wanted if all(name in one["statistic"].values for one in scores)]
    scores = [one.sel(statistic=shared) for one in scores]
    y = np.stack([_mean(scores, of, "recording_value") for of in members.values()])
    x = np.stack([_mean(scores, of, "instance_value") for of in members.values()])
    known = np.isfinite(x).all(axis=0).reshape(-1, len(shared))
    absent = unshared(known, range(len(shared)), 1)
    kept = [k for k in range(len(shared)) if k not in absent]
    names, y, x = [str(shared[k]) for k in kept], y[..., kept], x[..., kept]
    complete = np.isfinite(x).all(axis=(0, 3)) & bool(names)
    scales = scores[0]["scales"].values.astype(bool)[kept]
    grid = np.geomspace(options.time_scale.low, options.time_scale.high, options.time_scale.points)
    # `fit` takes one factor off for each recording: the others share one, the animal left out none.
    size = len(names)
    per_other = freedom(scales) / (size - int(scales.any()) / (len(y) - 1) or 1)
    per_left_out = freedom(scales) / (size or 1)
    shape = y.shape[0], x.shape[1]
    others, left_out, factor = (np.full(shape, np.nan) for _ in range(3))
    for a in range(shape[0]) if names else ():
        rest = np.arange(shape[0]) != a
        means = [x[rest][:, k, complete[k]].mean(axis=0) for k in range(shape[1])]
        metric = shrunk(y[rest]) + pooled(means)
        for k in np.flatnonzero(complete.any(axis=1)):
            found = _fit(y[rest], x[rest][:, k, complete[k]], metric, scales, grid)
            held = np.array([found.time_scale])
            others[a, k], factor[a, k] = found.score * per_other, found.time_scale
            alone = fit(y[a], x[a, k, complete[k]], metric, scales, held).score
            left_out[a, k] = alone * per_left_out
    best = np.nanargmin(np.where(complete.any(axis=1), others, np.inf), axis=1)
    row = np.arange(shape[0])
    points = scores[0]["point"].values
    of_point = {
        name: coordinate
        for name, coordinate in scores[0].coords.items()
        if coordinate.dims == ("point",)
    }
    return xr.Dataset(
        {
            "score_others": (("animal", "point"), others),
            "score_left_out": (("animal", "point"), left_out),
            "time_scale_fit": (("animal", "point"), factor),
            "best": ("animal", points[best] if names else [""] * shape[0]),
            "best_score_others": ("animal", others[row, best]),
            "best_score": ("animal", left_out[row, best]),
            "rank": ("animal", 1 + (left_out < left_out[row, best][:, None]).sum(axis=1)),
            "score": ("point", left_out.mean(axis=0)),
            "n_recordings": ("animal", [len(of) for of in members.values()]),
        },
        coords={**of_point, "animal": list(members)},
        attrs={
            "n_animals": len(members),
            "statistics": ", ".join(names) or "none is left",
            "dropped": ", ".join(str(name) for name in wanted if name not in names),
            "titles": scores[0].attrs["titles"],
            "control": scores[0].attrs["control"],
            "inference": f"Unit of inference: animal, n = {len(members)}; covariance between "
            "animals with Ledoit-Wolf shrinkage plus the spread of network instances, without the "
            "animal left out. Null: that animal is one more draw from the point (expected score "
            "1, more with few animals). Scores of animals share the others and are not "
            "independent.",
            "formula": "mean over instances of (y - S x)' C^-1 (y - S x) / "
            f"{size}, S and C from the other animals",
        },
    )


def _fit(
    recordings: np.ndarray,
    instances: np.ndarray,
    metric: np.ndarray,
    scales: np.ndarray,
    grid: np.ndarray,
) -> Fit:
    """Fit one time-scale factor for all animals.

    Parameters
    ----------
    recordings : array, shape (n_animals, n_statistics)
    instances : array, shape (n_animals, n_instances, n_statistics)
        Statistics of the model over the lags of each animal.
    """
    pairs = np.repeat(recordings, instances.shape[1], axis=0)
    return fit(pairs, instances.reshape(pairs.shape), metric, scales, grid)


def _mean(scores: Sequence[xr.Dataset], members: Sequence[int], name: str) -> np.ndarray:
    return np.asarray(np.mean([scores[k][name].values for k in members], axis=0))


def members_of(files: Sequence[xr.Dataset]) -> dict[str, list[int]]:
    """Indices of the files of each animal.

    Raises
    ------
    InputError
        For a recording whose animal is not known.
    """
    members: dict[str, list[int]] = {}
    for k, one in enumerate(files):
        animal, caveat = subject_of(one.attrs)
        if caveat:
            raise InputError(
                f"{one.attrs['recording']}: no animal to leave out, {caveat}; compare the "
                "recordings one by one"
            )
        members.setdefault(animal, []).append(k)
    return members


def _check_alike(scores: Sequence[xr.Dataset]) -> None:
    for one in scores[1:]:
        if one["point"].values.tolist() != scores[0]["point"].values.tolist():
            raise InputError(
                f"{one.attrs['recording']}: points are not those of "
                f"{scores[0].attrs['recording']}; make both comparisons again"
            )
