"""What was found, in sentences: the page that a report opens on.

Nothing is computed here: every number is one of a file of results, and no sentence says more than
the test behind it. The first sentence of each part answers its question.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from spikedrift.comparison.conclusions import listed

LEVEL = 0.05


class Part(NamedTuple):
    """Heading, the answer in one sentence, and what it rests on, a sentence an item."""

    heading: str
    answer: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Compared:
    """One comparison: its scores, its recovery test, and the truth where it is known.

    Attributes
    ----------
    scores : Dataset
        Of `spikedrift.comparison.compare`.
    recovery : Dataset or None
        Of `spikedrift.comparison.recovery`.
    truth : mapping or None
        `condition` and `title` of the simulation that the recording was made from.
    """

    scores: xr.Dataset
    recovery: xr.Dataset | None = None
    truth: Mapping[str, str] | None = None


def findings(compared: Sequence[Compared], indices: pd.DataFrame | None = None) -> list[Part]:
    """Say what a configuration found.

    Parameters
    ----------
    compared : sequence of Compared
    indices : DataFrame or None
        As `spikedrift.drift.table.index_table` makes it: one row a recording, selection, matching
        and code.

    Returns
    -------
    list of Part
        Comparisons, then drift of the recordings; one part that says so where there is neither.
    """
    parts = [_comparison(one) for one in compared]
    if indices is not None and len(indices):
        parts.append(_drift(indices))
    return parts or [
        Part(
            "Nothing was compared",
            "This configuration compares no recording with networks, and has no recording whose "
            "drift is measured: what it made stands in the results.",
        )
    ]


def _comparison(one: Compared) -> Part:
    scores, recording = one.scores, str(one.scores.attrs["recording"])
    heading = f"Which rule has {recording}?"
    if "score" not in scores:
        return Part(heading, f"Not compared: {scores.attrs.get('refused', 'no scores')}.")
    known = scores["score"].dropna("condition")
    if not known.size:
        return Part(heading, "No condition has an instance with all statistics: none is scored.")
    ranked = known.sortby(known)
    words = json.loads(scores.attrs["titles"])
    names = [str(name) for name in ranked["condition"].values]
    rules = {str(name): str(rule) for name, rule in zip(*_rules(scores), strict=True)}
    nearest, found = names[0], rules[names[0]]
    title = words[nearest]
    tested = one.recovery is not None and "accuracy" in one.recovery
    answer = f"The nearest tested rule is {title}"
    if tested and one.recovery is not None:
        answer += f"; {_error_rate(one.recovery, found, title)}"
    details = []
    if one.truth is not None:
        details.append(_truth(one.truth, found, title, set(rules.values())))
    details.append(
        "Distance (mean squared standardized residual, 1 is expected of one more draw, time scale "
        "free): "
        + ", ".join(f"{words[name]} {float(ranked[k]):.2g}" for k, name in enumerate(names))
        + "."
    )
    if tested and one.recovery is not None:
        details += _checks(one.recovery, recording, words)
    elif one.recovery is not None:
        details.append(f"No recovery test: {one.recovery.attrs['refused']}.")
    else:
        details.append("No recovery test: it needs two rules and three instances.")
    details.append(str(scores.attrs["conclusion"]))
    details.append(str(scores.attrs["inference"]))
    if assumed := str(scores.attrs.get("assumptions", "")):
        details.append(f"Assumed: {assumed}.")
    details.append(
        "Not claimed: that the cortex uses a rule. A rule that is not rejected is not excluded by "
        "this recording, given one fitted time scale; rules that were not simulated are not tested."
    )
    return Part(heading, f"{answer}.", tuple(details))


def _rules(scores: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Names of the conditions and of their rules."""
    names = scores["condition"].values
    return names, (scores["rule"].values if "rule" in scores.coords else names)


def _truth(truth: Mapping[str, str], found: str, title: str, rules: set[str]) -> str:
    """Judge the nearest rule by the one that the recording was simulated with."""
    if truth["condition"] not in rules:
        return (
            f"The truth is known: {truth['title']}, which is none of the tested rules: the nearest "
            "one is wrong, whichever it is."
        )
    judged = "right" if truth["condition"] == found else "wrong"
    return f"The truth is known: {truth['title']}. Found: {title}. That is {judged}."


def _error_rate(recovery: xr.Dataset, found: str, title: str) -> str:
    """How often this comparison finds the right rule, in simulations with known rules."""
    one = recovery.sel(held_out=recovery.attrs["primary"], classifier="score")
    scored = one["runs_scored"].values
    counts = np.nan_to_num(one["confusion"].values * scored[:, None]).round().astype(int)
    k = [str(rule) for rule in one["rule"].values].index(found)
    right, given = int(np.trace(counts)), int(counts.sum())
    low, high = float(one["accuracy_low"]), float(one["accuracy_high"])
    interval = f" [{100 * low:.0f}, {100 * high:.0f}]" if np.isfinite(low) else ""
    return (
        f"of {given} simulated networks that took the recording's place, {given - right} were "
        f"given a wrong rule (right: {100 * float(one['accuracy']):.0f} %{interval}, by chance "
        f"{100 * float(one['chance']):.0f} %), and {title} was the right answer in "
        f"{counts[k, k]} of the {counts[:, k].sum()} times that it was given"
    )


def _checks(recovery: xr.Dataset, recording: str, words: Mapping[str, str]) -> list[str]:
    """Which rules are rejected for the recording, and which outsiders were noticed."""
    one = recovery.sel(held_out=recovery.attrs["primary"], classifier="score")
    out = [f"{recovery.attrs['held_out_words']} {recovery.attrs['inference']}"]
    by_rule = [
        f"{words.get(str(rule), str(rule))} {100 * float(share):.0f} % [{100 * float(low):.0f}, "
        f"{100 * float(high):.0f}] of {int(n)}"
        for rule, share, low, high, n in zip(
            one["rule"].values,
            one["rule_accuracy"].values,
            one["rule_low"].values,
            one["rule_high"].values,
            one["runs_scored"].values,
            strict=True,
        )
        if n
    ]
    out.append(f"Recovered, by rule: {', '.join(by_rule)}.")
    if told := json.loads(recovery.attrs["not_told_apart"]):
        out.append(f"Not told apart in simulation: {'; '.join(told)}.")
    out.append(_rejected(recovery, recording, words))
    for subject, kind in zip(
        recovery["subject"].values, recovery["subject_kind"].values, strict=True
    ):
        if str(kind) == "outsider":
            out.append(_outsider(recovery, str(subject)))
    return out


def _p_by_rule(recovery: xr.Dataset, subject: str) -> dict[str, float]:
    """Return the largest p (Holm) of each rule that the check is defined for."""
    p = recovery["check_p_holm"].sel(subject=subject).values
    rule = recovery["condition_rule"].values.astype(str)
    found = {str(name): p[(rule == name) & np.isfinite(p)] for name in recovery["rule"].values}
    return {name: float(values.max()) for name, values in found.items() if values.size}


def _rejected(recovery: xr.Dataset, recording: str, words: Mapping[str, str]) -> str:
    p = _p_by_rule(recovery, recording)
    if not p:
        return (
            "Rejected: nothing could be, there are too few instances for so many statistics, so "
            "that a rule that is not rejected is no finding."
        )
    compatible = dict(
        zip(
            recovery["rule"].values.astype(str).tolist(),
            recovery["compatible"].sel(subject=recording).values.tolist(),
            strict=True,
        )
    )

    def named(wanted: int) -> str:
        return listed(
            [
                f"{words.get(name, name)} (p {p[name]:.2g})"
                for name, value in compatible.items()
                if value == wanted
            ]
        )

    share, freedom = float(recovery["calibration_all"]), float(recovery["check_freedom"])
    return (
        f"Rejected as one more draw: {named(0) or 'none'}; not rejected: {named(1) or 'none'} "
        f"(Hotelling, Holm over conditions, {freedom:.0f} degrees of freedom; held-out runs are "
        f"rejected by their own condition in {100 * share:.0f} %)."
    )


def _outsider(recovery: xr.Dataset, subject: str) -> str:
    p = _p_by_rule(recovery, subject)
    said = f"{subject}, of a generator that is none of the tested rules,"
    if not p:
        return f"{said} could not be checked: a statistic is undefined or instances are too few."
    kept = [name for name, value in p.items() if value >= LEVEL]
    if kept:
        return (
            f"{said} is not noticed: it passes as one more draw of {listed(kept)}; this comparison "
            "would take a stranger for a tested rule."
        )
    return f"{said} is noticed: every tested rule is rejected (largest p {max(p.values()):.2g})."


def _drift(indices: pd.DataFrame) -> Part:
    """Drift of recordings between blocks, rate beside timing."""
    plain = indices[indices["matching"] == "none"]
    lines, moved = [], {"rate": 0, "timing": 0}
    for (recording, selection), rows in plain.groupby(["recording", "selection"], sort=False):
        codes = []
        for row in rows.to_dict("records"):
            code, index, p = row["code"], row["index"], row["p_value"]
            if not row["gate_passed"]:
                codes.append(f"{code} not measured ({row['gate_note']})")
                continue
            moved[code] += int(p <= LEVEL)
            words = "drifts" if p <= LEVEL else "no drift shown"
            codes.append(f"{code} {words} (index {index:.2g}, p {p:.2g})")
        lines.append(f"{recording}, {selection}: {'; '.join(codes)}.")
    n = len(plain[["recording", "selection"]].drop_duplicates())
    return Part(
        "What drifts in the recordings?",
        f"Between blocks the rate code is shown to drift in {moved['rate']} and the timing code in "
        f"{moved['timing']} of {n} recordings as they are selected (p <= {LEVEL:g}).",
        (
            *lines,
            "The index is 0 without drift and 1 where responses in two blocks are as unlike as "
            "those to different stimuli. Each p is an exchange test within one recording, without "
            "correction over recordings: nothing is inferred about animals, and an index has no "
            "interval. A shift of behavior or of recording quality can look like drift.",
        ),
    )
