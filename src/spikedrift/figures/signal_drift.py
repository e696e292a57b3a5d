"""Signal drift: curves and indices of both codes on one scale, and the depth of the codes."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from spikedrift.config.figures import Figures
from spikedrift.figures import style

_LINE = {"within": "-", "between": "--"}


def draw(result: xr.Dataset, options: Figures, **_: Any) -> tuple[Figure, pd.DataFrame]:
    """Draw curves against lag, indices between blocks, and depth by block.

    Parameters
    ----------
    result : Dataset
        Of the analysis `signal_drift`.
    options : Figures

    Returns
    -------
    figure, table
        The table has one row a point: panel (curve, index, depth), code, relation, lag or block,
        value, low, high, n_pairs, p_value.
    """
    codes = [str(code) for code in result["code"].values]
    with style.applied():
        figure = style.figure(options.width, 2.7)
        left, middle, right = figure.subplots(1, 3, width_ratios=[1.5, 0.75, 0.75])
        rows = [
            *_curves(left, result, codes),
            *_indices(middle, result, codes),
            *_depths(right, result, codes),
        ]
        for axes, text in zip((left, middle, right), "abc", strict=True):
            style.letter(axes, text)
        figure.suptitle(str(result.attrs["recording"]), x=0.01, ha="left", fontsize=9)
        style.footnote(figure, _notes(result, codes))
    return figure, pd.DataFrame(rows)


def _curves(axes: Axes, result: xr.Dataset, codes: list[str]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for code in codes:
        for relation, line in _LINE.items():
            one = result.sel(code=code, relation=relation)
            keep = np.isfinite(one["curve"].values)
            lag, value = one["lag"].values[keep], one["curve"].values[keep]
            low, high = one["curve_low"].values[keep], one["curve_high"].values[keep]
            axes.fill_between(lag, low, high, color=style.CODE[code], alpha=0.15, lw=0)
            axes.plot(lag, value, color=style.CODE[code], ls=line)
            rows += [
                {
                    "panel": "curve",
                    "code": code,
                    "relation": relation,
                    "lag": int(each[0]),
                    "value": each[1],
                    "low": each[2],
                    "high": each[3],
                    "n_pairs": int(each[4]),
                }
                for each in zip(lag, value, low, high, one["n_pairs"].values[keep], strict=True)
            ]
    axes.axhline(0, color="0.6", lw=0.6)
    axes.set(xlabel="lag (repeats)", ylabel="share of the signal that is new", title="against lag")
    style.whole_ticks(axes.xaxis)
    lines = [Line2D([], [], color=style.CODE[code], label=code) for code in codes]
    lines += [Line2D([], [], color="0.3", ls=ls, label=f"{r} blocks") for r, ls in _LINE.items()]
    axes.legend(handles=lines, loc="best")
    return rows


def _indices(axes: Axes, result: xr.Dataset, codes: list[str]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for place, code in enumerate(codes):
        one = result.sel(statistic=f"{code}.index")
        value, low, high = (float(one[name]) for name in ("value", "low", "high"))
        if np.isfinite(value):
            axes.errorbar(
                place,
                value,
                yerr=[[value - low], [high - value]],
                color=style.CODE[code],
                marker=style.CODE_MARKER[code],
                capsize=2,
            )
        else:
            axes.text(place, 0.03, "none", color=style.CODE[code], ha="center", fontsize=7)
        rows.append(
            {
                "panel": "index",
                "code": code,
                "relation": "between",
                "value": value,
                "low": low,
                "high": high,
                "p_value": float(one["p_value"]),
            }
        )
    axes.axhline(0, color="0.6", lw=0.6)
    axes.axhline(1, color="0.6", lw=0.6, ls=":")
    axes.text(0.98, 1, "as another unit", ha="right", va="bottom", fontsize=6.5, color="0.4",
              transform=axes.get_yaxis_transform())  # fmt: skip
    axes.set(title="between blocks", ylabel="signal index", xlim=(-0.6, len(codes) - 0.4))
    axes.set_xticks(range(len(codes)), codes)
    return rows


def _depths(axes: Axes, result: xr.Dataset, codes: list[str]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for code in codes:
        depth = result["depth"].sel(code=code).values
        block = np.arange(depth.size)
        axes.plot(block, depth, color=style.CODE[code], marker=style.CODE_MARKER[code])
        rows += [
            {"panel": "depth", "code": code, "block": int(b), "value": value}
            for b, value in zip(block, depth, strict=True)
        ]
    axes.set(title="depth of the code", xlabel="block", ylabel="signal SD / mean")
    axes.set_xticks(np.arange(result.sizes["block"]))
    axes.set_ylim(bottom=0)
    return rows


def _notes(result: xr.Dataset, codes: list[str]) -> list[str]:
    n = int(result["n"].sel(statistic="difference"))
    words = [
        f"n = {n} units. Bands: bootstrap over units; bars: "
        f"{result['interval'].sel(statistic='difference').item()}."
    ]
    for code in codes:
        one = result.sel(statistic=f"{code}.index")
        if np.isfinite(float(one["p_value"])):
            words.append(f"{code}: p of no drift {float(one['p_value']):.2g}, signs of units.")
        if note := str(result["gate_note"].sel(code=code).values):
            words.append(f"{code}: {note}.")
    paired = result.sel(statistic="difference")
    if np.isfinite(float(paired["p_value"])):
        words.append(
            f"Timing less rate {float(paired['value']):.3f} [{float(paired['low']):.3f}, "
            f"{float(paired['high']):.3f}], p {float(paired['p_value']):.2g}, paired over units."
        )
    note = str(result.attrs["test_note"])
    return [" ".join(words), *([f"{note}."] if note else []), *style.notes_of(result.attrs)]
