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
    """Heading, the answer in one sentence, points that belong to it, and what it rests on."""

    heading: str
    answer: str
    points: tuple[str, ...] = ()
    basis: tuple[str, ...] = ()


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
            "This configuration compares no recording with networks, and measures drift in none: "
            "what it made stands in the results.",
        )
    ]


def _comparison(one: Compared) -> Part:
    scores, recording = one.scores, str(one.scores.attrs["recording"])
    heading = f"Which rule has {recording}?"
    if "score" not in scores:
        return Part(heading, f"Not compared: {scores.attrs.get('refused', 'no scores')}.")
    ranked = scores["score"].dropna("condition").sortby(scores["score"].dropna("condition"))
    if not ranked.size:
        return Part(heading, "No condition has an instance with all statistics: none is scored.")
    words = json.loads(scores.attrs["titles"])
    names = [str(name) for name in ranked["condition"].values]
    rules = dict(zip(*_rules(scores), strict=True))
    nearest, found = words[names[0]], rules[names[0]]
    points, basis = [], []
    if one.truth is not None:
        points.append(_truth(one.truth, found, nearest, set(rules.values())))
    tested = one.recovery if one.recovery is not None and "accuracy" in one.recovery else None
    answer = f"The nearest tested rule is {nearest}."
    if tested is not None:
        answer = f"{_verdict(tested, recording, found, nearest)} {_error_rate(tested, found)}"
        points += _checks(tested, recording, words)
        basis += _tests(tested)
    elif one.recovery is not None:
        points.append(f"How often that is wrong is not known: {one.recovery.attrs['refused']}.")
    else:
        points.append(
            "How often that is wrong is not known: a recovery test needs two rules and three "
            "instances."
        )
    points.append(
        "Distances, of which 1 is expected of one more draw: "
        + ", ".join(f"{words[name]} {ranked.values[k]:.2g}" for k, name in enumerate(names))
        + f". {scores.attrs['conclusion']}"
    )
    basis.append(f"Distance: {scores.attrs['inference']}")
    if assumed := str(scores.attrs.get("assumptions", "")):
        basis.append(f"Assumed of the recording: {assumed}.")
    basis.append(
        "Not claimed: that the cortex uses a rule. A rule that is not rejected is not excluded by "
        "this recording, given one fitted time scale; rules that were not simulated are not tested."
    )
    return Part(heading, answer, tuple(points), tuple(basis))


def _rules(scores: xr.Dataset) -> tuple[list[str], list[str]]:
    """Names of the conditions and of their rules."""
    names = scores["condition"].values.astype(str).tolist()
    return names, scores["rule"].values.astype(str).tolist() if "rule" in scores.coords else names


def _truth(truth: Mapping[str, str], found: str, title: str, rules: set[str]) -> str:
    """Judge the nearest rule by the one that the recording was simulated with."""
    if truth["condition"] not in rules:
        return (
            f"The truth is known: {truth['title']}, which is none of the tested rules: the nearest "
            "one is wrong, whichever it is."
        )
    judged = "right" if truth["condition"] == found else "wrong"
    return f"The truth is known: {truth['title']}. Found: {title}. That is {judged}."


def _verdict(recovery: xr.Dataset, recording: str, found: str, nearest: str) -> str:
    """Say which rule is found, and whether it is compatible with the recording at all."""
    compatible = recovery["compatible"].sel(subject=recording)
    known = compatible.values[compatible.values >= 0]
    if not known.size or known.all():
        return f"The nearest tested rule is {nearest}; none is rejected, so that none is excluded."
    if not known.any():
        return f"No tested rule is compatible with it; the nearest is {nearest}."
    if int(compatible.sel(rule=found)) == 1:
        return f"The rule found is {nearest}: the nearest one, and not rejected."
    return f"The nearest tested rule is {nearest}, but it is rejected, as others are not."


def _error_rate(recovery: xr.Dataset, found: str) -> str:
    """How often this comparison finds the right rule, in simulations with known rules."""
    one = _primary(recovery)
    scored = one["runs_scored"].values
    counts = np.nan_to_num(one["confusion"].values * scored[:, None]).round().astype(int)
    k = one["rule"].values.astype(str).tolist().index(found)
    given, wrong = int(counts.sum()), int(counts.sum() - np.trace(counts))
    low, high = 100 * (1 - float(one["accuracy_high"])), 100 * (1 - float(one["accuracy_low"]))
    interval = f" [{low:.0f}, {high:.0f}]" if np.isfinite(low) else ""
    return (
        f"Error rate: of {given} simulated networks that took the recording's place, {wrong} were "
        f"given a wrong rule, {100 * (1 - float(one['accuracy'])):.0f} %{interval} (by chance "
        f"{100 * (1 - float(one['chance'])):.0f} %); this answer was right in {counts[k, k]} of "
        f"the {counts[:, k].sum()} times that it was given."
    )


def _primary(recovery: xr.Dataset) -> xr.Dataset:
    """Return the recovery by the statistics of the score, of the runs that are held out."""
    return recovery.sel(held_out=recovery.attrs["primary"], classifier="score")


def _checks(recovery: xr.Dataset, recording: str, words: Mapping[str, str]) -> list[str]:
    """Which rules are rejected for the recording, which outsiders noticed, which rules found."""
    out = [_rejected(recovery, recording, words)]
    for subject, kind in zip(
        recovery["subject"].values, recovery["subject_kind"].values, strict=True
    ):
        if str(kind) == "outsider":
            out.append(_outsider(recovery, str(subject), words))
    one = _primary(recovery)
    of_rule = [
        f"{words.get(str(rule), str(rule))} {100 * one['rule_accuracy'].values[k]:.0f} % "
        f"[{100 * one['rule_low'].values[k]:.0f}, {100 * one['rule_high'].values[k]:.0f}]"
        for k, rule in enumerate(one["rule"].values)
        if one["runs_scored"].values[k]
    ]
    out.append(f"Of networks with a rule, so many are given it: {', '.join(of_rule)}.")
    return out


def _tests(recovery: xr.Dataset) -> list[str]:
    """What the error rate and the rejections rest on."""
    said = recovery.attrs
    told = [sentence.partition(";")[0] for sentence in json.loads(said["not_told_apart"])]
    return [
        f"Error rate: {said['held_out_words']} {said['inference']} {said['chance_words']}",
        f"{said['null_words']} {said['assumptions']}",
        *([f"Pairs of rules by themselves: {'; '.join(told)}."] if told else []),
    ]


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
    own = f"; held-out runs are rejected by their own condition in {100 * share:.0f} %"
    return (
        f"Rejected as one more draw: {named(0) or 'none'}; not rejected: {named(1) or 'none'} "
        f"(Holm over conditions, {freedom:.0f} degrees of freedom{own * bool(np.isfinite(share))})."
    )


def _outsider(recovery: xr.Dataset, subject: str, words: Mapping[str, str]) -> str:
    p = _p_by_rule(recovery, subject)
    said = f"{subject}, of a generator that is none of the tested rules,"
    if not p:
        return f"{said} could not be checked: a statistic is undefined or instances are too few."
    kept = [words.get(name, name) for name, value in p.items() if value >= LEVEL]
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
        tuple(lines),
        (
            "The index is 0 without drift and 1 where responses in two blocks are as unlike as "
            "those to different stimuli. Each p is an exchange test within one recording, without "
            "correction over recordings: nothing is inferred about animals, and an index has no "
            "interval. A shift of behavior or of recording quality can look like drift.",
        ),
    )
