"""Internal structure: its matrices, a map of segments, and what is kept beside the code."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.figures import style

_CODE = {
    "population_vector": ("population vector", style.OKABE_ITO[0], "o"),
    "structure": ("internal structure", style.OKABE_ITO[3], "D"),
}
_LABELED = 12  # largest number of numbered segments; more are joined by a line


def draw(result: xr.Dataset, options: Figures, **_: Any) -> tuple[Figure, pd.DataFrame]:
    """Draw structures of the first and the last block, their maps, and values by relation.

    Parameters
    ----------
    result : Dataset
        Of the analysis `internal_structure`.
    options : Figures

    Returns
    -------
    figure, table
        One row for each pair of segments and block (panel structure), or for each code and relation
        (panel kept).
    """
    several = result.sizes["block"] > 1
    with style.applied():
        figure = style.figure(options.width, options.width * 0.72)
        (first, last), (scaled, kept) = figure.subplots(2, 2)
        _matrices(figure, (first, last) if several else (first,), result)
        if not several:
            last.set_axis_off()
        _map(scaled, result, several)
        _kept(kept, result)
        drawn = [axes for axes in (first, last, scaled, kept) if axes.axison]
        for axes, text in zip(drawn, "abcd", strict=False):
            style.letter(axes, text)
        style.footnote(figure, [*_notes(result), *style.notes_of(result.attrs)])
    block, row, column = np.indices(result["structure"].shape).reshape(3, -1)
    structures = pd.DataFrame(
        {
            "panel": "structure",
            "block": result["block"].values[block],
            "segment": row,
            "segment_other": column,
            "value": result["structure"].values.ravel(),
        }
    )
    ratios = result[["similarity", "ratio", "ratio_low", "ratio_high"]].to_dataframe().reset_index()
    return figure, pd.concat([ratios.assign(panel="kept"), structures], ignore_index=True)


def _matrices(figure: Figure, panels: tuple[Axes, ...], result: xr.Dataset) -> None:
    value = result["structure"].values[[0, -1][: len(panels)]]
    off = ~np.eye(value.shape[-1], dtype=bool)
    known = value[:, off][np.isfinite(value[:, off])]
    low, high = (known.min(), known.max()) if known.size else (0.0, 1.0)
    for axes, one, name in zip(panels, value, ("first block", "last block"), strict=False):
        shown = np.where(off, one, np.nan)
        image = axes.imshow(shown, cmap="viridis", vmin=low, vmax=high, interpolation="nearest")
        axes.set_facecolor("0.85")
        for spine in axes.spines.values():
            spine.set_visible(False)
        ticks = np.unique(np.linspace(0, off.shape[0] - 1, 5).round().astype(int))
        names = np.array(style.segment_names(result.attrs, off.shape[0]))[ticks]
        axes.set_xticks(ticks, names)
        axes.set_yticks(ticks, names)
        axes.set(xlabel="segment", ylabel="segment")
        recording = f"{result.attrs['recording']}, " if name == "first block" else ""
        axes.set_title(recording + name if len(value) > 1 else str(result.attrs["recording"]))
    bar = figure.colorbar(image, ax=list(panels), shrink=0.85, pad=0.02)
    bar.set_label("correlation over units")
    bar.outline.set_visible(False)


def _map(axes: Axes, result: xr.Dataset, several: bool) -> None:
    maps = result["map"].values
    many = maps.shape[1] > _LABELED
    looks = (("first", style.BLACK, "-"), ("last", style.OKABE_ITO[1], "--"))
    for points, (name, color, line) in zip(maps, looks, strict=True):
        if name == "last" and not several:
            continue
        axes.plot(*points.T, color=color, ls=line if many else "", lw=0.6, marker="o",
                  ms=2.5 if many else 3.5, label=f"{name} block" if several else None)  # fmt: skip
        for index in (0,) if many else range(len(points)):
            axes.annotate(
                str(index), points[index], xytext=(3, 3), textcoords="offset points",
                fontsize=6.5, color=color,
            )  # fmt: skip
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(xlabel="first axis (1 - correlation)", ylabel="second axis")
    axes.set_title("segments, classical scaling")
    if several:
        axes.legend()


def _kept(axes: Axes, result: xr.Dataset) -> None:
    relations = result["relation"].values.tolist()
    alone = len(relations) == 1
    place = np.arange(len(relations))
    for shift, (code, (name, color, marker)) in zip((-0.07, 0.07), _CODE.items(), strict=True):
        one = result.sel(code=code)
        value = one["similarity" if alone else "ratio"].values
        if not alone:
            axes.vlines(place + shift, one["ratio_low"], one["ratio_high"], color=color, lw=1.4)
        axes.plot(place + shift, value, color=color, marker=marker, lw=0.8, label=name)
    if not alone:
        axes.axhline(1, color="0.7", lw=0.6, zorder=0)
    axes.set_xticks(place, [f"{one}\n{_OF[one]}" for one in relations])
    axes.set_xlim(-0.5, len(relations) - 0.5)
    bottom, top = axes.get_ylim()
    axes.set_ylim(min(bottom, 0.0), max(top, 1.05))
    axes.set_ylabel("correlation of halves" if alone else "correlation / within blocks")
    axes.legend(loc="lower left")


_OF = {
    "within": "blocks",
    "between": "blocks",
    "proximal": "sessions",
    "distal": "sessions",
}


def _notes(result: xr.Dataset) -> list[str]:
    known = set(result["statistic"].values.tolist())
    units = int(result["n"].sel(statistic="structure.within"))
    notes = [
        f"{units} units observed in all trials; bars: bootstrap over units of one recording, 95 %. "
        "Diagonals left out; segments numbered in order, lines join successive ones. Descriptive."
    ]
    parts = []
    tested = [f"structure.{one}{end}" for one in _OF for end in ("", "_beyond_lag")]
    for name in (
        *tested,
        "structure.drop",
        "population_vector.lag_correlation",
        "structure.lag_correlation",
    ):
        if name in known and np.isfinite(p := float(result["p_value"].sel(statistic=name))):
            one = result.sel(statistic=name)
            parts.append(f"{name.replace('_', ' ')} {float(one['value']):.3f}, p = {p:.2g}")
    if parts:
        notes.append(f"Tests: {'; '.join(parts)}.")
    if not any(str(result["null"].sel(statistic=name).values) for name in known & set(tested)):
        notes.append("Fewer than seven segments: no test that structures are alike.")
    return [
        *notes,
        *([str(result.attrs["test_note"]).capitalize() + "."] * bool(result.attrs["test_note"])),
    ]
