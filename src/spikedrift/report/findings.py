"""Findings in sentences: the first page of a report.

Nothing is computed here: every number is taken from a file of results, and no sentence says more
than the test behind it. The first sentence of each part answers its question; what speaks against
the answer follows right below it, in the same size.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from spikedrift.comparison.claims import illustrates
from spikedrift.comparison.conclusions import (
    LEVEL,
    described_by,
    joined,
    listed,
    listed_points,
    words_of,
)
from spikedrift.comparison.recovery.caption import has_power
from spikedrift.comparison.scores import comparability
from spikedrift.config.compare import Compare
from spikedrift.report.distances import distances, few_scored, not_scored, values, variants_of
from spikedrift.report.drift_found import drift_part
from spikedrift.report.page import Part

MOST_PAIRS = 21  # that are listed: those of seven variants


@dataclass(frozen=True)
class Compared:
    """One comparison: its scores, its recovery test, and the truth where it is known.

    Attributes
    ----------
    scores : Dataset
        From `spikedrift.comparison.scores.scores`.
    recovery : Dataset or None
        From `spikedrift.comparison.recovery.recovery`.
    truth : mapping or None
        Of the simulation that the recording was made from: its `title`, and `variants`, the names
        of its variant in the comparison; none where it is not among those that are tested.
    """

    scores: xr.Dataset
    recovery: xr.Dataset | None = None
    truth: Mapping[str, Any] | None = None


def findings(compared: Sequence[Compared], indices: pd.DataFrame | None = None) -> list[Part]:
    """Say what the runs of a configuration found.

    Parameters
    ----------
    compared : sequence of Compared
    indices : DataFrame or None
        As `spikedrift.report.tables.index_table` makes it: one row for each recording, selection,
        matching and code.

    Returns
    -------
    list of Part
        Comparisons, then drift of the recordings; where there is neither, one part that says so.
    """
    parts = [_comparison(one) for one in compared]
    if indices is not None and len(indices):
        parts.append(drift_part(indices))
    return parts or [
        Part(
            "Nothing was compared",
            "This configuration compares no recording with networks, and measures drift in none: "
            "what it made stands in the results.",
        )
    ]


def _comparison(one: Compared) -> Part:
    scores, recording = one.scores, str(one.scores.attrs["recording"])
    heading = f"Which variant is {recording} nearest to?"
    if "score" not in scores:
        return Part(heading, f"Not compared: {scores.attrs.get('refused', 'no scores')}.")
    ranked = scores["score"].dropna("point").sortby(scores["score"].dropna("point"))
    if not ranked.size:
        return Part(heading, "No point has an instance with all statistics: none is scored.")
    words = words_of(scores)
    names = [str(name) for name in ranked["point"].values]
    variants = dict(zip(*variants_of(scores), strict=True))
    nearest, found = words[names[0]], variants[names[0]]
    points, basis = [], []
    tested = one.recovery if one.recovery is not None and "accuracy" in one.recovery else None
    answer = f"The nearest tested variant is {nearest}."
    if tested is not None:
        verdict = _verdict(tested, recording, found, nearest, words)
        answer = f"{verdict} {_error_rate(tested, found)}"
        points += _checks(tested, recording, words)
        basis += _tests(tested)
    if illustrates(scores):
        few = int(scores["instances_given"].min())
        answer = f"An illustration ({few} instances a point), no result. {answer}"
    if one.truth is not None:
        empty = _no_evidence(tested)
        points.insert(0, _truth(one.truth, found, nearest, empty))
    against = _against(one, tested)
    points += [*not_scored(scores, words), *values(scores, names[0], nearest)]
    points.append(
        f"{distances(scores, ranked, words)} {_without(scores.attrs['conclusion'], against)}"
    )
    basis.append(f"Distance: {_without(scores.attrs['inference'], against)}")
    if assumed := str(scores.attrs.get("assumptions", "")):
        basis.append(f"Assumed of the recording: {assumed}.")
    basis.append(
        "Not claimed: that the cortex uses a rule. A variant that is not rejected is not excluded "
        "by this recording, given one fitted time scale; variants that were not simulated are not "
        "tested."
    )
    return Part(heading, answer, tuple(against), tuple(points), tuple(basis))


def _without(text: str, said: Sequence[str]) -> str:
    """Leave out the sentences that are already beside the answer."""
    for sentence in said:
        text = text.replace(sentence, "")
    return " ".join(text.split())


def _against(one: Compared, tested: xr.Dataset | None) -> list[str]:
    """Sentences that speak against the answer of a comparison, as in figure 5."""
    scores = one.scores
    out = described_by(scores) + few_scored(scores)
    if tested is not None:
        out += [said for said in (_not_by_drift(tested), _no_better(tested)) if said]
    elif one.recovery is not None:
        out.append(f"How often that is wrong is not known: {one.recovery.attrs['refused']}.")
    else:
        out.append(
            "How often that is wrong is not known: a recovery test needs two variants and three "
            "instances."
        )
    incomparable = comparability.words(scores, Compare.model_validate_json(scores.attrs["options"]))
    return out + [incomparable] * bool(incomparable)


def _not_by_drift(recovery: xr.Dataset) -> str:
    """Say that rates distinguish variants as well as drift does; empty where drift does better."""
    one = recovery.sel(held_out=recovery.attrs["primary"])
    drift, rates = (float(one["accuracy"].sel(classifier=name)) for name in ("score", "rates"))
    said = (
        f"By statistics of drift {drift:.2f} of the networks are given their variant (balanced "
        f"over variants), by {_rates(recovery)} {rates:.2f}"
    )
    if not drift > rates + 1e-9:  # both are means of counts
        return f"{said}: drift tells nothing of the variant that rates do not tell."
    p = float(one["difference_p"].sel(classifier="score"))
    if not p <= LEVEL:
        return f"{said}: it is not shown that drift tells more than rates do (p {p:.2g})."
    return ""


def _rates(recovery: xr.Dataset) -> str:
    """Words for the statistics that the classifier by rates uses."""
    seen = json.loads(recovery.attrs["classifiers"])["rates"]
    return "mean rates alone" if seen == ["log_rate"] else "statistics of the rate code alone"


def _no_better(recovery: xr.Dataset) -> str:
    """Say that variants are not found more often than by chance; empty where they are."""
    p = float(_primary(recovery)["p_value"])
    if p <= LEVEL:
        return ""
    return f"It is not shown that variants are found more often than by chance (p {p:.2g})."


def _no_evidence(tested: xr.Dataset | None) -> str:
    """Why finding the true rule is no evidence for a comparison; empty where it is evidence."""
    if tested is None:
        return "how often it would be right is not known"
    return "which is not shown to be more than chance" if _no_better(tested) else ""


def _truth(truth: Mapping[str, Any], found: str, title: str, no_evidence: str) -> str:
    """Judge the nearest variant by the rule with which the recording was simulated."""
    if not truth["variants"]:
        return (
            f"The truth is known: {truth['title']}, which is none of the tested variants: the "
            "nearest one is wrong, whichever it is."
        )
    said = f"The truth is known: {truth['title']}."
    if found not in truth["variants"]:
        return f"{said} Nearest: {title}. That is wrong."
    if no_evidence:
        return f"{said} It is the nearest variant as well, {no_evidence}."
    return f"{said} Nearest: {title}. That is right."


def _verdict(
    recovery: xr.Dataset, recording: str, found: str, nearest: str, words: Mapping[str, str]
) -> str:
    """Say which variant is found, and whether it is compatible with the recording at all."""
    compatible = recovery["compatible"].sel(checked=recording)
    known = compatible.values[compatible.values >= 0]
    if known.size and not known.any():
        return f"No tested variant is compatible with it; the nearest is {nearest}."
    if not known.size or not has_power(recovery):
        return f"The nearest tested variant is {nearest}; {_untested(recovery)}"
    if known.all():
        said = "none is rejected, so that none is excluded"
        return f"The nearest tested variant is {nearest}; {said}."
    if int(compatible.sel(variant=found)) == 1:
        kept = compatible["variant"].values[compatible.values == 1].astype(str).tolist()
        others = [words.get(name, name) for name in kept if name != found]
        if not others:
            return f"The variant found is {nearest}: the nearest, and the only one not rejected."
        said = listed_points(others, f"the {known.size} variants")
        return (
            f"The nearest tested variant is {nearest}. It is not rejected, and neither "
            f"{'is' if len(others) == 1 else 'are'} {said}."
        )
    return f"The nearest tested variant is {nearest}, but it is rejected, as others are not."


def _untested(recovery: xr.Dataset) -> str:
    """Say, in the words of figure 5, that a check without power says nothing about the variants."""
    said = str(recovery.attrs["verdict"]).removesuffix(".")
    return f"whether any variant is compatible is not known ({said})."


def _error_rate(recovery: xr.Dataset, found: str) -> str:
    """How often this comparison finds the right variant, in simulations with known variants."""
    one = _primary(recovery)
    scored = one["runs_scored"].values
    counts = np.nan_to_num(one["confusion"].values * scored[:, None]).round().astype(int)
    k = one["variant"].values.astype(str).tolist().index(found)
    given, wrong = int(counts.sum()), int(counts.sum() - np.trace(counts))
    low, high = 100 * (1 - float(one["accuracy_high"])), 100 * (1 - float(one["accuracy_low"]))
    interval = f" [{low:.0f}, {high:.0f}]" if np.isfinite(low) else ""
    return (
        f"Error rate: of {given} simulated networks that took the recording's place, {wrong} were "
        f"given a wrong variant, {100 * (1 - float(one['accuracy'])):.0f} %{interval} (by chance "
        f"{100 * (1 - float(one['chance'])):.0f} %); this answer was right in {counts[k, k]} of "
        f"the {counts[:, k].sum()} times that it was given."
    )


def _primary(recovery: xr.Dataset) -> xr.Dataset:
    """Return the recovery by the statistics of the score, of the runs that are held out."""
    return recovery.sel(held_out=recovery.attrs["primary"], classifier="score")


def _checks(recovery: xr.Dataset, recording: str, words: Mapping[str, str]) -> list[str]:
    """Which variants are rejected for the recording or found, which controls are noticed."""
    out = [_rejected(recovery, recording, words)]
    for checked, kind in zip(
        recovery["checked"].values, recovery["checked_kind"].values, strict=True
    ):
        if str(kind) == "out-of-model control":
            out.append(_out_of_model(recovery, str(checked), words))
    one = _primary(recovery)
    of_variant = [
        f"{words.get(str(variant), str(variant))} {100 * one['variant_accuracy'].values[k]:.0f} % "
        f"[{100 * one['variant_low'].values[k]:.0f}, {100 * one['variant_high'].values[k]:.0f}]"
        for k, variant in enumerate(one["variant"].values)
        if one["runs_scored"].values[k]
    ]
    out.append(f"Of the networks of a variant, so many are given it: {joined(of_variant)}.")
    return out


def _tests(recovery: xr.Dataset) -> list[str]:
    """Tests and assumptions behind the error rate and the rejections."""
    said = recovery.attrs
    told = [sentence.partition(";")[0] for sentence in json.loads(said["indistinguishable"])]
    if len(told) > MOST_PAIRS:
        n_pairs = int((recovery["distinguishable"] >= 0).sum())
        told = [f"{len(told)} of {n_pairs} are not distinguishable, the table of figure 5 has them"]
    return [
        f"Error rate: {said['held_out_words']} {said['inference']} {said['chance_words']}",
        f"{said['null_words']} {said['assumptions']}",
        *([f"Pairs of variants by themselves: {'; '.join(told)}."] if told else []),
    ]


def _p_by_variant(recovery: xr.Dataset, checked: str) -> dict[str, float]:
    """Return the largest p (Holm) of each variant that the check is defined for."""
    p = recovery["check_p_holm"].sel(checked=checked).values
    variant = recovery["point_variant"].values.astype(str)
    names = map(str, recovery["variant"].values)
    found = {name: p[(variant == name) & np.isfinite(p)] for name in names}
    return {name: float(values.max()) for name, values in found.items() if values.size}


def _rejected(recovery: xr.Dataset, recording: str, words: Mapping[str, str]) -> str:
    p = _p_by_variant(recovery, recording)
    rejected = (recovery["compatible"].sel(checked=recording) == 0).any()
    if not p or not (rejected or has_power(recovery)):
        return (
            "Rejected: nothing could be, there are too few instances for so many statistics, so "
            "that a variant that is not rejected is no finding."
        )
    compatible = dict(
        zip(
            recovery["variant"].values.astype(str).tolist(),
            recovery["compatible"].sel(checked=recording).values.tolist(),
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

    kept = f"not rejected: {named(1) or 'none'}" if has_power(recovery) else "of others: no power"
    share, freedom = float(recovery["calibration_all"]), float(recovery["check_freedom"])
    own = f"; held-out runs are rejected by their own point in {100 * share:.0f} %"
    return (
        f"Rejected as one more draw: {named(0) or 'none'}; {kept} "
        f"(Holm over points, {freedom:.0f} degrees of freedom{own * bool(np.isfinite(share))})."
    )


def _out_of_model(recovery: xr.Dataset, checked: str, words: Mapping[str, str]) -> str:
    p = _p_by_variant(recovery, checked)
    said = f"{checked}, an out-of-model control,"
    if not p:
        return f"{said} could not be checked: a statistic is undefined or instances are too few."
    kept = [words.get(name, name) for name, value in p.items() if value >= LEVEL]
    if kept:
        return (
            f"{said} is not noticed: it passes as one more draw of {listed(kept)}; this comparison "
            "would take it for a tested variant."
        )
    return f"{said} is noticed: every tested variant is rejected (largest p {max(p.values()):.2g})."
