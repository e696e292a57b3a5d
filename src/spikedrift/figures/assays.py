"""Completion and reactivation in a survey whose networks are shown parts of their patterns.

Rows are variants, dots are network instances. First row of panels, one a cue: correlation over
cells of the response to the cue with that to the whole pattern it is a part of (filled) and with
those to the other patterns (open; chance). It is read after the cue where the pattern breaks off
(onset), else in all of its time, and noise adds nothing to it on average: the trials are
different ones. Second row: what tells the patterns apart in that response, as a share of what
does in the response to the whole; 0 is none. The cue itself, as membranes, synapses and the
afferents that show it keep it, counts in both: what recurrence adds is the difference from the
same instances with E→E synapses cut. Third row, one a pause: share of the bins, as long as a
pattern, that are more like the response to a pattern than 95 % of bins are when cells are
permuted (the null; dashed: what chance gives), filled where a permutation test of the instance's
share rejects at 5 %.

Unit of inference: network instance (wiring, patterns and noise drawn anew). Black: mean and
Student interval over instances; no test is made over them here. The table also has the difference
of every value from that of the control of the same instance.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikedrift.config.compare import Compare
from spikedrift.config.figures import Figures
from spikedrift.figures import style
from spikedrift.stats.intervals import t_interval

_ROW, _PANEL = 0.24, 0.75  # height of a variant's row, and of what surrounds a panel, inches
_WORDS = 26  # letters of a variant's name, and of an axis' words in a line
_LEVEL = 0.05
_COLORS = (style.OKABE_ITO[0], style.OKABE_ITO[2], style.OKABE_ITO[3])  # of the rows
# Quantity -> dimension, words of its axis.
QUANTITIES = {
    "completion": ("cue", "correlation with the whole (1)"),
    "completion_chance": ("cue", "correlation with the whole (1)"),
    "completion_size": ("cue", "size, over that to the whole (1)"),
    "reactivation": ("pause", "share of bins that match"),
    "reactivation_p": ("pause", ""),
    "reactivation_chance": ("pause", ""),
}
_ROWS = ("completion", "completion_size", "reactivation")


def draw(
    *, data: xr.Dataset, compare: Compare | None = None, options: Figures | None = None
) -> tuple[Figure, pd.DataFrame]:
    """Draw completion by cue and reactivation by pause.

    Parameters
    ----------
    data : Dataset
        As `spikedrift.sweeps.survey.collect` makes it, of networks with phases of kind cue.
    compare : Compare, optional
        For `min_instances` and `confidence`.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row a run, quantity and cue or pause: variant, name, instance, status, quantity, shown,
        value, over_control (value less that of the control of the same instance).
    """
    options, compare = options or Figures(), compare or Compare()
    table = numbers(data)
    if not len(table) or not table["value"].notna().any():
        with style.applied():
            figure = style.figure(options.width, 1.4)
            style.said(figure.subplots(), f"No run of {data.attrs['sweep']} was shown a cue.")
        return figure, table
    points = list(dict.fromkeys(table["name"]))
    titles = dict(zip(data["name"].values, data["point_title"].values, strict=True))
    rows = [q for q in _ROWS if (table["quantity"] == q).any()]
    shown = {q: list(dict.fromkeys(table.loc[table["quantity"] == q, "shown"])) for q in rows}
    columns = max(map(len, shown.values()))
    with style.applied():
        height = (_ROW * len(points) + _PANEL) * len(rows)
        figure = style.figure(options.width, height)
        grid = figure.subplots(len(rows), columns, squeeze=False, sharey=True)
        for places, quantity in zip(grid, rows, strict=True):
            for place in places[len(shown[quantity]) :]:
                place.set_axis_off()
            for place, one in zip(places, shown[quantity], strict=False):
                _panel(place, table[table["shown"] == one], quantity, points, compare)
                place.set_title(one)
        grid[0, 0].set_yticks(
            range(len(points)), [style.wrapped(str(titles[name]), _WORDS) for name in points]
        )
        grid[0, 0].set_ylim(len(points) - 0.5, -0.5)
        style.footnote(figure, [_note(data, table, compare)])
    return figure, table


def numbers(data: xr.Dataset) -> pd.DataFrame:
    """List all numbers, one row for each run, quantity and cue or pause."""
    control = data["control"].values.astype(bool)
    rows = []
    for quantity, (dim, _) in QUANTITIES.items():
        if quantity not in data:
            continue
        values = data[quantity].transpose("point", "instance", dim).values
        standard = values[control][0] if control.any() else np.full(values.shape[1:], np.nan)
        for (p, i, k), value in np.ndenumerate(values):
            rows.append(
                {
                    "variant": str(data["variant"].values[p]),
                    "name": str(data["name"].values[p]),
                    "instance": int(data["instance"].values[i]),
                    "status": str(data["status"].transpose("point", "instance").values[p, i]),
                    "quantity": quantity,
                    "shown": str(data[dim].values[k]),
                    "value": float(value),
                    "over_control": float(value - standard[i, k]),
                }
            )
    return pd.DataFrame(rows)


def _panel(
    place: Axes, table: pd.DataFrame, quantity: str, points: Sequence[str], compare: Compare
) -> None:
    """Draw one quantity of one cue or pause: instances, and their mean with its interval."""
    color = _COLORS[_ROWS.index(quantity)]
    for row, name in enumerate(points):
        own = table[(table["name"] == name)]
        value = own.loc[own["quantity"] == quantity, "value"].to_numpy()
        y = row + 0.5 * (np.arange(value.size) / max(value.size - 1, 1) - 0.5)
        full = np.ones(value.size, dtype=bool)
        if quantity == "completion":
            chance = own.loc[own["quantity"] == "completion_chance", "value"].to_numpy()
            _dots(place, chance, y, ~full, color)
        if quantity == "reactivation":
            full = own.loc[own["quantity"] == "reactivation_p", "value"].to_numpy() <= _LEVEL
        _dots(place, value, y, full, color)
        known = value[np.isfinite(value)]
        if known.size > 1:
            place.plot([known.mean()] * 2, [row - 0.36, row + 0.36], color=style.BLACK, lw=1.4)
        if known.size >= compare.min_instances:
            place.plot(t_interval(known, compare.confidence), [row] * 2, color=style.BLACK, lw=1.0)
    if quantity == "reactivation":
        by_chance = table.loc[table["quantity"] == "reactivation_chance", "value"].max()
        place.axvline(by_chance, color="0.6", lw=0.7, ls="--", zorder=0)
    else:
        place.axvline(0, color="0.6", lw=0.7, zorder=0)
    place.tick_params(axis="y", length=0)
    place.set_xlabel(style.wrapped(QUANTITIES[quantity][1], _WORDS))


def _dots(place: Axes, value: np.ndarray, y: np.ndarray, full: np.ndarray, color: str) -> None:
    for chosen, face in ((full, color), (~full, "white")):
        place.plot(
            value[chosen], y[chosen], ls="", marker="o", ms=2.8, mfc=face, mec=color, mew=0.6
        )


def _note(data: xr.Dataset, table: pd.DataFrame, compare: Compare) -> str:
    runs = table.drop_duplicates(["name", "instance"])
    other = runs["status"].value_counts().drop("ok", errors="ignore")
    n = data.sizes["instance"]
    said = (
        f"mean and {compare.confidence:.0%} Student interval"
        if n >= compare.min_instances
        else "their mean, an illustration without an interval"
    )
    return (
        f"Dots: network instances (the unit of inference), {n} a variant, seed "
        f"{data.attrs['seed']}; black: {said}. First row: filled with the own pattern, open with "
        "the others (chance). Last row: filled where the instance's permutation test has p <= "
        f"{_LEVEL:g}; dashed: share that chance gives. Status other than ok: "
        + (", ".join(f"{k} {v}" for k, v in other.items()) or "none")
        + f" (of {len(runs)} runs)."
    )
