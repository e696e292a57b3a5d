"""Learning and drift along the axes of a survey, variant by variant.

Every dot is one network instance; a row of panels stands for an axis, a line joins the means of
a variant, unless its values are drawn at random, so that every point has its own. Variants that are
not swept are horizontal lines, without a color of their own; the control is a band from its
smallest to its largest instance. A survey without axes has its variants side by side, with the mean
and its interval over instances.

Selectivity: cross-validated d' of a cell between its preferred pattern and the others, mean over
cells; its expectation is 0 where cells do not distinguish patterns. S: how well single trials
distinguish segments within blocks, (D_different - D_same) / (D_different + D_same), where D is the
mean distance of trials of different segments and of one segment. Signal index: the share of the
signal that is drawn anew between blocks (0 kept, 1 as another cell); the note counts runs without
an index, by reason, and those whose index is drawn but too imprecise to conclude that nothing
drifts.

Unit of inference: network instance (wiring, patterns and noise drawn anew); no test is made here.
Selectivity and S also depend on firing rates: compare them with the rate of the cells that are
recorded (the units) and with the controls. Networks that are silent, saturated, runaway,
synchronous or regular, and runs that are not accepted, are drawn as crosses.
"""

import itertools
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from spikedrift.config.compare import Compare
from spikedrift.config.figures import Figures
from spikedrift.drift import gates
from spikedrift.figures import style
from spikedrift.figures.score_axes import scattered
from spikedrift.ground_truth import verdicts

# Quantity -> words of its axis.
QUANTITIES = {
    "selectivity": "selectivity d' (1)",
    "S rate": "S of segments, rate (1)",
    "S timing": "S of segments, timing (1)",
    "drift rate": "signal index, rate (1)",
    "drift timing": "signal index, timing (1)",
    "rate": "rate of the units (Hz)",
}
# Of variants that are not swept, and of those that are: colors first, then another line, then
# another marker on it.
_LEVELS = ("--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 3)))
_LINES, _MARKERS = ("-", "--", ":"), ("o", "s", "D")
_STYLES = tuple(
    (line, _MARKERS[(place + turn) % len(_MARKERS)])
    for turn in range(len(_MARKERS))
    for place, line in enumerate(_LINES)
)
_COLORS = style.VARIANT
_COLUMNS = 3
_WORDS = 28  # letters of an axis' words in a line
_LETTERS_PER_INCH, _MARK = 21, 9  # of the legend; letters that fit into the space of a mark
_DOT, _CROSS = {"ms": 2, "alpha": 0.5}, {"ms": 3}
# Where no line leads from point to point: runs that are compared are seen before the others.
_DRAWN: dict[str, Any] = {"ms": 3.2, "zorder": 3}
_DRAWN_BAD: dict[str, Any] = {"ms": 2.4, "mew": 0.5, "alpha": 0.5}
_HEIGHT = 1.9  # of a panel, inches


def draw(
    *,
    data: xr.Dataset,
    axes: Sequence[Mapping[str, Any]] = (),
    compare: Compare | None = None,
    options: Figures | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """Draw what the variants learn and how they drift against the values of each axis.

    Selectivity, S and the rate are those of the blocks after training. A run whose network is
    not `ok` is drawn as a cross, a failed one as a cross at the lower edge of the first panel.

    Parameters
    ----------
    data : Dataset
        As `spikedrift.sweeps.survey.collect` makes it.
    axes : sequence of mapping
        `name`, `title`, `scale` of the axes; without any, variants stand side by side.
    compare : Compare, optional
        For `min_instances`.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row a run and quantity: variant, axes, instance, status, quantity, value.
    """
    options, compare = options or Figures(), compare or Compare()
    table = numbers(data)
    if not table["value"].notna().any():
        said = ", ".join(
            f"{n} {status}" for status, n in _runs(table)["status"].value_counts().items()
        )
        with style.applied():
            figure = style.figure(options.width, 1.4)
            style.said(figure.subplots(), f"No run of {data.attrs['sweep']} gave a value: {said}.")
            style.footnote(figure, [f"Runs without an index: {_shut(data)}."])
        return figure, table
    order = list(dict.fromkeys(table["variant"]))
    titles = dict(zip(data["variant"].values, data["title"].values, strict=True))
    controls = set(data["variant"].values[data["control"].values.astype(bool)])
    swept = set(table["variant"]) - _single(table)
    looks = _looks(order, controls, swept)
    alone = scattered(table[table["variant"].isin(swept)], axes)
    shown: Sequence[Mapping[str, Any]] = axes or [{"name": "", "title": "", "scale": "linear"}]
    n_rows = -(-len(QUANTITIES) // _COLUMNS) * len(shown)
    with style.applied():
        figure = style.figure(options.width, _HEIGHT * n_rows + 0.9)
        panels = figure.subplots(n_rows, _COLUMNS, squeeze=False).ravel()
        for k, axis in enumerate(shown):
            for place, quantity in zip(panels[k * len(QUANTITIES) :], QUANTITIES, strict=False):
                part = table[table["quantity"] == quantity]
                _panel(place, part, axis, order, looks, quantity, alone)
        marks = [
            Line2D([], [], **looks[n] | _in_legend(looks[n], n in swept, alone), ms=3,
                   label=titles[n])
            for n in order
        ]  # fmt: skip
        bad = Line2D([], [], ls="", marker="x", color="0.3", ms=4, label="not ok, or failed")
        longest = max(len(str(handle.get_label())) for handle in [*marks, bad])
        columns = max(1, int(options.width * _LETTERS_PER_INCH / (longest + _MARK)))
        figure.legend(handles=[*marks, bad], loc="outside upper left", ncols=columns, fontsize=6.5)
        style.footnote(figure, _notes(data, table, compare, alone))
    return figure, table


def numbers(data: xr.Dataset) -> pd.DataFrame:
    """List the drawn numbers, one row for each run and quantity."""
    status = data["status"].transpose("point", "instance")
    if "accepted" in data:
        kept = data["accepted"].astype(bool) | (status == "failed")
        status = status.astype(object).where(kept, gates.short(gates.REJECTED, ""))
    empty = xr.full_like(data["status"], np.nan, dtype=float)

    def of_blocks(name: str) -> xr.DataArray:
        if name not in data:
            return empty
        stages = [s for s in data["stage"].values if str(s).startswith("block")]
        return data[name].sel(stage=stages).mean("stage")

    def coded(name: str, code: str) -> xr.DataArray:
        if name not in data:
            return empty
        values = data[name].sel(code=code)
        return values.sel(probe="block") if "probe" in values.dims else values

    found = {
        "selectivity": of_blocks("selectivity"),
        "S rate": coded("discrimination", "rate"),
        "S timing": coded("discrimination", "timing"),
        "drift rate": coded("signal_index", "rate"),
        "drift timing": coded("signal_index", "timing"),
        "rate": data.get("block_rate", empty),
    }
    axes = [str(name) for name in data.coords if str(name).startswith("axis_")]
    rows = [
        {
            "variant": str(data["variant"].values[p]),
            **{name: data[name].values[p] for name in axes},
            "instance": int(data["instance"].values[i]),
            "status": str(status.values[p, i]),
            "quantity": quantity,
            "value": float(values.transpose("point", "instance").values[p, i]),
        }
        for quantity, values in found.items()
        for p in range(data.sizes["point"])
        for i in range(data.sizes["instance"])
    ]
    return pd.DataFrame(rows)


def _single(table: pd.DataFrame) -> set[str]:
    """Variants that are not swept, where others are."""
    axes = [name for name in table.columns if name.startswith("axis_")]
    if not axes:
        return set()
    valued = (table[axes].notna() & (table[axes] != "")).any(axis=1)
    return set(table["variant"]) - set(table["variant"][valued])


def _looks(order: Sequence[str], controls: set[str], swept: set[str]) -> dict[str, dict[str, Any]]:
    """Color, line and marker of every variant: no two alike, as far as there are others left."""
    colored = itertools.cycle(itertools.product(_STYLES, _COLORS))
    levels = itertools.cycle(_LEVELS)
    looks: dict[str, dict[str, Any]] = {}
    for name in order:
        if name in controls:
            looks[name] = {"color": style.GRAY, "ls": "-", "marker": "o"}
        elif name in swept:
            (line, marker), color = next(colored)
            looks[name] = {"color": color, "ls": line, "marker": marker}
        else:
            looks[name] = {"color": "0.25", "ls": next(levels), "marker": "o"}
    return looks


def _in_legend(look: Mapping[str, Any], swept: bool, alone: bool) -> dict[str, Any]:
    """Line and marker that a variant has in the panels."""
    return {"marker": look["marker"] if swept else "", "ls": "" if swept and alone else look["ls"]}


def _panel(
    place: Axes,
    part: pd.DataFrame,
    axis: Mapping[str, Any],
    order: Sequence[str],
    looks: Mapping[str, Mapping[str, Any]],
    quantity: str,
    alone: bool,
) -> None:
    place.set_ylabel(QUANTITIES[quantity])
    if quantity.startswith(("drift", "selectivity", "S ")):
        place.axhline(0, color="0.7", lw=0.6, zorder=0)
    column = f"axis_{axis['name']}"
    single = _single(part)
    # A mean is over the instances of one point: other axes are not pooled.
    others = [name for name in part if str(name).startswith("axis_") and name != column]
    # Words, such as the names of rules, stand side by side in their order.
    words = (
        []
        if not axis["name"] or part[column].dtype.kind in "fiu"
        else [word for word in dict.fromkeys(part[column]) if word]
    )
    for number, name in enumerate(order):
        here = part[part["variant"] == name]
        color, line, marker = (looks[name][key] for key in ("color", "ls", "marker"))
        if name in single:
            if here["value"].notna().any():
                place.axhline(here["value"].mean(), color=color, lw=0.9, ls=line, zorder=1)
            if color == style.GRAY and here["value"].notna().any():
                place.axhspan(here["value"].min(), here["value"].max(), color=color, alpha=0.25,
                              lw=0, zorder=0)  # fmt: skip
            continue
        if not axis["name"]:
            _column(place, here, number, color, marker)
            continue
        x = here[column]
        x = (x.map(words.index) if words else x).astype(float)
        ok = here["status"] == "ok"
        good, bad = (_DRAWN, _DRAWN_BAD) if alone else (_DOT, _CROSS)
        place.plot(x[ok], here["value"][ok], ls="", marker=marker, color=color, mew=0, **good)
        place.plot(x[~ok], here["value"][~ok], ls="", marker="x", color=color, **bad)
        for _, same in here.groupby(others, dropna=False) if others else [("", here)]:
            means = same["value"].groupby(x[same.index]).mean()
            place.plot(means.index, means, color=color, ls=line, lw=1.1)
        lost = x[here["status"] == "failed"]
        if quantity == next(iter(QUANTITIES)) and len(lost):
            place.plot(lost, np.full(len(lost), 0.02), ls="", marker="x", ms=4, color=color,
                       transform=place.get_xaxis_transform(), clip_on=False)  # fmt: skip
    if not axis["name"]:
        place.set_xticks(range(len(order)), [""] * len(order))
        place.set_xlim(-0.6, len(order) - 0.4)
        place.set_xlabel("variants, as in the legend")
    else:
        if words:
            place.set_xticks(range(len(words)), words, rotation=30, ha="right")
        else:
            place.set_xscale(axis["scale"])
            place.update_datalim([(x, 0) for x in part[column].dropna()], updatey=False)
            place.autoscale_view(scaley=False)
            style.value_ticks(place.xaxis, axis["scale"])
        place.set_xlabel("\n".join(textwrap.wrap(axis["title"] or axis["name"], _WORDS)))


def _column(place: Axes, here: pd.DataFrame, number: int, color: Any, marker: str) -> None:
    """Runs of one variant side by side, their mean and its 95 % Student interval."""
    value, ok = here["value"].to_numpy(), (here["status"] == "ok").to_numpy()
    x = number + 0.5 * (np.arange(value.size) / max(value.size - 1, 1) - 0.5)
    place.plot(x[ok], value[ok], ls="", marker=marker, ms=2, alpha=0.5, color=color, mew=0)
    place.plot(x[~ok], value[~ok], ls="", marker="x", ms=3, color=color)
    known = value[np.isfinite(value)]
    if known.size > 1:
        half = scipy.stats.t.ppf(0.975, known.size - 1) * scipy.stats.sem(known)
        place.errorbar(number, known.mean(), half, color=style.BLACK, marker="_", ms=7, lw=1.2,
                       capsize=0, zorder=3)  # fmt: skip


def _runs(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each run."""
    return table.drop_duplicates(["variant", *table.columns[1:-3], "instance"])


def _shut(data: xr.Dataset) -> str:
    """Words for runs without an index, by reason; failed runs are counted by their status."""
    said = []
    for code in (
        data["code"].values.astype(str).tolist()
        if {"signal_gate", "signal_index"} <= set(data)
        else ()
    ):
        one = data.sel(code=code)
        ran = data["status"].values != "failed"
        index = one["signal_index"].transpose(*data["status"].dims)
        pairs = zip(one["signal_gate"].values[ran], index.values[ran], strict=True)
        states = [gates.absent(str(state), float(value)) for state, value in pairs]
        said.append(gates.counted(states, code))
    return "; ".join(filter(None, said)) or "none"


def _vague(data: xr.Dataset) -> str:
    """Words for the number of indices that are drawn although they are imprecise."""
    if not {"signal_gate", "signal_index"} <= set(data):
        return ""
    vague = (data["signal_gate"] == gates.IMPRECISE) & np.isfinite(data["signal_index"])
    counts = {
        code: int(vague.sel(code=code).sum()) for code in data["code"].values.astype(str).tolist()
    }
    said = ", ".join(f"{code} {n}" for code, n in counts.items() if n)
    return f" Drawn, but too imprecise to say that nothing drifts: {said}." * bool(said)


def _notes(data: xr.Dataset, table: pd.DataFrame, compare: Compare, alone: bool) -> list[str]:
    n = data.sizes["instance"]
    runs = _runs(table)
    other = runs["status"].value_counts().drop("ok", errors="ignore")
    few = ", an illustration" if n < compare.min_instances else ""
    lines = (
        "; no lines, since every point has values of its own"
        if alone
        else "; lines: their means, one for every combination of the other axes, no interval"
    )
    means = (
        f"{lines}{few}. Horizontal: variants that take no values, "
        "their mean; gray band: the control, from its smallest to its largest instance."
        if any(str(name).startswith("axis_") for name in table)
        else f"; bars: mean and 95 % Student interval over instances{few}."
    )
    return [
        f"Dots: network instances (connectivity x patterns x noise; the unit of inference), {n} "
        f"at every value, seed {data.attrs['seed']}{means}",
        "Status other than ok: " + (", ".join(f"{k} {v}" for k, v in other.items()) or "none")
        + f" (of {len(runs)} runs). Runs without an index: {_shut(data)}. S: discrimination of "
        "segments within blocks, selectivity: cross-validated, 0 for cells that do not tell "
        "patterns apart. Signal index: share of the signal drawn anew between blocks, 0 kept, 1 as "
        f"another cell.{_vague(data)}",
        *verdicts.notes("signal_drift"),
    ]  # fmt: skip
