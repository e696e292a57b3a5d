"""Anchored indices: both codes in the published and in the ratio form, beside their nulls."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from spikedrift.config.figures import Figures
from spikedrift.drift import gates
from spikedrift.figures import style
from spikedrift.ground_truth import verdicts

_WORDS = 14  # characters of a line beside an index
_FORMS = {  # statistic -> panel, title, statistic of its test, its surrogates, its p
    "index": ("published form", "index_raw", "null_index", "index_p_value"),
    "index_ratio": ("ratio form", "ratio_raw", "null_ratio", "ratio_p_value"),
}
_MATCHING = {"none": ("all trials", 0.0), "state": ("matched by state", 0.16)}


def draw(result: xr.Dataset, options: Figures, **_: Any) -> tuple[Figure, pd.DataFrame]:
    """Draw effect sizes, and the statistics of their tests against the exchange nulls.

    Parameters
    ----------
    result : Dataset
        Of the analysis `anchored`.
    options : Figures

    Returns
    -------
    figure, table
        The table has one row for each form, code and matching: form, code, matching, effect,
        tested, low, high, p_value, gate, gate_note.
    """
    with style.applied():
        figure = style.figure(options.width, 2.7)
        panels = figure.subplots(1, 2, sharey=True)
        rows = [
            row
            for axes, form in zip(panels, _FORMS, strict=True)
            for row in _panel(axes, result, form)
        ]
        panels[0].set_ylabel("change between blocks (1)")
        bottom, top = panels[0].get_ylim()
        panels[0].set_ylim(min(bottom, -0.05), top + 0.2 * (top - bottom))
        panels[1].legend(
            handles=[
                Line2D([], [], color="0.3", marker="D", ls="", mfc="0.3" if not shift else "white",
                       label=name)
                for name, shift in _MATCHING.values()
            ],
            loc="center right",
        )  # fmt: skip
        for axes, text in zip(panels, "ab", strict=True):
            style.letter(axes, text)
        figure.suptitle(str(result.attrs["recording"]), x=0.01, ha="left", fontsize=9)
        style.footnote(figure, _notes(result))
    return figure, pd.DataFrame(rows)


def _panel(axes: Axes, result: xr.Dataset, form: str) -> list[dict[str, object]]:
    title, raw, null, p_value = _FORMS[form]
    axes.axhline(0, color="0.7", lw=0.6, zorder=0)
    axes.axhline(1, color="0.7", lw=0.6, ls=":", zorder=0)
    rows: list[dict[str, object]] = []
    for place, code in enumerate(("rate", "timing")):
        color = style.CODE[code]
        for matching, (_, shift) in _MATCHING.items():
            one = result.sel(matching=matching, code=code)
            state = gates.state_of(str(one["gate"].values), float(one[form]))
            value, tested, p = (float(one[name]) for name in (form, raw, p_value))
            known = one[null].values[np.isfinite(one[null].values)]
            tested_here = known.size > 0 and np.isfinite(p)
            low, high = np.quantile(known, [0.025, 0.975]) if tested_here else (np.nan, np.nan)
            rows.append(
                {
                    "form": title,
                    "code": code,
                    "matching": matching,
                    "effect": value,
                    "tested": tested,
                    "low": float(low),
                    "high": float(high),
                    "p_value": p,
                    "gate": state,
                    "gate_note": str(one["gate_note"].values),
                }
            )
            fill = "white" if shift else color
            if np.isfinite(value):
                axes.plot(place + shift, value, "D", color=color, mfc=fill, ms=5)
            if matching == "state":
                continue
            if tested_here:
                left = place - 0.3
                axes.fill_between([left, left + 0.16], low, high, color="0.85", lw=0)
                axes.plot(left + 0.08, tested, "_", color=color, ms=9, mew=1.8)
            words = f"p = {p:.2g}" if tested_here else "no test"
            if not np.isfinite(value):
                words = style.wrapped(gates.short(state, code), _WORDS)
            axes.annotate(
                words,
                (place, 1.0),
                xycoords=axes.get_xaxis_transform(),
                ha="center",
                va="top",
                fontsize=6.5,
                color=color,
            )
    axes.set_xlim(-0.5, 1.5)
    axes.set_xticks([0, 1], ["rate", "timing"])
    axes.set_title(title)
    return rows


def _notes(result: xr.Dataset) -> list[str]:
    all_trials = result.sel(matching="none", code="rate")
    n = int(all_trials["n_within"]) + int(all_trials["n_between"])
    words = [
        f"n = {int(result.attrs['n_units'])} units; rate: {n} pairs of trials of one segment. "
        "Diamonds: effect size (0 kept, 1 as if redrawn). For comparison with the literature: the "
        "published form reads slow states of single units, background, bursts and changes of depth "
        "as drift."
    ]
    if np.isfinite(result["index_p_value"]).any():
        words.append("Bar: statistic of the test; gray: its exchange null (95 %).")
    note, state = str(result.attrs["test_note"]), str(result.attrs["state_note"])
    if state:
        words.append(f"Trials were not matched by state: {state}.")
    return [
        " ".join(words),
        *([f"{note}."] if note else []),
        *style.notes_of(result.attrs, judged=False),
        *verdicts.notes("rate_index", "timing_index", matched=True),
    ]
