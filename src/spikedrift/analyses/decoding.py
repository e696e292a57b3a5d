"""Decoding of the segment across time, from rate, from timing, and from both.

A decoder learns the segment of single trials in one block. The same classifier is tested on repeats
of that block that it has not seen and on the other blocks, so that the number of training trials is
the same. Rate: square roots of counts; timing: SpikeShip distances (nearest neighbor) or temporal
profiles divided by their count (linear decoders). For accuracy by lag, nearest neighbors learn one
repeat (Deitch et al. 2021), and linear decoders the first half of a block. Chance is one over the
number of segments; in the control, labels are permuted within repeats and everything is fitted
anew. Intervals: bootstrap over repeats. Accuracy includes the noise of single trials, so that it
can be compared between codes or blocks only on the same trials. The drop between blocks has no
test. Unit of inference: repeats of one recording; descriptive. The number of units at which timing
overtakes rate is after Sotomayor-Gomez et al. (2025), Cell Reports.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from spikedrift.analyses.contract.analysis import NAN, Analysis, Statistic, monte_carlo
from spikedrift.analyses.methods import decoders
from spikedrift.analyses.methods.decoders import Evidence
from spikedrift.config.analyses import DecodingOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.bands import centered
from spikedrift.drift.curve_statistics import lag_curve
from spikedrift.spikes.layout import Layout, Repeats
from spikedrift.spikes.selections import stream
from spikedrift.stats.means import defined_means

RELATIONS = ("within", "between")
SHUFFLED = "labels permuted within repeats, decoders fitted anew"
DRAWS = 1000  # of the bootstrap over repeats
SLOW = 5  # permutations of a decoder that is fitted by iteration


@dataclass(frozen=True)
class Split:
    """Trials that a decoder learns, and those that it is tested on."""

    train: np.ndarray
    test: np.ndarray
    between: np.ndarray  # bool, shape (n_test,): in another block than the training trials


def cross_validation(repeats: Repeats, folds: int) -> list[Split]:
    """Cut the repeats of each block into folds; test the held-out fold and all other blocks.

    Every `folds`-th repeat belongs to one fold. Blocks of fewer than three repeats train nothing.
    """
    splits = []
    for block in np.unique(repeats.block):
        own = np.flatnonzero(repeats.block == block)
        if own.size < 3:
            continue
        away = np.flatnonzero(repeats.block != block)
        for fold in range(min(folds, own.size)):
            held = np.arange(own.size) % min(folds, own.size) == fold
            train, near, far = (
                np.concatenate([repeats.members[r] for r in chosen] or [np.empty(0, np.int64)])
                for chosen in (own[~held], own[held], away)
            )
            test = np.concatenate([near, far])
            splits.append(Split(train, test, np.arange(test.size) >= near.size))
    return splits


def permuted_labels(segment: np.ndarray, repeats: Repeats, rng: np.random.Generator) -> np.ndarray:
    """Segments permuted within each repeat, hence within blocks."""
    out = segment.copy()
    for trials in repeats.members:
        out[trials] = segment[rng.permutation(trials)]
    return out


def decode(
    evidence: Evidence, splits: list[Split], labels: np.ndarray, keys: list[tuple[str, str]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Train and test all decoders on all splits, for the true labels and permuted ones.

    Parameters
    ----------
    labels : int64, shape (1 + n_permutations, n_trials)
        The true labels come first.
    keys : list of (decoder, code)

    Returns
    -------
    correct : float64, shape (n_keys, 2, n_trials)
        Share of the predictions of each trial that are right, within and between blocks; NaN for
        trials that were not tested.
    confusion : float64, shape (n_keys, 2, n_segments, n_segments)
        Share of the trials of each true segment by predicted segment. Trials without a prediction
        are in no column.
    null : float64, shape (n_keys, 2, n_permutations)
        Accuracy with permuted labels; NaN where a slow decoder was not fitted.
    """
    n_trials, n_segments = labels.shape[1], int(labels[0].max()) + 1
    hits = np.zeros((len(keys), 2, n_trials))
    tested = np.zeros((2, n_trials))
    confusion = np.zeros((len(keys), 2, n_segments, n_segments))
    right = np.zeros((len(keys), 2, labels.shape[0]))
    for split in splits:
        far = split.between.astype(np.int64)
        np.add.at(tested, (far, split.test), 1)
        predictors = evidence.predictors(split.train, split.test)
        for row, key in enumerate(keys):
            many = min(len(labels), 1 + SLOW) if key[0] == "logistic" else len(labels)
            for number in range(many):
                truth = labels[number][split.test]
                found = predictors[key](labels[number][split.train])
                good = found == truth
                right[row, :, number] += np.bincount(far, good, 2)
                if number == 0:
                    np.add.at(hits[row], (far, split.test), good)
                    known = found >= 0
                    np.add.at(confusion[row], (far[known], truth[known], found[known]), 1)
            right[row, :, many:] = np.nan
    total = tested.sum(axis=1)
    correct = np.divide(hits, tested, out=np.full(hits.shape, np.nan), where=tested > 0)
    shown = np.stack([np.bincount(labels[0], part, n_segments) for part in tested])
    confusion = confusion / np.maximum(shown, 1)[None, :, :, None]
    null = right[:, :, 1:] / np.where(total > 0, total, np.nan)[None, :, None]
    return correct, confusion, null


def lag_accuracy(
    evidence: Evidence, repeats: Repeats, segment: np.ndarray, keys: list[tuple[str, str]]
) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy on later repeats against the lag, within and between blocks.

    Nearest neighbors learn one repeat; linear decoders learn the first half of a block, and the lag
    counts from its last repeat.

    Returns
    -------
    lag : int64, shape (n_lags,)
        In repeats.
    accuracy : float64, shape (n_keys, 2, n_lags)
        NaN where no repeat was tested.
    """
    n = len(repeats.members)
    matrices = np.full((len(keys), n, n), np.nan)
    sources = [(r, np.array([r]), {"nearest"}) for r in range(n)]
    for block in np.unique(repeats.block):
        own = np.flatnonzero(repeats.block == block)
        if own.size >= 4:
            own = own[np.argsort(repeats.position[own])][: own.size // 2]
            sources.append((int(own[-1]), own, set(decoders.LINEAR)))
    for row, learned, kind in sources:
        later = np.flatnonzero(repeats.position > repeats.position[learned].max())
        wanted = tuple(name for name in evidence.names if name in kind)
        if not wanted or not later.size:
            continue
        train = np.concatenate([repeats.members[r] for r in learned])
        test = np.concatenate([repeats.members[r] for r in later])
        part = replace(evidence, names=wanted)
        for key, predict in part.predictors(train, test).items():
            good = predict(segment[train]) == segment[test]
            of = repeats.of_trial[test]
            share = np.bincount(of, good, n)[later] / np.bincount(of, minlength=n)[later]
            matrices[keys.index(key), row, later] = share
    # Rows may come after columns in label order: lags are found by position, not by index.
    square = np.fmax(matrices, np.swapaxes(matrices, 1, 2))
    curves = [lag_curve(matrix, repeats, "similarity") for matrix in square]
    return curves[0].lag, np.stack([curve.value for curve in curves])


def unit_curve(
    layout: Layout,
    splits: list[Split],
    options: DecodingOptions,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy of rate and timing against the number of units.

    Each draw is one random order of the units, from which the first are taken.

    Returns
    -------
    counts : int64, shape (n_counts,)
    accuracy : float64, shape (2, 2, n_counts, n_draws)
        By code and relation.
    """
    n_units, segment = layout.dataset.sizes["unit"], layout.segment
    counts = np.array(sorted({min(count, n_units) for count in options.unit_counts}))
    accuracy = np.full((2, 2, counts.size, options.unit_draws), np.nan)
    name = options.unit_decoder
    whole = (
        Evidence.of(layout, (name,), options.bins, options.min_shared)
        if name != "nearest"
        else None
    )
    for draw in range(options.unit_draws):
        order = rng.permutation(n_units)
        for column, count in enumerate(counts):
            if count == n_units and draw:
                accuracy[:, :, column, draw] = accuracy[:, :, column, 0]
                continue
            units = np.sort(order[:count])
            if whole is None:
                chosen = layout.of_units(units)
                part = Evidence.of(chosen, (name,), options.bins, options.min_shared)
            else:
                part = replace(
                    whole, features={code: f.units(units) for code, f in whole.features.items()}
                )
            right, tested = np.zeros((2, 2)), np.zeros(2)
            for split in splits:
                far = split.between.astype(np.int64)
                tested += np.bincount(far, minlength=2)
                for (_, code), predict in part.predictors(
                    split.train, split.test, tuple(part.features)
                ).items():
                    good = predict(segment[split.train]) == segment[split.test]
                    right[decoders.CODES.index(code)] += np.bincount(far, good, 2)
            share = right / np.where(tested > 0, tested, np.nan)
            accuracy[: len(part.features), :, column, draw] = share[: len(part.features)]
    return counts, accuracy


def crossing(counts: np.ndarray, difference: np.ndarray) -> float:
    """Number of units from which on timing is ahead of rate, after it was behind.

    Parameters
    ----------
    counts : shape (n_counts,)
    difference : float64, shape (n_counts,)
        Accuracy of timing minus that of rate.

    Returns
    -------
    float
        Interpolated in the logarithm of the count; NaN where timing is never behind, or is not
        ahead at the end. Ties are ignored.
    """
    known = np.flatnonzero(np.isfinite(difference) & (difference != 0))
    behind = known[difference[known] < 0]
    if not behind.size or behind[-1] == known[-1]:
        return NAN
    low = behind[-1]
    high = known[known > low][0]
    share = difference[low] / (difference[low] - difference[high])
    return float(np.exp(np.log(counts[low]) + share * np.log(counts[high] / counts[low])))


def run(dataset: xr.Dataset, options: DecodingOptions, seed: int) -> tuple[xr.Dataset, list[Any]]:
    """Accuracy within and between blocks, by lag and by number of units; confusions.

    Returns
    -------
    arrays : Dataset
        `accuracy` (key, relation), `confusion` (key, relation, segment, predicted),
        `lag_accuracy` (key, relation, lag), `unit_accuracy` (code, relation, count, draw). A key is
        a decoder with a code; coordinates `decoder` and `key_code` say which.
    statistics : list of Statistic
        For each decoder and code: `accuracy_within`, `accuracy_between`, and `drop`, their
        difference (without a test); `crossing`, where there is timing.

    Raises
    ------
    InputError
        Where no block has three repeats.
    """
    layout = Layout.of(dataset)
    name, segment, repeats = layout.name, layout.segment, layout.repeats
    splits = cross_validation(repeats, options.folds)
    if not splits:
        raise InputError(f"{name}: decoding needs three repeats in a block, no block has them")
    evidence = Evidence.of(layout, options.decoders, options.bins, options.min_shared)
    keys: list[tuple[str, str]] = [
        (decoder, code) for decoder in options.decoders for code in evidence.codes
    ]
    rng = stream(seed, name, "decoding")
    labels = np.stack(
        [segment, *(permuted_labels(segment, repeats, rng) for _ in range(options.surrogates))]
    )
    correct, confusion, null = decode(evidence, splits, labels, keys)
    by_repeat = _by_repeat(correct, repeats)
    boot = rng.integers(0, by_repeat.shape[-1], (DRAWS, by_repeat.shape[-1]))
    statistics: list[Statistic] = []
    for row, (decoder, code) in enumerate(keys):
        statistics += _accuracies(
            f"{decoder}.{code}", correct[row], by_repeat[row], null[row], boot
        )
    lag, curves = lag_accuracy(evidence, repeats, segment, keys)
    counts, by_units = unit_curve(layout, splits, options, rng)
    arrays = xr.Dataset(
        {
            "accuracy": (("key", "relation"), defined_means(correct)),
            "confusion": (("key", "relation", "segment", "predicted"), confusion),
            "lag_accuracy": (("key", "relation", "lag"), curves),
            "unit_accuracy": (("code", "relation", "count", "draw"), by_units),
        },
        {
            "key": [f"{decoder}.{code}" for decoder, code in keys],
            "decoder": ("key", [decoder for decoder, _ in keys]),
            "key_code": ("key", [code for _, code in keys]),
            "relation": list(RELATIONS),
            "lag": lag,
            "count": counts,
            "code": ["rate", "timing"],
        },
        {"n_segments": layout.n_segments, "training_trials": int(splits[0].train.size)},
    )
    if "timing" in evidence.codes:
        statistics.append(_crossing(counts, by_units[:, 0]))
    return arrays, statistics


def _by_repeat(correct: np.ndarray, repeats: Repeats) -> np.ndarray:
    """Accuracy of each repeat: shape (..., n_repeats)."""
    return np.stack([defined_means(correct[..., trials]) for trials in repeats.members], axis=-1)


def _accuracies(
    key: str, correct: np.ndarray, by_repeat: np.ndarray, null: np.ndarray, boot: np.ndarray
) -> list[Statistic]:
    statistics = []
    drawn = defined_means(by_repeat[:, boot])
    values = defined_means(correct)
    n = np.isfinite(by_repeat).sum(axis=1)
    more: dict[str, Any] = {"unit": "repeats", "interval": "95 % bootstrap over repeats"}
    for index, relation in enumerate(RELATIONS):
        low, high = map(float, centered(drawn[index], values[index]))
        known = null[index][np.isfinite(null[index])]
        statistics.append(
            monte_carlo(
                f"{key}.accuracy_{relation}", float(values[index]), known, "upper", SHUFFLED,
                n=int(n[index]), low=low, high=high, ordered=False, **more,
            )
        )  # fmt: skip
    low, high = map(float, centered(drawn[0] - drawn[1], values[0] - values[1]))
    statistics.append(
        Statistic(
            f"{key}.drop", float(values[0] - values[1]), int(n.min()), low=low, high=high,
            no_drift=0.0, **more,
        )
    )  # fmt: skip
    return statistics


def _crossing(counts: np.ndarray, accuracy: np.ndarray) -> Statistic:
    """Median crossing over draws of units, where at least half of them cross."""
    found = np.array([crossing(counts, one) for one in (accuracy[1] - accuracy[0]).T])
    known = found[np.isfinite(found)]
    what = f"95 % of the draws that cross ({known.size} of {found.size})"
    if known.size * 2 < found.size:
        return Statistic(
            "crossing", NAN, known.size, "draws of units", interval=what, ordered=False
        )
    low, high = np.quantile(known, [0.025, 0.975])
    return Statistic(
        "crossing", float(np.median(known)), known.size, "draws of units", float(low), float(high),
        interval=what, ordered=False,
    )  # fmt: skip


ANALYSIS = Analysis(
    name="decoding",
    title="Decoding across time",
    citation="Deitch D, Rubin A, Ziv Y (2021) Current Biology; Sotomayor-Gomez B, Battaglia FP, "
    "Vinck M (2025) Cell Reports",
    run=run,
    needs=frozenset({"segments"}),
)
