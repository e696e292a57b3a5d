"""Response correlations: lag curves, similarity index, halves of blocks, activity differences."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from spikedrift.config.figures import Figures
from spikedrift.figures import style

_LOOK = {
    "population_vector": ("population vector", style.OKABE_ITO[0], "o"),
    "ensemble_rate": ("ensemble rate", style.OKABE_ITO[4], "s"),
    "tuning_curve": ("tuning curve", style.OKABE_ITO[2], "^"),
}
_RELATION = {
    "within": "within\nblocks",
    "between": "between\nblocks",
    "proximal": "proximal\nsessions",
    "distal": "distal\nsessions",
}


def draw(result: xr.Dataset, options: Figures, **_: Any) -> tuple[Figure, pd.DataFrame]:
    """Draw the three correlations by lag and between halves, and activity differences of units.

    Parameters
    ----------
    result : Dataset
        Of the analysis `response_correlations`.
    options : Figures

    Returns
    -------
    figure, table
        One row for each drawn value: panel, measure, group, lag, value, low, high.
    """
    with style.applied():
        figure = style.figure(options.width, options.width * 0.62)
        (curve, index), (halves, change) = figure.subplots(2, 2)
        tables = [
            _lags(curve, result),
            _index(index, result),
            _halves(halves, result),
            _change(change, result),
        ]
        for axes, text in zip((curve, index, halves, change), "abcd", strict=True):
            style.letter(axes, text)
        curve.set_title(str(result.attrs["recording"]))
        style.footnote(figure, [*_notes(result), *style.notes_of(result.attrs)])
    return figure, pd.concat(tables, ignore_index=True)


def _line(
    axes: Axes, lag: np.ndarray, value: np.ndarray, color: str, marker: str, **how: Any
) -> None:
    known = np.isfinite(value)
    every = max(1, int(known.sum()) // 15)
    axes.plot(lag[known], value[known], color=color, marker=marker, markevery=every, ms=3, **how)


def _lags(axes: Axes, result: xr.Dataset) -> pd.DataFrame:
    lag, rows = result["lag"].values, []
    for measure, (_, color, marker) in _LOOK.items():
        one = result.sel(measure=measure)
        for name, line, fill in (("lag_value", "-", color), ("lag_between", "--", "white")):
            _line(axes, lag, one[name].values, color, marker, ls=line, mfc=fill)
            rows.append(
                pd.DataFrame(
                    {
                        "panel": "lag",
                        "measure": measure,
                        "group": "within" if name == "lag_value" else "between",
                        "lag": lag,
                        "value": one[name].values,
                    }
                )
            )
    handles = [
        Line2D([], [], color=color, marker=marker, ms=4, label=name)
        for name, color, marker in _LOOK.values()
    ]
    if np.isfinite(result["lag_between"]).any():
        handles += [
            Line2D([], [], color="0.3", ls="-", label="within blocks"),
            Line2D([], [], color="0.3", ls="--", label="between blocks"),
        ]
    axes.figure.legend(handles=handles, loc="outside upper right", ncols=len(handles))
    axes.set(xlabel="lag (repeats)", ylabel="correlation of repeats")
    style.whole_ticks(axes.xaxis)
    return pd.concat(rows)


def _index(axes: Axes, result: xr.Dataset) -> pd.DataFrame:
    lag, rows = result["lag"].values, []
    axes.axhline(0, color="0.7", lw=0.6, zorder=0)
    for measure, (_, color, marker) in _LOOK.items():
        value = result["similarity_index"].sel(measure=measure).values
        _line(axes, lag, value, color, marker)
        rows.append(
            pd.DataFrame(
                {"panel": "similarity index", "measure": measure, "group": "within", "lag": lag,
                 "value": value}
            )
        )  # fmt: skip
    bottom, top = axes.get_ylim()
    axes.set_ylim(min(bottom, -0.05), max(top, 0.02))  # so that noise does not fill the panel
    axes.set(xlabel="lag within blocks (repeats)", ylabel="similarity index SI (1)")
    style.whole_ticks(axes.xaxis)
    return pd.concat(rows)


def _halves(axes: Axes, result: xr.Dataset) -> pd.DataFrame:
    relations = result["relation"].values.tolist()
    rows = []
    for shift, (measure, (_, color, marker)) in zip((-0.12, 0.0, 0.12), _LOOK.items(), strict=True):
        one = result.sel(measure=measure)
        value, low, high = (one[f"half_{name}"].values for name in ("value", "low", "high"))
        place = np.arange(len(relations)) + shift
        axes.plot(place, value, color=color, lw=0.6)
        axes.vlines(place, low, high, color=color, lw=1.4)
        axes.plot(place, value, marker, color=color, ms=4)
        rows.append(
            pd.DataFrame(
                {"panel": "halves", "measure": measure, "group": relations, "value": value,
                 "low": low, "high": high}
            )
        )  # fmt: skip
    axes.set_xticks(range(len(relations)), [_RELATION[name] for name in relations])
    axes.set_xlim(-0.5, max(len(relations), 1) - 0.5)
    axes.set_ylabel("correlation of halves")
    return pd.concat(rows)


def _change(axes: Axes, result: xr.Dataset) -> pd.DataFrame:
    edges, rows = np.linspace(-1, 1, 41), []
    axes.axvline(0, 0, 0.69, color="0.7", lw=0.6, zorder=0)
    for name, color in zip(
        result["change"].values.tolist(), (style.BLACK, style.OKABE_ITO[3]), strict=True
    ):
        value = result["activity_difference"].sel(change=name).values
        known = value[np.isfinite(value)]
        if known.size:
            share = 100 * np.histogram(known, edges)[0] / known.size
            axes.stairs(share, edges, color=color, lw=1.2, label=f"{name}, n = {known.size}")
            axes.axvline(np.median(known), 0, 0.69, color=color, lw=0.8, ls="--")
        rows.append(pd.DataFrame({"panel": "activity difference", "group": name, "value": value}))
    axes.legend(title="dashed: median", title_fontsize=7, loc="upper left")
    axes.set_xticks([-1, -0.5, 0, 0.5, 1])
    axes.set_ylim(0, 1.45 * axes.get_ylim()[1])
    axes.set(xlabel="activity difference (late - early) / (late + early)", ylabel="units (%)")
    return pd.concat(rows)


def _notes(result: xr.Dataset) -> list[str]:
    n = int(result.attrs["n_units"]) - int(result.attrs["units_left_out"])
    notes = [f"{n} units; bars in C: bootstrap over units within one recording, 95 %. Descriptive."]
    if result.attrs["units_left_out"]:
        notes.append(f"{int(result.attrs['units_left_out'])} units whose rate falls left out.")
    if str(result.attrs["test_note"]):
        return [*notes, str(result.attrs["test_note"]).capitalize() + "."]
    known = set(result["statistic"].values.tolist())
    tested = []
    for name, what in (("slope", "fall over lags"), ("drop", "within blocks minus all others")):
        p = [
            f"{label} {float(result['p_value'].sel(statistic=f'{measure}.{name}')):.2g}"
            for measure, (label, _, _) in _LOOK.items()
            if f"{measure}.{name}" in known
        ]
        tested += [f"{what}: p = {', '.join(p)}"] * bool(p)
    return [*notes, f"Exchange tests, one-tailed: {'; '.join(tested)}."] if tested else notes
