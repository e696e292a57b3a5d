"""Drift in models, point by point of a sweep: similarity against lag, and anchored indices.

Upper row: similarity of repeats against lag, within blocks (solid) and between them (dashed), of
rate and of timing; thick lines are means over network instances, thin ones the instances. The axis
of a distance is turned round: up is more similar. Lower row: anchored index between blocks (0 kept,
1 as if redrawn), one mark a network instance, filled where its exchange test has p <= 0.05; the
black bar is the mean over instances, its interval (Student) is given with enough of them. Every
point of a swept condition has a row and a shade of its own: instances are within a point. Where an
index is not given the row says why: no code was detected (spike times carry no more than times
permuted over all trials), or the index is too imprecise, which is no finding about the code.

Null of each test: spikes (timing) or counts (rate) exchanged between blocks among trials of one
pattern and cell, which assumes that trials are independent given the pattern. Unit of inference:
network instance (wiring, patterns and noise drawn anew). Raw curves of the two codes have no common
unit and depend on firing rates: the codes are compared by the indices.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from spikedrift.config.compare import Compare
from spikedrift.config.figures import Figures
from spikedrift.drift import verdicts
from spikedrift.figures import learning, style

_MOST_ROWS, _MOST_LINES = 20, 8  # points that are drawn; that have a line in the legend each
_TALLEST = 4.6  # of the rows, inches
_LINE = {"within": "-", "between": "--"}


def draw(
    *,
    rate: Sequence[xr.Dataset],
    timing: Sequence[xr.Dataset],
    index: Sequence[xr.Dataset],
    conditions: Sequence[str],
    control: str | None = None,
    titles: Mapping[str, str] | None = None,
    rules: Mapping[str, str] | None = None,
    compare: Compare | None = None,
    options: Figures | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """Curves and indices of all runs of a sweep.

    Parameters
    ----------
    rate, timing : sequences of Dataset
        Curve files (`spikedrift.drift.curves`) of the runs.
    index : sequence of Dataset
        Their index files (`spikedrift.drift.signal.recording`).
    conditions : sequence of str
        Point of the sweep of every run: a condition at one value of each axis. Instances are
        within a point.
    control : str, optional
        The condition that is drawn in gray.
    titles : mapping, optional
        Words for the points.
    rules : mapping, optional
        Condition of a point, which gives its color; default: every point is a condition.
    compare : Compare, optional
        For `headline_instances` and `confidence`.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row a vertex or point: panel (curve, index), condition, recording, code, relation, lag,
        value; p_value and gate_note of an index.

    Raises
    ------
    InputError
        Where the lists are not of the same runs.
    """
    options, compare, titles = options or Figures(), compare or Compare(), titles or {}
    learning.check_runs("model_drift", conditions, rate=rate, timing=timing, index=index)
    order = list(dict.fromkeys(conditions))
    colors = style.point_colors(order, rules, control)
    smallest = min(map(list(conditions).count, order))
    few = smallest < compare.headline_instances
    indices = learning.indices(index, conditions)
    tables = [indices.drop(columns="quantity").assign(panel="index")]
    order = order[:_MOST_ROWS]
    colors = {name: colors[name] for name in order}
    height = min(0.42 * len(order), _TALLEST) + 0.75
    with style.applied():
        figure = style.figure(options.width, 2.9 + height)
        style.title(figure, "Drift in models", f"{smallest} instances a condition" * few)
        upper, lower = style.rows(figure, [2.6, height])
        for axes, files in zip(upper.subplots(1, 2), (rate, timing), strict=True):
            tables.append(_curves(axes, files, conditions, colors))
        upper.legend(
            handles=[
                *_handles(order, colors, titles, rules or {}),
                *(Line2D([], [], color="0.3", ls=ls, label=f"{name} blocks")
                  for name, ls in _LINE.items()),
            ],
            loc="outside upper center", ncols=min(len(order) + 2, 4), fontsize=7,
        )  # fmt: skip
        below = lower.subplots(1, 2, sharex=True, sharey=True)
        for axes, code in zip(below, learning.CODES, strict=True):
            learning.panel(axes, indices[indices["code"] == code], order, colors, compare)
            axes.set_title(code, color=style.CODE[code])
            axes.set_xlabel("anchored index (1)")
            axes.tick_params(axis="y", length=0)
        below[0].set_yticks(range(len(order)), [titles.get(name) or name for name in order])
        below[0].set_ylim(len(order) - 0.5, -0.5)
        for part, text in ((upper, "a"), (lower, "b")):
            part.text(0.004, 0.99, text, fontsize=10, fontweight="bold", va="top")
        style.footnote(figure, _notes(index, compare, conditions, len(order)))
    return figure, pd.concat(tables, ignore_index=True)


def _curves(
    axes: Axes, files: Sequence[xr.Dataset], conditions: Sequence[str], colors: Mapping[str, str]
) -> pd.DataFrame:
    """Draw the curves of one code: instances, and their mean at the lags that all have."""
    rows = []
    code = str(files[0].attrs["code"])
    for condition, color in colors.items():
        group = [f for f, c in zip(files, conditions, strict=True) if c == condition]
        for relation, line in _LINE.items():
            known = xr.concat(
                [f["value"].sel(relation=relation) for f in group], "run", join="outer"
            ).transpose("run", "lag")
            for file, value in zip(group, known.values, strict=True):
                axes.plot(known["lag"], value, color=color, ls=line, lw=0.5, alpha=0.4)
                rows.append(
                    pd.DataFrame(
                        {
                            "panel": "curve",
                            "condition": condition,
                            "recording": file.attrs["recording"],
                            "code": code,
                            "relation": relation,
                            "lag": known["lag"].values,
                            "value": value,
                        }
                    ).dropna(subset="value")
                )
            axes.plot(known["lag"], known.mean("run", skipna=False), color=color, ls=line, lw=1.6)
    axes.set_title(f"{code} (up: more similar)", color=style.CODE[code])
    axes.set(xlabel="lag (repeats)", ylabel=str(files[0].attrs["title"]))
    style.whole_ticks(axes.xaxis)
    if files[0].attrs["kind"] == "distance":
        axes.invert_yaxis()
    return pd.concat(rows)


def _handles(
    order: Sequence[str],
    colors: Mapping[str, str],
    titles: Mapping[str, str],
    rules: Mapping[str, str],
) -> list[Line2D]:
    """One line a point; of many, one a condition, whose points are its shades."""
    if len(order) <= _MOST_LINES:
        return [Line2D([], [], color=colors[n], label=titles.get(n) or n) for n in order]
    first = {rules.get(name, name): name for name in reversed(order)}
    return [
        Line2D([], [], color=colors[first[rule]], label=f"{rule} (paler: further values)")
        for rule in dict.fromkeys(rules.get(name, name) for name in order)
    ]


def _notes(
    index: Sequence[xr.Dataset], compare: Compare, conditions: Sequence[str], drawn: int
) -> list[str]:
    units = sorted({int(file.attrs["n_units"]) for file in index})
    counts = Counter(conditions).values()
    n_points, enough = len(counts), min(counts) >= compare.headline_instances
    return [
        f"{style.at_least(counts)} network instances (unit of inference) a point, "
        f"{', '.join(map(str, units))} cells a network; seed of the exchange tests "
        f"{index[0].attrs.get('seed')}. a: thin, "
        "instances; thick, their mean. b: filled where that instance's exchange test has "
        "p <= 0.05; black: mean"
        + (f" and {compare.confidence:.0%} interval (Student)." if enough else ", no interval."),
        f"The first {drawn} of {n_points} points are drawn, the table holds all indices."
        * (drawn < n_points),
        *(note for file in index for note in learning.assumed(file)),
        *verdicts.notes("rate_index", "timing_index"),
    ]
