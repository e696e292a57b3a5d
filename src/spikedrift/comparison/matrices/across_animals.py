"""Similarity matrices over animals: models against zero, the ceiling over animals, and each other.

A comparison with one recording cannot show how animals differ. With five or more animals, their
repeat x repeat matrices are a sample: the noise ceiling is over animals, and animals and windows of
repeats are resampled together (`spikedrift.rsa.inference`).
"""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from spikedrift.comparison.conclusions import LEVEL, listed_points
from spikedrift.comparison.scores.across_animals import members_of
from spikedrift.config.compare import Compare
from spikedrift.core.errors import InputError
from spikedrift.rsa import inference as rdm_inference
from spikedrift.rsa.comparator import Comparator, get
from spikedrift.rsa.noise_ceiling import check_animals
from spikedrift.rsa.stacks import by_animal, n_conditions
from spikedrift.spikes.caveats import ASSUMED, order_known
from spikedrift.spikes.selections import stream
from spikedrift.stats.inference import holm

log = logging.getLogger(__name__)
BASELINES = ("lag_only", "block_only")  # the matrix of no_drift is constant and has no score
# The first names of the views: other keys of a stream would draw other numbers.
FIRST = {"full": "whole", "residual": "beyond"}
FAMILIES = ("p_zero", "p_ceiling", "p_between")  # families of tests, each corrected by itself


def over_animals(
    structures: Sequence[xr.Dataset], name: str, options: Compare | None = None, seed: int = 0
) -> xr.Dataset:
    """Infer over animals and windows of repeats from comparisons of single recordings.

    A model is a point, its matrix the mean over instances and recordings: a fixed prediction.
    Baselines are the mean of those that were made from the recordings themselves, as strong as they
    can be. Recordings of one animal are drawn together, and animals count alike.

    Parameters
    ----------
    structures : sequence of Dataset
        Files of `spikedrift.comparison.matrices.matrices` for one sweep, one for each recording.
    name : str
        Name of the comparison, which selects the stream of random draws.
    options : Compare, optional
        Bootstrap samples, confidence.
    seed : int

    Returns
    -------
    Dataset
        Dims `view`, `code`, `comparator` (those that can be pooled over animals), `point`,
        `baseline`, `animal`; `model` and `model_other`: points, then baselines.

        * `score` (view, code, comparator, point, animal); `point_score`, `score_low`,
          `score_high` (view, code, comparator, point): mean over animals and its Student
          interval from the bootstrap over both factors (Schuett et al. 2023, eLife 12:e82566).
        * `baseline_score` (view, code, comparator, baseline); baselines know nothing beyond lag and
          block, NaN there.
        * `ceiling_low`, `ceiling_high` (view, code, comparator): over animals (Nili et al. 2014).
        * `p_zero`, `p_ceiling` (view, code, comparator, point): score above 0; short of the
          lower ceiling. `p_between` (view, code, comparator, model, model_other), first before
          second. `p_zero_holm`, `p_ceiling_holm`, `p_between_holm`: Holm over all of the family.

        Attributes: `n_animals`, `n_recordings`, `n_windows`, `refused` (why there are no
        variables), `conclusion` (one sentence a line), `inference`, `titles`, `control`,
        `comparator_titles`, `directions`, `seed`.
    """
    options = options or Compare()
    keys = ("titles", "control", "comparator_titles", "directions", "sweep")
    carried = {key: structures[0].attrs[key] for key in keys}
    try:
        members = _members(structures)
    except InputError as error:
        log.warning("%s", error)
        return xr.Dataset(attrs={**carried, "refused": str(error), "seed": seed})
    animals = np.empty(len(structures), dtype=int)
    for k, places in enumerate(members.values()):
        animals[places] = k
    first = structures[0]
    points = [str(one) for one in first["point"].values]
    models = [*points, *BASELINES]
    known = [get(str(one)) for one in first["comparator"].values]
    comparators = [one for one in known if one.normalize is not None]
    views, codes = first["view"].values.tolist(), first["code"].values.tolist()
    by_view = []
    for view in views:
        by_code = []
        for code in codes:
            at = {"view": view, "code": code}
            rdms = np.stack([one["recording_rdm"].sel(at).values for one in structures])
            stack = np.mean([one["point_rdm"].sel(at).values for one in structures], axis=0)
            if view == "full":
                kept = at | {"baseline": list(BASELINES)}
                base = np.mean([one["baseline_rdm"].sel(kept).values for one in structures], axis=0)
                stack = np.concatenate([stack, base])
            cells = []
            for comparator in comparators:
                rng = stream(seed, name, "structure", "animals", FIRST[view], code, comparator.name)
                found = _cell(rdms, stack, comparator, animals, options, rng)
                labels = {"model": models[: len(stack)], "model_other": models[: len(stack)]}
                cells.append(found.assign_coords(labels))
            by_code.append(xr.concat(cells, "comparator"))
        by_view.append(xr.concat(by_code, "code"))
    by_model = xr.concat(by_view, "view", join="outer").reindex(model=models, model_other=models)
    by_model = by_model.assign_coords(
        view=views,
        code=codes,
        comparator=[one.name for one in comparators],
        animal=list(members),
    )
    for key in FAMILIES:
        p = by_model[key]
        by_model[f"{key}_holm"] = p.copy(data=holm(p.values.ravel()).reshape(p.shape))
    pairs = ["p_between", "p_between_holm"]
    out = by_model.drop_vars(pairs).sel(model=points).rename(model="point")
    base_score = by_model["point_score"].sel(model=list(BASELINES)).rename(model="baseline")
    out = out.assign({**by_model[pairs].data_vars, "baseline_score": base_score})
    windows = n_conditions(first["recording_rdm"].values)
    out = out.assign_attrs(
        carried,
        n_animals=len(members),
        n_recordings=len(structures),
        n_windows=windows,
        seed=seed,
        inference=f"Unit of inference: animal, n = {len(members)} ({len(structures)} recordings), "
        f"and {windows} windows of repeats; both are resampled ({options.bootstrap} samples), "
        "Student's tests with the lesser number less one degrees of freedom. Assumed: animals are "
        "independent, windows are a sample of those that could have been, models were not fitted "
        "to these recordings. A model is the mean over its instances. Holm over "
        "views, codes, comparators and models.",
    )
    return out.assign_attrs(conclusion="\n".join(_conclusions(out)))


def _members(structures: Sequence[xr.Dataset]) -> dict[str, list[int]]:
    """Indices of the recordings of each animal; refuses files that are no sample of animals."""
    members = members_of(structures)
    check_animals(len(members), "inference")
    first = structures[0]
    n = n_conditions(first["recording_rdm"].values)
    if n < rdm_inference.MIN_CONDITIONS:
        raise InputError(
            f"{n} windows of repeats, inference over animals needs {rdm_inference.MIN_CONDITIONS}; "
            "make compare.structure.window smaller"
        )
    for one in structures:
        name = str(one.attrs["recording"])
        if not order_known(one.attrs):
            raise InputError(f"{name}: no inference over animals, {ASSUMED}")
        if not np.isfinite(one["recording_rdm"]).all():
            raise InputError(f"{name}: no inference over animals, its matrices are not all defined")
        defined = one["point_rdm"].notnull().all(("view", "code", "pair"))
        if not defined.all():
            titles = json.loads(one.attrs["titles"])
            lost = [str(titles[key]) for key in one["point"].values[~defined.values].tolist()]
            named = listed_points(lost, f"{defined.size} points")
            raise InputError(
                f"{name}: no inference over animals, matrices of {named} are not all defined"
            )
        if not all(one[key].equals(first[key]) for key in ("pair", "row", "column", "relation")):
            raise InputError(
                f"{name}: no inference over animals, its windows of repeats are not those of "
                f"{first.attrs['recording']}; simulate no more repeats and blocks than every "
                "recording has"
            )
        if one["point"].values.tolist() != first["point"].values.tolist():
            raise InputError(f"{name}: compared with other models; make the comparisons again")
    return members


def _cell(
    rdms: np.ndarray,
    models: np.ndarray,
    comparator: Comparator,
    animals: np.ndarray,
    options: Compare,
    rng: np.random.Generator,
) -> xr.Dataset:
    """Scores and tests of one view, code and comparator: dims model, model_other, animal."""
    assert comparator.normalize is not None
    found = rdm_inference.bootstrap(
        rdms, models, comparator.compare, comparator.normalize, rng, options.bootstrap, animals
    )
    zero = rdm_inference.against_zero(found, options.confidence)
    short = rdm_inference.against_ceiling(found, options.confidence)
    pairs = rdm_inference.between_models(found, options.confidence)
    between = np.full((len(models), len(models)), np.nan)
    between[tuple(pairs.pairs.T)] = pairs.p_value
    each, groups = comparator.compare(models, rdms), by_animal(len(rdms), animals)
    score = np.stack([each[:, group].mean(axis=1) for group in groups], axis=1)
    return xr.Dataset(
        {
            "score": (("model", "animal"), score),
            "point_score": ("model", found.score),
            "score_low": ("model", zero.low),
            "score_high": ("model", zero.high),
            "ceiling_low": found.lower,
            "ceiling_high": found.upper,
            "p_zero": ("model", zero.p_value),
            "p_ceiling": ("model", short.p_value),
            "p_between": (("model", "model_other"), between),
        }
    )


def _conclusions(found: xr.Dataset) -> list[str]:
    """Sentences by view and code on the results that hold by all comparators."""
    titles: Mapping[str, Any] = json.loads(found.attrs["titles"])
    words = {"full": "matrices as they are", "residual": "lag and block out"}
    n, n_points = found.sizes["comparator"], found.sizes["point"]
    by = f"all {n} comparators" if n > 1 else json.loads(found.attrs["comparator_titles"])[
        str(found["comparator"].values[0])
    ]  # fmt: skip
    out = []
    for view in found["view"].values.tolist():
        for code in found["code"].values.tolist():
            one = found.sel(view=view, code=code)

            def named(holds: xr.DataArray) -> str:
                kept = holds.all("comparator")
                names = [titles[str(key)] for key in kept["point"].values[kept.values]]
                return listed_points(names, f"{n_points} points") or "none"

            above = one["p_zero_holm"] <= LEVEL
            reached = above & (one["p_ceiling_holm"] > LEVEL)
            text = (
                f"{code}, {words.get(view, view)}, by {by}: "
                f"above zero: {named(above)}; "
                f"above it and not short of the ceiling: {named(reached)}"
            )
            if view == "full":
                lag = one["p_between_holm"].sel(model_other="lag_only", drop=True)
                lag = lag.sel(model=found["point"].values).rename(model="point")
                nearer = one["point_score"] > one["baseline_score"].sel(baseline="lag_only")
                text += f"; nearer than the lag alone: {named(nearer & (lag <= LEVEL))}"
            out.append(text + ".")
    return out
