"""Similarity matrices of a recording held against those of every simulated run of a sweep.

The file `results/structure/{comparison}.nc`, a Dataset.

Dims
    `view`: "full", matrices as they are; "residual", lag, block and level of windows out.
    `code`: "rate", "timing". `comparator`: as configured. `point`; `instance`, padded with NaN.
    `baseline`: "lag_only", "block_only", "no_drift".
    `pair`: pairs of windows of repeats, with coordinates `row`, `column` (windows, in order of
    time), `lag` (windows) and `relation` ("within" or "between" blocks).
    `block_pair`: pairs of blocks, with coordinates `block`, `block_other`.

Scores, repeat x repeat (drift structure)
    * `score` (view, code, comparator, point, instance): each run against the recording. NaN
      where a comparator has no form in a code (procrustes in timing and beyond lag and block), and
      of a run without a matrix, such as one that never fires: means leave it out.
    * `point_score`, `score_low`, `score_high` (view, code, comparator, point): mean over
      instances, and its Student interval, NaN below `min_instances`.
    * `baseline_score` (view, code, comparator, baseline).
    * `matched_noise` (view, code, comparator, point): mean score of two instances of the
      point, one taken for the recording; NaN with a single instance.
    * `ceiling_low`, `ceiling_high` (view, code, comparator): what a right model can reach, from
      random halves of the recording's units; NaN where halves share nothing or there is no RDM.
    * `p_value`, `p_holm` (code, comparator, point): of the score beyond lag and block, against
      circular shifts of windows inside their blocks, of each instance by its own; Holm over all
      that are tested. `smallest_p` (point): the smallest p that is attainable by shifts of its
      instances.

Matrices
    * `recording_rdm` (view, code, pair), `point_rdm` (view, code, point, pair), mean over
      instances, `baseline_rdm` (view, code, baseline, pair). Units: `rdm_units` (JSON by code).

Segment geometry, where segments correspond (else absent, and `refused` says why)
    * `geometry_score` (code, comparator, point, instance), `geometry_point_score`,
      `geometry_p_value`, `geometry_p_holm` (code, comparator, point): segment x segment
      matrices; movies with the trend over distance in time out of both, against circular shifts of
      the model's time axis (all of them), other segments against permuted labels.

Change of segment geometry, each side by itself, needs no correspondence
    * `recording_geometry_between` (code, comparator, block_pair), `recording_geometry_within`
      (code, comparator): geometry of one block against another, and of the halves (repeats dealt by
      turns) of one block, mean over blocks; `geometry_between` (code, comparator, point,
      instance), mean over pairs of blocks, and `geometry_within` (same dims).

Attributes
----------
    `recording`, `sweep`, `control`, `titles` (JSON: point -> words), `comparator_titles`,
    `directions` ("higher" or "lower": what is more alike), `blind_to` (JSON by comparator);
    `subsampled`: one line, what was drawn down to the same number, and how many units are left
    where the noise of some is not known; `refused`: what was not
    compared and why, one a line; `conclusion`: what holds, one sentence a line; `inference`: unit
    of inference, n, nulls, assumptions; `n_units`, `n_segments`, `options` (JSON), `seed`.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np
import xarray as xr

from spikedrift.comparison.claims import check_order
from spikedrift.comparison.conclusions import conclusions, setting
from spikedrift.comparison.matrices import geometry, missing, subsampling
from spikedrift.comparison.matrices.lag_and_block import pairs_of
from spikedrift.comparison.matrices.missing import ModelResponses
from spikedrift.comparison.matrices.repeats import (
    FEWEST_WINDOWS,
    VIEWS,
    Variables,
    repeat_scores,
)
from spikedrift.comparison.matrices.responses import CODES, TrialResponses
from spikedrift.comparison.scores.baselines import BASELINES
from spikedrift.comparison.scores.models import stacked
from spikedrift.config.compare import Compare
from spikedrift.config.similarity import MeasureEntry
from spikedrift.core.errors import InputError
from spikedrift.drift.structures import in_time_order
from spikedrift.rsa.comparator import Comparator, get
from spikedrift.spikes.caveats import handed_on
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import stream
from spikedrift.stats.inference import holm
from spikedrift.stats.means import defined_mean, defined_means

log = logging.getLogger(__name__)


def structure(
    recording: xr.Dataset,
    points: Mapping[str, Sequence[xr.Dataset]],
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
    points : mapping of point name -> trials Datasets, one an instance
        After theirs.
    timing : MeasureEntry
        Measure of timing dissimilarities.
    options : Compare, optional
    seed : int
        Of the draws of units, segments, halves and permutations.
    control : str, optional
        The variant without plasticity.
    titles : mapping, optional
        Words for the points.
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
    reason = check_order(name, recording.attrs, options)
    layout = Layout.of(recording)
    laid_out = {key: [Layout.of(run) for run in group] for key, group in points.items()}
    runs = [run for group in laid_out.values() for run in group]
    if not runs:
        raise InputError(f"{name}: no model runs to compare with; give the sweep's")
    sizes = [subsampling.size_of(one) for one in (layout, *runs)]
    size = subsampling.common(sizes, options.structure.units)
    if size.units < options.min_units:
        raise InputError(
            f"{name}: {size.units} units are left on both sides, a comparison needs "
            f"{options.min_units} (compare.min_units)"
        )
    segments, refusal = subsampling.corresponding(layout, runs)
    if segments is not None:
        size = subsampling.Size(size.units, len(segments), size.blocks, size.repeats)

    def cut(whole: Layout) -> xr.Dataset:
        # "match" is the first name of subsampling: another key would draw other units.
        rng = stream(seed, whole.name, "structure", "match")
        return subsampling.subsampled(whole, size, rng, segments)

    def responses(dataset: xr.Dataset) -> TrialResponses:
        return TrialResponses.of(dataset, options.structure, timing)

    comparators = [get(key) for key in options.structure.comparators]
    ours = cut(layout)
    data = responses(ours)
    models = {key: [responses(cut(run)) for run in group] for key, group in laid_out.items()}
    log.info("%s: matrices of %d runs at %d units", name, len(runs), size.units)
    found = repeat_scores(
        name, ours, data, models, responses, comparators, options, seed, bool(reason)
    )
    found |= _change(data, models, comparators)
    refused = []
    if data.block.size < FEWEST_WINDOWS:
        refused.append(
            f"repeat x repeat matrices of {name}: {data.block.size} windows of "
            f"{options.structure.window} repeats, {FEWEST_WINDOWS} are needed"
        )
    else:
        rate = found["score"][1][VIEWS.index("full"), CODES.index("rate")]
        refused += missing.undefined(name, data, models, titles or {}, comparators, rate)
        for line in refused:
            log.warning("%s", line)
    if segments is None:
        refused.append(refusal)
    else:
        timed = all(in_time_order(one) for one in (recording, *(run.dataset for run in runs)))
        found |= _segments(name, data, models, comparators, options, timed, seed, bool(reason))
    n_left = [run.response.shape[-1] for run in chain(*models.values())]
    said = (
        subsampling.words(sizes[0], sizes[1:], size, seed),
        subsampling.left(data.response.shape[-1], n_left, size),
    )
    lag, within, _ = pairs_of(data.block)
    row, column = np.triu_indices(data.block.size, k=1)
    out = xr.Dataset(
        found,
        coords={
            "view": list(VIEWS),
            "code": list(CODES),
            "comparator": [one.name for one in comparators],
            "point": list(points),
            "baseline": list(BASELINES),
            "row": ("pair", row),
            "column": ("pair", column),
            "lag": ("pair", lag, {"units": "windows"}),
            "relation": ("pair", np.where(within, "within", "between")),
            "block": ("block_pair", [a for a, _ in geometry.block_pairs(data)]),
            "block_other": ("block_pair", [b for _, b in geometry.block_pairs(data)]),
        },
    )
    out = out.assign_attrs(
        handed_on(recording.attrs)
        | {key: recording.attrs[key] for key in ("assumptions", "kind") if key in recording.attrs},
        recording=name,
        sweep=sweep,
        control=control or "",
        titles=json.dumps({key: (titles or {}).get(key, key) for key in points}),
        comparator_titles=json.dumps({one.name: one.title for one in comparators}),
        directions=json.dumps({one.name: one.direction for one in comparators}),
        blind_to=json.dumps({one.name: one.blind_to for one in comparators}),
        rdm_units=json.dumps({"rate": _rate_units(options), "timing": timing.measure}),
        subsampled=" ".join(filter(None, said)),
        refused="\n".join(refused),
        n_units=size.units,
        n_segments=size.segments,
        options=options.structure.model_dump_json(),
        seed=seed,
    )
    out.attrs["inference"] = setting(out, missing.instances_of(models), options, reason)
    out.attrs["conclusion"] = "\n".join(conclusions(out))
    return out


def _rate_units(options: Compare) -> str:
    chosen = options.structure
    if chosen.distance == "poisson":
        return "symmetrized divergence of Poisson rates; nats per unit"
    return f"crossnobis, counts {chosen.stabilize}, noise {chosen.noise}; per unit"


def _change(
    data: TrialResponses, models: ModelResponses, comparators: Sequence[Comparator]
) -> Variables:
    """How the geometry of segments changes over blocks, within each side."""
    most = max(map(len, models.values()))
    shape = len(CODES), len(comparators)
    between = np.full((*shape, len(geometry.block_pairs(data))), np.nan)
    within = np.full(shape, np.nan)
    runs = np.full((2, *shape, len(models), most), np.nan)
    for place in np.ndindex(*shape):
        code, comparator = CODES[place[0]], comparators[place[1]]
        between[place], within[place] = geometry.change(data, code, comparator)
        for k, group in enumerate(models.values()):
            for i, run in enumerate(group):
                apart, same = geometry.change(run, code, comparator)
                runs[:, *place, k, i] = defined_mean(apart), same
    dims = ("code", "comparator")
    return {
        "recording_geometry_between": ((*dims, "block_pair"), between),
        "recording_geometry_within": (dims, within),
        "geometry_between": ((*dims, "point", "instance"), runs[0]),
        "geometry_within": ((*dims, "point", "instance"), runs[1]),
    }


def _segments(
    name: str,
    data: TrialResponses,
    models: ModelResponses,
    comparators: Sequence[Comparator],
    options: Compare,
    timed: bool,
    seed: int,
    untested: bool,
) -> Variables:
    """Segment x segment matrices of both sides."""
    most = max(map(len, models.values()))
    score = np.full((len(CODES), len(comparators), len(models), most), np.nan)
    p_value = np.full(score.shape[:-1], np.nan)
    for place in np.ndindex(*score.shape[:2]):
        code, comparator = CODES[place[0]], comparators[place[1]]
        if comparator.takes == "responses" and code != "rate":
            continue

        def of(
            one: TrialResponses, code: str = code, comparator: Comparator = comparator
        ) -> np.ndarray:
            return one.segments(code) if comparator.takes == "rdm" else one.segment_responses()

        value, p = geometry.across(
            of(data),
            [[of(run) for run in group] for group in models.values()],
            comparator,
            timed,
            options.structure,
            stream(seed, name, "structure", "labels", code, comparator.name),
        )
        score[place] = stacked(value, most)
        p_value[place] = np.nan if untested else p
    dims = ("code", "comparator", "point")
    return {
        "geometry_score": ((*dims, "instance"), score),
        "geometry_point_score": (dims, defined_means(score)),
        "geometry_p_value": (dims, p_value),
        "geometry_p_holm": (dims, holm(p_value.ravel()).reshape(p_value.shape)),
    }
