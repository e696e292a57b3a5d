"""Internal structure: how alike responses to segments are, and whether that outlasts their code.

The structure of a half of a block is the segment x segment correlation of population vectors over
units, between two disjoint sets of its repeats, so that trial noise shared by segments does not
enter. Structures are compared by Pearson's correlation of their strict upper triangles. This
similarity is shown beside the population-vector correlation of the same halves; both are divided by
their value within blocks. Only units observed in all trials are used.

Tests. Whether structures are alike at all: the segments of one of the two are permuted together. In
a movie they are shifted in time together (all shifts), and the mean of all pairs at one distance in
time is taken out of both, first and after every shift: without that, smooth responses that share
nothing pass as alike (`beyond_lag`). With fewer than seven segments there is no test. Drop from
within blocks to between: responses of a unit are exchanged among trials of the same segment, which
assumes that trials are independent given the segment. Fall with the distance of sessions (or
blocks), where there are at least four: correlation with lag against permuted orders (Roth & Merriam
2023, Nature Communications 14:4414). Intervals: bootstrap over units. Unit of inference: units of
one recording (for the fall, pairs of its sessions or blocks); descriptive. A stable structure means
that relations between segments are kept, not that the same units carry them, and neighboring
segments of a movie are alike whatever the code. After Deitch, Rubin & Ziv (2021), Current Biology
31:4327, who correlate segments of one average (option form: averaged).
"""

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from scipy.linalg import orthogonal_procrustes
from sklearn.manifold import ClassicalMDS

from spikedrift.analyses.contract.analysis import NAN, Analysis, Statistic, monte_carlo
from spikedrift.analyses.methods.moved_segments import Moved, moved_together
from spikedrift.config.analyses import InternalStructureOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.bands import centered
from spikedrift.drift.correlations import population_vector
from spikedrift.drift.responses import EXCHANGE, Halves, Responses, halves_of, null_of, responses_of
from spikedrift.drift.structures import (
    FEWEST_SEGMENTS,
    compare,
    structure,
    triangle,
)
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import stream
from spikedrift.stats.means import defined_mean

CODES = ("population_vector", "structure")
BOOTSTRAP = "95 % bootstrap over units"


def complete(responses: Responses, least: int, name: str) -> Responses:
    """Responses of the units observed in all trials of the segments shown in every repeat.

    Raises
    ------
    InputError
        Where fewer than three segments or `least` units are left.
    """
    shown = responses.observed.any(axis=2).all(axis=0)
    if shown.sum() < FEWEST_SEGMENTS:
        raise InputError(
            f"{name}: internal_structure needs {FEWEST_SEGMENTS} segments shown in every repeat, "
            f"the selection has {int(shown.sum())}"
        )
    units = responses.observed[:, shown].all(axis=(0, 1))
    if units.sum() < least:
        raise InputError(
            f"{name}: internal_structure needs {least} units observed in all trials, "
            f"{int(units.sum())} of {units.size} were; select repeats or match units over days"
        )
    return replace(
        responses,
        rate=responses.rate[:, shown][..., units],
        observed=responses.observed[:, shown][..., units],
    )


def parts_of(halves: Halves) -> np.ndarray:
    """Divide every half of a block in two, by dealing repeats in turn: (2, n_halves, n_repeats)."""
    place = np.cumsum(halves.member, axis=1)
    return np.stack([halves.member & (place % 2 == turn) for turn in (1, 0)])


def run(
    dataset: xr.Dataset, options: InternalStructureOptions, seed: int
) -> tuple[xr.Dataset, list[Statistic]]:
    """Compare structures and population vectors within and between blocks and sessions.

    Returns
    -------
    arrays : Dataset
        `structure` (block, segment, segment_other): correlation, mean over the halves of a block;
        `map` (end, segment, axis): classical scaling of 1 - structure of the first and the last
        block, the last turned onto the first; `similarity`, `ratio`, `ratio_low`, `ratio_high`
        (code, relation).
    statistics : list of Statistic
        For both codes the value of each relation and its ratio to the value within blocks; in a
        movie `structure.{relation}_beyond_lag`, with the test; `structure.drop`; `ratio_difference`
        (structure minus population vector, all relations but within); `{code}.lag_correlation`
        where there are four sessions or blocks.
    """
    name = str(dataset.attrs.get("recording"))
    responses = complete(responses_of(Layout.of(dataset)), options.min_shared, name)
    halves = halves_of(responses)
    needed = 2 if options.form == "cross_repeat" else 1
    if not len(halves.member) or halves.member.sum(axis=1).min() < needed:
        raise InputError(
            f"{name}: internal_structure compares halves of blocks and needs {2 * needed} repeats "
            f"in each block{'; or set form: averaged' if needed == 2 else ''}"
        )
    parts = parts_of(halves) if needed == 2 else np.stack([halves.member] * 2)
    shape = (2, len(halves.member), *responses.rate.shape[1:])

    def means(of: Responses) -> np.ndarray:
        return of.averaged(parts.reshape(-1, parts.shape[-1]))[0].reshape(shape)

    def vectors(matrices: np.ndarray) -> np.ndarray:
        return triangle(
            matrices, options.min_separation, options.partial_lag, options.comparison == "spearman"
        )

    def values(mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Population vectors and structures, each (n_halves, n_halves)."""
        whole = mean.mean(axis=0)
        found = vectors(structure(*mean))
        seen = np.ones(whole.shape, bool)
        return population_vector(whole, seen, options.min_shared), compare(found, found)

    mean = means(responses)
    matrices = structure(*mean)
    if triangle(matrices, options.min_separation).shape[-1] < FEWEST_SEGMENTS:
        raise InputError(
            f"{name}: internal_structure: with min_separation {options.min_separation} fewer than "
            f"three pairs of the {shape[2]} segments are left; lower it"
        )
    found = dict(zip(CODES, values(mean), strict=True))
    drawn = stream(seed, name, "internal_structure", "bootstrap")
    table = _ratios(
        halves,
        found,
        [values(mean[..., drawn.integers(shape[3], size=shape[3])])
         for _ in range(options.bootstrap)],
    )  # fmt: skip
    out = _of_relations(table, moved_together(dataset, options, seed, matrices, halves), shape[3])
    if len(table["relation"]) > 1:
        rng = stream(seed, name, "internal_structure", "exchange")
        null = null_of(
            dataset,
            responses,
            lambda of: np.array([_drop(halves.means(values(means(of))[1]))]),
            options.surrogates,
            rng,
        )
        drop = _drop(halves.means(found["structure"]))
        out.append(
            monte_carlo(
                "structure.drop", drop, null[0], "upper", EXCHANGE,
                n=shape[3], unit="units", no_drift=0.0,
            )
        )  # fmt: skip
    group, lag_unit = responses.groups
    for code, value in found.items():
        start = halves.member.argmax(axis=1)
        rng = stream(seed, name, "internal_structure", "orders")
        out += _over_lag(code, value, group[start], lag_unit, options.orders, rng)
    return _arrays(matrices, halves, table), out


def _drop(means: dict[str, float]) -> float:
    others = [value for name, value in means.items() if name != "within"]
    return means["within"] - defined_mean(np.array(others))


def _ratios(
    halves: Halves, found: dict[str, np.ndarray], resamples: list[tuple[np.ndarray, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Means of each relation, divided by that within blocks, with bootstrap intervals.

    Arrays are (code, relation), those of `interval` and `ratio_interval` have (low, high) last.
    """

    def relations(pair: tuple[np.ndarray, ...]) -> np.ndarray:
        return np.array([list(halves.means(value).values()) for value in pair])

    def ratio(value: np.ndarray) -> np.ndarray:
        within = value[..., :1]
        return np.divide(value, within, out=np.full(value.shape, np.nan), where=within > 0)

    value = relations(tuple(found[code] for code in CODES))
    drawn = np.stack([relations(pair) for pair in resamples])
    ratios = ratio(drawn)

    def interval(samples: np.ndarray, of: np.ndarray) -> np.ndarray:
        return np.stack(centered(samples, of), axis=-1)

    difference = np.array([_others(ratio(value))])
    return {
        "relation": np.array(list(halves.means(found["structure"]))),
        "value": value,
        "interval": interval(drawn, value),
        "ratio": ratio(value),
        "ratio_interval": interval(ratios, ratio(value)),
        "difference": difference,
        "difference_interval": interval(np.array([[_others(one)] for one in ratios]), difference)[
            0
        ],
    }


def _others(ratio: np.ndarray) -> float:
    """Structure minus population vector, mean over the relations other than within."""
    return defined_mean(ratio[1, 1:] - ratio[0, 1:])


def _of_relations(table: dict[str, np.ndarray], moved: Moved, n_units: int) -> list[Statistic]:
    units: dict[str, Any] = {"n": n_units, "unit": "units"}
    out = []
    for row, code in enumerate(CODES):
        for column, relation in enumerate(table["relation"].tolist()):
            low, high = table["interval"][row, column]
            out.append(
                Statistic(
                    f"{code}.{relation}", float(table["value"][row, column]), **units,
                    low=low, high=high, interval=BOOTSTRAP,
                )
            )  # fmt: skip
            if relation != "within":
                low, high = table["ratio_interval"][row, column]
                out.append(
                    Statistic(
                        f"{code}.{relation}_ratio", float(table["ratio"][row, column]), **units,
                        low=low, high=high, interval=BOOTSTRAP, no_drift=1.0,
                    )
                )  # fmt: skip
    for relation, value in moved.value.items():
        tested = monte_carlo(
            f"structure.{relation}{moved.suffix}", value, moved.null[relation], "upper",
            # Comparing halves of one block does not rest on the order of trials.
            moved.what, ordered=relation != "within", **units,
        )  # fmt: skip
        names = [one.name for one in out]
        if tested.name in names:
            place = names.index(tested.name)
            untested = out[place]
            out[place] = replace(
                tested, low=untested.low, high=untested.high, interval=untested.interval
            )
        else:
            out.append(tested)
    if len(table["relation"]) > 1:
        low, high = table["difference_interval"]
        out.append(
            Statistic(
                "ratio_difference", float(table["difference"][0]), **units,
                low=low, high=high, interval=BOOTSTRAP, no_drift=0.0,
            )
        )  # fmt: skip
    return out


def _over_lag(
    code: str,
    value: np.ndarray,
    group: np.ndarray,
    lag_unit: str,
    orders: int,
    rng: np.random.Generator,
) -> list[Statistic]:
    """Correlation of similarity with lag between groups of halves, against permuted orders."""
    n_groups = int(group.max()) + 1
    if n_groups < 4:
        return []
    first, second = np.triu_indices(n_groups, k=1)
    matrix = np.array(
        [
            [defined_mean(value[np.ix_(group == a, group == b)]) for b in range(n_groups)]
            for a in range(n_groups)
        ]
    )
    lag = (second - first).astype(np.float64)

    def correlation(order: np.ndarray) -> float:
        pairs = matrix[order[first], order[second]]
        known = np.isfinite(pairs)
        if known.sum() < 3 or np.ptp(pairs[known]) == 0 or np.ptp(lag[known]) == 0:
            return NAN
        return float(np.corrcoef(pairs[known], lag[known])[0, 1])

    null = np.array([correlation(rng.permutation(n_groups)) for _ in range(orders)])
    return [
        monte_carlo(
            f"{code}.lag_correlation",
            correlation(np.arange(n_groups)),
            null,
            "lower",
            f"order of {lag_unit} permuted",
            n=first.size,
            unit=f"pairs of {lag_unit}",
            no_drift=0.0,
        )
    ]


def _arrays(matrices: np.ndarray, halves: Halves, table: dict[str, np.ndarray]) -> xr.Dataset:
    blocks = np.unique(halves.block)
    by_block = np.stack([matrices[halves.block == block].mean(axis=0) for block in blocks])
    maps = [_scaled(by_block[0]), _scaled(by_block[-1])]
    turn, _ = orthogonal_procrustes(maps[1], maps[0])
    maps[1] = maps[1] @ turn
    return xr.Dataset(
        {
            "structure": (("block", "segment", "segment_other"), by_block),
            "map": (("end", "segment", "axis"), np.stack(maps)),
            "similarity": (("code", "relation"), table["value"]),
            "ratio": (("code", "relation"), table["ratio"]),
            "ratio_low": (("code", "relation"), table["ratio_interval"][..., 0]),
            "ratio_high": (("code", "relation"), table["ratio_interval"][..., 1]),
        },
        {
            "block": blocks,
            "code": list(CODES),
            "relation": table["relation"],
            "end": ["first", "last"],
        },
    )


def _scaled(matrix: np.ndarray) -> np.ndarray:
    """Classical scaling of 1 - correlation to two dimensions; undefined pairs are far apart."""
    distance = 1.0 - np.nan_to_num(matrix)
    np.fill_diagonal(distance, 0.0)
    scaled: np.ndarray = ClassicalMDS(n_components=2, metric="precomputed").fit_transform(distance)
    return scaled


ANALYSIS = Analysis(
    name="internal_structure",
    title="Similarity of internal structures",
    citation="Deitch D, Rubin A, Ziv Y (2021) Current Biology 31:4327-4339, "
    "doi:10.1016/j.cub.2021.07.062",
    run=run,
    needs=frozenset({"segments"}),
)
