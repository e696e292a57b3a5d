"""Similarity against lag, within and between blocks, beside the anchored indices."""

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from spikedrift.config.figures import Figures
from spikedrift.drift import gates, verdicts
from spikedrift.drift.anchored_indices import CODES
from spikedrift.errors import InputError
from spikedrift.figures import style

_HEIGHT = 2.5
_WORDS = 14  # characters of a line beside an index
_LINE = {"within": ("-", "o", None), "between": ("--", "s", "white")}


def draw(
    *,
    rate: xr.Dataset,
    timing: xr.Dataset | None = None,
    index: xr.Dataset | None = None,
    options: Figures | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """Curves with bootstrap bands over units; rate and timing each on an axis of its own.

    Upwards is more similar in both panels: the axis of a distance is turned round. The two axes
    have no common unit; the codes are compared by the indices at the right, which are drawn only
    where their gate is open (otherwise the reason stands there).

    Parameters
    ----------
    rate, timing : Dataset
        Curve files (`spikedrift.drift.curves`) of one recording. One of two-photon events has no
        timing file; its panel says so.
    index : Dataset, optional
        Its index file (`spikedrift.drift.indices`); without one the third panel is left out.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row a vertex or index: panel (curve, index), code, relation or matching, lag, value,
        low, high, n_pairs, p_value, gate, gate_note.

    Raises
    ------
    InputError
        Where the files are of different recordings, or a recording with spike times has no timing
        file.
    """
    options = options or Figures()
    files = [file for file in (rate, timing, index) if file is not None]
    recording = str(rate.attrs["recording"])
    for file in files:
        if file.attrs["recording"] != recording:
            raise InputError(
                f"figure drift_curves: files of {recording} and {file.attrs['recording']} mixed"
            )
    if timing is None and int(rate.attrs.get("spike_timing", 1)):
        raise InputError(f"figure drift_curves: {recording} has spike times, but no timing file")
    tables = []
    with style.applied():
        figure = style.figure(options.width, _HEIGHT)
        ratios = [1, 1] if index is None else [1, 1, 0.62]
        panels = figure.subplots(1, len(ratios), width_ratios=ratios)
        tables.append(curve(panels[0], rate))
        if timing is None:
            style.no_timing(panels[1])
        else:
            tables.append(curve(panels[1], timing))
        panels[0].legend(handles=handles(), title="blocks", title_fontsize=7)
        if index is not None:
            tables.append(anchored(panels[2], index))
        figure.suptitle(recording, x=0.01, ha="left", fontsize=9)
        style.footnote(figure, notes(rate, timing, index))
    return figure, pd.concat(tables, ignore_index=True)


def handles() -> list[Line2D]:
    """Legend of the curves: within and between blocks."""
    return [
        Line2D([], [], color="0.3", ls=line, marker=marker, mfc=fill or "0.3", label=name)
        for name, (line, marker, fill) in _LINE.items()
    ]


def curve(axes: Axes, file: xr.Dataset) -> pd.DataFrame:
    """Draw similarity against lag within and between blocks; the table as `draw` returns it."""
    code = str(file.attrs["code"])
    color, rows = style.CODE[code], []
    for relation, (line, marker, fill) in _LINE.items():
        one = file.sel(relation=relation)
        keep = np.isfinite(one["value"].values)
        lag, value = one["lag"].values[keep], one["value"].values[keep]
        low, high = one["low"].values[keep], one["high"].values[keep]
        axes.fill_between(lag, low, high, color=color, alpha=0.18, lw=0)
        axes.plot(lag, value, color=color, ls=line, marker=marker, mfc=fill or color, ms=3)
        rows.append(
            pd.DataFrame(
                {
                    "panel": "curve",
                    "code": code,
                    "group": relation,
                    "lag": lag,
                    "value": value,
                    "low": low,
                    "high": high,
                    "n_pairs": one["n_pairs"].values[keep],
                }
            )
        )
    axes.set_xlabel("lag (repeats)")
    style.whole_ticks(axes.xaxis)
    axes.set_ylabel(str(file.attrs["title"]))
    axes.set_title(f"{code} (up: more similar)", color=color)
    if file.attrs["kind"] == "distance":
        axes.invert_yaxis()
    return pd.concat(rows)


def anchored(axes: Axes, file: xr.Dataset) -> pd.DataFrame:
    """Draw each code's effect size, and its test statistic against the null of its exchange."""
    rows = []
    axes.axhline(0, color="0.7", lw=0.6, zorder=0)
    for place, code in enumerate(("rate", "timing")):
        color = style.CODE[code]
        for matching, shift, fill in (("none", 0.0, color), ("state", 0.16, "white")):
            one = file.sel(matching=matching, code=code)
            passed = bool(one["gate_passed"])
            value, raw, low, high, p = (
                float(one[name])
                for name in ("index", "index_raw", "null_low", "null_high", "p_value")
            )
            rows.append(
                {
                    "panel": "index",
                    "code": code,
                    "group": f"matching: {matching}",
                    "value": value if passed else np.nan,
                    "index_raw": raw,
                    "low": low,
                    "high": high,
                    "p_value": p,
                    "gate": gates.of(file, code, matching),
                    "gate_note": str(one["gate_note"].values),
                }
            )
            if passed:
                axes.plot(place + shift, value, "D", color=color, mfc=fill, ms=5)
            if matching == "state":
                continue
            if passed and np.isfinite(p):
                left = place - 0.3
                axes.fill_between([left, left + 0.16], low, high, color="0.85", lw=0)
                axes.plot(left + 0.08, raw, "_", color=color, ms=9, mew=1.8)
                text = f"p = {p:.2g}"
            elif passed:
                text = "no test"
            else:
                text = style.wrapped(gates.short(gates.of(file, code, matching), code), _WORDS)
            axes.annotate(
                text,
                (place, 1.0),
                xycoords=axes.get_xaxis_transform(),
                ha="center",
                va="top",
                fontsize=6.5,
                color=color,
            )
    axes.set_xlim(-0.5, 1.5)
    bottom, top = axes.get_ylim()
    axes.set_ylim(min(bottom, -0.05), top + 0.15 * (top - bottom))
    axes.set_xticks([0, 1], ["rate", "timing"])
    axes.set_ylabel("change between blocks (1)")
    axes.set_title("anchored index")
    return pd.DataFrame(rows)


def notes(rate: xr.Dataset, timing: xr.Dataset | None, index: xr.Dataset | None) -> list[str]:
    """List what curves and indices mean, and what a reader must know of the recording."""
    found = [
        f"{int(rate.attrs['n_units'])} units; bands: bootstrap over units within one recording."
    ]
    if index is not None:
        text = "Diamonds: effect size (0 kept, 1 as if redrawn), open: trials matched by state. "
        if np.isfinite(index["p_value"]).any():
            text += (
                "Bar: test statistic; gray: its null, spikes or counts exchanged between blocks "
                "(95 %). "
            )
        elif index["gate_passed"].any():
            text += "No test, as the order of trials is assumed. "
        if not int(index.attrs.get("spike_timing", 1)):
            text += "Events are counted; curves sum their amplitudes. "
        found.append(text + "One recording: descriptive.")
    files = [file for file in (rate, timing) if file is not None]
    for file in files:
        found += style.notes_of(file.attrs, judged=False)
    measures = [str(file.attrs["measure"]) for file in files if "measure" in file.attrs]
    measures += [f"{code}_index" for code in CODES if index is not None]
    return found + verdicts.notes(*measures, matched=True)
