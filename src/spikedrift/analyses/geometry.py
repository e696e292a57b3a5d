"""Geometry of drift: how far mean responses move from block to block, and in which directions.

Drift is the difference between a segment's mean responses (square roots of spike counts) in a block
and in the next one. With few trials, noise alone gives a drift vector. Lengths, angles and shares
are therefore estimated without the square of the noise, components of the earlier block and drift
come from different halves of its trials, and published plug-in estimates are shown beside them.
Nulls: counts exchanged between blocks (length and angle of drift; trials independent given the
segment), random directions in the space of units (share inside the variational space), residuals
exchanged between blocks (overlap), a boundary turned by the same angle in random directions
(cross-classification). Directions are read only where drift exceeds its null (p at most 0.05). Two
models are simulated on the earlier block with drift of the same length: units that fall silent, and
Gaussian noise. Unit of inference: segments of one recording; descriptive. After Aitken, Garrett,
Olsen & Mihalas (2022), PLoS Computational Biology 18:e1010716.
"""

from itertools import combinations
from typing import Any

import numpy as np
import xarray as xr
from scipy.stats import spearmanr

from spikedrift.analyses.contract.analysis import NAN, Analysis, Statistic, monte_carlo
from spikedrift.analyses.methods import manifolds
from spikedrift.analyses.methods.geometry_readings import (
    PLACES,
    SOURCES,
    Step,
    overlap_null,
    read_boundaries,
    read_directions,
    read_overlaps,
)
from spikedrift.config.analyses import GeometryOptions
from spikedrift.drift.anchored.rate import EXCHANGE, permuted_counts
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import stream

RESIDUALS = "trials exchanged between blocks within a segment, means of both taken out"
RANDOM = "random direction in the space of units"
ROTATED = "later boundary turned by the same angle in random directions"


def run(dataset: xr.Dataset, options: GeometryOptions, seed: int) -> tuple[xr.Dataset, list[Any]]:
    """Length, angle and directions of drift; overlap of spaces; boundaries; two models.

    Returns
    -------
    arrays : Dataset
        Over `segment` (segments of every step from a block to the next): `moments`, `plug_in`
        (segment, moment; see `mean_geometry`), `inside` (source, segment, part), `overlap` (place,
        segment). Over `component`: `drift_share` (source, component) and `variance_share`; `angle`
        (source, component) of drift to each component, degrees. `boundary_angle`, degrees, and
        `boundary_accuracy` (relation).
    statistics : list of Statistic
        `relative_drift` and `angle` with their exchange tests, and their plug-ins; `dimension` and
        `dimension_change`; `inside` with its test, `follows_variance`, for the models too, whose
        `size` is given; `overlap.{place}`, `overlap_loss` with its test; `boundary_angle.{place}`,
        `accuracy.{place}`.

    Raises
    ------
    InputError
        For a pair of blocks with fewer than two units observed in all trials, or fewer than two
        segments with `min_repeats` trials in each.
    """
    layout = Layout.of(dataset)
    name, spikes = layout.name, layout.events
    rng = stream(seed, name, "geometry")
    steps = [Step(spikes, block, options, name) for block in range(layout.n_blocks - 1)]
    free, plug_in, null_free, null_plug = _lengths(steps, options, rng)
    n = len(free)
    more: dict[str, Any] = {"n": n, "unit": "segments"}
    tests = {
        label: monte_carlo(label, of(value), np.array([of(m) for m in null]), "upper", EXCHANGE,
                           no_drift=0.0 if value is free else NAN, **more)
        for label, of, value, null in (
            ("relative_drift", manifolds.relative_drift, free, null_free),
            ("relative_drift.plug_in", manifolds.relative_drift, plug_in, null_plug),
            ("angle", manifolds.angle, free, null_free),
            ("angle.plug_in", manifolds.angle, plug_in, null_plug),
        )
    }  # fmt: skip
    drifts = tests["relative_drift"].p_value <= 0.05
    got = _accumulate(steps, options, rng)
    statistics = [*tests.values(), *_dimension(steps, more)]
    statistics += _directions(got, drifts, options.surrogates, rng, more)
    statistics += _spaces(got, steps, options, drifts, rng, more)
    along, inside = got["along"].sum(axis=1), got["inside"][..., 2].sum(axis=1)
    share = along / np.where(inside > 0, inside, NAN)[:, None]
    if not drifts:
        share[:] = NAN
    arrays = xr.Dataset(
        {
            "moments": (("segment", "moment"), free),
            "plug_in": (("segment", "moment"), plug_in),
            "inside": (("source", "segment", "part"), got["inside"]),
            "overlap": (("place", "segment"), got["overlap"]),
            "drift_share": (("source", "component"), share, {"units": "1"}),
            "variance_share": ("component", np.nanmean(got["variance"], axis=0), {"units": "1"}),
            "angle": (("source", "component"),
                      np.degrees(np.arccos(np.sqrt(np.clip(share, 0, 1)))), {"units": "degree"}),
            "boundary_angle": ("relation", np.nanmean(got["angles"], axis=1), {"units": "degree"}),
            "boundary_accuracy": ("relation", np.nanmean(got["accuracies"], axis=1)),
        },
        {
            "moment": ["earlier", "later", "drift", "product"],
            "part": ["leading", "random_signs", "all"],
            "source": list(SOURCES),
            "place": list(PLACES),
            "relation": list(PLACES[:4]),
        },
        {"steps": len(steps), "drifts": int(drifts), "trials_in_half": int(got["trials"])},
    )  # fmt: skip
    return arrays, statistics


def _lengths(
    steps: list[Step], options: GeometryOptions, rng: np.random.Generator
) -> tuple[np.ndarray, ...]:
    """Moments of means over all steps, and the same with counts exchanged between blocks."""
    both = [manifolds.mean_geometry(step.response, step.earlier, step.later) for step in steps]
    null = []
    for _ in range(options.surrogates):
        for step in steps:
            seen = np.ones(step.counts.shape, dtype=bool)
            counts = permuted_counts(step.counts, seen, step.segment, rng)
            null.append(manifolds.mean_geometry(np.sqrt(counts), step.earlier, step.later))
    shape = (options.surrogates, -1, 4)
    return (
        np.concatenate([free for free, _ in both]),
        np.concatenate([plug for _, plug in both]),
        np.concatenate([free for free, _ in null]).reshape(shape),
        np.concatenate([plug for _, plug in null]).reshape(shape),
    )


def _accumulate(
    steps: list[Step], options: GeometryOptions, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Average what is read from random halves over draws of halves, and join the steps."""
    smallest = min(trials.size for step in steps for trials in (*step.earlier, *step.later)) // 2
    k = min(smallest - 1, options.components, *(step.response.shape[1] for step in steps))
    parts: dict[str, list[np.ndarray]] = {}
    for step in steps:
        n, n_units = len(step.earlier), step.response.shape[1]
        free, _ = manifolds.mean_geometry(step.response, step.earlier, step.later)
        square = max(free[:, 2].sum(), 0.0)
        sizes = {
            "dropout": min(square / free[:, 0].sum(), 1.0),
            "gaussian": float(np.sqrt(square / (n * n_units))),
        }
        pairs = list(combinations(range(n), 2))
        chosen = rng.permutation(len(pairs))[: options.segment_pairs]
        pairs = [pairs[index] for index in np.sort(chosen)]
        directions = rng.standard_normal((options.surrogates, n_units))
        found: list[dict[str, np.ndarray]] = []
        for _ in range(options.splits):
            halves = step.halves(rng)
            models = {
                kind: manifolds.perturbed(kind, sizes[kind], (n, n_units), rng)  # type: ignore[arg-type]
                for kind in SOURCES[1:]
            }
            angle, accuracy, rotated = read_boundaries(step, halves, models, pairs, directions)
            found.append(
                read_directions(step, halves, models, k)
                | {"overlap": read_overlaps(step, halves, models)}
                | {"angles": angle, "accuracies": accuracy, "rotated": rotated}
            )
        for key in found[0]:
            parts.setdefault(key, []).append(np.mean([one[key] for one in found], axis=0))
        parts.setdefault("sizes", []).append(np.array(list(sizes.values())))
    axis = {"along": 1, "inside": 1, "overlap": 1, "angles": 1, "accuracies": 1}
    out = {
        key: np.concatenate(values, axis=axis.get(key, 0))
        for key, values in parts.items()
        if key not in ("rotated", "sizes")
    }
    out["rotated"] = np.mean(parts["rotated"], axis=0)
    out["sizes"] = np.mean(parts["sizes"], axis=0)
    out["units"] = np.repeat(
        [step.response.shape[1] for step in steps], [len(step.earlier) for step in steps]
    )
    out["trials"] = np.array(smallest)
    return out


def _dimension(steps: list[Step], more: dict[str, Any]) -> list[Statistic]:
    """Participation ratio of the earlier variational space, and its change."""
    found = np.array(
        [
            [manifolds.participation([step.response[t] for t in part]) for part in sides]
            for step in steps
            for sides in [(step.earlier, step.later)]
        ]
    ).mean(axis=0)
    return [
        Statistic("dimension", found[0, 0], **more),
        Statistic("dimension.plug_in", found[0, 1], **more),
        Statistic("dimension_change", found[1, 0] - found[0, 0], no_drift=0.0, **more),
        Statistic("dimension_change.plug_in", found[1, 1] - found[0, 1], no_drift=0.0, **more),
    ]


def _directions(
    got: dict[str, np.ndarray],
    drifts: bool,
    surrogates: int,
    rng: np.random.Generator,
    more: dict[str, Any],
) -> list[Statistic]:
    """Share of drift inside the earlier space, and its relation to variance along components."""
    inside, signs, total = (got["inside"][..., part].sum(axis=1) for part in range(3))
    weight = np.maximum(got["inside"][0, :, 2], 0.0)
    k, units = got["leading"] / 2, got["units"] / 2
    null = rng.beta(k, np.maximum(units - k, 1e-9), (surrogates, k.size)) @ weight
    null = null / max(weight.sum(), 1e-300)
    statistics = []
    for index, source in enumerate(SOURCES):
        known = drifts and total[index] > 0
        share = inside[index] / total[index] if known else NAN
        prefix = "" if source == "observed" else f"{source}."
        if source == "observed":
            statistics.append(monte_carlo("inside", share, null, "upper", RANDOM, **more))
            expected = signs[0] / total[0] if known else NAN
            statistics.append(Statistic("inside.random_signs", expected, **more))
        else:
            size = got["sizes"][index - 1] if drifts else NAN
            statistics.append(Statistic(f"{prefix}size", size, **more))
            statistics.append(Statistic(f"{prefix}inside", share, **more))
        drift, variance = got["along"][index].sum(axis=0), np.nanmean(got["variance"], axis=0)
        rank = NAN
        if known and drift.size > 2 and np.ptp(drift) > 0:
            rank = float(spearmanr(drift, variance).statistic)
        statistics.append(Statistic(f"{prefix}follows_variance", rank, **more))
    return statistics


def _spaces(
    got: dict[str, np.ndarray],
    steps: list[Step],
    options: GeometryOptions,
    drifts: bool,
    rng: np.random.Generator,
    more: dict[str, Any],
) -> list[Statistic]:
    """Overlap of variational spaces and boundaries between segments."""
    gamma = dict(zip(PLACES, np.nanmean(got["overlap"], axis=1), strict=True))
    nulls = [overlap_null(step, options.surrogates, options.splits, rng) for step in steps]
    null = np.concatenate(nulls, axis=1).mean(axis=1)
    loss = gamma["within"] - gamma["between"]
    pairs: dict[str, Any] = {"n": got["angles"].shape[1], "unit": "pairs of segments"}
    angle, accuracy = (np.nanmean(got[key], axis=1) for key in ("angles", "accuracies"))
    statistics = [Statistic(f"overlap.{place}", gamma[place], **more) for place in PLACES]
    statistics.append(
        monte_carlo("overlap_loss", loss, null, "upper", RESIDUALS, no_drift=0.0, **more)
    )
    for index, place in enumerate(PLACES[:4]):
        known = drifts or index < 2
        statistics.append(
            Statistic(f"boundary_angle.{place}", angle[index] if known else NAN, **pairs)
        )
        if place == "between":
            statistics.append(
                monte_carlo(
                    "accuracy.between", accuracy[1], got["rotated"], "upper", ROTATED, **pairs
                )
            )
        else:
            statistics.append(
                Statistic(f"accuracy.{place}", accuracy[index] if known else NAN, **pairs)
            )
    return statistics


ANALYSIS = Analysis(
    name="geometry",
    title="Geometry of drift",
    citation="Aitken K, Garrett M, Olsen S, Mihalas S (2022) PLoS Computational Biology "
    "18:e1010716",
    run=run,
    needs=frozenset({"blocks", "segments"}),
)
