"""Decoding across time: accuracy within and between blocks, by lag and number of units."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.figures import style

COLOR = {**style.CODE, "both": style.BLACK}
NAMES = {"nearest": "1-NN", "lda": "LDA", "logistic": "logistic"}


def draw(result: xr.Dataset, options: Figures, **_: Any) -> tuple[Figure, pd.DataFrame]:
    """Draw accuracies over their controls, curves over lag and units, and confusions.

    Parameters
    ----------
    result : Dataset
        Of the analysis `decoding`.
    options : Figures

    Returns
    -------
    figure, table
        The table has one row for each decoder with a code, relation and lag (0: all lags).
    """
    chance = 100 / int(result.attrs["n_segments"])
    with style.applied():
        figure = style.figure(options.width, options.width * 0.62)
        panels = figure.subplots(2, 3)
        _accuracies(panels[0, 0], result)
        _lags(panels[0, 1], result)
        _units(panels[0, 2], result)
        for axes in panels[0]:
            axes.axhline(chance, color="0.6", lw=0.7, ls=":", zorder=0)
            axes.set_ylim(0, 103)
        shown = _confused(result)
        for axes, code in zip(panels[1], ("rate", "timing", "both"), strict=True):
            key = f"{shown}.{code}"
            if key in result["key"].values:
                image = _confusion(axes, result, key)
                figure.colorbar(image, ax=axes, label="decoded (%)", shrink=0.8)
            else:
                style.no_timing(axes)
        for text, axes in zip("abcdef", panels.flat, strict=True):
            style.letter(axes, text)
        style.footnote(figure, _notes(result))
    lags = result["lag_accuracy"].to_dataframe().reset_index()
    whole = result["accuracy"].to_dataframe().reset_index().assign(lag=0)
    columns = ["key", "relation", "lag", "accuracy"]
    lags = lags.rename(columns={"lag_accuracy": "accuracy"})
    return figure, pd.concat([whole[columns], lags[columns]], ignore_index=True)


def _confused(result: xr.Dataset) -> str:
    names = list(dict.fromkeys(map(str, result["decoder"].values)))
    return "lda" if "lda" in names else names[0]


def _accuracies(axes: Axes, result: xr.Dataset) -> None:
    """Each decoder and code within blocks (filled) and between (open), over the permuted labels."""
    names = list(dict.fromkeys(map(str, result["decoder"].values)))
    codes = list(dict.fromkeys(map(str, result["key_code"].values)))
    for x, name in enumerate(names):
        for step, code in enumerate(codes):
            for side, relation in ((-0.06, "within"), (0.06, "between")):
                row = result.sel(statistic=f"{name}.{code}.accuracy_{relation}")
                if not np.isfinite(row["value"]):
                    continue
                at = x + (step - (len(codes) - 1) / 2) * 0.27 + side
                low, high = 100 * float(row["null_low"]), 100 * float(row["null_high"])
                axes.bar(at, high - low, 0.1, bottom=low, color="0.85")
                axes.vlines(at, 100 * row["low"], 100 * row["high"], color=COLOR[code], lw=0.8)
                axes.plot(at, 100 * row["value"], "o", color=COLOR[code],
                          mfc=COLOR[code] if relation == "within" else "white")  # fmt: skip
    for code in codes:
        axes.plot([], [], "o", color=COLOR[code], label=code)
    axes.plot([], [], "o", color="0.4", mfc="white", label="other block")
    axes.set_xticks(range(len(names)), [NAMES[name] for name in names])
    axes.set(ylabel="trials decoded (%)", xlim=(-0.55, len(names) - 0.45))
    axes.legend(loc="center left", bbox_to_anchor=(0.0, 0.55))


def _lags(axes: Axes, result: xr.Dataset) -> None:
    """Accuracy of nearest neighbors (solid) and LDA (dashed) on later repeats."""
    for name, line in (("nearest", "-"), ("lda", "--"), ("logistic", ":")):
        if name == "logistic" and "lda" in result["decoder"].values:
            continue
        for code in ("rate", "timing"):
            if f"{name}.{code}" not in result["key"].values:
                continue
            curves = result["lag_accuracy"].sel(key=f"{name}.{code}").values
            for curve, alpha in zip(curves, (1.0, 0.5), strict=True):
                axes.plot(result["lag"].values, 100 * curve, line, color=COLOR[code], lw=1,
                          alpha=alpha)  # fmt: skip
        if name in result["decoder"].values:
            axes.plot([], [], line, color="0.4", label=NAMES[name])
    axes.plot([], [], "-", color="0.4", alpha=0.5, label="other block: pale")
    axes.set_xlabel("lag (repeats)")
    style.whole_ticks(axes.xaxis)
    axes.legend(loc="lower left")


def _units(axes: Axes, result: xr.Dataset) -> None:
    """Accuracy within blocks against the number of units: mean and range over draws."""
    count = result["count"].values
    for code in ("rate", "timing"):
        drawn = 100 * result["unit_accuracy"].sel(code=code, relation="within").values
        if not np.isfinite(drawn).any():
            continue
        axes.fill_between(count, drawn.min(axis=1), drawn.max(axis=1), color=COLOR[code],
                          alpha=0.2, lw=0)  # fmt: skip
        axes.plot(count, drawn.mean(axis=1), "o-", color=COLOR[code], ms=3)
    axes.set(xscale="log", xlabel="units", title="same block, over draws")
    ticks = [int(count[-1])]
    for each in count[::-1]:
        if each < ticks[-1] / 2.4:
            ticks.append(int(each))
    axes.set_xticks(ticks, [str(each) for each in ticks])
    axes.minorticks_off()


def _confusion(axes: Axes, result: xr.Dataset, key: str) -> Any:
    """Confusions of segments, in other blocks where there are any."""
    values = result["confusion"].sel(key=key)
    relation = "between" if float(values.sel(relation="between").sum()) else "within"
    table = 100 * values.sel(relation=relation).values
    image = axes.imshow(table, cmap="viridis", vmin=0, vmax=100, interpolation="nearest")
    step = max(1, len(table) // 5)
    ticks, names = range(0, len(table), step), style.segment_names(result.attrs, len(table))[::step]
    axes.set_xticks(ticks, names)
    axes.set_yticks(ticks, names)
    name, code = key.split(".")
    where = "other block" if relation == "between" else "same block"
    axes.set(xlabel="decoded segment", ylabel=f"segment ({NAMES[name]})", title=f"{code}, {where}")
    return image


def _notes(result: xr.Dataset) -> list[str]:
    note = (
        f"dotted: chance; gray: 95 % of permuted labels; bars: 95 % bootstrap over repeats; "
        f"{result.attrs['training_trials']} training trials within blocks and between; by lag 1-NN "
        "learns one repeat, LDA the first half of a block"
    )
    names = list(map(str, result["statistic"].values))
    if "crossing" in names:
        row = result.sel(statistic="crossing")
        note += (
            f"; timing overtakes rate at {float(row['value']):.0f} units "
            f"[{float(row['low']):.0f}, {float(row['high']):.0f}]"
            if np.isfinite(row["value"])
            else "; timing does not overtake rate at any number of units, or is never behind"
        )
    return [note, str(result.attrs["test_note"]) and "blocks are assumed: no test of a drop",
            *style.notes_of(result.attrs)]  # fmt: skip
