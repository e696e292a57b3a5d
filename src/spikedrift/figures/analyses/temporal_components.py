"""Temporal components: drift of the shape of single units' responses, and of their counts."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.figures import style

COLOR = {"rate": style.CODE["rate"], "temporal": style.CODE["timing"]}
MARKER = {"rate": "o", "temporal": "^"}


def draw(result: xr.Dataset, options: Figures, **_: Any) -> tuple[Figure, pd.DataFrame]:
    """Draw the RDI against lag, their distribution over units, and against reliability.

    Parameters
    ----------
    result : Dataset
        Of the analysis `temporal_components`.
    options : Figures

    Returns
    -------
    figure, table
        The table has one row for each unit, code and choice of axes.
    """
    choices = [str(choice) for choice in result["axes"].values]
    with style.applied():
        figure = style.figure(options.width, options.width * 0.32 * len(choices))
        panels = figure.subplots(len(choices), 3, squeeze=False)
        notes = []
        for row, choice in zip(panels, choices, strict=True):
            _curves(row[0], result.sel(axes=choice))
            _distribution(row[1], result.sel(axes=choice))
            _reliability(row[2], result.sel(axes=choice))
            notes.append(_note(result, choice))
            said = "first block" if choice == "first" else "all trials"
            row[0].set_ylabel(f"RDI, mean over units\n(axes: {said})")
        for axes, text in zip(panels.ravel(), "abcdef", strict=False):
            style.letter(axes, text)
        notes.append(
            "the two indices have no common scale; mean scores carry counts too (silent trials): "
            "read an index against its null"
        )
        style.footnote(figure, [*notes, *style.notes_of(result.attrs)])
    table = result[["all_lags", "reliability"]].to_dataframe().reset_index()
    return figure, table


def _curves(axes: Any, part: xr.Dataset) -> None:
    lag = part["lag"].values
    for shift, code in zip((-0.06, 0.06), ("rate", "temporal"), strict=True):
        one = part.sel(code=code)
        mean = one["curve"].values
        spread = np.abs(np.stack([one["curve_low"].values, one["curve_high"].values]) - mean)
        axes.errorbar(
            lag + shift, mean, spread, color=COLOR[code], marker=MARKER[code], lw=1, label=code
        )
    axes.axhline(0, color=style.GRAY, lw=0.6, zorder=0)
    axes.set(xlabel="lag (blocks, or days)")
    axes.set_xlim(0.5, lag[-1] + 0.5)
    if lag.size < 10:
        axes.set_xticks(lag)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)


def _distribution(axes: Any, part: xr.Dataset) -> None:
    edges = np.linspace(-1, 1, 41)
    for code in ("rate", "temporal"):
        values = part["all_lags"].sel(code=code).values
        known = values[np.isfinite(values)]
        share = np.histogram(known, edges)[0] / max(known.size, 1)
        axes.stairs(100 * share, edges, color=COLOR[code], lw=1.2)
        if known.size:
            axes.axvline(known.mean(), color=COLOR[code], lw=0.8, ls="--")
    axes.set(xlabel="RDI of a unit (dashed: mean)", ylabel="units (%)")


def _reliability(axes: Any, part: xr.Dataset) -> None:
    difference = part["all_lags"].sel(code="rate") - part["all_lags"].sel(code="temporal")
    reliability = part["reliability"].sel(code="rate").values
    axes.scatter(
        reliability, difference.values, s=4, color=style.BLACK, alpha=0.35, lw=0, rasterized=True
    )
    axes.axhline(0, color=style.GRAY, lw=0.6, zorder=0)
    axes.set(xlabel="rate reliability of a unit (r_0)", ylabel="rate minus temporal index")


def _note(result: xr.Dataset, choice: str) -> str:
    suffix = "" if choice == "first" else "_all"
    parts = []
    for code in ("rate", "temporal"):
        one = result.sel(statistic=f"{code}{suffix}.rdi")
        test = str(result.attrs["test_note"]) or (
            f"null {float(one['null_mean']):.3f}, exchange test p = {float(one['p_value']):.3g}"
        )
        parts.append(f"{code} {float(one['value']):.3f} ({test})")
    one = result.sel(statistic=f"difference{suffix}")
    n = int(one["n"])
    return (
        f"axes {choice}: {'; '.join(parts)}; difference {float(one['value']):.3f} "
        f"[{float(one['low']):.3f}, {float(one['high']):.3f}], bars and brackets: 95 % bootstrap "
        f"over units; n = {n} units of one recording"
    )
