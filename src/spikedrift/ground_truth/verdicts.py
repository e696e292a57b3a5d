"""Verdicts of the ground truth on measures, in words for tables and footnotes.

The judgments of `spikedrift.ground_truth.assess` are shipped as `resources/ground_truth.tsv`; all
tables and figures take the words about their numbers from here.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pandas as pd

from spikedrift.core.atomic import write_text

PATH = Path(__file__).parents[3] / "resources" / "ground_truth.tsv"
ABSENT = "not in the ground truth"
UNJUDGED = "described in the ground truth, not judged: no test, and no value for no drift"
BIASED = "biased in the ground truth"
TABLE = "table: docs/ground-truth.md"
NAMES = {
    "rate_index": "the rate index",
    "timing_index": "the timing index",
    "signal_drift": "a signal index",
    "population_vector": "the population vector correlation",
    "spikeship": "SpikeShip",
}
_BACKGROUND = "background rates change between blocks"
_STATE = "activity follows behavior"
_BURSTS = "cells fire in bursts"
_SHARED = "all units share a background"
_SLOW = "each unit has a slow state of its own"
_DEPTH = "tuning becomes deeper or shallower"
_FLAT = "more or fewer spikes are locked to the stimulus"
_RATES = "firing rates alone change"
_TIMES = "spike times alone change"
CAUSES = {  # case of `spikedrift.config.ground_truth` -> what was done, in a reader's words
    "none": "nothing changes",
    "rate-drift": _RATES,
    "flat-code-rate-drift": _RATES,
    "event-time-drift": _TIMES,
    "event-gain-drift": "response sizes at fixed times change",
    "gain": "all rates change by one factor",
    "background": _BACKGROUND,
    "state": _STATE,
    "state-gain": _STATE,
    "state-background": _STATE,
    "state-matched": "trials are matched by a behavior that activity follows",
    "state-matched-drift": "trials are matched by a behavior that activity follows",
    "bursts": _BURSTS,
    "bursts-rate-drift": _BURSTS,
    "refractory": "cells are refractory",
    "unit-loss": "units are lost",
    "flat-code": "spike times carry nothing",
    "unit-state": _SLOW,
    "unit-state-fast": _SLOW,
    "unit-state-slow": _SLOW,
    "event-state": _SLOW,
    "states": _SLOW,
    "depth-half": _DEPTH,
    "depth-double": _DEPTH,
    "flat-double": _FLAT,
    "flat-none": _FLAT,
    "baseline": "units fire at a constant baseline",
    "baseline-rate-drift": _RATES,
    "excitability": "units become more or less excitable",
    "tuning-drift": _RATES,
    "time-shift": "all responses come later",
    "shared-background-3": _SHARED,
    "shared-background": _SHARED,
    "shared-background-8": _SHARED,
    "repeats-3": "there are 3 repeats",
    "repeats-3-state": _SLOW,
    "repeats-10": "there are 10 repeats",
    "repeats-10-state": _SLOW,
    "repeats-25": "there are 25 repeats",
    "repeats-25-state": _SLOW,
    "units-60": "there are 60 units",
    "units-60-state": _SLOW,
    "units-300": "there are 300 units",
    "units-300-state": _SLOW,
    "short": "trials are short",
    "short-state": _SLOW,
}
CAUSES_OF_KNOBS = {"rate_drift": _RATES, "event_time_drift": _TIMES, "tuning_drift": _RATES}


def write(table: pd.DataFrame, path: str | Path, made_with: Mapping[str, str]) -> None:
    """Write judgments as TSV, whole or not at all, below the entries of `made_with` after `#`."""
    above = "".join(f"# {key}: {value}\n" for key, value in made_with.items())
    below = table.to_csv(sep="\t", index=False, na_rep="nan", float_format="%.4g")
    write_text(above + below, path)


def read(path: Path = PATH) -> pd.DataFrame:
    """Read judgments that `write` wrote, by default the shipped ones; empty without the file."""
    if not path.is_file():
        columns = ["measure", "statistic", "case", "matched", "title", "knob", "amount", "p",
                   "biased"]  # fmt: skip
        return pd.DataFrame(columns=columns)
    with path.open(encoding="utf-8") as file:
        above = sum(line.startswith("#") for line in file)
    return pd.read_csv(path, sep="\t", skiprows=above, keep_default_na=False, na_values=["nan"])


@cache
def _shipped() -> pd.DataFrame:
    return read()


def verdict(
    measure: str, statistic: str, matched: bool = False, judgments: pd.DataFrame | None = None
) -> str:
    """Verdict of the ground truth on one statistic, in words.

    Parameters
    ----------
    measure : str
        `rate_index`, `timing_index`, a similarity measure (for statistics of its curves) or an
        analysis.
    statistic : str
    matched : bool
        In trials matched by behavior state.
    judgments : DataFrame, optional
        Default: those that are shipped.
    """
    known = _shipped() if judgments is None else judgments
    here = known[
        (known["measure"] == measure)
        & (known["statistic"] == statistic)
        & (known["matched"].astype(bool) == matched)
    ]
    if here.empty:
        return ABSENT
    judged = here[here["p"].notna()]
    if judged.empty:
        return UNJUDGED
    marked = _marked(judged)
    if not marked:
        n = len(judged)
        return f"no bias found in the ground truth ({n} case{'s' * (n > 1)})"
    return f"{BIASED}: {marked}"


def _marked(judgments: pd.DataFrame) -> str:
    """Titles of the cases that are marked; of a power curve, only the largest amount."""
    marked = judgments[judgments["biased"].astype(bool)]
    most = marked.groupby("knob")["amount"].transform("max")
    return "; ".join(marked.loc[(marked["knob"] == "") | (marked["amount"] == most), "title"])


def notes(
    *measures: str, matched: bool = False, judgments: pd.DataFrame | None = None
) -> list[str]:
    """Sentences under a figure of some measures: where they are biased, and which were not tried.

    There are none where nothing was found. Tables give the verdict on each statistic (`verdict`).

    Parameters
    ----------
    *measures : str
    matched : bool
        Trials matched by state are shown too.
    judgments : DataFrame, optional
        Default: those that are shipped.
    """
    known = _shipped() if judgments is None else judgments
    measures = tuple(dict.fromkeys(measures))
    tried = [one for one in measures if (known["measure"] == one).any()]
    by_cause: dict[str, list[str]] = {}
    for measure in tried:
        here = known[known["measure"] == measure]
        marked = here[here["biased"].astype(bool) & (matched | ~here["matched"].astype(bool))]
        for cause in dict.fromkeys(map(_cause, marked["case"], marked["knob"])):
            by_cause.setdefault(cause, []).append(_named(measure))
    by_names: dict[tuple[str, ...], list[str]] = {}
    for cause, names in by_cause.items():
        by_names.setdefault(tuple(names), []).append(cause)
    found = "; ".join(
        f"by {_listed([*names], 'and')} when {_listed(causes, 'or')}"
        for names, causes in by_names.items()
    )
    words = f"In simulations without drift of the code that is read, drift can be reported {found}"
    untried = [_named(one) for one in measures if one not in tried]
    return [
        *([f"{words} ({TABLE})."] if found else []),
        *([f"Not tried in simulated recordings: {_listed(untried, 'and')}."] if untried else []),
    ]


def _named(measure: str) -> str:
    return NAMES.get(measure) or measure.replace("_", " ")


def _cause(case: str, knob: str) -> str:
    """Words for what was done to a recording; a case that a user defined has its name."""
    return CAUSES.get(case) or CAUSES_OF_KNOBS.get(knob) or f"{case} is simulated"


def _listed(words: list[str], last: str) -> str:
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
