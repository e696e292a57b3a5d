"""Models against one recording: which are nearest, and which variants are distinguishable.

a: distance of the statistics of drift (drop within blocks, step between them, for rate and timing,
and their ratios) from the recording, in units of the recording's sampling covariance plus the
spread of instances, one time-scale factor fitted a point. About 1 is expected of one more draw,
less is nearer. Circles, network instances; diamonds, their mean, open where the recording is
rejected as one more draw (see b); short bars, the point against its own instances; gray band, noise
floor from random halves of the recording's units (lower end: a right model without noise); lines,
baselines made from the recording itself (only lag, only block, no drift), each with its own factor;
gray marks, the frozen control. Points of a variant with many values of its parameters share a row;
the nearest of all is named (black edge). The best of many points scores lower than it would on new
data. The table beside the figure has every point with its values.

b: can this comparison distinguish the variants at all? Each simulated run takes the place of the
recording, its instance is held out, and its variant is recovered. Left: share of the runs of a
variant (row) that are recovered as each variant (column, by the number of its row where there are
many), by the statistics of the score. Right: balanced accuracy by the statistics of the score, by
mean rates alone, and by every statistic, which adds what networks should share with the recording
before their drift is compared (rates, variability, sparseness, discrimination, reliability).
Dashed, chance: points permuted within instances, all fitted anew. Whether the recording could be
one more draw of a point, at any time scale, is checked with one covariance of all points, the
statistics taken as normal (Hotelling, Holm), and reported only where the check has power.

c: repeat x repeat matrices: the nearest model by every comparator, its score, and whether it
reaches the noise ceiling from halves of the units. Gray: a matrix that knows only the lag or only
the block scores as high, so that nothing is said about structure. Beyond lag and block, both are
taken out of both sides, and the check mark is a test: circular shifts of the model's windows give p
<= 0.05 (Holm). Each comparator is blind to something, and its choice can reverse a conclusion. The
figure "comparators" shows every model and instance.

Unit of inference: network instance on the side of models, one recording on the other. "No point
reaches the noise floor" and "the lag alone explains it" are possible results.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikedrift.comparison.claims import illustrates
from spikedrift.comparison.conclusions import LEVEL, MOST_LISTED, words_of
from spikedrift.comparison.scores.comparability import TITLES
from spikedrift.config.figures import Figures
from spikedrift.core.errors import InputError
from spikedrift.figures import comparators, score_groups, style
from spikedrift.figures import score_panel as panels

_NO_RECOVERY = "no recovery test: it needs two variants or more and three instances"
_NO_STRUCTURE = "similarity matrices were not compared: a survey keeps no trials"
_CLASSIFIERS = {
    "score": "statistics of the score",
    "every": "every statistic",
    "rates": "mean rates alone",
}
_WORDS = 28  # letters in a line of a variant's name
_MOST_WORDS = 8  # variants whose columns have words; of more, numbers
_MOST_NUMBERS = 16  # variants whose shares and columns all have one; of more, a bar and every fifth


def draw(
    *,
    scores: xr.Dataset,
    structure: xr.Dataset | None = None,
    recovery: xr.Dataset | None = None,
    options: Figures | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """Draw scores, recovery, and the nearest model by every comparator of similarity matrices.

    Parameters
    ----------
    scores : Dataset
        A file of `spikedrift.comparison.scores.scores`.
    structure : Dataset, optional
        From `spikedrift.comparison.matrices.matrices`, of the same comparison.
    recovery : Dataset, optional
        From `spikedrift.comparison.recovery.recovery`; the panel says so where there is none.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row a drawn number: panel (score, recovery, structure), point, series, value, low,
        high; view, code and comparator, or quantity, variant and recovered. Panel `point`: every
        point as `spikedrift.figures.score_groups.points` lists it. Panel `note`: what the files
        say at length, one sentence a row in `text`.

    Raises
    ------
    InputError
        Where the files are of different recordings.
    """
    options = options or Figures()
    name = str(scores.attrs["recording"])
    for file in (structure, recovery):
        if file is not None and file.attrs.get("recording", name) != name:
            raise InputError(
                f"figure comparison: files of {name} and {file.attrs['recording']} mixed"
            )
    shown = panels.nearest(scores, MOST_LISTED)
    groups = _groups(scores)
    n_rows = len(groups) or shown.sizes["point"]
    titles = words_of(scores)
    few = int(scores["instances_given"].min())
    illustration = illustrates(scores)
    variants = 0 if recovery is None else recovery.sizes.get("variant", 0)
    heights = style.fitted(
        [
            max(2.0, 0.3 * n_rows + 1.0) if panels.known(shown) else 1.0,
            (0.22 if variants <= _MOST_NUMBERS else 0.13) * variants + 1.35 if variants else 0.5,
            0.5 if structure is None else comparators.summary_height(structure),
        ]
    )
    with style.applied():
        figure = style.figure(options.width, sum(heights) + 0.25)
        style.title(figure, f"Models against {name}", f"{few} instances a point" * illustration)
        upper, middle, lower = style.rows(figure, heights)
        left, legend = np.ravel(upper.subfigures(1, 2, squeeze=False, width_ratios=[3, 1]))
        scored = left.subplots()
        if groups:
            rejected = {point for point, p in _p_values(recovery, name).items() if p <= LEVEL}
            of_variants = list(dict.fromkeys(scores["variant"].values.astype(str).tolist()))
            colors = style.variant_colors(of_variants, scores.attrs["control"] or None)
            tables = [score_groups.draw_groups(scored, scores, groups, colors, rejected)]
            legend.legend(handles=score_groups.handles(scores, rejected), loc="center", fontsize=7)
            rows_are = score_groups.note(scores, groups)
        else:
            tables = [_rows(scored, shown, titles)]
            if panels.known(shown):
                legend.legend(handles=panels.handles(), loc="center", fontsize=7)
            rows_are = panels.nearest_of(shown.sizes["point"], scores.sizes["point"])
        tables.append(_recovered(middle, recovery))
        tables.append(_compared(lower, structure, titles))
        for letter, place in zip("abc", (upper, middle, lower), strict=True):
            place.text(0.004, 0.99, letter, fontsize=10, fontweight="bold", va="top")
        style.footnote(figure, _notes(scores, structure, recovery, illustration, rows_are))
    said = _said(scores, structure, recovery)
    tables.append(score_groups.points(scores, _p_values(recovery, name)))
    tables.append(pd.DataFrame({"panel": "note", "text": [one for one in said if one]}))
    return figure, pd.concat(tables, ignore_index=True)


def _groups(scores: xr.Dataset) -> list[score_groups.Group]:
    """Variants whose points share a row; empty where every point has a row of its own."""
    if scores.sizes["point"] <= MOST_LISTED or "variant" not in scores.coords:
        return []
    of_several = len(set(scores["variant"].values.tolist())) < scores.sizes["point"]
    return score_groups.groups(scores)[: score_groups.MOST_GROUPS] if of_several else []


def _rows(axes: Axes, shown: xr.Dataset, titles: dict[str, str]) -> pd.DataFrame:
    """Draw points one a row."""
    order = [str(point) for point in shown["point"].values]
    of_point = shown["variant"].values.tolist() if "variant" in shown.coords else order
    variant = dict(zip(order, of_point, strict=True))
    colors = style.point_colors(order, variant, shown.attrs["control"] or None)
    table = panels.scored(axes, shown, order, colors)
    if panels.known(shown):
        words = [style.wrapped(titles[name], 24) for name in order]
        axes.set_yticks(range(len(order)), words, fontsize=6.5)
        axes.set_ylim(len(order) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
    return table


def _p_values(recovery: xr.Dataset | None, recording: str) -> dict[str, float]:
    """By point, p (Holm) of the check whether the recording is one more draw of it."""
    if recovery is None or "check_p_holm" not in recovery:
        return {}
    p = recovery["check_p_holm"].sel(checked=recording)
    return dict(zip(map(str, p["point"].values), map(float, p.values), strict=True))


def _compared(place: Any, structure: xr.Dataset | None, titles: dict[str, str]) -> pd.DataFrame:
    axes = place.subplots()
    if structure is None:
        return style.said(axes, _NO_STRUCTURE)
    return comparators.summary(axes, structure, titles)


def _recovered(place: Any, recovery: xr.Dataset | None) -> pd.DataFrame:
    """Draw the variants recovered from the runs of each, for the held-out set that is quoted."""
    if recovery is None or "refused" in recovery.attrs:
        said = _NO_RECOVERY if recovery is None else recovery.attrs["refused"]
        return style.said(place.subplots(), said)
    one = recovery.sel(held_out=recovery.attrs["primary"])
    titles = json.loads(recovery.attrs.get("titles", "{}"))
    words = [titles.get(str(variant)) or str(variant) for variant in recovery["variant"].values]
    left, right = place.subplots(1, 2, width_ratios=[1.1, 1])
    seen = one.sel(classifier="score")
    left.set(xlabel="variant recovered", ylabel="variant simulated")
    left.set_title("share of runs, by the statistics of the score", fontsize=7.5)
    tables = [
        _confusion(left, seen["confusion"].values, words).assign(series="score"),
        _accuracies(right, one),
    ]
    tables += [
        pd.DataFrame(_shares(one.sel(classifier=name)["confusion"].values, words)).assign(
            series=str(name)
        )
        for name in one["classifier"].values
        if name != "score"
    ]
    return pd.concat(tables).assign(panel="recovery")


def _accuracies(axes: Axes, one: xr.Dataset) -> pd.DataFrame:
    """Draw balanced accuracy of every classifier beside chance."""
    keys = ("accuracy", "accuracy_low", "accuracy_high", "chance", "difference", "difference_p")
    names = [name for name in _CLASSIFIERS if name in one["classifier"].values]
    rows = []
    chance = float(one["chance"].sel(classifier="score"))
    axes.axvline(chance, color="black", ls="--", lw=1.0, zorder=0)
    axes.annotate(f"chance {chance:.2f}", (chance, 1.0), xytext=(2, 1), textcoords="offset points",
                  xycoords=axes.get_xaxis_transform(), fontsize=6.5, va="bottom")  # fmt: skip
    for k, name in enumerate(names):
        seen = one.sel(classifier=name)
        value, low, high = (float(seen[key]) for key in keys[:3])
        axes.plot([value], [k], "D", color="0.2", ms=5)
        if np.isfinite([low, high]).all():
            axes.plot([low, high], [k, k], color="0.2", lw=1.4)
        text = f"{value:.2f}" + (f" [{low:.2f}, {high:.2f}]" if np.isfinite(low) else "")
        side = "center" if 0.15 < value < 0.85 else "right" if value > 0.5 else "left"
        axes.annotate(text, (value, k), xytext=(0, 6), textcoords="offset points", fontsize=6.5,
                      ha=side)  # fmt: skip
        rows += [{"series": name, "quantity": key, "value": float(seen[key])} for key in keys]
    axes.set_yticks(range(len(names)), [_CLASSIFIERS[name] for name in names], fontsize=6.5)
    axes.set_ylim(len(names) - 0.5, -0.7)
    axes.set_xlim(-0.02, 1.02)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("balanced accuracy (1)")
    return pd.DataFrame(rows)


def _shares(share: np.ndarray, words: Sequence[str]) -> list[dict[str, object]]:
    return [
        {"variant": one, "recovered": other, "quantity": "share", "value": share[i, j]}
        for i, one in enumerate(words)
        for j, other in enumerate(words)
    ]


def _confusion(axes: Axes, share: np.ndarray, words: Sequence[str]) -> pd.DataFrame:
    table = pd.DataFrame(_shares(share, words))
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_facecolor("0.85")
    many, crowded = (len(words) > most for most in (_MOST_WORDS, _MOST_NUMBERS))
    size = 5 if many else 6
    if crowded:
        axes.figure.colorbar(image, ax=axes, shrink=0.5, pad=0.02).set_label("share", fontsize=6.5)
    for i, j in np.ndindex(share.shape if not crowded else (0, 0)):
        if np.isfinite(share[i, j]) and (share[i, j] or not many):
            axes.text(j, i, f"{share[i, j]:.2f}", ha="center", va="center", fontsize=size,
                      color="white" if share[i, j] > 0.6 else "black")  # fmt: skip
    if many:
        numbers = [k for k in range(1, len(words) + 1) if not crowded or k == 1 or k % 5 == 0]
        axes.set_xticks([k - 1 for k in numbers], map(str, numbers), fontsize=6)
        words = [
            (word if crowded else style.wrapped(word, _WORDS)) + f"  {k}"
            for k, word in enumerate(words, 1)
        ]
    else:
        axes.set_xticks(range(len(words)), words, rotation=25, ha="right", rotation_mode="anchor",
                        fontsize=6.5)  # fmt: skip
    axes.set_yticks(range(len(words)), words, fontsize=5.5 if crowded else 6 if many else 6.5)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return table


def _notes(
    scores: xr.Dataset,
    structure: xr.Dataset | None,
    recovery: xr.Dataset | None,
    illustration: bool,
    rows_are: str,
) -> list[str]:
    """Notes under the figure: n, the finding of each panel, assumptions."""
    few = int(scores["instances_given"].min())
    notes = [
        f"{few} network instances a point (unit of inference) against one recording"
        + (": an illustration, no interval." if illustration else "."),
        f"a: {scores.attrs['conclusion']} {panels.unscored(scores)}".strip() * panels.known(scores),
        rows_are,
    ]
    if recovery is not None and "refused" not in recovery.attrs:
        told = recovery["distinguishable"].values
        apart = (
            f"{int((told == 1).sum())} of {int((told >= 0).sum())} pairs of variants "
            "are distinguishable (Holm)."
        )
        checked = [str(recovery.attrs.get(key, "")) for key in ("verdict", "out_of_model_verdict")]
        notes.append("b: " + " ".join([apart, *filter(None, checked)]))
    if structure is not None:
        notes.append(f"c: {comparators.summary_note(structure)}")
    return notes + style.notes_of(scores.attrs)


def _said(
    scores: xr.Dataset, structure: xr.Dataset | None, recovery: xr.Dataset | None
) -> list[str]:
    """All sentences of the files, for the table."""
    out = [str(scores.attrs["inference"]), str(scores.attrs["conclusion"])]
    if recovery is not None:
        keys = ("refused", "verdict", "out_of_model_verdict", "held_out_words", "chance_words",
                "null_words", "assumptions", "inference")  # fmt: skip
        out += [str(recovery.attrs.get(key, "")) for key in keys]
        if "refused" not in recovery.attrs:
            out.append(_confused(recovery))
    if structure is not None:
        for key in ("subsampled", "conclusion", "refused"):
            out += str(structure.attrs.get(key, "")).split("\n")
    return out


def _confused(recovery: xr.Dataset) -> str:
    """Name pairs of variants that are not distinguishable, and what separates each most."""
    titles = json.loads(recovery.attrs.get("titles", "{}"))
    told = recovery["distinguishable"].values
    variants = [titles.get(str(name)) or str(name) for name in recovery["variant"].values]
    separating = recovery["separating"].values
    pairs = [
        f"{variants[i]} and {variants[j]} ({TITLES.get(str(separating[i, j]), 'nothing')})"
        for i, j in zip(*np.nonzero(told == 0), strict=True)
    ]
    if not pairs:
        return "All pairs of variants are distinguishable (Holm)."
    n = int((told >= 0).sum())
    return (
        f"{len(pairs)} of {n} pairs of variants are not distinguishable (Holm; in brackets what "
        f"separates them most): {', '.join(pairs)}."
    )
