"""Models against one recording: which conditions are not excluded, comparator by comparator.

a: distance of the statistics of drift (drop within blocks, step between them, of rate and timing,
and their ratios) in units of the recording's sampling covariance plus the spread of instances, one
time-scale factor fitted a condition; about 1 is expected of one more draw, less is nearer. b: rules
recovered from simulated recordings with their instance held out, share of the runs of a rule (row)
that are taken for another (column): left by the statistics of the score, right by every statistic,
those and what networks should share with the recording before their drift is compared (rates,
variability, sparseness, discrimination, reliability), which tells networks apart and says nothing
of drift; chance from permutations of conditions within instances, all fitted anew; a comparison
that cannot tell two rules apart in simulations does not tell them apart in data. Whether the
recording could be one more draw of a condition, at any time scale, is checked with one covariance
of all conditions, statistics taken for normal (Hotelling, Holm). c: repeat x repeat matrices by
every comparator, right is more alike; upper rows as they are, lower rows after lag and block are
taken out. A matrix that knows only the lag or the block matches the upper rows: structure is
claimed by the lower rows alone, where means are filled if circular shifts of the model's windows
give p <= 0.05 (Holm).

In every panel: circles, network instances; diamonds, their mean; short bars, the condition against
its own instances; gray band, noise ceiling (lower end: a right model without noise; from random
halves of the recording's units); lines, baselines made from the recording itself (only lag, only
block, no drift), each with a factor of its own; gray marks, the frozen control. Each comparator is
blind to something, and the choice can turn a conclusion round: all are shown. Unit of inference:
network instance on the side of models, one recording on the other. "No condition reaches the
ceiling" and "the lag alone explains it" are possible results.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from spikedrift.comparison.match import TITLES
from spikedrift.config.figures import Figures
from spikedrift.errors import InputError
from spikedrift.figures import scores as panels
from spikedrift.figures import style

ROW_HEIGHT = 0.2  # of a condition, inches
_LEVEL = 0.05
_VIEWS = {"whole": "matrices as they are", "beyond": "beyond lag and block"}
_NO_RECOVERY = "no recovery test: it needs two rules or more and three instances"
_CLASSIFIERS = {"score": "statistics of the score", "every": "every statistic"}
_WORDS = 12  # characters of a line of a comparator's title


def draw(
    *,
    scores: xr.Dataset,
    structure: xr.Dataset | None = None,
    recovery: xr.Dataset | None = None,
    options: Figures | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """Scores, recovery, and every comparator of similarity matrices.

    Parameters
    ----------
    scores : Dataset
        A file of `spikedrift.comparison.compare`.
    structure : Dataset, optional
        Of `spikedrift.comparison.structure`, of the same comparison.
    recovery : Dataset, optional
        Of `spikedrift.comparison.recovery`; the panel says so where there is none.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row a drawn number: panel (score, recovery, structure), condition, series, value, low,
        high; view, code and comparator, or quantity and the rule recovered.

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
    order = [str(condition) for condition in scores["condition"].values]
    titles: dict[str, str] = json.loads(scores.attrs["titles"])
    colors = style.condition_colors(order, scores.attrs["control"] or None)
    labels = [style.wrapped(titles.get(one) or one, 18) for one in order]
    grid = [] if structure is None else rows_of(structure)
    top = max(2.0, 0.34 * len(order) + 1.1)
    each = ROW_HEIGHT * len(order) + 0.62
    rules = 0 if recovery is None else recovery.sizes.get("rule", 0)
    second = 0.24 * rules + 1.35 if rules else 0.5
    few = int(scores["instances_given"].min())
    illustration = "illustration" in str(scores.attrs["inference"])
    with style.applied():
        figure = style.figure(options.width, top + second + 0.25 + each * len(grid))
        style.title(figure, f"Models against {name}", f"{few} instances a condition" * illustration)
        upper, middle, *below = style.rows(figure, [top, second, *[each] * len(grid)])
        left, legend = np.ravel(upper.subfigures(1, 2, squeeze=False, width_ratios=[3, 1]))
        scored = left.subplots()
        tables = [panels.scored(scored, scores, order, colors)]
        scored.set_yticks(range(len(order)), labels)
        scored.set_ylim(len(order) - 0.5, -0.5)
        scored.tick_params(axis="y", length=0)
        legend.legend(handles=panels.handles(), loc="center", fontsize=7)
        tables.append(_recovered(middle, recovery))
        for part, (view, code) in zip(below, grid, strict=True):
            assert structure is not None
            words = [titles.get(one) or one for one in order]
            tables.append(comparators(part, structure, view, code, order, colors, words))
        for letter, place in zip("abc", (upper, middle, *below), strict=False):
            place.text(0.004, 0.99, letter, fontsize=10, fontweight="bold", va="top")
        style.footnote(figure, _notes(scores, structure, recovery))
    return figure, pd.concat(tables, ignore_index=True)


def rows_of(structure: xr.Dataset) -> list[tuple[str, str]]:
    """Views and codes that have a score."""
    return [
        (str(view), str(code))
        for view in structure["view"].values
        for code in structure["code"].values
        if np.isfinite(structure["score"].sel(view=view, code=code)).any()
    ]


def comparators(
    place: Any,
    structure: xr.Dataset,
    view: str,
    code: str,
    order: Sequence[str],
    colors: Mapping[str, str],
    labels: Sequence[str],
) -> pd.DataFrame:
    """Draw one row: all comparators of a code, right is more alike in each."""
    names = [str(one) for one in structure["comparator"].values]
    titles, directions = (
        json.loads(structure.attrs[key]) for key in ("comparator_titles", "directions")
    )
    axes = place.subplots(1, len(names), sharey=True, squeeze=False)[0]
    place.suptitle(f"{code}, {_VIEWS.get(view, view)}", x=0.03, ha="left", fontsize=8,
                   color=style.CODE[code])  # fmt: skip
    tables = []
    for axis, comparator in zip(axes, names, strict=True):
        axis.set_title(style.wrapped(titles.get(comparator, comparator), _WORDS), fontsize=6.5)
        axis.tick_params(axis="y", length=0)
        at: dict[str, Any] = {"code": code, "comparator": comparator}
        one = structure.sel({"view": view, **at})
        if not np.isfinite(one["score"]).any():
            axis.text(0.5, 0.5, "not\ndefined", ha="center", va="center", fontsize=6.5,
                      color="0.35", transform=axis.transAxes)  # fmt: skip
            axis.set_xticks([])
            continue
        p = structure["p_holm"].sel({"condition": list(order), **at}).values
        one = one.sel(condition=list(order))
        rows = panels.strip(
            axis,
            order,
            colors,
            ceiling=(float(one["ceiling_low"]), float(one["ceiling_high"])),
            baselines={str(b): float(one["baseline_score"].sel(baseline=b))
                       for b in structure["baseline"].values},
            instances=one["score"].transpose("condition", "instance").values,
            means=one["condition_score"].values,
            intervals=np.stack([one["score_low"].values, one["score_high"].values], axis=1),
            noise=one["matched_noise"].values,
            filled=None if view == "whole" else list(p <= _LEVEL),
            size=0.7,
        )  # fmt: skip
        axis.xaxis.set_major_locator(MaxNLocator(2, min_n_ticks=2))
        axis.tick_params(axis="x", labelsize=6)
        if directions.get(comparator) == "lower":
            axis.invert_xaxis()
        tables.append(
            pd.DataFrame(rows).assign(panel="structure", view=view, code=code,
                                      comparator=comparator)
        )  # fmt: skip
    axes[0].set_yticks(range(len(order)), labels, fontsize=6)
    axes[0].set_ylim(len(order) - 0.5, -0.5)
    return pd.concat(tables)


def _recovered(place: Any, recovery: xr.Dataset | None) -> pd.DataFrame:
    """Draw which rule is recovered from the runs of each, at the held-out set that is quoted."""
    if recovery is None or "refused" in recovery.attrs:
        axes = place.subplots()
        axes.set_axis_off()
        axes.text(0.5, 0.5, _NO_RECOVERY if recovery is None else recovery.attrs["refused"],
                  ha="center", va="center", wrap=True, transform=axes.transAxes)  # fmt: skip
        return pd.DataFrame()
    one = recovery.sel(held_out=recovery.attrs["primary"])
    titles = json.loads(recovery.attrs.get("titles", "{}"))
    words = [titles.get(str(rule)) or str(rule) for rule in recovery["rule"].values]
    rates = one.sel(classifier="rates")
    chance = float(one["chance"].sel(classifier="score"))
    place.suptitle(
        f"rules recovered, balanced accuracy: chance {chance:.2f}, rates only {_accuracy(rates)}",
        x=0.03, ha="left", fontsize=8,
    )  # fmt: skip
    panels = place.subplots(1, len(_CLASSIFIERS), sharey=True)
    tables = []
    for axes, (name, title) in zip(panels, _CLASSIFIERS.items(), strict=True):
        seen = one.sel(classifier=name)
        axes.set_title(f"{title}: {_accuracy(seen)}", fontsize=7.5)
        axes.set_xlabel("rule recovered")
        tables.append(_confusion(axes, seen["confusion"].values, words).assign(series=name))
    panels[0].set_ylabel("rule simulated")
    keys = ("accuracy", "accuracy_low", "accuracy_high", "chance", "difference", "difference_p")
    tables += [
        pd.DataFrame(
            [{"quantity": key, "value": float(one[key].sel(classifier=name))} for key in keys]
        ).assign(series=name)
        for name in one["classifier"].values
    ]
    return pd.concat(tables).assign(panel="recovery")


def _accuracy(seen: xr.Dataset) -> str:
    low, high = float(seen["accuracy_low"]), float(seen["accuracy_high"])
    interval = f" [{low:.2f}, {high:.2f}]" if np.isfinite(low) else ""
    return f"{float(seen['accuracy']):.2f}{interval}"


def _confusion(axes: Axes, share: np.ndarray, words: Sequence[str]) -> pd.DataFrame:
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_facecolor("0.85")
    for i, j in np.ndindex(share.shape):
        if np.isfinite(share[i, j]):
            axes.text(j, i, f"{share[i, j]:.2f}", ha="center", va="center", fontsize=6,
                      color="white" if share[i, j] > 0.6 else "black")  # fmt: skip
    axes.set_xticks(range(len(words)), words, rotation=35, ha="right", rotation_mode="anchor",
                    fontsize=6.5)  # fmt: skip
    axes.set_yticks(range(len(words)), words, fontsize=6.5)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return pd.DataFrame(
        [
            {"condition": one, "recovered": other, "quantity": "share", "value": share[i, j]}
            for i, one in enumerate(words)
            for j, other in enumerate(words)
        ]
    )


def _notes(
    scores: xr.Dataset, structure: xr.Dataset | None, recovery: xr.Dataset | None
) -> list[str]:
    lost = int((scores["instances_given"] - scores["instances_scored"]).sum())
    notes = [
        str(scores.attrs["inference"]),
        f"a: {scores.attrs['conclusion']}",
        f"a: {lost} instances not scored, a statistic is undefined (such as timing where its gate "
        "is shut)."
        if lost
        else "",
    ]
    if recovery is not None and "refused" not in recovery.attrs:
        keys = ("verdict", "outsiders_verdict", "held_out_words", "assumptions")
        told = [str(recovery.attrs.get(key, "")) for key in keys]
        notes.append("b: " + " ".join([*filter(None, told), _confused(recovery)]))
    if structure is None:
        notes.append("c is left out: similarity matrices were not compared.")
    else:
        lines = [str(structure.attrs.get(key, "")).split("\n")
                 for key in ("matched", "conclusion", "refused")]  # fmt: skip
        notes += ["c: " + " ".join(filter(None, said)) for said in lines if any(said)]
    return notes + style.notes_of(scores.attrs)


def _confused(recovery: xr.Dataset) -> str:
    """Name pairs of rules that are not told apart, and the statistic that would separate each."""
    titles = json.loads(recovery.attrs.get("titles", "{}"))
    told = recovery["told_apart"].values
    rules = [titles.get(str(name)) or str(name) for name in recovery["rule"].values]
    separating = recovery["separating"].values
    pairs = [
        f"{rules[i]} and {rules[j]} ({TITLES.get(str(separating[i, j]), 'nothing')})"
        for i, j in zip(*np.nonzero(told == 0), strict=True)
    ]
    if not pairs:
        return "All pairs of rules are told apart (Holm)."
    n = int((told >= 0).sum())
    return (
        f"{len(pairs)} of {n} pairs of rules are not told apart (Holm; in brackets what separates "
        f"them most): {', '.join(pairs)}."
    )
