"""Area decoder: accuracy against the number of units, and which area was taken for which."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.figures import style


def draw(result: xr.Dataset, options: Figures, **_: Any) -> tuple[Figure, pd.DataFrame]:
    """Draw accuracy beside its null and chance, and the matrix of matched areas.

    Parameters
    ----------
    result : Dataset
        Of the analysis `area_decoder`.
    options : Figures

    Returns
    -------
    figure, table
        One row a number of units (panel accuracy) or a pair of areas (panel matched).
    """
    with style.applied():
        figure = style.figure(options.width, options.width * 0.4)
        curve, matched = figure.subplots(1, 2, width_ratios=[1.25, 1])
        _curve(curve, result)
        _matched(figure, matched, result)
        for axes, text in ((curve, "a"), (matched, "b")):
            style.letter(axes, text)
        style.footnote(figure, [*_notes(result), *style.notes_of(result.attrs)])
    columns = ["accuracy", "accuracy_null_mean", "accuracy_null_low", "accuracy_null_high"]
    sizes = result[columns].to_dataframe().reset_index().assign(panel="accuracy")
    pairs = result[["matched"]].to_dataframe().reset_index().assign(panel="matched")
    return figure, pd.concat([sizes, pairs], ignore_index=True)


def _curve(axes: Axes, result: xr.Dataset) -> None:
    size = result["size"].values
    color, chance = style.CODE["rate"], 100 * float(result.attrs["chance"])
    low, high = (100 * result[f"accuracy_null_{name}"].values for name in ("low", "high"))
    if size.size > 1:
        axes.fill_between(size, low, high, color="0.85", lw=0, label="areas permuted, 95 %")
        axes.set_xscale("log", base=2)
    else:
        axes.vlines(size, low, high, color="0.8", lw=6, label="areas permuted, 95 %")
    axes.plot(size, 100 * result["accuracy_null_mean"].values, color=style.GRAY, lw=0.8)
    axes.plot(size, 100 * result["accuracy"].values, color=color, marker="o", label="areas")
    axes.axhline(chance, color=style.BLACK, lw=0.8, ls=":", label=f"chance, {chance:.3g} %")
    axes.set_xticks(size, size.astype(str))
    axes.minorticks_off()
    axes.set_ylim(0, 145)
    axes.set_yticks(np.arange(0, 101, 25))
    axes.set(xlabel="units an area and pseudo-mouse", ylabel="areas distinguished (%)")
    axes.set_title(str(result.attrs["recording"]))
    axes.legend(loc="upper left", ncols=2)


def _matched(figure: Figure, axes: Axes, result: xr.Dataset) -> None:
    areas = result["area"].values.tolist()
    share = 100 * result["matched"].values
    image = axes.imshow(share, cmap="viridis", vmin=0, vmax=100, interpolation="nearest")
    for row, column in np.ndindex(share.shape):
        if len(areas) <= 8:
            ink = "white" if share[row, column] < 60 else "black"
            axes.text(column, row, f"{share[row, column]:.0f}", ha="center", va="center",
                      fontsize=6.5, color=ink)  # fmt: skip
    axes.set_xticks(range(len(areas)), areas, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(areas)), areas)
    axes.set(xlabel="taken for", ylabel="area")
    axes.set_title(f"{int(result['size'].values[-1])} units an area")
    for spine in axes.spines.values():
        spine.set_visible(False)
    bar = figure.colorbar(image, ax=axes, shrink=0.85, pad=0.03)
    bar.set_label("divisions (%)")
    bar.outline.set_visible(False)


def _notes(result: xr.Dataset) -> list[str]:
    one = result.sel(statistic="accuracy")
    left = str(result.attrs["areas_left_out"])
    notes = [
        f"Largest size: accuracy {100 * float(one['value']):.1f} %, "
        f"p = {float(one['p_value']):.2g} (areas permuted within recordings), "
        f"n = {int(one['n'])} units; pseudo-mice: "
        f"{result.attrs['divided']} divided at random."
    ]
    if result.attrs["divided"] == "units":
        notes.append("One animal: areas share its behavior, so that this says nothing of others.")
    return [*notes, *([f"Left out, too few units: {left}."] if left else [])]
