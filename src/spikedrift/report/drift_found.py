"""Sentences on what drifts in the recordings: the last part of the page of findings."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from spikedrift.comparison.conclusions import LEVEL
from spikedrift.drift import gates
from spikedrift.ground_truth import verdicts
from spikedrift.report.page import Part

CODES = {"rate": "the rate code", "timing": "the temporal profile of responses"}


def drift_part(indices: pd.DataFrame) -> Part:
    """Say what is known about drift between blocks in rate and timing.

    Parameters
    ----------
    indices : DataFrame
        As `spikedrift.report.tables.index_table` makes it; at least one row.
    """
    plain = indices[indices["matching"] == "none"]
    measured = plain[plain["gate_passed"].astype(bool) & plain["p_value"].notna()]
    drifts = measured[measured["p_value"] <= LEVEL]
    n = plain["recording"].nunique()
    answers = [
        _of_code(words, measured[measured["code"] == code], n) for code, words in CODES.items()
    ]
    against = []
    if (drifts["code"] == "timing").any():
        against.append(
            "A changed temporal profile does not say that spikes moved in time: sizes of responses "
            "at fixed times change it as well."
        )
    vague = measured[(measured["gate"] == gates.IMPRECISE) & (measured["p_value"] > LEVEL)]
    if len(vague):
        against.append(
            f"Of indices without shown drift {len(vague)} of "
            f"{(measured['p_value'] > LEVEL).sum()} are too imprecise to say that nothing drifts."
        )
    against += verdicts.notes("signal_drift")
    lines = [
        f"{recording}, {selection}: {'; '.join(map(_index, rows.to_dict('records')))}"
        f"{_paired(rows)}."
        for (recording, selection), rows in plain.groupby(["recording", "selection"], sort=False)
    ]
    return Part(
        "What drifts in the recordings?",
        f"Between blocks {'; '.join([*answers, *_most(plain)])} (p <= {LEVEL:g}; index: 0 "
        "kept, 1 drawn anew).",
        tuple(against),
        tuple(lines),
        (
            "The index is the share of a unit's tuning (rate) or temporal profile (timing) that is "
            "drawn anew: 0 without drift, 1 where units answer as other units do. Intervals (95 % "
            "unless drift.index.confidence says otherwise): over units or repeats, whichever is "
            "wider. Each p is the larger of two, over units "
            "(random signs) and over repeats (jackknife), that of timing less rate is paired. None "
            "is corrected over recordings, and nothing is inferred about animals. A p asks "
            "whether nothing drifts; an interval says how well the amount is known over units that "
            "drift by different amounts, and can be wide where p is small. A shift of behavior or "
            "of recording quality can look like drift.",
        ),
    )


def _most(plain: pd.DataFrame) -> list[str]:
    """Say in how many recordings timing changes less or more than rate; empty if none is tested."""
    known = plain[plain["difference_p_value"].notna()].drop_duplicates(["recording", "selection"])
    of = known["recording"].nunique()
    if not of:
        return []
    shown = known[known["difference_p_value"] <= LEVEL]
    less, more = (
        shown.loc[sign * shown["difference"] > 0, "recording"].nunique() for sign in (-1, 1)
    )
    return [
        f"timing is shown to change less than rate in {less} and more in {more} of "
        f"{of} recording{'s' * (of > 1)}"
    ]


def _of_code(words: str, rows: pd.DataFrame, n: int) -> str:
    """Say in how many of the recordings in which a code was measured it drifts."""
    of = rows["recording"].nunique()
    if not of:
        return f"{words} could be compared in none of {n} recording{'s' * (n > 1)}"
    shown = rows.assign(shown=rows["p_value"] <= LEVEL).groupby("recording")["shown"]
    always, ever = int(shown.all().sum()), int(shown.any().sum())
    said = f"{words} is shown to change in {always} of {of} recording{'s' * (of > 1)}"
    if ever > always:
        said += f", in {ever - always} more in some selections only"
    if ever:
        index = rows.loc[rows["p_value"] <= LEVEL, "index"]
        low, high = f"{index.min():.2g}", f"{index.max():.2g}"
        said += f" (index {low})" if low == high else f" (index {low} to {high})"
    return said + f" ({n - of} not measured)" * (n > of)


def _index(row: Mapping[Hashable, Any]) -> str:
    """Result for one code of one recording under one selection."""
    code, index, p = row["code"], row["index"], row["p_value"]
    if not row["gate_passed"]:
        return f"{code} not measured ({row['gate_note']})"
    value = f"index {index:.2g} [{row['low']:.2g}, {row['high']:.2g}]"
    if not np.isfinite(p):
        return f"{code} not tested ({value})"
    if p > LEVEL:
        said = "no drift shown"
        if row["gate"] == gates.IMPRECISE:
            said += ", too imprecise to say that there is none"
        return f"{code} {said} ({value}, p {p:.2g})"
    what = "drifts" if code == "rate" else "profile changes"
    return f"{code} {what} ({value}, p {p:.2g})"


def _paired(rows: pd.DataFrame) -> str:
    """Timing less rate of one recording under one selection; empty without both indices."""
    row = rows.iloc[0]
    if not np.isfinite(row["difference"]):
        return ""
    said = (
        f"; timing less rate {row['difference']:.2g} [{row['difference_low']:.2g}, "
        f"{row['difference_high']:.2g}]"
    )
    p = row["difference_p_value"]
    return said + (f", p {p:.2g}" if np.isfinite(p) else ", not tested")
