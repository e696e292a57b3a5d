"""Similarity against lag, within and between blocks, beside the signal indices.

Filled: within blocks; open: between blocks. Bands: bootstrap over units (percentiles, corrected for
the bias of resampling), which shows how much depends on the units sampled, not how animals differ.
The axis of a distance is reversed: up is more similar. Similarity also depends on rates,
backgrounds and behavior, and raw timing curves change little even when timing is redrawn, since few
spikes leave a high floor. The two codes are therefore compared by the signal indices at the right.

Signal index: the share of a unit's tuning over segments (rate) or of its temporal profile (timing)
that is drawn anew between blocks; 0 where it is kept up to a factor, 1 where the unit responds as
another unit does. It is made from products of different trials. Bars: Student's interval over units
or over repeats, whichever is wider. p: the larger of two, from random signs of the contributions of
units, whose mean is 0 where nothing drifts, and from a jackknife over repeats. No index is given
where no code was detected. An index that is too imprecise to conclude that nothing drifts is dotted
and labeled so. Open marks: trials matched by behavior state, where covariates were recorded.

Unit of inference: the units and repeats of one recording, descriptive; noise that units share makes
them dependent. Claims about drift need animals, or network instances. Assumptions about order and
blocks are in the figure's note.
"""

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from spikedrift.config.figures import Figures
from spikedrift.core.errors import InputError
from spikedrift.drift import gates
from spikedrift.figures import style
from spikedrift.figures.analyses import signal_drift
from spikedrift.ground_truth import verdicts

_HEIGHT = 2.5
_LINE = {"within": ("-", "o", None), "between": ("--", "s", "white")}


def draw(
    *,
    rate: xr.Dataset,
    timing: xr.Dataset | None = None,
    index: xr.Dataset | None = None,
    options: Figures | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """Draw curves with bootstrap bands over units; rate and timing have an axis each.

    Up is more similar in both panels: the axis of a distance is reversed. The two axes have no
    common unit; the codes are compared by the signal indices at the right, which are on one scale
    (the panel says why where there is none).

    Parameters
    ----------
    rate, timing : Dataset
        Curve files (`spikedrift.drift.curves`) of one recording. A recording of two-photon events
        has no timing file; its panel says so.
    index : Dataset, optional
        Its index file (`spikedrift.drift.signal.recording`); without one the third panel is left
        out.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row for each vertex or index: panel (curve, index), code, relation or matching, lag,
        value, low, high, n_pairs, p_value, gate, gate_note. Intervals of curves are over units,
        those of indices over units or repeats.

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
        ratios = [1, 1] if index is None else [1, 1, 0.72]
        panels = figure.subplots(1, len(ratios), width_ratios=ratios)
        tables.append(curve(panels[0], rate))
        if timing is None:
            style.no_timing(panels[1])
        else:
            tables.append(curve(panels[1], timing))
        panels[0].legend(handles=handles(), title="blocks", title_fontsize=7)
        if index is not None:
            tables.append(indices(panels[2], index))
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


def indices(axes: Axes, file: xr.Dataset) -> pd.DataFrame:
    """Draw the signal indices of a file; the table as `draw` returns it."""
    drawn = signal_drift.indices(axes, signal_drift.indices_of(file))
    return drawn.assign(group="matching: " + drawn["matching"]).drop(columns="matching")


def notes(rate: xr.Dataset, timing: xr.Dataset | None, index: xr.Dataset | None) -> list[str]:
    """List notes on curves and indices, and what a reader must know about the recording."""
    found = [
        f"{int(rate.attrs['n_units'])} units; bands: bootstrap over units within one recording."
    ]
    if index is not None:
        found += of_indices(index)
        found.append("One recording, descriptive; noise that units share makes them dependent.")
    files = [file for file in (rate, timing) if file is not None]
    for file in files:
        found += style.notes_of(file.attrs, judged=False)
    measures = [str(file.attrs["measure"]) for file in files if "measure" in file.attrs]
    measures += ["signal_drift"] * (index is not None)
    return found + verdicts.notes(*measures, matched=True)


def of_indices(index: xr.Dataset) -> list[str]:
    """List notes on the marks of the indices, and on timing less rate."""
    drawn = signal_drift.indices_of(index)
    drawn = drawn[np.isfinite(drawn["value"])]
    if drawn.empty:
        return []
    text = "Signal index: 0 kept, 1 drawn anew; bars: Student over units or repeats"
    text += "; open: trials matched by state" * bool((drawn["matching"] == "state").any())
    vague = (drawn["gate"] == gates.IMPRECISE).any()
    text += "; dotted: too imprecise to say that nothing drifts" * bool(vague)
    if np.isfinite(drawn["p_value"]).any():
        text += "; p: over units and repeats."
    else:
        text += ". No test, as the order of trials is assumed."
    return [" ".join(filter(None, [text, signal_drift.paired(index)]))]
