"""Readouts of the segment over repeats: fixed, and self-healing without labels."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from spikedrift.config.figures import Figures
from spikedrift.figures import style

LOOK = {
    "fixed": (style.GRAY, "o"),
    "hebbian": (style.OKABE_ITO[0], "^"),
    "normalized": (style.OKABE_ITO[2], "s"),
    "recurrent": (style.OKABE_ITO[1], "D"),
}
NAMES = {
    "fixed": "fixed",
    "hebbian": "Hebbian + homeostatic",
    "normalized": "+ normalized responses",
    "recurrent": "recurrent prediction",
}


def draw(result: xr.Dataset, options: Figures, **_: Any) -> tuple[Figure, pd.DataFrame]:
    """Draw error and fidelity of the readouts over repeats.

    Parameters
    ----------
    result : Dataset
        Of the analysis `self_healing_readout`.
    options : Figures

    Returns
    -------
    figure, table
        The table has one row for each readout and repeat.
    """
    position, block = result["position"].values, result["repeat_block"].values
    chance = 1 - 1 / int(result.attrs["n_segments"])
    with style.applied():
        figure = style.figure(options.width, options.width * 0.4)
        panels = figure.subplots(1, 2)
        for axes, name, scale in ((panels[0], "error", 100), (panels[1], "fidelity", 1)):
            for readout in map(str, result["readout"].values):
                color, marker = LOOK[readout]
                values = scale * result[name].sel(readout=readout).values
                for each in np.unique(block):
                    here = block == each
                    axes.plot(position[here], values[here], marker + "-", color=color, ms=3, lw=1,
                              label=NAMES[readout] if each == block[0] else None)  # fmt: skip
            for edge in np.flatnonzero(np.diff(block)):
                axes.axvline(position[edge : edge + 2].mean(), color="0.8", lw=0.8, zorder=0)
            axes.set_xlabel("repeats since learning")
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        panels[0].axhline(100 * chance, color="0.6", lw=0.7, ls=":", label="chance")
        panels[0].set(ylabel="trials misread (%)", ylim=(-2, 103))
        panels[1].set(ylabel="correlation with wanted responses", ylim=(None, 1.02))
        panels[0].legend(loc="best")
        for text, axes in zip("ab", panels, strict=True):
            style.letter(axes, text)
        style.footnote(figure, [_note(result), *style.notes_of(result.attrs)])
    table = result[["error", "fidelity"]].to_dataframe().reset_index()
    return figure, table[["readout", "position", "repeat_block", "error", "fidelity"]]


def _note(result: xr.Dataset) -> str:
    parts = []
    for readout in ("hebbian", "normalized", "recurrent"):
        row = result.sel(statistic=f"{readout}.advantage")
        value, low, high = (100 * float(row[key]) for key in ("value", "low", "high"))
        parts.append(f"{readout} {value:.1f} [{low:.1f}, {high:.1f}]")
    n = int(result["n"].sel(statistic="fixed.error_last"))
    return (
        f"learned from {result.attrs['learned_repeats']} repeats, then without labels, every "
        f"{result.attrs['every']} repeats; vertical line: next block; no test; error of the fixed "
        f"readout less that of the others in the last block, percentage points: {', '.join(parts)} "
        f"(95 % bootstrap over n = {n} repeats)"
    )
