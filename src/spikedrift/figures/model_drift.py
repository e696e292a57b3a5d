"""Drift in models, condition by condition: similarity against lag, and anchored indices.

Upper row: similarity of repeats against lag, within blocks (solid) and between them (dashed), of
rate and of timing; thick lines are means over network instances, thin ones the instances. The axis
of a distance is turned round: up is more similar. Lower row: anchored index between blocks (0 kept,
1 as if redrawn), one point a network instance, filled where its exchange test has p <= 0.05; the
black bar is the mean over instances, its interval (Student) is given with enough of them. Where
spike times carry no more than times permuted over all trials there is no timing code and no index.

Null of each test: spikes (timing) or counts (rate) exchanged between blocks among trials of one
pattern and cell, which assumes that trials are independent given the pattern. Unit of inference:
network instance (wiring, patterns and noise drawn anew). Raw curves of the two codes have no common
unit and depend on firing rates: the codes are compared by the indices.
"""

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

_LINE = {"within": "-", "between": "--"}


def draw(
    *,
    rate: Sequence[xr.Dataset],
    timing: Sequence[xr.Dataset],
    index: Sequence[xr.Dataset],
    conditions: Sequence[str],
    control: str | None = None,
    titles: Mapping[str, str] | None = None,
    compare: Compare | None = None,
    options: Figures | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """Curves and indices of all runs of a sweep.

    Parameters
    ----------
    rate, timing : sequences of Dataset
        Curve files (`spikedrift.drift.curves`) of the runs.
    index : sequence of Dataset
        Their index files (`spikedrift.drift.indices`).
    conditions : sequence of str
        Condition of every run.
    control : str, optional
        The condition that is drawn in gray.
    titles : mapping, optional
        Words for the conditions.
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
    colors = style.condition_colors(order, control)
    smallest = min(map(list(conditions).count, order))
    few = smallest < compare.headline_instances
    indices = learning.indices(index, conditions)
    tables = [indices.drop(columns="quantity").assign(panel="index")]
    height = 0.42 * len(order) + 0.75
    with style.applied():
        figure = style.figure(options.width, 2.9 + height)
        style.title(figure, "Drift in models", f"{smallest} instances a condition" * few)
        upper, lower = style.rows(figure, [2.6, height])
        for axes, files in zip(upper.subplots(1, 2), (rate, timing), strict=True):
            tables.append(_curves(axes, files, conditions, colors))
        upper.legend(
            handles=[
                *(Line2D([], [], color=colors[n], label=titles.get(n) or n) for n in order),
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
        style.footnote(figure, _notes(index, compare, smallest))
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
    if files[0].attrs["kind"] == "distance":
        axes.invert_yaxis()
    return pd.concat(rows)


def _notes(index: Sequence[xr.Dataset], compare: Compare, smallest: int) -> list[str]:
    units = sorted({int(file.attrs["n_units"]) for file in index})
    enough = smallest >= compare.headline_instances
    return [
        f"{smallest} or more network instances (unit of inference) a condition, seed "
        f"{index[0].attrs.get('seed')}, {', '.join(map(str, units))} cells a network. a: thin, "
        "instances; thick, their mean. b: filled where that instance's exchange test has "
        "p <= 0.05; black: mean"
        + (f" and {compare.confidence:.0%} interval (Student)." if enough else ", no interval."),
        *(note for file in index for note in learning.assumed(file)),
        *verdicts.notes("rate_index", "timing_index"),
    ]
