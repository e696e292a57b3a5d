"""Gates of indices: whether an index can be read and, if not, why, as a state and in words.

"No code was detected" is a finding about the recording; "too imprecise" and "too few shared units"
are findings about the data at hand. All figures and tables take the words for a missing index from
here.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import xarray as xr

from spikedrift.trials import NO_TIMING

OPEN = "open"
NO_CODE = "no code detected"
IMPRECISE = "too imprecise"
UNSHARED = "unshared"
NO_TIMES = "no times"
UNMATCHED = "unmatched"
UNTUNED = "few segments"
LONE = "one block"
UNDEFINED = "undefined"
FAILED = "failed"
REJECTED = "rejected"
SHORT = {  # state -> words in a panel of a figure, with the code
    NO_CODE: "no {code} code detected",
    IMPRECISE: "{code} index too imprecise",
    UNSHARED: "too few shared units",
    NO_TIMES: "no spike timing",
    UNMATCHED: "trials not matched",
    UNTUNED: "too few segments for tuning",
    LONE: "one block",
    UNDEFINED: "{code} index undefined",
    FAILED: "run failed",
    REJECTED: "not accepted",
}
STATES = (OPEN, *SHORT)


@dataclass(frozen=True)
class Gate:
    """Whether an index can be read and, if not, the reason.

    Attributes
    ----------
    state : str
        One of `STATES`.
    words : str
        The reason with its numbers; empty where the gate is open.
    p_value : float
        p of the test for a code; NaN where there was no test.
    """

    state: str = OPEN
    words: str = ""
    p_value: float = math.nan


WIDE = Gate()  # open
NONE = Gate(NO_TIMES, NO_TIMING)
APART = Gate(UNMATCHED, "trials not matched")
ALONE = Gate(LONE, "one block: see the curve within it")


def no_code(code: str, p_value: float, within: float, limit: float) -> Gate:
    """Gate of an index where segments are distinguished no better than in the gate's surrogates."""
    words = (
        f"no {code} code was detected (gate test p = {p_value:.2g}: S_w {within:.4f}, surrogates "
        f"reach {limit:.4f})"
    )
    return Gate(NO_CODE, words, p_value)


def no_signal(code: str, block: int, p_value: float, level: float) -> Gate:
    """Gate of an index where the power of the signal is not significantly above 0 in a block."""
    words = f"no {code} code was detected in block {block} (p = {p_value:.2g}, level {level:g})"
    return Gate(NO_CODE, words, p_value)


def drowned(code: str, p_value: float) -> Gate:
    """Gate where a code was detected, but its powers, weighted for the index, do not exceed 0."""
    words = f"no {code} index: the powers of the signal, weighted for it, do not exceed noise"
    return Gate(UNDEFINED, words, p_value)


def unrepeated(code: str, blocks: str, p_value: float) -> Gate:
    """Gate where fewer than two blocks have two repeats of any unit."""
    words = f"no {code} index: {blocks} has two repeats of a whole response"
    return Gate(UNDEFINED, words, p_value)


def untuned(n_segments: int, least: int) -> Gate:
    """Gate where there are too few segments for the direction of a tuning curve to change."""
    words = (
        f"tuning needs {least} segments, the selection has {n_segments}: over fewer its direction "
        "cannot change"
    )
    return Gate(UNTUNED, words)


def imprecise(error: float, limit: float, p_value: float) -> Gate:
    """Gate where a code was detected, but the index of its drift is too imprecise."""
    known = (
        f"standard error {error:.3f} of the index, above the limit {limit:g}"
        if math.isfinite(error)
        else "no exchange surrogate has an index"
    )
    return Gate(IMPRECISE, f"too imprecise ({known})", p_value)


def wild(error: float, limit: float, p_value: float) -> Gate:
    """Gate where a code was detected, but its index could lie anywhere between 0 and 1."""
    words = f"far too imprecise (standard error {error:.2g} of the index, not below {limit:g})"
    return Gate(IMPRECISE, words, p_value)


def unshared(missing: float, min_shared: int) -> Gate:
    """Gate where too many pairs of trials share too few units; `missing` is their share."""
    return Gate(UNSHARED, f"{missing:.0%} of pairs share fewer than {min_shared} units")


def of(file: xr.Dataset, code: str, matching: str = "none") -> str:
    """State of one index in a file of indices; see `state_of`."""
    one = file.sel(matching=matching, code=code)
    return state_of(str(one["gate"].values), float(one["index"]))


def state_of(state: str, value: float) -> str:
    """State of an index; an index without a value behind an open gate is undefined."""
    if not math.isfinite(value) and state in (OPEN, ""):
        return UNDEFINED
    return state


def absent(state: str, value: float) -> str:
    """State that says why an index is missing; open for one with a value, however imprecise."""
    return OPEN if math.isfinite(value) else state_of(state, value)


def absent_from(file: xr.Dataset, code: str, matching: str = "none") -> str:
    """`absent` for one index in a file of indices."""
    one = file.sel(matching=matching, code=code)
    return absent(str(one["gate"].values), float(one["index"]))


def short(state: str, code: str) -> str:
    """Words for a panel of a figure; empty for an open gate."""
    return SHORT[state].format(code=code) if state != OPEN else ""


def counted(states: Iterable[str], code: str, of: bool = True) -> str:
    """Say how many of several indices are missing, by reason; empty where none is.

    With `of`, each number is followed by the number of all indices.
    """
    every = list(states)
    found = Counter(every)
    total = f" of {len(every)}" * of
    return "; ".join(
        f"{short(state, code)}: {found[state]}{total}" for state in SHORT if found[state]
    )
