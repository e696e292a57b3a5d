"""Behavior: what dissimilarity of repeats goes with, units that follow it, matched indices."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.figures import style

NAMES = {
    "lag": "lag",
    "block": "other\nblock",
    "running_speed": "|Δ running|",
    "pupil_area": "|Δ pupil|",
    "rate": "|Δ rate|",
}
MATCHING = {"none": "all trials", "state": "matched\nby state"}
BINS = 8


def draw(result: xr.Dataset, options: Figures, **_: Any) -> tuple[Figure, pd.DataFrame]:
    """Draw coefficients with their nulls, dissimilarity by state, units, and indices.

    Parameters
    ----------
    result : Dataset
        Of the analysis `behavior`.
    options : Figures

    Returns
    -------
    figure, table
        The table has one row for each drawn point: panel, series, x, y, low, high.
    """
    rows: list[dict[str, Any]] = []
    with style.applied():
        figure = style.figure(options.width, options.width * 0.62)
        panels = figure.subplots(2, 2)
        _coefficients(panels[0, 0], result, rows)
        covariate = str(result.attrs["covariates"]).split(",")[-1]  # the pupil, where there is one
        _by_state(panels[0, 1], result, covariate, rows)
        _units(panels[1, 0], result, covariate, rows)
        _matched(panels[1, 1], result, rows)
        for axes, text in zip(panels.flat, "abcd", strict=True):
            style.letter(axes, text)
        style.footnote(figure, [_note(result), *style.notes_of(result.attrs)])
    return figure, pd.DataFrame(rows)


def _statistic(result: xr.Dataset, name: str, column: str) -> float:
    return float(result[column].sel(statistic=name))


def _coefficients(axes: Axes, result: xr.Dataset, rows: list[dict[str, Any]]) -> None:
    """Standardized coefficients with the middle 95 % of their nulls."""
    predictors = [str(name) for name in result["predictor"].values]
    codes = [str(name) for name in result["code"].values]
    for i, code in enumerate(codes):
        place = np.arange(len(predictors)) + (i - (len(codes) - 1) / 2) * 0.28
        found = {
            column: np.array([_statistic(result, f"{code}.{name}", column) for name in predictors])
            for column in ("value", "null_low", "null_high")
        }
        color = style.CODE[code]
        axes.vlines(place, found["null_low"], found["null_high"], color=color, lw=5, alpha=0.25)
        axes.plot(place, found["value"], style.CODE_MARKER[code], color=color, label=code)
        rows += [
            {"panel": "a", "series": code, "x": name, "y": y, "low": low, "high": high}
            for name, y, low, high in zip(predictors, *found.values(), strict=True)
        ]
    axes.axhline(0, color=style.BLACK, lw=0.6)
    axes.set_xticks(range(len(predictors)), [NAMES.get(name, name) for name in predictors])
    axes.tick_params(axis="x", labelsize=6.5)
    axes.set_ylabel("standardized coefficient")
    axes.legend(title="bars: 95 % of the null", ncols=2, loc="lower left", bbox_to_anchor=(0, 1))


def _by_state(axes: Axes, result: xr.Dataset, covariate: str, rows: list[dict[str, Any]]) -> None:
    """Dissimilarity of pairs of repeats against how far they differ in one covariate."""
    x = result["difference"].sel(predictor=covariate).values
    between = result["pair_between"].values.astype(bool)
    for code in map(str, result["code"].values):
        y = result["dissimilarity"].sel(code=code).values
        y = (y - y.mean()) / y.std()
        for name, chosen, line in (("within", ~between, "-"), ("between", between, "--")):
            if chosen.sum() < BINS:
                continue
            parts = np.array_split(np.argsort(x[chosen]), BINS)
            at, mean = (np.array([v[chosen][part].mean() for part in parts]) for v in (x, y))
            axes.plot(at, mean, style.CODE_MARKER[code] + line, color=style.CODE[code], ms=3,
                      label=f"{code}, {name} blocks")  # fmt: skip
            rows += [
                {"panel": "b", "series": f"{code}, {name}", "x": a, "y": b}
                for a, b in zip(at, mean, strict=True)
            ]
    axes.set(
        xlabel=f"{NAMES[covariate]} of two repeats (s.d. over trials)",
        ylabel="dissimilarity (s.d.)",
    )
    axes.legend(ncols=2, loc="lower left", bbox_to_anchor=(0, 1))


def _units(axes: Axes, result: xr.Dataset, covariate: str, rows: list[dict[str, Any]]) -> None:
    """Stimulus reliability of units against their modulation by the covariate."""
    z = result["modulation_z"].sel(covariate=covariate).values
    reliability = result["reliability"].values
    word = NAMES[covariate].split()[1].rstrip("|")
    axes.axvspan(-1.96, 1.96, color=style.GRAY, alpha=0.2, lw=0)
    axes.set_xlabel(f"modulation by {word} (s.d. of circular shifts)")
    if not np.isfinite(reliability).any():
        known = z[np.isfinite(z)]
        count, edges = np.histogram(known, 30)
        axes.stairs(count, edges, color=style.BLACK)
        axes.set_ylabel("units")
        rows += [{"panel": "c", "series": "units", "x": a, "y": b}
                 for a, b in zip(edges, count, strict=False)]  # fmt: skip
        return
    axes.plot(z, reliability, ".", color=style.OKABE_ITO[2], ms=3, alpha=0.6)
    axes.set_ylabel("stimulus reliability (r)")
    rows += [{"panel": "c", "series": "units", "x": a, "y": b}
             for a, b in zip(z, reliability, strict=True)]  # fmt: skip


def _matched(axes: Axes, result: xr.Dataset, rows: list[dict[str, Any]]) -> None:
    """Signal indices on all trials and on those matched by state."""
    if "index" not in result:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "one block:\nno index between blocks", ha="center", va="center",
                  transform=axes.transAxes)  # fmt: skip
        return
    for code in map(str, result["index_code"].values):
        y = [float(result["index"].sel(index_code=code, matching=key)) for key in MATCHING]
        axes.plot([0, 1], y, style.CODE_MARKER[code] + "-", color=style.CODE[code], label=code)
        rows += [{"panel": "d", "series": code, "x": key, "y": value}
                 for key, value in zip(MATCHING, y, strict=True)]  # fmt: skip
    axes.axhline(0, color=style.BLACK, lw=0.6)
    axes.set_xticks([0, 1], list(MATCHING.values()))
    axes.set_xlim(-0.4, 1.4)
    axes.set_ylabel("signal index (1)")
    axes.legend()


def _note(result: xr.Dataset) -> str:
    """Notes on tests, n, and predictors and repeats that were left out."""
    parts = [f"n = {result.attrs['n_repeats']} repeats, {result.attrs['n_units']} units"]
    for code in map(str, result["code"].values):
        explained = 100 * float(result["explained"].sel(code=code))
        text = f"{code}: {explained:.1f} % of the variance of pairs explained"
        if f"{code}.state" in result["statistic"]:
            gain = 100 * _statistic(result, f"{code}.state", "value")
            p = _statistic(result, f"{code}.state", "p_value")
            tested = f" (p = {p:.2g})" if np.isfinite(p) else ""
            text += f", {gain:.1f} % by running, pupil and rate beyond lag and block{tested}"
        parts.append(text)
    parts.append(
        str(result.attrs["test_note"])
        or "nulls: Freedman-Lane with circular shifts within blocks (other block: over the "
        "recording)"
    )
    if result.attrs["repeats_left_out"]:
        parts.append(f"{result.attrs['repeats_left_out']} repeats left out (state unknown)")
    if result.attrs["left_out"]:
        parts.append(f"does not vary: {result.attrs['left_out']}")
    if result.attrs.get("index_note"):
        parts.append(str(result.attrs["index_note"]))
    return "; ".join(parts)
