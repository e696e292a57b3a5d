"""Scores of repeat x repeat matrices: runs, baselines, ceilings, and tests beyond lag and block."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from spikedrift.comparison.matrices.lag_and_block import baseline_rdms, residual, shifted
from spikedrift.comparison.matrices.missing import ModelResponses, instances_of
from spikedrift.comparison.matrices.responses import CODES, TrialResponses
from spikedrift.comparison.scores.baselines import BASELINES
from spikedrift.comparison.scores.models import stacked
from spikedrift.config.compare import Compare
from spikedrift.drift.unit_samples import random_halves
from spikedrift.rsa.comparator import Comparator
from spikedrift.rsa.noise_ceiling import halves_ceiling
from spikedrift.spikes.selections import stream
from spikedrift.stats.inference import holm
from spikedrift.stats.intervals import t_interval
from spikedrift.stats.matrix_regression import shifts_within
from spikedrift.stats.means import defined_mean, defined_means
from spikedrift.stats.monte_carlo import p_of_instances
from spikedrift.trials import select

VIEWS = ("full", "residual")
FEWEST_WINDOWS = 4
Variables = dict[str, tuple[tuple[str, ...], np.ndarray]]


@dataclass(frozen=True)
class _Matrices:
    """Repeat x repeat matrices of one view and code: recording, runs by point, halves."""

    recording: np.ndarray
    models: list[np.ndarray]
    halves: np.ndarray
    baselines: np.ndarray


def repeat_scores(
    name: str,
    dataset: xr.Dataset,
    data: TrialResponses,
    models: ModelResponses,
    responses: Callable[[xr.Dataset], TrialResponses],
    comparators: Sequence[Comparator],
    options: Compare,
    seed: int,
    untested: bool,
) -> Variables:
    """Variables of the result on repeat x repeat matrices.

    See `spikedrift.comparison.matrices.matrices`.

    Parameters
    ----------
    name : str
        Name of the recording.
    dataset : trials Dataset
        The recording, cut to size.
    data : TrialResponses
        Responses of the recording.
    models : mapping of point name -> sequence of TrialResponses, one an instance
    responses : callable
        trials Dataset -> TrialResponses, for halves of the units.
    comparators : sequence of Comparator
    options : Compare
    seed : int
    untested : bool
        Whether p is NaN because the order of trials is assumed.
    """
    enough = data.block.size >= FEWEST_WINDOWS
    halves = _halves(dataset, responses, options, stream(seed, name, "structure", "halves"))
    rng = stream(seed, name, "structure", "shifts")
    orders = shifts_within(data.block, options.structure.shifts, rng)
    orders = np.concatenate([np.arange(data.block.size)[None], orders])  # the first: as it is
    shape = len(VIEWS), len(CODES), len(comparators)
    n, most = len(models), max(map(len, models.values()))
    score = np.full((*shape, n, most), np.nan)
    base = np.full((*shape, len(BASELINES)), np.nan)
    noise, (low, high) = np.full((*shape, n), np.nan), np.full((2, *shape), np.nan)
    p_value = np.full((len(CODES), len(comparators), n), np.nan)
    n_pairs = data.block.size * (data.block.size - 1) // 2
    rdm = np.full((len(VIEWS), len(CODES), n_pairs), np.nan)
    point_rdm = np.full((len(VIEWS), len(CODES), n, n_pairs), np.nan)
    baseline_rdm = np.full((len(VIEWS), len(CODES), len(BASELINES), n_pairs), np.nan)
    for place in np.ndindex(*shape[:2]) if enough else ():
        view, code = VIEWS[place[0]], CODES[place[1]]
        one = _matrices(view, code, data, models, halves[code])
        rdm[place], baseline_rdm[place] = one.recording, one.baselines
        point_rdm[place] = [defined_means(stack, axis=0) for stack in one.models]
        for c, comparator in enumerate(comparators):
            if comparator.takes == "responses":
                if view == "full" and code == "rate":
                    own = [data.repeat_responses()]
                    runs = [[run.repeat_responses() for run in group] for group in models.values()]
                    score[*place, c] = stacked(
                        [comparator.table(group, own)[:, 0] for group in runs], most
                    )
                    noise[*place, c] = [_among(comparator, group) for group in runs]
                continue
            against = one.recording[None]
            score[*place, c] = stacked(
                [comparator.compare(stack, against)[:, 0] for stack in one.models], most
            )
            noise[*place, c] = [_among(comparator, list(stack)) for stack in one.models]
            base[*place, c] = comparator.compare(one.baselines, against)[:, 0]
            known = one.halves[np.isfinite(one.halves).all(axis=(1, 2))]
            if len(known):
                ceiling = halves_ceiling(known, comparator.compare)
                if ceiling.lower > 0:
                    low[*place, c], high[*place, c] = ceiling.lower, ceiling.upper
            sign = -1.0 if comparator.direction == "lower" else 1.0
            if view == "residual" and not untested:
                for k, stack in enumerate(one.models):
                    null = comparator.compare(shifted(stack, data.block, orders), against)[..., 0]
                    drawn = stream(seed, name, "structure", "draws", code, comparator.name, k)
                    p_value[place[1], c, k] = p_of_instances(
                        sign * null, options.structure.draws, drawn
                    )
    reach = [float(len(orders)) ** -n for n in instances_of(models).values()]
    least = np.maximum(reach, 1 / (1 + options.structure.draws))
    mean = defined_means(score)
    interval = np.full((2, *mean.shape), np.nan)
    for where in np.ndindex(*mean.shape):
        known = score[where][np.isfinite(score[where])]
        if known.size >= options.min_instances:
            interval[(slice(None), *where)] = t_interval(known, options.confidence)
    dims = ("view", "code", "comparator")
    return {
        "score": ((*dims, "point", "instance"), score),
        "point_score": ((*dims, "point"), mean),
        "score_low": ((*dims, "point"), interval[0]),
        "score_high": ((*dims, "point"), interval[1]),
        "baseline_score": ((*dims, "baseline"), base),
        "matched_noise": ((*dims, "point"), noise),
        "ceiling_low": (dims, low),
        "ceiling_high": (dims, high),
        "p_value": (("code", "comparator", "point"), p_value),
        "p_holm": (
            ("code", "comparator", "point"),
            holm(p_value.ravel()).reshape(p_value.shape),
        ),
        "smallest_p": (("point",), least),
        "recording_rdm": (("view", "code", "pair"), rdm),
        "point_rdm": (("view", "code", "point", "pair"), point_rdm),
        "baseline_rdm": (("view", "code", "baseline", "pair"), baseline_rdm),
    }  # fmt: skip


def _matrices(
    view: str, code: str, data: TrialResponses, models: ModelResponses, halves: np.ndarray
) -> _Matrices:
    recording = data.repeats(code)
    found = _Matrices(
        recording,
        [np.stack([run.repeats(code) for run in group]) for group in models.values()],
        halves,
        baseline_rdms(recording, data.block),
    )
    if view == "full":
        return found

    def out(rdms: np.ndarray) -> np.ndarray:
        return residual(rdms.reshape(-1, rdms.shape[-1]), data.block).reshape(rdms.shape)

    return _Matrices(
        out(found.recording), [out(stack) for stack in found.models], out(halves),
        out(found.baselines),
    )  # fmt: skip


def _halves(
    dataset: xr.Dataset,
    responses: Callable[[xr.Dataset], TrialResponses],
    options: Compare,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Matrices of random halves of the units, by code: shape (n_splits, 2, n_pairs)."""
    drawn: dict[str, list[list[np.ndarray]]] = {code: [] for code in CODES}
    for halves in random_halves(dataset.sizes["unit"], options.structure.halves, rng):
        halved = [responses(select(dataset, units=np.sort(half))) for half in halves]
        for code in CODES:
            drawn[code].append([one.repeats(code) for one in halved])
    return {code: np.array(value) for code, value in drawn.items()}


def _among(comparator: Comparator, runs: Sequence[np.ndarray]) -> float:
    """Mean score over pairs of instances, one of which takes the place of the recording."""
    value = comparator.table(runs, runs)
    return defined_mean(value[~np.eye(len(runs), dtype=bool)])
