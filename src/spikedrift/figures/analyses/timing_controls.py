"""Timing controls: raw SpikeShip distances beside those under surrogates."""

import json
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.figures import style

LABELS = {
    "raw": "raw (biased by rate)",
    "exchange": "times exchanged",
    "thinned": "counts matched",
    "jitter": "jitter",
    "shuffle": "trials shuffled",
    "poisson": "Poisson",
    "rates": "rates alone",
}
SHORT = {
    "raw": "raw\n(biased)",
    "exchange": "times\nexch.",
    "thinned": "counts\nmatched",
    "jitter": "jitter",
    "shuffle": "shuffled",
    "poisson": "Poisson",
    "rates": "rates\nx{gain:g}",
}
COLORS = dict(zip(LABELS, (style.BLACK, style.GRAY, *style.OKABE_ITO[:5]), strict=True))
MARKERS = dict(zip(LABELS, ("o", "x", "s", "^", "v", "D", "P"), strict=True))


def draw(result: xr.Dataset, options: Figures, **_: Any) -> tuple[Figure, pd.DataFrame]:
    """Draw distances against lag, the step between blocks, and the excess of surrogates.

    Parameters
    ----------
    result : Dataset
        Of the analysis `timing_controls`.
    options : Figures

    Returns
    -------
    figure, table
        The table has one row for each surrogate, relation and lag.
    """
    names = [str(name) for name in result["surrogate_name"].values]
    with style.applied():
        figure = style.figure(options.width, options.width * 0.42)
        curves, steps, excess = figure.subplots(1, 3, width_ratios=(1.5, 1.1, 1))
        _curves(curves, result, names)
        _steps(steps, result, names)
        _excess(excess, result, [n for n in names if n in ("jitter", "shuffle", "poisson")])
        for axes, text in zip((curves, steps, excess), "abc", strict=True):
            style.letter(axes, text)
        raw = result.sel(statistic="raw_between_minus_within")
        test = str(result.attrs["test_note"]) or (
            f"exchange null {1000 * float(raw['null_mean']):.3g} ms, "
            f"p = {float(raw['p_value']):.3g}"
        )
        value = result["value"]
        note = (
            f"raw step {1000 * float(raw['value']):.3g} ms, biased by rate; {test}; "
            f"n = {int(raw['n'])} pairs of trials, {float(value.sel(statistic='missing')):.1%} "
            f"undefined, {float(value.sel(statistic='shared_units')):.0f} units shared on average; "
            "bars: 95 % of surrogate draws; spikes are taken as independent given the segment"
        )
        notes = [note]
        if "shuffle" not in names:
            notes.append("no trial shuffle: units were not recorded together")
        style.footnote(figure, [*notes, *style.notes_of(result.attrs)])
    return figure, result[["curve", "pairs_at_lag"]].to_dataframe().reset_index()


def _curves(axes: Any, result: xr.Dataset, names: list[str]) -> None:
    lag = result["lag"].values
    for name in (n for n in names if n not in ("exchange", "rates")):
        for relation, line in (("within", "-"), ("between", "--")):
            value = 1000 * result["curve"].sel(surrogate_name=name, relation=relation).values
            known = np.isfinite(value)
            marker = MARKERS[name] if known.sum() < 12 else ""
            label = LABELS[name] if relation == "within" else None
            axes.plot(lag[known], value[known], line, marker=marker, color=COLORS[name],
                      lw=0.9, label=label)  # fmt: skip
    axes.set(xlabel="lag (repeats); dashed: between blocks", ylabel="SpikeShip distance (ms)")
    style.whole_ticks(axes.xaxis)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, columnspacing=1.0)


def _steps(axes: Any, result: xr.Dataset, names: list[str]) -> None:
    shown = [name for name in names if name in ("raw", "exchange", "thinned", "rates")]
    if result.attrs["test_note"]:
        shown.remove("exchange")
    gain = json.loads(str(result.attrs["options"]))["gain"]
    for place, name in enumerate(shown):
        draws = result["level_draws"].sel(surrogate_name=name)
        step = 1000 * (draws.sel(relation="between") - draws.sel(relation="within")).values
        _bar(axes, place, step, name)
    axes.axhline(0, color=style.GRAY, lw=0.6, zorder=0)
    axes.set_xticks(range(len(shown)), [SHORT[n].format(gain=gain) for n in shown], fontsize=6)
    axes.set(ylabel="between minus within (ms)", xlim=(-0.5, len(shown) - 0.5))


def _excess(axes: Any, result: xr.Dataset, names: list[str]) -> None:
    raw = result["level"].sel(surrogate_name="raw")
    for place, name in enumerate(names):
        for shift, relation in ((-0.12, "within"), (0.12, "between")):
            draws = result["level_draws"].sel(surrogate_name=name, relation=relation)
            value = 1000 * (draws - raw.sel(relation=relation)).values
            _bar(axes, place + shift, value, name, filled=relation == "within")
    axes.axhline(0, color=style.GRAY, lw=0.6, zorder=0)
    axes.set_xticks(range(len(names)), [SHORT[n] for n in names], fontsize=6)
    axes.set(
        ylabel="excess: surrogate minus raw (ms)",
        xlabel="filled: within blocks\nopen: between",
        xlim=(-0.5, len(names) - 0.5),
    )


def _bar(axes: Any, place: float, values: np.ndarray, name: str, filled: bool = True) -> None:
    known = values[np.isfinite(values)]
    if not known.size:
        return
    low, high = np.quantile(known, [0.025, 0.975])
    fill = COLORS[name] if filled else "white"
    axes.vlines(place, low, high, color=COLORS[name], lw=1.2)
    axes.plot(place, known.mean(), marker=MARKERS[name], color=COLORS[name], mfc=fill, ls="")
