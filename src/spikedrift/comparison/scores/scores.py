"""Compare the points of sweeps with one recording."""

import json
import logging
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from spikedrift.comparison.claims import check, words
from spikedrift.comparison.conclusions import of_scores
from spikedrift.comparison.scores import ceiling, comparability, usable
from spikedrift.comparison.scores.baselines import BASELINES, predicted
from spikedrift.comparison.scores.distance import Fit, fit, freedom
from spikedrift.comparison.scores.models import Failed, failures, measured, padded
from spikedrift.comparison.scores.summary import CODES, STATISTICS, Run, vector
from spikedrift.config.compare import Compare
from spikedrift.drift import gates
from spikedrift.drift.bands import centered
from spikedrift.spikes.caveats import handed_on
from spikedrift.spikes.selections import stream
from spikedrift.stats import covariance
from spikedrift.sweeps.coordinates import Coordinates, axis_coordinates

log = logging.getLogger(__name__)


def compare(
    recording: Run,
    points: Mapping[str, Sequence[Run | Failed]],
    options: Compare | None = None,
    seed: int = 0,
    *,
    control: str | None = None,
    titles: Mapping[str, str] | None = None,
    coordinates: Mapping[str, Coordinates] | None = None,
) -> xr.Dataset:
    """Score every point of the sweeps against one recording.

    Parameters
    ----------
    recording : Run
    points : mapping of name -> runs, one an instance
        Points of the sweeps: variants, each at one value of the axes that it is swept over.
    options : Compare, optional
    seed : int
        Of the bootstrap over instances.
    control : str, optional
        The variant without plasticity; marked as the `frozen` baseline. One a line of several
        sweeps.
    titles : mapping, optional
        Words for the points.
    coordinates : mapping of name -> Coordinates, optional
        Variant, axes and seeds of the instances, and sweep of several; left out: every point is
        its own variant.

    Returns
    -------
    Dataset
        Dims `statistic`, `point`, `instance` (padded with NaN), `time_scale` (grid),
        `baseline` (lag_only, block_only, no_drift).

        * `score` (point): mean squared standardized residual over instances, see
          `spikedrift.comparison.scores.distance`; `score_low`, `score_high`: centered bootstrap
          over instances, the factor fitted anew in each, NaN below `min_instances`;
          `instance_score` (point, instance); `matched_noise` (point): score of the
          point against its own instances.
        * `time_scale_fit` (point), `at_bound` (point), `profile` (point, time_scale).
        * `baseline_score`, `baseline_scale` (baseline), `baseline_profile` (baseline,
          time_scale), `baseline_value` (baseline, statistic).
        * `ceiling_low`, `ceiling_high`: what a right model can reach (`ceiling.of_halves`).
        * `recording_value`, `recording_sd`, `metric_sd` (statistic), `covariance` (statistic,
          statistic_other): sampling covariance plus spread of instances.
        * `instance_value` (point, instance, statistic), not scaled; `residual` (point,
          statistic), standardized, at the fitted factor; `scales` (statistic).
        * `recording_reliability` (code), `instance_reliability` (point, instance, code);
          `instance_gate` (point, instance, code), of `spikedrift.drift.gates`, empty where
          there is no instance; `instance_units` (point, instance); `instances_scored`,
          `instances_given`, `instances_failed`, `instances_rejected` (point): an instance with
          an undefined statistic (such as timing where no code was detected) is not scored, nor is
          one whose run failed, or was not accepted.
        * `recording_trait`, `recording_trait_sd`, `instance_trait`, `trait_difference`,
          `incomparable`: what is no part of the score, see
          `spikedrift.comparison.scores.comparability`.

        By point: `variant` (name of its variant), `variant_title` (its words), `sweep` where
        there are several, with which all names begin then (`spikedrift.sweeps.points.told_apart`),
        `axis_{name}` (NaN or empty where it is not swept; attribute `factor`, 1, where values
        multiply what a variant has); `instance_seed` (point, instance), text: instances with one
        seed have one wiring, one set of patterns and one noise; empty where it is not known.

        Attributes: `recording`, `control`, `titles` (JSON), `failures` (JSON: reasons of failed
        and rejected instances by point), `n_units`, `conclusion` (what was found, in sentences),
        `inference`, `formula`, `assumptions`, `options` (JSON), `seed` and other attributes of the
        recording; `dropped` (JSON: name -> reason), statistics of `options` that the recording or
        the models do not have together (`spikedrift.comparison.scores.usable`). Dim `statistic`
        holds the others; where none is left all scores are NaN and the conclusion says so.

    Raises
    ------
    InputError
        Where the recording may not carry the comparison (assumed order, pooled units, too few
        units), or no runs are given.
    """
    options = options or Compare()
    name = recording.name
    coordinates = coordinates or {
        key: Coordinates(key, {}, ("",) * len(group)) for key, group in points.items()
    }
    runs = measured(points)
    check(recording, runs, options)
    lag, wanted = recording.largest_lag(), list(options.statistics)
    y = vector(recording.parts(lag), wanted)
    samples = vector(recording.bootstrap_parts(), wanted)
    traits = comparability.traits(points, lag)
    values = traits[..., [comparability.TRAITS.index(name) for name in wanted]]
    kept, dropped = usable.left(wanted, recording, y, samples, points, values)
    names, y, values = [wanted[k] for k in kept], y[kept], values[..., kept]
    given = {
        key: value[: len(group)] for (key, group), value in zip(points.items(), values, strict=True)
    }
    scored = {
        key: value[np.isfinite(value).all(axis=1) & bool(names)] for key, value in given.items()
    }
    sampling = covariance.shrunk(samples[:, kept]) if names else np.zeros((0, 0))
    metric = sampling + covariance.pooled(list(scored.values()))
    scales = np.array([STATISTICS[statistic].scales for statistic in names])
    grid = np.geomspace(options.time_scale.low, options.time_scale.high, options.time_scale.points)

    fits = {key: fit(y, x, metric, scales, grid) if len(x) else None for key, x in scored.items()}
    knowing = {key: vector(predicted(recording, key), names) for key in BASELINES}
    none = _none(grid.size, len(names))
    base = {
        key: fit(y, x[None], metric, scales, grid) if names else none for key, x in knowing.items()
    }
    low = high = np.nan
    if names:
        halves = vector(recording.half_parts(), names)
        low, high = ceiling.of_halves(halves[:, 0], halves[:, 1], metric, scales, grid)
    interval = {
        key: _interval(y, x, metric, scales, grid, options, stream(seed, name, "instances", key))
        for key, x in scored.items()
    }
    log.info("%s: scored %s", name, ", ".join(f"{k} {f.score:.2f}" for k, f in fits.items() if f))

    found = comparability.differences(recording, list(points), traits, options)
    sweeps = [coordinates[key].sweep for key in points]
    most = values.shape[1]
    out = xr.Dataset(
        {
            **_fitted(fits, ("point",), grid.size, len(names)),
            "score_low": ("point", [interval[key][0] for key in given]),
            "score_high": ("point", [interval[key][1] for key in given]),
            "instance_score": (
                ("point", "instance"),
                [_instance_scores(given[key], fits[key], most) for key in given],
            ),
            "matched_noise": (
                "point",
                [ceiling.matched_noise(x, metric, scales, grid) for x in scored.values()],
            ),
            "baseline_score": ("baseline", [base[key].score for key in BASELINES]),
            "baseline_scale": ("baseline", [base[key].time_scale for key in BASELINES]),
            "baseline_profile": (
                ("baseline", "time_scale"),
                [base[key].profile for key in BASELINES],
            ),
            "baseline_value": (
                ("baseline", "statistic"),
                [knowing[key] for key in BASELINES],
            ),
            "ceiling_low": low,
            "ceiling_high": high,
            "recording_value": ("statistic", y),
            "recording_sd": ("statistic", np.sqrt(np.diag(sampling))),
            "metric_sd": ("statistic", np.sqrt(np.diag(metric))),
            "covariance": (("statistic", "statistic_other"), metric),
            "scales": ("statistic", scales),
            "instance_value": (("point", "instance", "statistic"), values),
            "recording_reliability": ("code", recording.reliability()),
            "instance_reliability": (
                ("point", "instance", "code"),
                padded(points, Run.reliability, (len(CODES),)),
            ),
            "instance_gate": (
                ("point", "instance", "code"),
                usable.gates_of(points, most),
            ),
            "instance_units": (
                ("point", "instance"),
                padded(points, lambda run: run.n_units),
            ),
            "instances_scored": ("point", [len(x) for x in scored.values()]),
            "instances_given": ("point", [len(x) for x in given.values()]),
            "instances_failed": ("point", _count(points, gates.FAILED)),
            "instances_rejected": ("point", _count(points, gates.REJECTED)),
            "instance_seed": (
                ("point", "instance"),
                [[*coordinates[key].seeds, *[""] * (most - len(given[key]))] for key in points],
            ),
        },
        coords={
            "statistic": names,
            "point": list(points),
            "variant": ("point", [coordinates[key].variant for key in points]),
            "variant_title": (
                "point",
                [coordinates[key].title or coordinates[key].variant for key in points],
            ),
            **axis_coordinates(
                [coordinates[key].axes for key in points],
                {axis for key in points for axis in coordinates[key].factors},
            ),
            **({"sweep": ("point", sweeps)} if any(sweeps) else {}),
            "time_scale": grid,
            "baseline": list(BASELINES),
            "code": list(CODES),
        },
    )  # fmt: skip
    carried = ("assumptions", "recording_kind", "selection")
    attributes = recording.rate.attrs
    out = out.assign_attrs(
        titles=json.dumps({key: (titles or {}).get(key, key) for key in points}),
        dropped=json.dumps(dropped),
    )
    return out.merge(found).assign_attrs(
        handed_on(attributes) | {key: attributes[key] for key in carried if key in attributes},
        recording=name,
        control=control or "",
        conclusion=" ".join(of_scores(out)),
        failures=failures(points),
        n_units=recording.n_units,
        inference=" ".join(
            filter(
                None,
                [
                    words(recording, runs, scored, options),
                    comparability.of_trials(
                        recording, [run for group in runs.values() for run in group]
                    ),
                    comparability.words(found, options),
                ],
            )
        ),
        formula="mean over instances of (y - S x)' C^-1 (y - S x) / "
        f"{freedom(scales)}; 1: one more draw from the point",
        options=options.model_dump_json(),
        seed=seed,
    )


def _count(points: Mapping[str, Sequence[Run | Failed]], state: str) -> list[int]:
    """Instances of every point without a run, in that state."""
    return [
        sum(isinstance(run, Failed) and run.state == state for run in group)
        for group in points.values()
    ]


def _instance_scores(given: np.ndarray, found: Fit | None, most: int) -> np.ndarray:
    out = np.full(most, np.nan)
    if found is not None:
        out[np.flatnonzero(np.isfinite(given).all(axis=1))] = found.instance_score
    return out


def _none(n_grid: int, n_statistics: int) -> Fit:
    """Fit without any usable instance: all NaN."""
    return Fit(
        time_scale=np.nan,
        at_bound=False,
        score=np.nan,
        instance_score=np.empty(0),
        profile=np.full(n_grid, np.nan),
        residual=np.full(n_statistics, np.nan),
    )


def _fitted(
    fits: Mapping[str, Fit | None], dims: tuple[str], n_grid: int, n_statistics: int
) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """One array a field of the fits; NaN for points without a usable instance."""
    none = _none(n_grid, n_statistics)
    every = [found or none for found in fits.values()]
    return {
        "score": (dims, np.array([f.score for f in every])),
        "time_scale_fit": (dims, np.array([f.time_scale for f in every])),
        "at_bound": (dims, np.array([f.at_bound for f in every])),
        "profile": ((*dims, "time_scale"), np.array([f.profile for f in every])),
        "residual": ((*dims, "statistic"), np.array([f.residual for f in every])),
    }


def _interval(
    y: np.ndarray,
    x: np.ndarray,
    metric: np.ndarray,
    scales: np.ndarray,
    grid: np.ndarray,
    options: Compare,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Percentile interval over resamples of the instances, on the score's logarithm.

    The factor is fitted to each resample, which makes scores smaller; this bias is taken out.
    """
    if len(x) < options.min_instances:
        return float("nan"), float("nan")
    draws = rng.integers(len(x), size=(options.bootstrap, len(x)))
    score = [fit(y, x[draw], metric, scales, grid).score for draw in draws]
    value = fit(y, x, metric, scales, grid).score
    low, high = centered(np.log(score), np.log(value), options.confidence)
    return float(np.exp(low)), float(np.exp(high))
