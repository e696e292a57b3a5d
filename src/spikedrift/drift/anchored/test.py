"""Gate and exchange test of an anchored index, the same for rate and timing.

S = (D_different - D_same) / (D_different + D_same) says how well trials distinguish segments; S_w
within blocks anchors S_b between blocks, and the index is (S_w - S_b) / S_w, as published. Both
parts of S hold the noise of single trials, which changes for reasons other than drift. This noise
cancels in the expectation of Delta = D_different - D_same, and so in the ratio index, which is
1 - Delta_between / sqrt(Delta_1 Delta_2), with Delta_1 and Delta_2 within two blocks.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from spikedrift.config.drift import IndexOptions
from spikedrift.drift import gates
from spikedrift.drift.pairs import Compared, TrialPairs, discriminated, discrimination
from spikedrift.spikes.selections import stream
from spikedrift.stats.means import defined_mean
from spikedrift.stats.monte_carlo import upper_tail

log = logging.getLogger(__name__)
NAN = float("nan")


@dataclass(frozen=True)
class Reading:
    """Discrimination of segments, read from the pairs of trials of one set of spikes.

    Attributes
    ----------
    within, between : float
        S_w and S_b.
    missing : float
        Share of undefined pairs.
    shared : float
        Median number of shared units.
    deltas : float64, shape (n_blocks, n_blocks)
        D_different - D_same by pair of blocks, upper triangle; NaN where there are no pairs. Empty
        where it was not read.
    """

    within: float
    between: float
    missing: float
    shared: float
    deltas: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))

    @property
    def index(self) -> float:
        """(S_w - S_b) / S_w; NaN unless S_w is positive."""
        return (self.within - self.between) / self.within if self.within > 0 else NAN

    @property
    def index_ratio(self) -> float:
        """1 - Delta_between / sqrt(Delta_1 Delta_2); see `ratio_of`."""
        return ratio_of(self.deltas)


def ratio_of(deltas: np.ndarray, redrawn: np.ndarray | None = None) -> float:
    """Ratio index: 0 if kept, 1 if redrawn; NaN unless every Delta within a block is positive.

    With more than two blocks, the mean of Delta_between over pairs of blocks is divided by the mean
    of sqrt(Delta_a Delta_b).

    Parameters
    ----------
    deltas : float64, shape (n_blocks, n_blocks)
        Upper triangle.
    redrawn : float64, shape (n_blocks, n_blocks), optional
        The same with the later of two blocks redrawn; the index is divided by its value there, and
        it is NaN unless that value is positive. Default: Delta_between of a redraw is 0.
    """
    own = np.diag(deltas)
    if not own.size or not (own > 0).all():
        return NAN
    a, b = np.triu_indices(own.size, k=1)
    kept = float(np.mean(np.sqrt(own[a] * own[b])))
    gone = 0.0 if redrawn is None else float(np.mean(redrawn[a, b]))
    return (kept - float(np.mean(deltas[a, b]))) / (kept - gone) if kept > gone else NAN


def read_means(total: np.ndarray, weight: np.ndarray, every: np.ndarray, shared: float) -> Reading:
    """Read S and Delta from sums of dissimilarities.

    Parameters
    ----------
    total, weight : float64, shape (2, n_blocks, n_blocks)
        Sum over the defined pairs of the same (0) and of different segments (1), and their weight,
        by pair of blocks; upper triangles.
    every : float64, shape (2, n_blocks, n_blocks)
        Weight of all pairs.
    shared : float
        Median number of shared units.
    """
    mean = np.divide(total, weight, out=np.full(total.shape, np.nan), where=weight > 0)
    off = np.triu(np.ones(total.shape[1:], bool), 1)
    inside = [defined_mean(np.diag(one)) for one in mean]
    outside = [
        float(one[off].sum() / n[off].sum()) if n[off].sum() > 0 else NAN
        for one, n in zip(total, weight, strict=True)
    ]
    missing = 1.0 - float(weight.sum() / every.sum())
    return Reading(
        discriminated(*inside), discriminated(*outside), missing, shared, mean[1] - mean[0]
    )


def read_compared(
    pairs: Compared, dissimilarity: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, ...]]
) -> Reading:
    """Read S and Delta from the dissimilarity of trials: (first, second) -> (value, n_shared)."""
    value, shared = dissimilarity(pairs.first, pairs.second)
    total, weight = pairs.sums(value)
    every = pairs.sums(np.zeros(value.size))[1]
    return read_means(total, weight, every, float(np.median(shared)))


def read(
    pairs: TrialPairs, dissimilarity: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, ...]]
) -> Reading:
    """Read S alone, from pairs with one other trial each: (first, second) -> (value, n_shared)."""
    value, shared = dissimilarity(
        np.concatenate([pairs.first, pairs.first]), np.concatenate([pairs.second, pairs.other])
    )
    n = pairs.first.size
    within, between = discrimination(value[:n], value[n:], pairs.block)
    return Reading(within, between, float(np.isnan(value).mean()), float(np.median(shared)))


@dataclass(frozen=True)
class Anchored:
    """An anchored index with its gate and test.

    Indices and p values are NaN where no code was detected or the index is too imprecise.

    Attributes
    ----------
    reading : Reading
        Reading of the tested spikes.
    n_within, n_between : int
        Pairs of trials of one segment.
    gate_limit : float
        Quantile `gate_level` of S_w over the permutation surrogates, which S_w must exceed.
    gate : Gate
        Whether the gate is open, and if not, why.
    null : float64, shape (surrogates,)
        Index of the exchange surrogates; empty where no code was detected.
    index_raw : float
        Index of the tested spikes, the statistic of the test.
    p_value : float
        Probability of an index at least as large under exchange.
    index, index_thinned : float
        Effect size, and the same before it is scaled by a redraw.
    null_ratio : float64, shape (surrogates,)
        Ratio index of the exchange surrogates; empty as `null` is.
    ratio_raw, ratio_p_value, index_ratio : float
        The same as `index_raw`, `p_value` and `index` for the ratio index.
    """

    reading: Reading
    n_within: int
    n_between: int
    gate_limit: float
    gate: gates.Gate = gates.WIDE
    null: np.ndarray = field(default_factory=lambda: np.empty(0))
    index_raw: float = NAN
    p_value: float = NAN
    index: float = NAN
    index_thinned: float = NAN
    null_ratio: np.ndarray = field(default_factory=lambda: np.empty(0))
    ratio_raw: float = NAN
    ratio_p_value: float = NAN
    index_ratio: float = NAN

    @property
    def no_index(self) -> str:
        """Why there is no index: no code was detected, or it is too imprecise; else empty."""
        return self.gate.words


def gate_and_test(
    name: str,
    code: str,
    n_pairs: tuple[int, int],
    reading: Reading,
    permuted: Callable[[np.random.Generator], Reading],
    exchanged: Callable[[np.random.Generator], Reading],
    options: IndexOptions,
    seed: int,
    max_standard_error: float = float("inf"),
) -> Anchored:
    """Ask for a code, then test the index.

    Parameters
    ----------
    name, code : str
        Recording, and the code ("rate" or "timing"), for messages and random streams.
    n_pairs : (int, int)
        Pairs of trials of one segment within and between blocks.
    reading : Reading
        Reading of the spikes to test.
    permuted, exchanged : callable
        Generator -> reading of one surrogate in which the segments carry no code (only its S_w is
        used), and of one in which the blocks are exchanged.
    options : IndexOptions
    seed : int
    max_standard_error : float
        The gate shuts unless the standard deviation of the index over exchange surrogates is
        below this.

    Returns
    -------
    Anchored
        Without the effect sizes `index`, `index_thinned` and `index_ratio`, which are NaN.
    """
    rng = stream(seed, name, code, "gate")
    told = np.array([permuted(rng).within for _ in range(options.gate_surrogates)])
    limit = float(np.nanquantile(told, options.gate_level)) if np.isfinite(told).any() else NAN
    p_value = upper_tail(reading.within, told)
    known = {
        "reading": reading,
        "n_within": n_pairs[0],
        "n_between": n_pairs[1],
        "gate_limit": limit,
    }
    null, null_ratio = np.empty(0), np.empty(0)
    gate = gates.Gate(p_value=p_value)
    if not reading.missing <= options.max_missing:
        gate = gates.unshared(reading.missing, options.min_shared)
    elif not reading.within > limit:
        gate = gates.no_code(code.replace("_", " "), p_value, reading.within, limit)
    else:
        rng = stream(seed, name, code, "exchange")
        drawn = [exchanged(rng) for _ in range(options.surrogates)]
        null = np.array([one.index for one in drawn])
        null_ratio = np.array([one.index_ratio for one in drawn])
        error = float(np.nanstd(null)) if np.isfinite(null).any() else NAN
        if not error < max_standard_error:
            gate = gates.imprecise(error, max_standard_error, p_value)
    if gate.words:
        log.info("%s: no %s index, %s", name, code, gate.words)
        return Anchored(**known, gate=gate, null=null, null_ratio=null_ratio)  # type: ignore[arg-type]
    ratio = reading.index_ratio
    return Anchored(
        **known,  # type: ignore[arg-type]
        gate=gate,
        null=null,
        index_raw=reading.index,
        p_value=upper_tail(reading.index, null),
        null_ratio=null_ratio,
        ratio_raw=ratio,
        ratio_p_value=upper_tail(ratio, null_ratio) if np.isfinite(ratio) else NAN,
    )
