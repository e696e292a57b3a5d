"""Which parameters of every family give what a recording shows, checked on runs left out."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from spikedrift.comparison.posterior import rejection
from spikedrift.comparison.posterior.calibration import (
    LEVELS,
    coverage,
    ranks,
    recovered,
    uniformity,
)
from spikedrift.comparison.posterior.space import Space, cube, log_prior, normal, region
from spikedrift.comparison.posterior.table import Table, check_alike, observed, tables
from spikedrift.comparison.scores.models import Models
from spikedrift.comparison.scores.summary import Run
from spikedrift.config.posterior import Posterior
from spikedrift.core.errors import InputError
from spikedrift.spikes.selections import stream

log = logging.getLogger(__name__)

Arrays = Mapping[str, np.ndarray]
Estimator = Callable[[Arrays, Mapping[str, Any]], Arrays]
"""What `workflow/bayesflow/posterior.py` does: data and options -> draws and densities."""

PLACES = 20_000  # draws of the prior, of which the posterior's region is a share
LEVEL = 0.05  # of the tests of calibration and of typicality, over all parameters of a family


def infer(
    recording: Run,
    models: Models,
    variants: Sequence[str],
    axes: Sequence[Mapping[str, Any]],
    options: Posterior,
    estimate: Estimator,
    seed: int,
) -> xr.Dataset:
    """Posterior of every family, its calibration, and what the recording excludes.

    Parameters
    ----------
    recording : Run
    models : Models
        Points of one sweep, which share neither wiring nor noise.
    variants : sequence of str
        Families.
    axes : sequence of mapping
        Axes of the sweep as in the configuration; the prior is even on each.
    options : Posterior
        With its `statistics`.
    estimate : Estimator
    seed : int

    Returns
    -------
    Dataset
        Dims `variant`, `axis`, `draw`, `nearest`, `held_out`, `level`, `rank_place`, `statistic`,
        `member`, `epoch`, `edge`.

        * `draw_value` (variant, draw, axis), `nearest_value` (variant, nearest, axis): draws of the
          posterior and of rejection ABC, values on the axes; `interval`, `nearest_interval`
          (variant, axis, edge): central, with `options.mass`.
        * `excluded` (variant): share of the prior outside the smallest region with `options.mass`
          of the posterior; `atypical_p` (variant): `spikedrift.comparison.posterior.rejection`.
        * `rank`, `truth`, `mean`, `spread`, `nearest_mean`, `contraction`, `z_score` (variant,
          held_out, axis); all but ranks and z in the unit cube of `space.Space`.
        * `sbc_p`, `sbc_chi_square_p`, `nearest_sbc_p`, `recovery`, `nearest_recovery` (variant,
          axis), `coverage` (variant, level, axis); `rank_share` (variant, rank_place, axis),
          `rank_low`, `rank_high` (rank_place); `calibrated` (variant).
        * `loss`, `validation_loss` (variant, member, epoch); `observed` (statistic);
          `n_trained`, `n_drawn`, `n_failed`, `n_rejected`, `n_undefined` (variant).

        Attributes: `recording`, `statistics`, `dropped` (JSON), `options` (JSON), `seed`,
        `versions` (JSON), `conclusion`.

    Raises
    ------
    InputError
        Where trials of recording and runs differ, no statistic is left, or a family has too few
        runs.
    """
    check_alike(recording, models)
    space = Space.of(axes)
    wanted = list(options.statistics or ())
    names, _ = observed(recording, wanted)
    lacking = {name: f"{recording.name} lacks it" for name in wanted if name not in names}
    found, dropped = tables(models, variants, space.names, names, recording.largest_lag())
    names = [name for name in names if name not in dropped]
    if not names:
        raise InputError(f"posterior: no statistic is left: {json.dumps(dropped)}")
    names, x = observed(recording, names)
    parts = []
    for variant, table in found.items():
        _check_size(variant, table, options)
        part = _family(variant, table, x, space, options, estimate, seed)
        parts.append(part.assign_coords(variant=variant))
        log.info("%s: %s", variant, part.attrs["conclusion"])
    versions = parts[0].attrs["versions"]
    said = " ".join(part.attrs["conclusion"] for part in parts)
    whole = xr.concat(parts, dim="variant", join="outer", combine_attrs="drop", data_vars="all")
    return whole.assign(observed=("statistic", x)).assign_coords(
        axis=list(space.names),
        axis_title=("axis", list(space.titles)),
        axis_low=("axis", space.low),
        axis_high=("axis", space.high),
        axis_log=("axis", space.log),
        axis_known=("axis", [options.known.get(name, np.nan) for name in space.names]),
        level=list(LEVELS),
        statistic=names,
    ).assign_attrs(
        recording=recording.name,
        dropped=json.dumps({**lacking, **dropped}),
        options=options.model_dump_json(),
        seed=seed,
        versions=versions,
        conclusion=said,
    )  # fmt: skip


def _check_size(variant: str, table: Table, options: Posterior) -> None:
    n, least = len(table.values), options.held_out + options.fewest
    if n < least:
        raise InputError(
            f"posterior {options.name}: {n} of {table.drawn} runs of {variant} can be used "
            f"({table.failed} failed, {table.rejected} not accepted, {table.undefined} without a "
            f"statistic); held_out and fewest ask for {least}: give more samples"
        )


def _family(
    variant: str,
    table: Table,
    x: np.ndarray,
    space: Space,
    options: Posterior,
    estimate: Estimator,
    seed: int,
) -> xr.Dataset:
    """Posterior of one family and its calibration; see `infer`."""
    rng = stream(seed, options.name, "posterior", variant)
    order = rng.permutation(len(table.values))
    out, kept = order[: options.held_out], order[options.held_out :]
    unit = space.unit(table.values)
    prior, truth = unit[kept], unit[out]
    center, scale = rejection.standard(table.statistics[kept])
    runs, held, asked = ((of - center) / scale for of in (table.statistics[kept],
                                                          table.statistics[out], x))  # fmt: skip
    places = rng.standard_normal((PLACES, len(space.names)))
    answer = estimate(
        {
            "parameters": normal(prior),
            "statistics": runs,
            "asked": np.vstack([held, asked]),
            "places": places,
        },
        {
            **options.flows.model_dump(),
            "draws": options.draws,
            "density": 1,
            "seed": int(rng.integers(2**31 - 1)),
        },
    )
    draws = cube(np.asarray(answer["draw"], dtype=float))
    rank = ranks(truth, draws[:-1])
    even = uniformity(rank, options.draws, rng)
    found = recovered(truth, draws[:-1], prior)
    taken = prior[rejection.nearest(np.vstack([held, asked]), runs, options.nearest)]
    reference = uniformity(ranks(truth, taken[:-1]), options.nearest, rng)
    typical = rejection.atypical(asked, held, runs, options.nearest)
    inside = region(answer["log_density"][-1] - log_prior(places), options.mass)
    edges = [(1 - options.mass) / 2, (1 + options.mass) / 2]
    calibrated = bool((even.p_value >= LEVEL / len(space.names)).all())
    sets, at = ("held_out", "axis"), ("rank_place", "axis")
    data = xr.Dataset(
        {
            "draw_value": (("draw", "axis"), space.values(draws[-1])),
            "nearest_value": (("nearest", "axis"), space.values(taken[-1])),
            "interval": (("axis", "edge"), space.values(np.quantile(draws[-1], edges, axis=0)).T),
            "nearest_interval": (
                ("axis", "edge"),
                space.values(np.quantile(taken[-1], edges, axis=0)).T,
            ),
            "excluded": 1 - inside.mean(),
            "atypical_p": typical,
            "rank": (sets, rank),
            "truth": (sets, truth),
            "mean": (sets, draws[:-1].mean(axis=1)),
            "spread": (sets, draws[:-1].std(axis=1)),
            "nearest_mean": (sets, taken[:-1].mean(axis=1)),
            "nearest_spread": (sets, taken[:-1].std(axis=1)),
            "contraction": (sets, found.contraction),
            "z_score": (sets, found.z_score),
            "sbc_p": ("axis", even.p_value),
            "sbc_chi_square_p": ("axis", even.chi_square_p),
            "nearest_sbc_p": ("axis", reference.p_value),
            "recovery": ("axis", found.correlation),
            "nearest_recovery": ("axis", recovered(truth, taken[:-1], prior).correlation),
            "coverage": (("level", "axis"), coverage(rank, options.draws)),
            "rank_share": (at, even.share),
            "rank_low": ("rank_place", even.low),
            "rank_high": ("rank_place", even.high),
            "calibrated": calibrated,
            "loss": (("member", "epoch"), answer["loss"]),
            "validation_loss": (("member", "epoch"), answer["validation_loss"]),
            "n_trained": len(kept),
            "n_drawn": table.drawn,
            "n_failed": table.failed,
            "n_rejected": table.rejected,
            "n_undefined": table.undefined,
        },
        coords={"rank_place": even.place, "edge": ["low", "high"], "variant_title": table.title},
    )
    return data.assign_attrs(
        versions=str(answer["versions"]), conclusion=_said(data, table, space, options)
    )


def apart(interval: np.ndarray, reference: np.ndarray) -> bool:
    """Whether intervals of posterior and reference have nothing in common on some axis.

    A flow that is calibrated over the prior may extrapolate for one recording.

    Parameters
    ----------
    interval, reference : float, shape (n_axes, 2)
    """
    low = np.maximum(interval[:, 0], reference[:, 0])
    return bool((low > np.minimum(interval[:, 1], reference[:, 1])).any())


def _said(data: xr.Dataset, table: Table, space: Space, options: Posterior) -> str:
    """What was found of a family, in sentences."""
    p = float(data["sbc_p"].min())
    said = f"{table.title}: "
    if data["atypical_p"] < LEVEL:
        said += (
            f"no run of the family is like the recording (p {float(data['atypical_p']):.2g}): the "
            "family is excluded as it was drawn, and its posterior says nothing."
        )
    elif apart(data["interval"].values, data["nearest_interval"].values):
        said += (
            "posterior and rejection ABC do not meet: the flow extrapolates for this recording, "
            "and nothing is concluded."
        )
    elif not data["calibrated"]:
        said += f"the posterior is not calibrated (p {p:.2g}), and nothing is concluded."
    else:
        parts = [
            f"{title} {low:.3g} to {high:.3g}"
            for title, (low, high) in zip(space.titles, data["interval"].values, strict=True)
        ]
        said += (
            f"{float(data['excluded']):.0%} of what was drawn is excluded at {options.mass:.0%}; "
            f"{'; '.join(parts)}. Calibration was not rejected (least p {p:.2g}, "
            f"{data.sizes['held_out']} runs)."
        )
    return said
