"""Drift in models at each point of a sweep: signal curves and signal indices.

The signal index is the share of a cell's tuning (rate) or of its temporal profile (timing) that is
drawn anew: 0 where it is kept up to a factor, 1 where the cell responds as another cell does.
Rates, gains and backgrounds of the cells do not bias it. Upper row: the index of windows of repeats
against the number of repeats between them, within blocks (solid) and between them (dashed); thick
lines are means over network instances, thin lines the instances. Lower row: the index between
blocks, one mark an instance, filled where its test has p <= 0.05; the black bar is the mean, with
its Student interval if there are enough instances. Every point of a swept variant has a row and a
shade of its own. Where an instance has no index, the row says why. A diamond is an index that is
too imprecise to conclude that nothing drifts; it counts in the mean.

Test of an instance: the larger of two p, from random signs of the contributions of its cells and
from a jackknife over repeats. Unit of inference: network instance (wiring, patterns and noise drawn
anew).
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
from spikedrift.figures import learning, style
from spikedrift.figures.analyses import signal_drift
from spikedrift.ground_truth import verdicts

_MOST_ROWS, _MOST_LINES = 20, 8  # points that are drawn; that have a line in the legend each
_TALLEST = 4.6  # of the rows, inches


def draw(
    *,
    index: Sequence[xr.Dataset],
    points: Sequence[str],
    control: str | None = None,
    titles: Mapping[str, str] | None = None,
    variants: Mapping[str, str] | None = None,
    compare: Compare | None = None,
    options: Figures | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """Curves and indices of all runs of a sweep.

    Parameters
    ----------
    index : sequence of Dataset
        Index files (`spikedrift.drift.signal.recording`) of the runs, one for each.
    points : sequence of str
        Point of the sweep of every run: a variant at one value of each axis. Instances are
        within a point.
    control : str, optional
        The variant that is drawn in gray.
    titles : mapping, optional
        Words for the points.
    variants : mapping, optional
        Variant of a point, which gives its color; default: every point is a variant.
    compare : Compare, optional
        For `min_instances` and `confidence`.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row a vertex or index: panel (curve, index), point, recording, code, relation, lag,
        value; p_value and gate_note of an index.

    Raises
    ------
    InputError
        Where there are no files, or not one point for each.
    """
    options, compare, titles = options or Figures(), compare or Compare(), titles or {}
    learning.check_runs("model_drift", points, index=index)
    order = list(dict.fromkeys(points))
    colors = style.point_colors(order, variants, control)
    smallest = min(map(list(points).count, order))
    few = smallest < compare.min_instances
    indices = learning.indices(index, points)
    tables = [indices.drop(columns="quantity").assign(panel="index")]
    order = order[:_MOST_ROWS]
    colors = {name: colors[name] for name in order}
    height = min(0.42 * len(order), _TALLEST) + 0.75
    with style.applied():
        figure = style.figure(options.width, 2.9 + height)
        style.title(figure, "Drift in models", f"{smallest} instances a point" * few)
        upper, lower = style.rows(figure, [2.6, height])
        above = upper.subplots(1, 2, sharey=True)
        for axes, code in zip(above, learning.CODES, strict=True):
            tables.append(_curves(axes, index, code, points, colors))
        above[0].set_ylabel(signal_drift.LABEL)
        bottom, top = above[0].get_ylim()
        above[0].set_ylim(max(bottom, signal_drift.REACH[0]), min(top, signal_drift.REACH[1]))
        upper.legend(
            handles=[
                *_handles(order, colors, titles, variants or {}),
                *(Line2D([], [], color="0.3", ls=ls, label=f"{name} blocks")
                  for name, ls in signal_drift.LINE.items()),
            ],
            loc="outside upper center", ncols=min(len(order) + 2, 4), fontsize=7,
        )  # fmt: skip
        below = lower.subplots(1, 2, sharex=True, sharey=True)
        for axes, code in zip(below, learning.CODES, strict=True):
            learning.panel(axes, indices[indices["code"] == code], order, colors, compare)
            axes.set_title(code, color=style.CODE[code])
            axes.set_xlabel(signal_drift.LABEL)
            axes.tick_params(axis="y", length=0)
        below[0].set_yticks(range(len(order)), [titles.get(name) or name for name in order])
        below[0].set_ylim(len(order) - 0.5, -0.5)
        for part, text in ((upper, "a"), (lower, "b")):
            part.text(0.004, 0.99, text, fontsize=10, fontweight="bold", va="top")
        notes = _notes(index, indices, compare, points, len(order))
        style.footnote(figure, [*notes, signal_drift.beyond(*tables)])
    return figure, pd.concat(tables, ignore_index=True)


def _curves(
    axes: Axes,
    files: Sequence[xr.Dataset],
    code: str,
    points: Sequence[str],
    colors: Mapping[str, str],
) -> pd.DataFrame:
    """Draw the curves of one code: instances, and their mean at the lags that all have."""
    rows = []
    axes.axhline(0, color="0.7", lw=0.6, zorder=0)
    for point, color in colors.items():
        group = [f for f, c in zip(files, points, strict=True) if c == point]
        for relation, line in signal_drift.LINE.items():
            known = xr.concat(
                [_curve(f, code).sel(relation=relation) for f in group],
                "run", join="outer",
            ).transpose("run", "lag")  # fmt: skip
            for file, value in zip(group, known.values, strict=True):
                axes.plot(known["lag"], value, color=color, ls=line, lw=0.5, alpha=0.4)
                rows.append(
                    pd.DataFrame(
                        {
                            "panel": "curve",
                            "point": point,
                            "recording": file.attrs["recording"],
                            "code": code,
                            "relation": relation,
                            "lag": known["lag"].values,
                            "value": value,
                        }
                    ).dropna(subset="value")
                )
            given = known.dropna("run", how="all")  # an instance without a code has no curve
            if given.sizes["run"]:
                mean = given.mean("run", skipna=False)
                axes.plot(known["lag"], mean, color=color, ls=line, lw=1.6)
    axes.set_title(code, color=style.CODE[code])
    axes.set_xlabel("lag (repeats)")
    style.whole_ticks(axes.xaxis)
    return pd.concat(rows)


def _curve(file: xr.Dataset, code: str) -> xr.DataArray:
    """Return the curves of a code, NaN where it was not detected."""
    known = signal_drift.state_of(file, code) in signal_drift.MEASURED
    return file["curve"].sel(code=code, drop=True).where(known)


def _handles(
    order: Sequence[str],
    colors: Mapping[str, str],
    titles: Mapping[str, str],
    variants: Mapping[str, str],
) -> list[Line2D]:
    """One line a point; of many, one a variant, whose points are its shades."""
    if len(order) <= _MOST_LINES:
        return [Line2D([], [], color=colors[n], label=titles.get(n) or n) for n in order]
    first = {variants.get(name, name): name for name in reversed(order)}
    return [
        Line2D([], [], color=colors[first[variant]], label=f"{variant} (paler: further values)")
        for variant in dict.fromkeys(variants.get(name, name) for name in order)
    ]


def _notes(
    index: Sequence[xr.Dataset],
    indices: pd.DataFrame,
    compare: Compare,
    points: Sequence[str],
    drawn: int,
) -> list[str]:
    units = sorted({int(file.attrs["n_units"]) for file in index})
    counts = Counter(points).values()
    n_points, enough = len(counts), min(counts) >= compare.min_instances
    return [
        f"{style.at_least(counts)} network instances (unit of inference) a point, "
        f"{', '.join(map(str, units))} cells a network; seed of the tests "
        f"{index[0].attrs.get('seed')}. a: thin, "
        "instances; thick, their mean. b: black, mean"
        + (f" and {compare.confidence:.0%} interval (Student); " if enough else ", no interval; ")
        + learning.filled(indices),
        f"The first {drawn} of {n_points} points are drawn, the table holds all indices."
        * (drawn < n_points),
        *(note for file in index for note in learning.assumed(file)),
        *verdicts.notes("signal_drift"),
    ]
