"""Recordings: spikes, quality, similarity of repeats in rate and timing, and drift.

Per recording: one repeat of one segment from the first and from the last block (units in the order
of the first block); rates of the units by area, and the quality columns of the source or, without
any, the mean rate over repeats; similarity of every repeat with every other, rate beside timing,
bright is similar, each on a scale of its own; similarity against lag within (filled) and between
blocks (open), bands: bootstrap over units; anchored index (0 kept, 1 as if redrawn), filled for all
trials, open for trials matched by running and pupil, which is the control for behavior.

Null of the index, gray: spikes (timing) or counts (rate) exchanged between blocks among trials of
one segment and unit (middle 95 %), beside its test statistic (bar); it assumes that trials are
independent given the segment. Where an index is not given its place says why: no code was detected
(spike times carry no more than times permuted over all trials), or the index is too imprecise. Raw
timing curves change little even when timing is redrawn, since few spikes leave a high floor: the
two codes are compared by the index and not by the curves. Unit of inference: one recording,
descriptive; claims about drift need animals.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.ticker import MaxNLocator

from spikedrift import selections
from spikedrift.config.figures import Figures
from spikedrift.config.selections import Selection
from spikedrift.drift import gates
from spikedrift.drift.anchored_indices import CODES
from spikedrift.errors import InputError
from spikedrift.figures import drift_curves, matrices, raster, style
from spikedrift.trials import quality, quality_names

# Rows of a recording alone on the page, and of one beside others; heights of rows, inches.
_WIDE = (
    ("first", "last", "rates", "quality"),
    ("matrix_rate", "matrix_timing", "index"),
    ("curve_rate", "curve_timing"),
)
_NARROW = (
    ("first", "last"),
    ("rates", "quality"),
    ("matrix_rate", "matrix_timing"),
    ("curve_rate", "curve_timing"),
    ("index",),
)
_HEIGHT = {"first": 1.8, "rates": 1.4, "matrix_rate": 2.1, "curve_rate": 1.6, "index": 1.45}
_LETTERS = {"first": "a", "rates": "b", "matrix_rate": "c", "curve_rate": "d", "index": "e"}
_TITLE = 0.2  # height of the line with a recording's name, inches
_QUALITY = {
    "presence_ratio": ("presence ratio", "-"),
    "isi_violations": ("ISI violations", "--"),
    "amplitude_cutoff": ("amplitude cutoff", ":"),
}
_WORDS = 20  # characters of a line beside an axis
_LEVEL = 0.05  # of the exchange test, for filled points


def draw(
    *,
    trials: Sequence[xr.Dataset],
    rate_matrix: Sequence[xr.Dataset],
    rate_curve: Sequence[xr.Dataset],
    index: Sequence[xr.Dataset],
    timing_matrix: Sequence[xr.Dataset] = (),
    timing_curve: Sequence[xr.Dataset] = (),
    selections: Mapping[str, Mapping[str, Any]] | None = None,
    seed: int = 0,
    options: Figures | None = None,
) -> tuple[Any, pd.DataFrame]:
    """Recordings side by side; below them the indices of all, where there are more.

    Parameters
    ----------
    trials : sequence of Dataset
        Trials files of the recordings that are shown.
    rate_matrix, rate_curve : sequences of Dataset
        Their similarity and curve files, in this order.
    timing_matrix, timing_curve : sequences of Dataset
        Likewise, without recordings of two-photon events.
    index : sequence of Dataset
        Index files of the recordings that are shown, then those of all others.
    selections : mapping of recording -> mapping, optional
        The selection of each; default: all units and trials.
    seed : int
        Of the selection.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row a drawn number: recording, panel and the columns of the panel's own figure.

    Raises
    ------
    InputError
        Where the files are not of the same recordings.
    """
    options = options or Figures()
    names = [str(file.attrs["recording"]) for file in trials]
    if not names or any(
        [str(file.attrs["recording"]) for file in files][: len(names)] != names
        for files in (rate_matrix, rate_curve, index)
    ):
        raise InputError(
            "figure recordings: trials, matrices, curves and indices must be of the same recordings"
        )
    timed = {
        panel: {str(file.attrs["recording"]): file for file in files}
        for panel, files in (("matrix_timing", timing_matrix), ("curve_timing", timing_curve))
    }
    layout = _WIDE if len(names) == 1 else _NARROW
    heights = [_HEIGHT[row[0]] for row in layout]
    made_up = all(file.attrs["kind"] == "synthetic" for file in trials)
    others = len(index) > len(names)
    tables: list[pd.DataFrame] = []
    notes: list[str] = []
    compared: list[Axes] = []
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
                "curve_rate": rate_curve[k],
                "matrix_timing": timed["matrix_timing"].get(name),
                "curve_timing": timed["curve_timing"].get(name),
                "index": index[k],
            }
            found, said = _recording(axes, chosen, files, options, alone=len(names) == 1)
            tables.append(found.assign(recording=name))
            compared.append(axes["index"])
            notes += said
            places[k].suptitle(name, x=0.02, ha="left", fontsize=8.5)
        limits = [limit for one in compared for limit in one.get_ylim()]
        for one in compared:  # one measure, one scale
            one.set_ylim(min(limits), max(limits))
        if others:
            tables.append(_all(lower[0].subplots(1, 1), index))
            style.letter(lower[0].axes[0], "f")
            notes.append(
                f"f: all {len(index)} recordings, filled where the exchange test of that recording "
                f"has p <= {_LEVEL}."
            )
            shut = [gates.counted((gates.of(file, code) for file in index), code) for code in CODES]
            notes.append("; ".join(filter(None, shut)))
        style.footnote(figure, notes)
    table = pd.concat(tables, ignore_index=True)
    return figure, table[["recording", "panel", *table.columns.difference(["recording", "panel"])]]


def _panels(
    place: SubFigure, layout: Sequence[Sequence[str]], heights: Sequence[float], lettered: bool
) -> dict[str, Axes]:
    """Make the panels, every row laid out by itself, so that color bars take no room of others."""
    rows = style.rows(place, heights)
    axes: dict[str, Axes] = {}
    for row, names in zip(rows, layout, strict=True):
        axes |= dict(zip(names, row.subplots(1, len(names), squeeze=False)[0], strict=True))
        if lettered:
            row.text(0.005, 0.99, _LETTERS[names[0]], fontsize=10, fontweight="bold", va="top")
            for name in names[1:]:
                if name in _LETTERS:
                    style.letter(axes[name], _LETTERS[name])
    return axes


def _selected(trials: xr.Dataset, selection: Mapping[str, Any] | None, seed: int) -> xr.Dataset:
    if selection is None:
        return trials
    return selections.apply(trials, Selection(**selection), seed)


def _recording(
    axes: Mapping[str, Axes],
    trials: xr.Dataset,
    files: Mapping[str, xr.Dataset | None],
    options: Figures,
    alone: bool,
) -> tuple[pd.DataFrame, list[str]]:
    """Draw all panels of one recording; what they show, and what is to be said of it."""
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
        matrix, curve = files[f"matrix_{code}"], files[f"curve_{code}"]
        if matrix is None or curve is None:
            style.no_timing(axes[f"matrix_{code}"])
            style.no_timing(axes[f"curve_{code}"])
            continue
        drawn = matrices.panel(axes[f"matrix_{code}"], matrix, title=code, **look)
        parts.append(drawn.drop(columns="recording").assign(panel="matrix"))
        parts.append(drift_curves.curve(axes[f"curve_{code}"], curve))
        axes[f"curve_{code}"].set_title(code, color=style.CODE[code])
        axes[f"curve_{code}"].set_ylabel(style.wrapped(axes[f"curve_{code}"].get_ylabel(), _WORDS))
    index = files["index"]
    assert index is not None
    parts.append(drift_curves.anchored(axes["index"], index))
    axes["index"].set_ylabel(style.wrapped(axes["index"].get_ylabel(), _WORDS))
    notes = [f"{trials.attrs['recording']}: {raster.note(trials, shown)} {said}".strip()]
    rate_curve = files["curve_rate"]
    assert rate_curve is not None
    notes += drift_curves.notes(rate_curve, files["curve_timing"], index)
    state = str(index.attrs.get("state_note", ""))
    notes.append("Curves: filled within, open between blocks. Outlines in matrices: blocks.")
    if state:
        notes.append(f"No control for behavior: {state}.")
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
    """Quality columns of the units, or how the mean rate goes over the repeats."""
    rows, there = [], quality_names(trials)
    known = [name for name in _QUALITY if name in there]
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
    _, first = np.unique(trials["block"].values, return_index=True)
    for start in np.sort(first)[1:]:
        axes.axvline(repeat[start] - 0.5, color=style.GRAY, lw=0.8, ls=":")
    axes.set(xlabel="repeat (number)", ylabel="mean rate (Hz)")
    axes.set_ylim(0, None)
    axes.set_title("rate over repeats")
    listed = ", ".join(there)
    return pd.concat(rows), (
        f"Of the quality columns {', '.join(_QUALITY)} its source has none"
        f"{f' (it has: {listed})' if listed else ''}; the mean rate over repeats is drawn "
        "(dotted: a new block)."
    )


def _all(axes: Axes, index: Sequence[xr.Dataset]) -> pd.DataFrame:
    """Indices of all recordings side by side, all trials and matched by state."""
    rows = []
    axes.axhline(0, color="0.7", lw=0.6, zorder=0)
    for k, file in enumerate(index):
        for code, shift in zip(CODES, (-0.15, 0.15), strict=True):
            for matching, mark in (("none", 5.0), ("state", 3.0)):
                one = file.sel(matching=matching, code=code)
                if not bool(one["gate_passed"]):
                    continue
                value, p = float(one["index"]), float(one["p_value"])
                color = style.CODE[code]
                axes.plot(k + shift, value, style.CODE_MARKER[code] if matching == "none" else "x",
                          color=color, mfc=color if p <= _LEVEL else "white", ms=mark)  # fmt: skip
                rows.append(
                    {
                        "recording": str(file.attrs["recording"]),
                        "panel": "all",
                        "code": code,
                        "group": f"matching: {matching}",
                        "value": value,
                        "p_value": p,
                    }
                )
    names = [str(file.attrs["recording"]) for file in index]
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right", rotation_mode="anchor")
    axes.set(ylabel="anchored index (1)", xlim=(-0.6, len(names) - 0.4))
    return pd.DataFrame(rows)
