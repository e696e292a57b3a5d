"""Inference: effect sizes over animals or network instances, with their means and tests.

A group is a stimulus or a point of a sweep. The value of an animal is the mean of its recordings.
Effect size: Hedges' g with its interval (noncentral t). Test: two-sided, of the animals' values
against no drift; p is corrected over the statistics of one group and selection (Holm). Rows without
a test are only in the table, which says why: fewer animals than needed, animal not known, order of
trials assumed, or a statistic whose value without drift is not known. Recordings in which a
statistic is undefined, such as a timing index where no code was detected, are left out and counted.
Unit of inference: animal, or network instance.
"""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.figures import style

MOST = 60
ROW = 0.19  # inches
REACH = 8.0  # larger effect sizes are drawn at the edge


def draw(result: xr.Dataset, options: Figures, **_: Any) -> tuple[Figure, pd.DataFrame]:
    """Draw Hedges' g of every tested statistic with its interval; mean, n and p are text.

    Parameters
    ----------
    result : Dataset
        From the rule `inference_table`.
    options : Figures

    Returns
    -------
    figure, table
        The table has the rows that are drawn.
    """
    table = result.to_dataframe().reset_index(drop=True)
    tested = table[np.isfinite(table["g"].astype(float))]
    shown = tested.iloc[:MOST].reset_index(drop=True)
    notes = _notes(result, table, tested, shown)
    with style.applied():
        figure = style.figure(options.width, 0.9 + ROW * max(len(shown), 3))
        left, right = figure.subplots(1, 2, width_ratios=(1, 0.95), sharey=True)
        right.set_axis_off()
        if shown.empty:
            left.set_axis_off()
            left.text(0.5, 0.5, "no statistic could be tested", ha="center", va="center",
                      transform=left.transAxes)  # fmt: skip
        else:
            _forest(left, right, shown)
        style.footnote(figure, notes)
    return figure, shown


def _forest(left: Any, right: Any, shown: pd.DataFrame) -> None:
    groups = list(dict.fromkeys(shown["group"]))
    colors = style.variant_colors(groups, None)
    limits = shown[["g_low", "g_high"]].to_numpy()
    reach = min(REACH, 1.05 * np.nanmax(np.abs(limits)))
    y = np.arange(len(shown))
    rows: list[dict[Any, Any]] = shown.to_dict("records")
    for place, row in enumerate(rows):
        color = colors[row["group"]]
        low, high = np.clip([row["g_low"], row["g_high"]], -reach, reach)
        left.plot([low, high], [place, place], color=color, lw=1.2)
        marker = "s" if abs(row["g"]) <= reach else ">" if row["g"] > 0 else "<"
        face = color if row["p_holm"] <= 0.05 else "white"
        at = np.clip(row["g"], -reach, reach)
        left.plot(at, place, marker, color=color, ms=4, mfc=face, clip_on=False)
        text = (
            f"{row['mean']:.3g} [{row['low']:.2g}, {row['high']:.2g}]  n = {row['n_animals']}  "
            f"p = {row['p_value']:.2g} ({row['p_holm']:.2g})"
        )
        right.text(0, place, text, va="center", fontsize=6, transform=right.get_yaxis_transform())
    one_selection = shown["selection"].nunique() == 1
    labels = [
        f"{row['analysis']}.{row['statistic']}"
        + ("" if one_selection else f" ({row['selection']})")
        for row in rows
    ]
    left.set_yticks(y, labels, fontsize=6)
    left.set_ylim(len(shown) - 0.4, -0.6)
    left.set_xlim(-reach, reach)
    left.axvline(0, color=style.BLACK, lw=0.6)
    left.set_xlabel("effect size (Hedges g) against no drift")
    right.set_title("mean [interval]  n  p (Holm)", fontsize=6.5)
    for group, part in shown.groupby("group", sort=False):
        left.plot([], [], "s", color=colors[str(group)], label=str(group))
        if part.index[0]:
            left.axhline(part.index[0] - 0.5, color=style.GRAY, lw=0.4)
    left.legend(ncols=2, loc="lower left", bbox_to_anchor=(-0.6, 1.0))


def _notes(
    result: xr.Dataset, table: pd.DataFrame, tested: pd.DataFrame, shown: pd.DataFrame
) -> list[str]:
    notes = []
    if len(shown):
        kinds = ", ".join(dict.fromkeys(shown["interval"]))
        tests = ", ".join(dict.fromkeys(shown["test"])).replace("_", " ")
        notes.append(
            f"means: {kinds}; g: {100 * result.attrs['confidence']:g} % interval; {tests} test, "
            "two-sided; Holm over the statistics of a group and selection, filled where at most .05"
        )
        least = shown["smallest_p"].max()
        if least > 0.05:
            notes.append(
                f"with {int(shown['n_animals'].min())} animals or instances no p is below "
                f"{least:.2g}: descriptive"
            )
    if len(tested) > len(shown):
        notes.append(f"the first {len(shown)} of {len(tested)} tested statistics")
    why = table.loc[table["note"] != "", "note"].value_counts()
    notes += [f"{count} rows: {note}" for note, count in why.items()]
    undefined = int(table["n_undefined"].sum())
    if undefined:
        notes.append(
            f"{undefined} values of recordings undefined (no code detected, too imprecise, no "
            "matched trials)"
        )
    return notes
