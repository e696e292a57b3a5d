"""Similarity of every repeat with every other, by rate and by timing, one row for each recording.

Left: rate; right: timing, by the measures that the color bars name. Bright is similar in both
panels. The two have no common unit and each has its own scale, so that brightness does not say
which code is more stable. Outlines are blocks; the diagonal is left out.

n: one recording. Pairs of repeats share repeats and are not independent: the cells are not tested.
Assumptions about order and blocks are in the figure's note.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from spikedrift.config.figures import Figures
from spikedrift.core.errors import InputError
from spikedrift.figures import style
from spikedrift.ground_truth import verdicts

_WORDS = 22  # characters of a line beside a color bar
_HEIGHT = (3.0, 2.3)  # of a row, inches: up to two recordings, more


def draw(
    *,
    rate: Sequence[xr.Dataset],
    timing: Sequence[xr.Dataset] = (),
    options: Figures | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """Draw matrices of the phase "block"; bright is similar in every panel, distances included.

    Rate and timing have no common unit: each panel has its own scale, set by the cells off the
    diagonal. The diagonal (a repeat with itself) is left empty.

    Parameters
    ----------
    rate, timing : sequences of Dataset
        Similarity files (`spikedrift.similarity.matrix`) of the same recordings in one order. A
        recording of two-photon events has no timing file; its panel says so.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row for each cell: recording, code, measure, repeat, repeat_other, block, block_other,
        value.

    Raises
    ------
    InputError
        Where the two lists are not of the same recordings, or a matrix has fewer than two repeats.
    """
    options = options or Figures()
    names = [file.attrs["recording"] for file in rate]
    timed = [file.attrs["recording"] for file in rate if int(file.attrs.get("spike_timing", 1))]
    if timed != [file.attrs["recording"] for file in timing] or not names:
        raise InputError("figure matrices: rate and timing files must be of the same recordings")
    height = _HEIGHT[len(names) > 2] * len(names)
    parts = []
    with style.applied():
        figure = style.figure(options.width, height)
        panels = figure.subplots(len(names), 2, squeeze=False)
        of_timing = {file.attrs["recording"]: file for file in timing}
        for row, file in zip(panels, rate, strict=True):
            parts.append(panel(row[0], file))
            if (other := of_timing.get(file.attrs["recording"])) is not None:
                parts.append(panel(row[1], other))
            else:
                style.no_timing(row[1])
        files = [*rate, *timing]
        style.footnote(
            figure,
            ["White outlines: blocks. Bright: similar. Each panel has its own scale."]
            + [note for file in files for note in style.notes_of(file.attrs, judged=False)]
            + verdicts.notes(*(str(file.attrs["measure"]) for file in files)),
        )
    return figure, pd.concat(parts, ignore_index=True)


def panel(
    axes: Axes,
    file: xr.Dataset,
    title: str | None = None,
    ticks: int = 5,
    bar_at: Literal["right", "bottom"] = "right",
) -> pd.DataFrame:
    """Draw one matrix with its color bar; the table as `draw` returns it."""
    name = file.attrs["recording"]
    shown = np.flatnonzero(file["repeat_phase"].values == "block")
    if shown.size < 2:
        raise InputError(f"{name}: {shown.size} repeats of phase 'block', a matrix needs two")
    value = file["repeat_value"].values[np.ix_(shown, shown)].copy()
    repeat = file["repeat"].values[shown]
    block = file["repeat_block"].values[shown]
    np.fill_diagonal(value, np.nan)
    edges = (-0.5, shown.size - 0.5)
    image = axes.imshow(
        value,
        cmap=style.color_map(file.attrs["kind"]),
        extent=(*edges, *edges[::-1]),
        interpolation="nearest",
    )
    axes.set_facecolor("0.85")
    for spine in axes.spines.values():
        spine.set_visible(False)
    for b in np.unique(block):
        of_block = np.flatnonzero(block == b)
        size = of_block[-1] - of_block[0] + 1
        corner = (of_block[0] - 0.5, of_block[0] - 0.5)
        axes.add_patch(Rectangle(corner, size, size, fill=False, ec="white", lw=1.6))
        axes.add_patch(Rectangle(corner, size, size, fill=False, ec="black", lw=0.6))
    at = np.unique(np.linspace(0, shown.size - 1, ticks).round().astype(int))
    axes.set_xticks(at, repeat[at].astype(str))
    axes.set_yticks(at, repeat[at].astype(str))
    axes.set_xlabel("repeat (number)")
    axes.set_ylabel("repeat (number)")
    code = str(file.attrs["code"])
    axes.set_title(f"{name}: {code}" if title is None else title, color=style.CODE[code])
    bar = axes.figure.colorbar(image, ax=axes, shrink=0.85, pad=0.03, location=bar_at)
    bar.set_label(style.wrapped(file.attrs["title"], _WORDS))
    bar.outline.set_visible(False)
    if file.attrs["kind"] == "distance":
        (bar.ax.invert_yaxis if bar_at == "right" else bar.ax.invert_xaxis)()
    first, second = np.indices(value.shape).reshape(2, -1)
    return pd.DataFrame(
        {
            "recording": name,
            "code": file.attrs["code"],
            "measure": file.attrs["measure"],
            "repeat": repeat[first],
            "repeat_other": repeat[second],
            "block": block[first],
            "block_other": block[second],
            "value": value.ravel(),
        }
    )
