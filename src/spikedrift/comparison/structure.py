"""Similarity matrices of a recording held against those of every simulated run of a sweep.

The file `results/structure/{comparison}.nc`, a Dataset.

Dims
    `view`: "whole", matrices as they are; "beyond", after lag and block are out.
    `code`: "rate", "timing". `comparator`: as configured. `condition`; `instance`, padded with NaN.
    `baseline`: "lag_only", "block_only", "no_drift".
    `pair`: pairs of windows of repeats, with coordinates `row`, `column` (windows, in order of
    time), `lag` (windows) and `relation` ("within" or "between" blocks).
    `block_pair`: pairs of blocks, with coordinates `block`, `block_other`.

Scores, repeat x repeat (drift structure)
    * `score` (view, code, comparator, condition, instance): each run against the recording. NaN
      where a comparator has no form in a code (procrustes in timing and beyond lag and block).
    * `condition_score`, `score_low`, `score_high` (view, code, comparator, condition): mean over
      instances, and its Student interval, NaN below `headline_instances`.
    * `baseline_score` (view, code, comparator, baseline).
    * `matched_noise` (view, code, comparator, condition): mean score of two instances of the
      condition, one taken for the recording; NaN with a single instance.
    * `ceiling_low`, `ceiling_high` (view, code, comparator): what a right model can reach, from
      random halves of the recording's units; NaN where halves share nothing or there is no RDM.
    * `p_value`, `p_holm` (code, comparator, condition): of the score beyond lag and block, against
      circular shifts of the model's windows inside their blocks; Holm over all that are tested.

Matrices
    * `recording_rdm` (view, code, pair), `condition_rdm` (view, code, condition, pair), mean over
      instances, `baseline_rdm` (view, code, baseline, pair). Units: `rdm_units` (JSON by code).

Segment geometry, where segments correspond (else absent, and `refused` says why)
    * `geometry_score` (code, comparator, condition, instance), `geometry_condition_score`,
      `geometry_p_value`, `geometry_p_holm` (code, comparator, condition): segment x segment
      matrices; movies with the trend over distance in time out of both, against circular shifts of
      the model's time axis (all of them), other segments against permuted labels.

Change of segment geometry, each side by itself, needs no correspondence
    * `recording_geometry_between` (code, comparator, block_pair), `recording_geometry_within`
      (code, comparator): geometry of one block against another, and of the halves (repeats dealt by
      turns) of one block, mean over blocks; `geometry_between` (code, comparator, condition,
      instance), mean over pairs of blocks, and `geometry_within` (same dims).

Attributes
----------
    `recording`, `sweep`, `control`, `titles` (JSON: condition -> words), `comparator_titles`,
    `directions` ("higher" or "lower": what is more alike), `blind_to` (JSON by comparator);
    `matched`: one line, what was brought to the same number; `refused`: what was not compared and
    why, one a line; `conclusion`: what holds, one sentence a line; `inference`: unit of inference,
    n, nulls, assumptions; `n_units`, `n_segments`, `options` (JSON), `seed`.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from spikedrift.comparison import geometry, matching
from spikedrift.comparison.baselines import BASELINES
from spikedrift.comparison.comparator import Comparator, get
from spikedrift.comparison.compare import padded
from spikedrift.comparison.conclusions import conclusions, setting
from spikedrift.comparison.inference import doubt
from spikedrift.comparison.intervals import t_interval
from spikedrift.comparison.lag_and_block import baseline_rdms, beyond, pairs_of, shifted
from spikedrift.comparison.rdm_ceiling import halves_ceiling
from spikedrift.comparison.side import CODES, Side
from spikedrift.config.compare import Compare
from spikedrift.config.similarity import MeasureEntry
from spikedrift.drift.anchored import upper_tail
from spikedrift.drift.inference import holm
from spikedrift.drift.matrix_regression import shifts_within
from spikedrift.drift.means import defined_mean, defined_means
from spikedrift.drift.structures import in_time_order
from spikedrift.errors import InputError
from spikedrift.selections import stream
from spikedrift.trials import select

log = logging.getLogger(__name__)

VIEWS = ("whole", "beyond")
FEWEST_WINDOWS = 4
Sides = Mapping[str, Sequence[Side]]


def structure(
    recording: xr.Dataset,
    conditions: Mapping[str, Sequence[xr.Dataset]],
    timing: MeasureEntry,
    options: Compare | None = None,
    seed: int = 0,
    *,
    control: str | None = None,
    titles: Mapping[str, str] | None = None,
    sweep: str = "",
) -> xr.Dataset:
    """Compare the similarity matrices of one recording with those of every run of a sweep.

    Parameters
    ----------
    recording : trials Dataset
        After its selection.
    conditions : mapping of condition name -> trials Datasets, one an instance
        After theirs.
    timing : MeasureEntry
        Measure of timing dissimilarities.
    options : Compare, optional
    seed : int
        Of the draws of units, segments, halves and permutations.
    control : str, optional
        The condition without plasticity.
    titles : mapping, optional
        Words for the conditions.
    sweep : str
        Name of the sweep.

    Returns
    -------
    Dataset
        See this module.

    Raises
    ------
    InputError
        Where the recording carries no comparison (`compare.assumed_order`), without models, with
        too few units on a side, or two-photon events.
    """
    options = options or Compare()
    name = str(recording.attrs.get("recording"))
    runs = [run for group in conditions.values() for run in group]
    reason = doubt(recording.attrs)
    if reason and options.assumed_order == "refuse":
        raise InputError(
            f"{name}: no comparison with models, as {reason}; set compare.assumed_order to "
            "describe for a comparison without inference"
        )
    if not runs:
        raise InputError(f"{name}: no model runs to compare with; give the sweep's")
    sizes = [matching.size_of(one) for one in (recording, *runs)]
    size = matching.common(sizes, options.structure.units)
    if size.units < options.min_units:
        raise InputError(
            f"{name}: {size.units} units are left on both sides, a comparison needs "
            f"{options.min_units} (compare.min_units)"
        )
    segments, refusal = matching.corresponding(recording, runs)
    if segments is not None:
        size = matching.Size(size.units, len(segments), size.blocks, size.repeats)

    def cut(dataset: xr.Dataset) -> xr.Dataset:
        rng = stream(seed, str(dataset.attrs.get("recording")), "structure", "match")
        return matching.matched(dataset, size, rng, segments)

    def side(dataset: xr.Dataset) -> Side:
        return Side.of(dataset, options.structure, timing)

    comparators = [get(key) for key in options.structure.comparators]
    ours = cut(recording)
    data = side(ours)
    models = {key: [side(cut(run)) for run in group] for key, group in conditions.items()}
    log.info("%s: matrices of %d runs at %d units", name, len(runs), size.units)
    found = _repeats(name, ours, data, models, side, comparators, options, seed, bool(reason))
    found |= _change(data, models, comparators)
    refused = []
    if data.block.size < FEWEST_WINDOWS:
        refused.append(
            f"repeat x repeat matrices of {name}: {data.block.size} windows of "
            f"{options.structure.window} repeats, {FEWEST_WINDOWS} are needed"
        )
    if segments is None:
        refused.append(refusal)
    else:
        timed = all(in_time_order(one) for one in (recording, *runs))
        rng = stream(seed, name, "structure", "labels")
        found |= _segments(data, models, comparators, options, timed, rng, bool(reason))
    lag, within, _ = pairs_of(data.block)
    row, column = np.triu_indices(data.block.size, k=1)
    out = xr.Dataset(
        found,
        coords={
            "view": list(VIEWS),
            "code": list(CODES),
            "comparator": [one.name for one in comparators],
            "condition": list(conditions),
            "baseline": list(BASELINES),
            "row": ("pair", row),
            "column": ("pair", column),
            "lag": ("pair", lag, {"units": "windows"}),
            "relation": ("pair", np.where(within, "within", "between")),
            "block": ("block_pair", [a for a, _ in _block_pairs(data)]),
            "block_other": ("block_pair", [b for _, b in _block_pairs(data)]),
        },
    )
    carried = ("assumptions", "pseudo_population", "trial_order_known", "experience_unit", "kind")
    out = out.assign_attrs(
        {key: recording.attrs[key] for key in carried if key in recording.attrs},
        recording=name,
        sweep=sweep,
        control=control or "",
        titles=json.dumps({key: (titles or {}).get(key, key) for key in conditions}),
        comparator_titles=json.dumps({one.name: one.title for one in comparators}),
        directions=json.dumps({one.name: one.direction for one in comparators}),
        blind_to=json.dumps({one.name: one.blind_to for one in comparators}),
        rdm_units=json.dumps({"rate": _rate_units(options), "timing": timing.measure}),
        matched=matching.words(sizes[0], sizes[1:], size, seed),
        refused="\n".join(refused),
        n_units=size.units,
        n_segments=size.segments,
        options=options.structure.model_dump_json(),
        seed=seed,
    )
    out.attrs["inference"] = setting(out, {k: len(v) for k, v in conditions.items()}, options,
                                     reason)  # fmt: skip
    out.attrs["conclusion"] = "\n".join(conclusions(out))
    return out


def _rate_units(options: Compare) -> str:
    chosen = options.structure
    if chosen.distance == "poisson":
        return "symmetrized divergence of Poisson rates; nats per unit"
    return f"crossnobis, counts {chosen.stabilize}, noise {chosen.noise}; per unit"


def _block_pairs(side: Side) -> list[tuple[int, int]]:
    blocks = np.unique(side.block).tolist()
    return [(a, b) for k, a in enumerate(blocks) for b in blocks[k + 1 :]]


@dataclass(frozen=True)
class _Matrices:
    """Repeat x repeat matrices of one view and code: recording, runs by condition, halves."""

    recording: np.ndarray
    models: list[np.ndarray]
    halves: np.ndarray
    baselines: np.ndarray


def _repeats(
    name: str,
    dataset: xr.Dataset,
    data: Side,
    models: Sides,
    side: Callable[[xr.Dataset], Side],
    comparators: Sequence[Comparator],
    options: Compare,
    seed: int,
    untested: bool,
) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Scores, ceilings, baselines and tests of repeat x repeat matrices."""
    enough = data.block.size >= FEWEST_WINDOWS
    halves = _halves(dataset, side, options, stream(seed, name, "structure", "halves"))
    orders = shifts_within(
        data.block, options.structure.shifts, stream(seed, name, "structure", "shifts")
    )
    shape = len(VIEWS), len(CODES), len(comparators)
    n, most = len(models), max(map(len, models.values()))
    score = np.full((*shape, n, most), np.nan)
    base = np.full((*shape, len(BASELINES)), np.nan)
    noise, (low, high) = np.full((*shape, n), np.nan), np.full((2, *shape), np.nan)
    p_value = np.full((len(CODES), len(comparators), n), np.nan)
    n_pairs = data.block.size * (data.block.size - 1) // 2
    rdm = np.full((len(VIEWS), len(CODES), n_pairs), np.nan)
    condition_rdm = np.full((len(VIEWS), len(CODES), n, n_pairs), np.nan)
    baseline_rdm = np.full((len(VIEWS), len(CODES), len(BASELINES), n_pairs), np.nan)
    for place in np.ndindex(*shape[:2]) if enough else ():
        view, code = VIEWS[place[0]], CODES[place[1]]
        one = _matrices(view, code, data, models, halves[code])
        rdm[place], baseline_rdm[place] = one.recording, one.baselines
        condition_rdm[place] = [defined_means(stack, axis=0) for stack in one.models]
        for c, comparator in enumerate(comparators):
            if comparator.takes == "responses":
                if view == "whole" and code == "rate":
                    stacks = [np.stack([run.repeat_responses() for run in group])
                              for group in models.values()]  # fmt: skip
                    score[*place, c] = padded(
                        [comparator.compare(stack, data.repeat_responses()[None])[:, 0]
                         for stack in stacks], most)  # fmt: skip
                    noise[*place, c] = [_among(comparator, stack) for stack in stacks]
                continue
            against = one.recording[None]
            score[*place, c] = padded(
                [comparator.compare(stack, against)[:, 0] for stack in one.models], most
            )
            noise[*place, c] = [_among(comparator, stack) for stack in one.models]
            base[*place, c] = comparator.compare(one.baselines, against)[:, 0]
            known = one.halves[np.isfinite(one.halves).all(axis=(1, 2))]
            if len(known):
                ceiling = halves_ceiling(known, comparator.compare)
                low[*place, c], high[*place, c] = ceiling.lower, ceiling.upper
            if view == "beyond" and not untested and len(orders):
                for k, stack in enumerate(one.models):
                    null = comparator.compare(shifted(stack, data.block, orders), against)[..., 0]
                    p_value[place[1], c, k] = _upper(score[*place, c, k], null)
    mean = defined_means(score)
    interval = np.full((2, *mean.shape), np.nan)
    for where in np.ndindex(*mean.shape):
        known = score[where][np.isfinite(score[where])]
        if known.size >= options.headline_instances:
            interval[(slice(None), *where)] = t_interval(known, options.confidence)
    dims = ("view", "code", "comparator")
    return {
        "score": ((*dims, "condition", "instance"), score),
        "condition_score": ((*dims, "condition"), mean),
        "score_low": ((*dims, "condition"), interval[0]),
        "score_high": ((*dims, "condition"), interval[1]),
        "baseline_score": ((*dims, "baseline"), base),
        "matched_noise": ((*dims, "condition"), noise),
        "ceiling_low": (dims, low),
        "ceiling_high": (dims, high),
        "p_value": (("code", "comparator", "condition"), p_value),
        "p_holm": (("code", "comparator", "condition"), holm(p_value.ravel()).reshape(p_value.shape)),
        "recording_rdm": (("view", "code", "pair"), rdm),
        "condition_rdm": (("view", "code", "condition", "pair"), condition_rdm),
        "baseline_rdm": (("view", "code", "baseline", "pair"), baseline_rdm),
    }  # fmt: skip


def _matrices(view: str, code: str, data: Side, models: Sides, halves: np.ndarray) -> _Matrices:
    recording = data.repeats(code)
    found = _Matrices(
        recording,
        [np.stack([run.repeats(code) for run in group]) for group in models.values()],
        halves,
        baseline_rdms(recording, data.block),
    )
    if view == "whole":
        return found

    def out(rdms: np.ndarray) -> np.ndarray:
        return beyond(rdms.reshape(-1, rdms.shape[-1]), data.block).reshape(rdms.shape)

    return _Matrices(
        out(found.recording), [out(stack) for stack in found.models], out(halves),
        out(found.baselines),
    )  # fmt: skip


def _halves(
    dataset: xr.Dataset,
    side: Callable[[xr.Dataset], Side],
    options: Compare,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Matrices of random halves of the units, by code: shape (n_splits, 2, n_pairs)."""
    n_units = dataset.sizes["unit"]
    drawn: dict[str, list[list[np.ndarray]]] = {code: [] for code in CODES}
    for _ in range(options.structure.halves):
        order = rng.permutation(n_units)
        parts = [np.sort(order[: n_units // 2]), np.sort(order[n_units // 2 :][: n_units // 2])]
        sides = [side(select(dataset, units=part)) for part in parts]
        for code in CODES:
            drawn[code].append([one.repeats(code) for one in sides])
    return {code: np.array(value) for code, value in drawn.items()}


def _among(comparator: Comparator, stack: np.ndarray) -> float:
    """Mean over pairs of instances, one of them taken for the recording."""
    value = comparator.compare(stack, stack)
    return defined_mean(value[~np.eye(len(stack), dtype=bool)])


def _upper(score: np.ndarray, null: np.ndarray) -> float:
    """P of the mean score of the instances: null has shape (n_orders, n_instances)."""
    value, drawn = defined_mean(score), defined_means(null)
    if not np.isfinite(value):
        return float("nan")
    return upper_tail(value, drawn)


def _change(
    data: Side, models: Sides, comparators: Sequence[Comparator]
) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """How the geometry of segments changes over blocks, within each side."""
    most = max(map(len, models.values()))
    shape = len(CODES), len(comparators)
    between = np.full((*shape, len(_block_pairs(data))), np.nan)
    within = np.full(shape, np.nan)
    runs = np.full((2, *shape, len(models), most), np.nan)
    for place in np.ndindex(*shape):
        code, comparator = CODES[place[0]], comparators[place[1]]
        _, between[place], within[place] = geometry.change(data, code, comparator)
        for k, group in enumerate(models.values()):
            for i, run in enumerate(group):
                _, apart, same = geometry.change(run, code, comparator)
                runs[:, *place, k, i] = defined_mean(apart), same
    dims = ("code", "comparator")
    return {
        "recording_geometry_between": ((*dims, "block_pair"), between),
        "recording_geometry_within": (dims, within),
        "geometry_between": ((*dims, "condition", "instance"), runs[0]),
        "geometry_within": ((*dims, "condition", "instance"), runs[1]),
    }


def _segments(
    data: Side,
    models: Sides,
    comparators: Sequence[Comparator],
    options: Compare,
    timed: bool,
    rng: np.random.Generator,
    untested: bool,
) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Segment x segment matrices of both sides."""
    most = max(map(len, models.values()))
    score = np.full((len(CODES), len(comparators), len(models), most), np.nan)
    p_value = np.full(score.shape[:-1], np.nan)
    for place in np.ndindex(*score.shape[:2]):
        code, comparator = CODES[place[0]], comparators[place[1]]
        if comparator.takes == "responses" and code != "rate":
            continue

        def of(side: Side, code: str = code, comparator: Comparator = comparator) -> np.ndarray:
            return side.segments(code) if comparator.takes == "rdm" else side.segment_responses()

        value, p = geometry.across(
            of(data),
            [np.stack([of(run) for run in group]) for group in models.values()],
            comparator,
            timed,
            options.structure.shifts,
            rng,
        )
        score[place] = padded(value, most)
        p_value[place] = np.nan if untested else p
    dims = ("code", "comparator", "condition")
    return {
        "geometry_score": ((*dims, "instance"), score),
        "geometry_condition_score": (dims, defined_means(score)),
        "geometry_p_value": (dims, p_value),
        "geometry_p_holm": (dims, holm(p_value.ravel()).reshape(p_value.shape)),
    }
