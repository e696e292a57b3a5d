"""Gate and exchange test of an anchored index: what rate and timing share.

S = (D_different - D_same) / (D_different + D_same) says how well trials tell segments apart; S_w
within blocks anchors S_b between blocks, and the index is (S_w - S_b) / S_w.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from spikedrift.config.drift import IndexOptions
from spikedrift.drift import gates
from spikedrift.drift.pairs import TrialPairs, discrimination
from spikedrift.selections import stream

log = logging.getLogger(__name__)
NAN = float("nan")


@dataclass(frozen=True)
class Reading:
    """What the pairs of trials of one set of spikes say.

    Attributes
    ----------
    within, between : float
        S_w and S_b.
    missing : float
        Share of undefined pairs.
    shared : float
        Median number of shared units.
    """

    within: float
    between: float
    missing: float
    shared: float

    @property
    def index(self) -> float:
        """(S_w - S_b) / S_w; NaN unless S_w is positive."""
        return (self.within - self.between) / self.within if self.within > 0 else NAN


def read(
    pairs: TrialPairs, dissimilarity: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, ...]]
) -> Reading:
    """Read S from the dissimilarity of trials: (first, second) -> (value, n_shared)."""
    value, shared = dissimilarity(
        np.concatenate([pairs.first, pairs.first]), np.concatenate([pairs.second, pairs.other])
    )
    n = pairs.first.size
    within, between = discrimination(value[:n], value[n:], pairs.block)
    return Reading(within, between, float(np.isnan(value).mean()), float(np.median(shared)))


@dataclass(frozen=True)
class Anchored:
    """An anchored index with its gate and test.

    Everything that says something about drift is NaN where the gate is shut.

    Attributes
    ----------
    reading : Reading
        Of the tested spikes.
    n_within, n_between : int
        Pairs of trials of one segment.
    gate_limit : float
        S_w that the permutation surrogates reach.
    gate : Gate
        Whether it is open, and if not, which of the reasons it has.
    null : float64, shape (surrogates,)
        Index of the exchange surrogates; empty where the gate shut before the test.
    index_raw : float
        Index of the tested spikes, the statistic of the test.
    p_value : float
        Of an index at least as large under exchange.
    index, index_thinned : float
        Effect size, and the same before it is scaled by a redraw.
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

    @property
    def shut(self) -> str:
        """Why the gate is shut; empty where it is open."""
        return self.gate.words


def upper_tail(value: float, null: np.ndarray) -> float:
    """Monte Carlo p of a value at least as large, (1 + k) / (1 + n).

    Undefined surrogates count as larger.
    """
    return float((1 + np.sum(~(null < value))) / (1 + null.size))


def gate_and_test(
    name: str,
    code: str,
    pairs: TrialPairs,
    reading: Reading,
    permuted: Callable[[np.random.Generator], Reading],
    exchanged: Callable[[np.random.Generator], Reading],
    options: IndexOptions,
    seed: int,
    max_standard_error: float = float("inf"),
) -> Anchored:
    """Open or shut the gate, then test the index.

    Parameters
    ----------
    name, code : str
        Recording, and "rate" or "timing": for messages and random streams.
    pairs : TrialPairs
    reading : Reading
        Of the spikes to test.
    permuted, exchanged : callable
        Reading of one surrogate in which the segments carry no code (only its S_w is used), and
        of one in which the blocks are exchanged.
    options : IndexOptions
    seed : int
    max_standard_error : float
        Largest standard deviation of the index over exchange surrogates.
    """
    rng = stream(seed, name, code, "gate")
    told = np.array([permuted(rng).within for _ in range(options.gate_surrogates)])
    limit = float(np.nanquantile(told, options.gate_level)) if np.isfinite(told).any() else NAN
    p_value = upper_tail(reading.within, told)
    known = {
        "reading": reading,
        "n_within": int((pairs.block >= 0).sum()),
        "n_between": int((pairs.block < 0).sum()),
        "gate_limit": limit,
    }
    null = np.empty(0)
    gate = gates.Gate(p_value=p_value)
    if not reading.missing <= options.max_missing:
        gate = gates.unshared(reading.missing, options.min_shared)
    elif not reading.within > limit:
        gate = gates.no_code(code.replace("_", " "), p_value, reading.within, limit)
    else:
        rng = stream(seed, name, code, "exchange")
        null = np.array([exchanged(rng).index for _ in range(options.surrogates)])
        error = float(np.nanstd(null)) if np.isfinite(null).any() else NAN
        if not error < max_standard_error:
            gate = gates.imprecise(error, max_standard_error, p_value)
    if gate.words:
        log.info("%s: no %s index, %s", name, code, gate.words)
        return Anchored(**known, gate=gate, null=null)  # type: ignore[arg-type]
    return Anchored(
        **known,  # type: ignore[arg-type]
        gate=gate,
        null=null,
        index_raw=reading.index,
        p_value=upper_tail(reading.index, null),
    )
