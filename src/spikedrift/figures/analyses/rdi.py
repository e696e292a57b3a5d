"""Representational drift index: units and population by lag, units against their reliability."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.figures import style

_UNIT, _POPULATION = style.OKABE_ITO[0], style.OKABE_ITO[1]


def draw(result: xr.Dataset, options: Figures, **_: Any) -> tuple[Figure, pd.DataFrame]:
    """Draw RDI against lag for units (quartiles, median) and population, and the units' spread.

    Parameters
    ----------
    result : Dataset
        Of the analysis `rdi`.
    options : Figures

    Returns
    -------
    figure, table
        One row for each unit (or the population) and lag: rdi, reliability.
    """
    with style.applied():
        figure = style.figure(options.width, options.width * 0.38)
        curve, spread = figure.subplots(1, 2, width_ratios=[1, 1])
        _curves(curve, result)
        _spread(spread, result)
        for axes, text in ((curve, "a"), (spread, "b")):
            style.letter(axes, text)
        curve.set_title(str(result.attrs["recording"]))
        style.footnote(figure, [*_notes(result), *style.notes_of(result.attrs)])
    value = result["unit_rdi"].values
    unit, lag = (part.ravel() for part in np.indices(value.shape))
    lags = result["lag"].values
    table = pd.DataFrame(
        {
            "of": "unit",
            "unit": unit,
            "lag": lags[lag],
            "rdi": value.ravel(),
            "reliability": result["reliability"].values[unit],
        }
    )
    population = pd.DataFrame(
        {"of": "population", "lag": lags, "rdi": result["population_rdi"].values}
    )
    return figure, pd.concat([population, table], ignore_index=True)


def _curves(axes: Axes, result: xr.Dataset) -> None:
    lag, table = result["lag"].values, result["value"].to_series()
    axes.axhline(0, color="0.7", lw=0.6, zorder=0)
    for shift, kind, color, marker in (
        (-0.08, "unit", _UNIT, "o"),
        (0.08, "population", _POPULATION, "D"),
    ):
        names = [f"{kind}.rdi_lag_{one}" for one in lag]
        known = np.array([name in table.index for name in names])
        if not known.any():
            continue
        place, chosen = lag[known] + shift, np.array(names)[known].tolist()
        rows = result.sel(statistic=chosen)
        where, low, high = _band(place, rows["null_low"].values, rows["null_high"].values)
        axes.fill_between(where, low, high, color=color, alpha=0.15, lw=0)
        axes.vlines(place, rows["low"], rows["high"], color=color, lw=1.4)
        label = "median of units" if kind == "unit" else "population"
        axes.plot(place, rows["value"], color=color, marker=marker, lw=0.8, label=label)
    axes.set_xlim(0.5, lag.max() + 0.5)
    if lag.size <= 12:
        axes.set_xticks(lag)
    bottom, top = axes.get_ylim()
    axes.set_ylim(min(bottom, -0.05), max(top, 0.1))
    axes.set(xlabel=f"lag ({result.attrs['lag_unit']})", ylabel="RDI (1)")
    axes.legend(loc="upper left")


def _band(
    place: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Null limits, a single lag widened to a bar."""
    if place.size == 1:
        return place[0] + np.array([-0.06, 0.06]), low.repeat(2), high.repeat(2)
    return place, low, high


def _spread(axes: Axes, result: xr.Dataset) -> None:
    """RDI of units at the largest lag that any has, against reliability."""
    rdi = result["unit_rdi"].values
    known = np.flatnonzero(np.isfinite(rdi).any(axis=0))
    if not known.size:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "no index of units:\ntuning needs three segments", ha="center",
                  va="center", transform=axes.transAxes)  # fmt: skip
        return
    lag = known[-1]
    value, reliability = rdi[:, lag], result["reliability"].values
    both = np.isfinite(value) & np.isfinite(reliability)
    axes.axhline(0, color="0.7", lw=0.6, zorder=0)
    axes.plot(reliability[both], value[both], "o", color=_UNIT, ms=2.2, alpha=0.5, mew=0)
    axes.axhline(np.median(value[both]), color=_UNIT, lw=0.8, ls="--")
    at = f"lag {int(result['lag'].values[lag])}"
    axes.set(
        xlabel="reliability (single repeat with mean of others)", ylabel=f"RDI of units, {at} (1)"
    )
    axes.set_ylim(-1.08, 1.08)
    left = value.size - both.sum()
    axes.set_title(f"{both.sum()} units" + f" ({left} others: not defined)" * bool(left))


def _notes(result: xr.Dataset) -> list[str]:
    known = set(result["statistic"].values.tolist())
    lag = int(result["lag"].values[-1])
    notes = [
        "Bars: bootstrap over units of one recording, 95 %; dashed: median. 0: no drift; 1: nothing"
        " kept. Descriptive."
    ]
    parts = []
    for name, what in (
        (f"unit.rdi_lag_{lag}", f"units, lag {lag}"),
        (f"population.rdi_lag_{lag}", f"population, lag {lag}"),
        ("unit.slope", "slope of units"),
    ):
        if name in known:
            one = result.sel(statistic=name)
            p = float(one["p_value"])
            test = f", p = {p:.2g}" if np.isfinite(p) else ""
            parts.append(
                f"{what}: {float(one['value']):.3f}{test} ({int(one['n'])} {one['unit'].item()})"
            )
    if "unit.slope_mixed" in known:
        one = result.sel(statistic="unit.slope_mixed")
        parts.append(
            f"mixed model: {float(one['value']):.4f} [{float(one['low']):.4f}, "
            f"{float(one['high']):.4f}] per lag"
        )
    test = str(result.attrs["test_note"])
    head = (
        f"{test.capitalize()}. "
        if test
        else "Exchange tests, one-tailed; shaded: their null, 95 %. "
    )
    return [*notes, head + "; ".join(parts) + "."]
