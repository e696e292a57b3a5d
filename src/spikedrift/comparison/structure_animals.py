"""Similarity matrices over animals: models against zero, the ceiling over animals, and each other.

What a comparison of one recording cannot know is how animals differ. From five animals on, their
repeat x repeat matrices are a sample: the noise ceiling is over animals, and animals and windows of
repeats are resampled together (`spikedrift.comparison.rdm_inference`).
"""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from spikedrift.comparison import rdm_inference
from spikedrift.comparison.animals import members_of
from spikedrift.comparison.comparator import Comparator, get
from spikedrift.comparison.conclusions import LEVEL, listed
from spikedrift.comparison.rdm_ceiling import check_animals
from spikedrift.config.compare import Compare
from spikedrift.drift.inference import holm
from spikedrift.errors import InputError
from spikedrift.selections import stream

log = logging.getLogger(__name__)
BASELINES = ("lag_only", "block_only")  # what knows of no drift has a matrix without a difference
FAMILIES = ("zero", "ceiling", "between")
Found = dict[str, np.ndarray]


def over_animals(
    structures: Sequence[xr.Dataset], name: str, options: Compare | None = None, seed: int = 0
) -> xr.Dataset:
    """Infer over animals and windows of repeats from comparisons of single recordings.

    A model is a condition, its matrix the mean over instances and recordings: a fixed prediction.
    Baselines are the mean of those that were made from the recordings themselves, as strong as they
    can be. Recordings of one animal are drawn together, and animals count alike.

    Parameters
    ----------
    structures : sequence of Dataset
        Files of `spikedrift.comparison.structure`, of one sweep; one a recording.
    name : str
        Of the comparison: the stream of its random draws.
    options : Compare, optional
        Bootstrap samples, confidence.
    seed : int

    Returns
    -------
    Dataset
        Dims `view`, `code`, `comparator` (those that can be pooled over animals), `condition`,
        `baseline`, `animal`; `model` and `model_other`: conditions, then baselines.

        * `score` (view, code, comparator, condition, animal); `condition_score`, `score_low`,
          `score_high` (view, code, comparator, condition): mean over animals and its Student
          interval from the bootstrap over both factors (Schuett et al. 2023, eLife 12:e82566).
        * `baseline_score` (view, code, comparator, baseline); baselines know nothing beyond lag and
          block, NaN there.
        * `ceiling_low`, `ceiling_high` (view, code, comparator): over animals (Nili et al. 2014).
        * `p_zero`, `p_ceiling` (view, code, comparator, condition): score above 0; short of the
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
        animals = _animals(structures)
    except InputError as error:
        log.warning("%s", error)
        return xr.Dataset(attrs={**carried, "refused": str(error), "seed": seed})
    first = structures[0]
    conditions = [str(one) for one in first["condition"].values]
    models = [*conditions, *BASELINES]
    known = [get(str(one)) for one in first["comparator"].values]
    comparators = [one for one in known if one.normalize is not None]
    views, codes = first["view"].values.tolist(), first["code"].values.tolist()
    cells: list[Found] = []
    for view in views:
        for code in codes:
            at = {"view": view, "code": code}
            rdms = np.stack([one["recording_rdm"].sel(at).values for one in structures])
            predicted = np.mean([one["condition_rdm"].sel(at).values for one in structures], axis=0)
            base = np.mean(
                [
                    one["baseline_rdm"].sel(at | {"baseline": list(BASELINES)}).values
                    for one in structures
                ],
                axis=0,
            )
            for comparator in comparators:
                rng = stream(seed, name, "structure", "animals", view, code, comparator.name)
                stack = predicted if view == "beyond" else np.concatenate([predicted, base])
                cells.append(_cell(rdms, stack, comparator, animals, len(models), options, rng))
    shape = len(views), len(codes), len(comparators)
    every = {key: np.stack([cell[key] for cell in cells]) for key in cells[0]}
    every = {key: value.reshape(*shape, *value.shape[1:]) for key, value in every.items()}
    every |= {
        f"{key}_holm": holm(every[key].ravel()).reshape(every[key].shape)
        for key in (f"p_{family}" for family in FAMILIES)
    }
    dims, n = ("view", "code", "comparator"), len(conditions)
    labels = list(dict.fromkeys(animals))
    out = xr.Dataset(
        {
            "score": ((*dims, "condition", "animal"), every["animal_score"][..., :n, :]),
            "baseline_score": ((*dims, "baseline"), every["score"][..., n:]),
            "ceiling_low": (dims, every["lower"]),
            "ceiling_high": (dims, every["upper"]),
            **{
                key: ((*dims, "condition"), every[source][..., :n])
                for key, source in (
                    ("condition_score", "score"),
                    ("score_low", "low"),
                    ("score_high", "high"),
                    *((f"p_{one}{end}", f"p_{one}{end}")
                      for one in ("zero", "ceiling") for end in ("", "_holm")),
                )
            },
            **{
                key: ((*dims, "model", "model_other"), every[key])
                for key in ("p_between", "p_between_holm")
            },
        },
        coords={
            "view": views,
            "code": codes,
            "comparator": [one.name for one in comparators],
            "condition": conditions,
            "baseline": list(BASELINES),
            "animal": labels,
            "model": models,
            "model_other": models,
        },
    )  # fmt: skip
    windows = int(max(first["column"].values)) + 1
    out = out.assign_attrs(
        carried,
        n_animals=len(labels),
        n_recordings=len(structures),
        n_windows=windows,
        seed=seed,
        inference=f"Unit of inference: animal, n = {len(labels)} ({len(structures)} recordings), "
        f"and {windows} windows of repeats; both are resampled ({options.bootstrap} samples), "
        "Student's tests with the lesser number less one degrees of freedom. Assumed: animals are "
        "independent, windows are a sample of those that could have been, models were not fitted "
        "to these recordings. A model is the mean over its instances. Holm over "
        "views, codes, comparators and models.",
    )
    return out.assign_attrs(conclusion="\n".join(_conclusions(out)))


def _animals(structures: Sequence[xr.Dataset]) -> list[str]:
    """Animal of each recording; refuses what is no sample of animals."""
    members = members_of(structures)
    check_animals(len(members), "inference")
    of = {place: animal for animal, places in members.items() for place in places}
    first, n = structures[0], int(structures[0]["column"].max()) + 1
    if n < rdm_inference.MIN_CONDITIONS:
        raise InputError(
            f"{n} windows of repeats, inference over animals needs {rdm_inference.MIN_CONDITIONS}; "
            "make compare.structure.window smaller"
        )
    for one in structures:
        name = str(one.attrs["recording"])
        if not int(one.attrs.get("trial_order_known", 1)):
            raise InputError(f"{name}: no inference over animals, its order of trials is assumed")
        if not np.isfinite(one["recording_rdm"]).all():
            raise InputError(f"{name}: no inference over animals, its matrices are not all defined")
        if not all(one[key].equals(first[key]) for key in ("pair", "row", "column", "relation")):
            raise InputError(
                f"{name}: no inference over animals, its windows of repeats are not those of "
                f"{first.attrs['recording']}; simulate no more repeats and blocks than every "
                "recording has"
            )
        if one["condition"].values.tolist() != first["condition"].values.tolist():
            raise InputError(f"{name}: compared with other models; make the comparisons again")
    return [of[place] for place in range(len(structures))]


def _cell(
    rdms: np.ndarray,
    models: np.ndarray,
    comparator: Comparator,
    animals: Sequence[str],
    n_models: int,
    options: Compare,
    rng: np.random.Generator,
) -> Found:
    """Scores and tests of one view, code and comparator; NaN for models that are not there."""
    assert comparator.normalize is not None
    labels = list(dict.fromkeys(animals))
    places = np.array([labels.index(one) for one in animals])
    found = rdm_inference.bootstrap(
        rdms, models, comparator.compare, comparator.normalize, rng, options.bootstrap, places
    )
    member = (places == np.arange(len(labels))[:, None]).astype(float)
    member /= member.sum(axis=1, keepdims=True)
    zero = rdm_inference.against_zero(found, options.confidence)
    short = rdm_inference.against_ceiling(found, options.confidence)
    pairs = rdm_inference.between_models(found, options.confidence)
    n, between = len(models), np.full((n_models, n_models), np.nan)
    between[tuple(pairs.pairs.T)] = pairs.p_value

    def padded(values: np.ndarray) -> np.ndarray:
        out = np.full((n_models, *values.shape[1:]), np.nan)
        out[:n] = values
        return out

    return {
        "animal_score": padded(comparator.compare(models, rdms) @ member.T),
        "score": padded(found.score),
        "low": padded(zero.low),
        "high": padded(zero.high),
        "lower": np.array(found.lower),
        "upper": np.array(found.upper),
        "p_zero": padded(zero.p_value),
        "p_ceiling": padded(short.p_value),
        "p_between": between,
    }


def _conclusions(found: xr.Dataset) -> list[str]:
    """Sentences by view and code, on what holds by all comparators."""
    titles: Mapping[str, Any] = json.loads(found.attrs["titles"])
    words = {"whole": "matrices as they are", "beyond": "lag and block out"}
    n = found.sizes["comparator"]
    by = f"all {n} comparators" if n > 1 else json.loads(found.attrs["comparator_titles"])[
        str(found["comparator"].values[0])
    ]  # fmt: skip
    out = []
    for view in found["view"].values.tolist():
        for code in found["code"].values.tolist():
            one = found.sel(view=view, code=code)

            def named(holds: xr.DataArray) -> str:
                kept = holds.all("comparator")
                names = [titles[str(key)] for key in kept["condition"].values[kept.values]]
                return listed(names) if names else "none"

            above = one["p_zero_holm"] <= LEVEL
            reached = above & (one["p_ceiling_holm"] > LEVEL)
            text = (
                f"{code}, {words.get(view, view)}, by {by}: "
                f"above zero: {named(above)}; "
                f"above it and not short of the ceiling: {named(reached)}"
            )
            if view == "whole":
                lag = one["p_between_holm"].sel(model_other="lag_only", drop=True)
                lag = lag.sel(model=found["condition"].values).rename(model="condition")
                nearer = one["condition_score"] > one["baseline_score"].sel(baseline="lag_only")
                text += f"; nearer than the lag alone: {named(nearer & (lag <= LEVEL))}"
            out.append(text + ".")
    return out
