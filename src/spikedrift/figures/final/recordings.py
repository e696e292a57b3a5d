"""Recordings: spikes, quality, similarity of repeats in rate and timing, and drift.

For each recording: one repeat of one segment from the first and from the last block, with units in
the order of the first block; rates of the units by area; the quality columns of the source or, if
there are none, the mean rate over repeats; and the similarity of every repeat with every other, for
rate and for timing, bright where similar, each on its own scale. Similarity also depends on rates,
backgrounds and behavior. How far a code drifts is shown below, on one scale for both codes.

The signal index is the share of a unit's tuning over segments (rate) or of its temporal profile
(timing) that is drawn anew: 0 where it is kept up to a factor, 1 where the unit responds as another
unit does. It is made from products of different trials, so that noise, gains and backgrounds of
single trials do not bias it. Curves: the index of windows of repeats against the number of repeats
between them, within blocks (solid) and between blocks (dashed), with bootstrap bands over units.
Beside them: the index between blocks for all trials (filled) and for trials matched by running and
pupil (open), the control for behavior; bars are Student's interval over units or over repeats,
whichever is wider. Depth of the code is the variation of responses about their mean, relative to it
and without the noise of trials; learning changes it, and that is not drift.

Test of drift: the larger of two p, from random signs of the contributions of units and from a
jackknife over repeats, for noise that units share. Where an index is missing, its place says why. A
dotted index is too imprecise to conclude that nothing drifts. Unit of inference: the units and
repeats of one recording, descriptive; claims about drift need animals.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.ticker import MaxNLocator

from spikedrift.config.figures import Figures
from spikedrift.config.selections import Selection
from spikedrift.core.errors import InputError
from spikedrift.drift import gates
from spikedrift.drift.signal.indices import CODES
from spikedrift.figures import drift_curves, matrices, raster, style
from spikedrift.figures.analyses import signal_drift
from spikedrift.ground_truth import verdicts
from spikedrift.spikes import selections
from spikedrift.spikes.caveats import order_known
from spikedrift.spikes.layout import Layout
from spikedrift.trials import quality, quality_names

# Rows of a recording alone on the page, and of one beside others; heights of rows, inches.
_WIDE = (
    ("first", "last", "rates", "quality"),
    ("matrix_rate", "matrix_timing"),
    ("curve", "index", "depth"),
)
_NARROW = (
    ("first", "last"),
    ("rates", "quality"),
    ("matrix_rate", "matrix_timing"),
    ("curve",),
    ("index", "depth"),
)
_WIDTHS = {"curve": 1.7, "depth": 0.8}  # in a row of several panels, others 1
_HEIGHT = {"first": 1.8, "rates": 1.4, "matrix_rate": 2.1, "curve": 1.7, "index": 1.6}
_LETTERS = {
    "first": "a", "rates": "b", "matrix_rate": "c", "curve": "d", "index": "e", "depth": "f"
}  # fmt: skip
_TITLE = 0.2  # height of the line with a recording's name, inches
_QUALITY = {
    "presence_ratio": ("presence ratio", "-"),
    "isi_violations": ("ISI violations", "--"),
    "amplitude_cutoff": ("amplitude cutoff", ":"),
}
_WORDS = 14  # characters of a line beside an axis
_LEVEL = 0.05  # of the test of an index, for filled points


def draw(
    *,
    trials: Sequence[xr.Dataset],
    rate_matrix: Sequence[xr.Dataset],
    index: Sequence[xr.Dataset],
    timing_matrix: Sequence[xr.Dataset] = (),
    selections: Mapping[str, Mapping[str, Any]] | None = None,
    seed: int = 0,
    options: Figures | None = None,
) -> tuple[Any, pd.DataFrame]:
    """Draw recordings side by side, and the indices of all below them if there are more.

    Parameters
    ----------
    trials : sequence of Dataset
        Trials files of the recordings that are shown.
    rate_matrix : sequence of Dataset
        Their similarity files, in this order.
    timing_matrix : sequence of Dataset
        Likewise, without recordings of two-photon events.
    index : sequence of Dataset
        Index files of the recordings that are shown, then those of all others.
    selections : mapping of recording -> mapping, optional
        The selection of each; all units and trials by default.
    seed : int
        Seed of the selection.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row for each drawn number: recording, panel and the columns of the panel's own figure.

    Raises
    ------
    InputError
        Where the files are not of the same recordings.
    """
    options = options or Figures()
    names = [str(file.attrs["recording"]) for file in trials]
    if not names or any(
        [str(file.attrs["recording"]) for file in files][: len(names)] != names
        for files in (rate_matrix, index)
    ):
        raise InputError(
            "figure recordings: trials, matrices and indices must be of the same recordings"
        )
    timed = {str(file.attrs["recording"]): file for file in timing_matrix}
    layout = _WIDE if len(names) == 1 else _NARROW
    heights = [_HEIGHT[row[0]] for row in layout]
    made_up = all(file.attrs["kind"] == "synthetic" for file in trials)
    others = len(index) > len(names)
    tables: list[pd.DataFrame] = []
    notes: list[str] = []
    compared: list[dict[str, Axes]] = []
    with style.applied():
        figure = style.figure(options.width, sum(heights) + _TITLE + 1.7 * others)
        style.title(figure, "Recordings", "synthetic recordings" * made_up)
        upper, *lower = style.rows(figure, [sum(heights) + _TITLE] + [1.7] * others)
        places = upper.subfigures(1, len(names), squeeze=False)[0]
        for k, name in enumerate(names):
            axes = _panels(places[k], layout, heights, lettered=k == 0)
            chosen = _selected(trials[k], (selections or {}).get(name), seed)
            files = {
                "matrix_rate": rate_matrix[k],
                "matrix_timing": timed.get(name),
            }
            found, said = _recording(axes, chosen, files, index[k], options, len(names) == 1)
            tables.append(found.assign(recording=name))
            compared.append(axes)
            notes += said
            places[k].suptitle(name, x=0.02, ha="left", fontsize=8.5)
        for panel in ("curve", "index", "depth"):  # one measure, one scale
            limits = [limit for axes in compared for limit in axes[panel].get_ylim()]
            for axes in compared:
                axes[panel].set_ylim(min(limits), max(limits))
        notes.append(_marks(index))
        if others:
            tables.append(_all(lower[0].subplots(1, 1), index))
            style.letter(lower[0].axes[0], "g")
            absent = [_without(index, code) for code in CODES]
            notes.append(
                f"g: all {len(index)} recordings, filled where p <= {_LEVEL}; crosses: matched by "
                f"state. {'; '.join(filter(None, absent))}".strip()
            )
        notes += verdicts.notes("signal_drift", matched=True)
        style.footnote(figure, notes)
    table = pd.concat(tables, ignore_index=True)
    return figure, table[["recording", "panel", *table.columns.difference(["recording", "panel"])]]


def _panels(
    place: SubFigure, layout: Sequence[Sequence[str]], heights: Sequence[float], lettered: bool
) -> dict[str, Axes]:
    """Make the panels; each row is laid out by itself, so that color bars do not shrink others."""
    rows = style.rows(place, heights)
    axes: dict[str, Axes] = {}
    for row, names in zip(rows, layout, strict=True):
        widths = [_WIDTHS.get(name, 1.0) for name in names]
        made = row.subplots(1, len(names), squeeze=False, width_ratios=widths)[0]
        axes |= dict(zip(names, made, strict=True))
        if lettered:
            row.text(0.005, 0.99, _LETTERS[names[0]], fontsize=10, fontweight="bold", va="top")
            for name in names[1:]:
                if name in _LETTERS:
                    style.letter(axes[name], _LETTERS[name])
    return axes


def _marks(index: Sequence[xr.Dataset]) -> str:
    """Say what bands, bars and marks are, with the coverage that the files were made with."""
    every = {json.loads(file.attrs["options"])["index"]["confidence"] for file in index}
    coverage = " or ".join(f"{100 * one:g} %" for one in sorted(every))
    return (
        f"Bands: over units, bars: over units or repeats, {coverage}; p: over both; open: matched "
        "by state; dotted: too imprecise to say that nothing drifts."
    )


def _selected(trials: xr.Dataset, selection: Mapping[str, Any] | None, seed: int) -> xr.Dataset:
    if selection is None:
        return trials
    return selections.apply(trials, Selection(**selection), seed)


def _recording(
    axes: Mapping[str, Axes],
    trials: xr.Dataset,
    files: Mapping[str, xr.Dataset | None],
    index: xr.Dataset,
    options: Figures,
    alone: bool,
) -> tuple[pd.DataFrame, list[str]]:
    """Draw all panels of one recording; return what they show, and notes on it."""
    shown = raster.choose(trials, options.model_copy(update={"raster_repeats": 1}))
    for axis, block in zip((axes["first"], axes["last"]), shown.trials, strict=False):
        raster.panel(axis, trials, shown, block, 0)
        axis.set_xlabel("time (s)")
        axis.xaxis.set_major_locator(MaxNLocator(3))
    raster.mark_areas([axes["first"]], trials, shown)
    if len(shown.trials) == 1:
        axes["last"].set_axis_off()
    else:
        axes["last"].set_yticks([])
    parts = [shown.table.assign(panel="raster"), _rates(axes["rates"], trials)]
    quality, said = _quality(axes["quality"], trials)
    parts.append(quality)
    look: Any = {} if alone else {"ticks": 3, "bar_at": "bottom"}
    for code in CODES:
        matrix = files[f"matrix_{code}"]
        if matrix is None:
            style.no_timing(axes[f"matrix_{code}"])
            continue
        drawn = matrices.panel(axes[f"matrix_{code}"], matrix, title=code, **look)
        parts.append(drawn.drop(columns="recording").assign(panel="matrix"))
    curves = signal_drift.curves(axes["curve"], index)
    parts.append(curves.rename(columns={"relation": "group"}))
    parts.append(drift_curves.indices(axes["index"], index))
    parts.append(signal_drift.depths(axes["depth"], index))
    for panel in ("curve", "index"):
        axes[panel].set_ylabel(signal_drift.SHORT)
    axes["depth"].set_title("depth")
    axes["depth"].set_ylabel(style.wrapped(axes["depth"].get_ylabel(), _WORDS))
    name = trials.attrs["recording"]
    paired = signal_drift.paired(index)
    notes = [f"{name}: {raster.note(trials, shown)} {paired}".strip(), said]
    notes += style.notes_of(index.attrs, judged=False)
    if not order_known(index.attrs):
        notes.append("No test, as the order of trials is assumed.")
    if state := str(index.attrs.get("state_note", "")):
        notes.append(f"No control for behavior: {state}.")
    notes.append(signal_drift.beyond(curves))
    return pd.concat(parts, ignore_index=True), notes


def _rates(axes: Axes, trials: xr.Dataset) -> pd.DataFrame:
    """Cumulative distribution of the mean rates of the units, by area."""
    rate = selections.unit_rates(trials)
    areas = trials["population"].values.astype(str)
    rows = []
    for area, color in style.area_colors(areas).items():
        value = np.sort(rate[(areas == area) & np.isfinite(rate)])
        share = np.arange(1, value.size + 1) / max(value.size, 1)
        axes.step(value, share, where="post", color=color, label=f"{area}, n = {value.size}")
        rows.append(pd.DataFrame({"panel": "rates", "group": area, "x": value, "value": share}))
    known = rate[rate > 0]
    if known.size and known.max() > 20 * np.median(known):
        axes.set_xscale("log")
    events = not int(trials.attrs.get("spike_timing", 1))
    axes.set(xlabel="mean rate of a unit (" + ("events/s)" if events else "Hz)"))
    axes.set(ylabel="share of units", ylim=(0, 1.03))
    axes.set_title("rates")
    axes.legend(loc="lower right", fontsize=6.5, handlelength=1.2, borderaxespad=0.1)
    return pd.concat(rows)


def _quality(axes: Axes, trials: xr.Dataset) -> tuple[pd.DataFrame, str]:
    """Draw the quality columns of the units, or the mean rate over the repeats."""
    rows, there = [], quality_names(trials)
    known = [
        name for name in _QUALITY if name in there and quality(trials, name).dtype.kind in "biuf"
    ]
    for name in known:
        title, line = _QUALITY[name]
        value = np.sort(quality(trials, name).astype(float))
        value = value[np.isfinite(value)]
        share = np.arange(1, value.size + 1) / max(value.size, 1)
        axes.step(value, share, where="post", color=style.BLACK, ls=line, label=title)
        rows.append(pd.DataFrame({"panel": "quality", "group": name, "x": value, "value": share}))
    if known:
        axes.set(xlabel="quality metric (1)", ylabel="share of units", ylim=(0, 1.03))
        axes.set_title("quality")
        axes.legend(loc="center", fontsize=6.5)
        return pd.concat(rows), ""
    seen = trials["observed"].values
    rate = trials["spike_count"].values / trials["duration"].values[:, None]
    areas = trials["population"].values.astype(str)
    repeat = trials["repeat"].values
    for area, color in style.area_colors(areas).items():
        of_area = areas == area
        total = pd.DataFrame({
            "repeat": repeat,
            "sum": np.where(seen, rate, 0)[:, of_area].sum(axis=1),
            "n": seen[:, of_area].sum(axis=1),
        }).groupby("repeat").sum()  # fmt: skip
        mean = total["sum"] / total["n"].where(total["n"] > 0)
        axes.plot(mean.index, mean, color=color, marker=".", ms=3)
        rows.append(
            pd.DataFrame({"panel": "quality", "group": area, "x": mean.index, "value": mean.values})
        )
    first = pd.Series(repeat).groupby(Layout.of(trials).block).min()
    for start in first.iloc[1:]:
        axes.axvline(start - 0.5, color=style.GRAY, lw=0.8, ls=":")
    axes.set(xlabel="repeat (number)", ylabel="mean rate (Hz)")
    axes.set_ylim(0, None)
    axes.set_title("rate over repeats")
    listed = ", ".join(there)
    return pd.concat(rows), (
        f"Of the quality columns {', '.join(_QUALITY)} its source has none"
        f"{f' (it has: {listed})' if listed else ''}; the mean rate is drawn (dotted: "
        "a new block)."
    )


def _without(index: Sequence[xr.Dataset], code: str) -> str:
    """Say how many recordings have no index of a code, and why."""
    return gates.counted((gates.absent_from(file, code) for file in index), code)


def _all(axes: Axes, index: Sequence[xr.Dataset]) -> pd.DataFrame:
    """Indices of all recordings side by side, all trials and matched by state."""
    parts = []
    axes.axhline(0, color="0.7", lw=0.6, zorder=0)
    for k, file in enumerate(index):
        found = signal_drift.indices_of(file)
        found = found[np.isfinite(found["value"])]
        for row in found.to_dict("records"):
            code, matched = row["code"], row["matching"] == "state"
            place = k + (-0.18 if code == "rate" else 0.08) + 0.1 * matched
            color, vague = style.CODE[code], row["gate"] == gates.IMPRECISE
            axes.vlines(place, row["low"], row["high"], color=color, lw=0.6 if matched else 1.0,
                        ls=":" if vague else "-")  # fmt: skip
            axes.plot(place, row["value"], "x" if matched else style.CODE_MARKER[code],
                      color=color, mfc=color if row["p_value"] <= _LEVEL else "white",
                      ms=3.0 if matched else 4.5)  # fmt: skip
        parts.append(
            found.assign(
                recording=str(file.attrs["recording"]),
                panel="all",
                group="matching: " + found["matching"],
            ).drop(columns=["matching", "gate_note"])
        )
    names = [str(file.attrs["recording"]) for file in index]
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right", rotation_mode="anchor")
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(bottom, signal_drift.REACH[0]), min(top, signal_drift.REACH[1]))
    axes.set(ylabel=signal_drift.SHORT, xlim=(-0.6, len(names) - 0.4))
    return pd.concat(parts, ignore_index=True)
