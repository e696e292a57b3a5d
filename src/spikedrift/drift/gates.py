"""Gates of indices: which answer each gives, as data, and in which words.

"No code was detected" is a finding about the recording; "too imprecise" is one about the data at
hand, and so is "too few shared units". Whatever speaks of an index that is not there asks here.
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
SHORT = {  # state -> words of a panel, with the code
    NO_CODE: "no {code} code detected",
    IMPRECISE: "{code} index too imprecise",
    UNSHARED: "too few shared units",
    NO_TIMES: "no spike timing",
    UNMATCHED: "trials not matched",
    UNTUNED: "too few segments for tuning",
    LONE: "one block",
    UNDEFINED: "{code} index undefined",
    FAILED: "run failed",
}
STATES = (OPEN, *SHORT)


@dataclass(frozen=True)
class Gate:
    """Whether an index can be read, and which of the reasons it has.

    Attributes
    ----------
    state : str
        Of `STATES`.
    words : str
        The reason with its numbers; empty where the gate is open.
    p_value : float
        Of the test for a code; NaN where it was not made.
    """

    state: str = OPEN
    words: str = ""
    p_value: float = math.nan


WIDE = Gate()  # open
NONE = Gate(NO_TIMES, NO_TIMING)
APART = Gate(UNMATCHED, "trials not matched")
ALONE = Gate(LONE, "one block: see the curve within it")


def no_code(code: str, p_value: float, within: float, limit: float) -> Gate:
    """Segments are distinguished no better than in the surrogates of the gate."""
    words = (
        f"no {code} code was detected (gate test p = {p_value:.2g}: S_w {within:.4f}, surrogates "
        f"reach {limit:.4f})"
    )
    return Gate(NO_CODE, words, p_value)


def no_signal(code: str, block: int, p_value: float, level: float) -> Gate:
    """The power of the signal is not above 0 in some block."""
    words = f"no {code} code was detected in block {block} (p = {p_value:.2g}, level {level:g})"
    return Gate(NO_CODE, words, p_value)


def drowned(code: str, p_value: float) -> Gate:
    """A code was detected, its powers as they are weighted for the index are not above noise."""
    words = f"no {code} index: the powers of the signal, weighted for it, do not exceed noise"
    return Gate(UNDEFINED, words, p_value)


def unrepeated(code: str, blocks: str, p_value: float) -> Gate:
    """Units were seen twice in fewer than two blocks."""
    words = f"no {code} index: {blocks} has two repeats of a whole response"
    return Gate(UNDEFINED, words, p_value)


def untuned(n_segments: int, least: int) -> Gate:
    """Too few segments for the direction of a tuning curve to change."""
    words = (
        f"tuning needs {least} segments, the selection has {n_segments}: over fewer its direction "
        "cannot change"
    )
    return Gate(UNTUNED, words)


def imprecise(error: float, limit: float, p_value: float) -> Gate:
    """A code was detected, the index of its drift cannot be read."""
    known = (
        f"standard error {error:.3f} of the index, above the limit {limit:g}"
        if math.isfinite(error)
        else "no exchange surrogate has an index"
    )
    return Gate(IMPRECISE, f"too imprecise ({known})", p_value)


def wild(error: float, limit: float, p_value: float) -> Gate:
    """A code was detected, and its index would be anything between kept and redrawn."""
    words = f"far too imprecise (standard error {error:.2g} of the index, not below {limit:g})"
    return Gate(IMPRECISE, words, p_value)


def unshared(missing: float, min_shared: int) -> Gate:
    """Too many pairs of trials have no value."""
    return Gate(UNSHARED, f"{missing:.0%} of pairs share fewer than {min_shared} units")


def of(file: xr.Dataset, code: str, matching: str = "none") -> str:
    """State of one index of a file of indices."""
    one = file.sel(matching=matching, code=code)
    return state_of(str(one["gate"].values), float(one["index"]))


def state_of(state: str, value: float) -> str:
    """State of an index: one that has no value behind an open gate is undefined."""
    if not math.isfinite(value) and state in (OPEN, ""):
        return UNDEFINED
    return state


def absent(state: str, value: float) -> str:
    """Why an index is not there; open for one that has a value, precise or not."""
    return OPEN if math.isfinite(value) else state_of(state, value)


def absent_from(file: xr.Dataset, code: str, matching: str = "none") -> str:
    """Do as `absent`, of one index of a file."""
    one = file.sel(matching=matching, code=code)
    return absent(str(one["gate"].values), float(one["index"]))


def short(state: str, code: str) -> str:
    """Words for a panel; empty for an open gate."""
    return SHORT[state].format(code=code) if state != OPEN else ""


def counted(states: Iterable[str], code: str, of: bool = True) -> str:
    """Say how many of several indices are not there, reason by reason; empty where all are.

    `of`: how many there are of all, too.
    """
    every = list(states)
    found = Counter(every)
    total = f" of {len(every)}" * of
    return "; ".join(
        f"{short(state, code)}: {found[state]}{total}" for state in SHORT if found[state]
    )
