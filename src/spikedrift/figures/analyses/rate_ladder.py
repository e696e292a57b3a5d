"""Rate ladder: anchored indices in ever finer time bins, and of spike timing."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.figures import style

MATCHED = style.OKABE_ITO[2]


def draw(result: xr.Dataset, options: Figures, **_: Any) -> tuple[Figure, pd.DataFrame]:
    """Draw discrimination within and between blocks, and the index, rung by rung.

    Parameters
    ----------
    result : Dataset
        Of the analysis `rate_ladder`.
    options : Figures

    Returns
    -------
    figure, table
        The table has one row for each rung.
    """
    labels = [str(label) for label in result["rung"].values]
    place = np.arange(len(labels))
    tested = not str(result.attrs["test_note"])
    with style.applied():
        figure = style.figure(options.width, options.width * 0.46)
        left, right = figure.subplots(1, 2)
        for name, relation, marker, fill in (
            ("discrimination_within", "within blocks", "o", "full"),
            ("discrimination_between", "between blocks", "s", "none"),
        ):
            left.plot(
                place, result[name], ls="", marker=marker, fillstyle=fill, color=style.BLACK,
                label=relation,
            )  # fmt: skip
        left.plot(
            place, result["gate_limit"], ls="", marker="_", ms=12, color=style.GRAY,
            label="limit of the gate",
        )  # fmt: skip
        left.set(ylabel="discrimination of segments S")
        left.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0))
        if tested:
            for shift, name, color, label in (
                (-0.12, "null_rung", style.CODE["rate"], "exchange null, 95 %"),
                (0.12, "null_matched", MATCHED, "the same, counts matched"),
            ):
                known = result[name].notnull().any(axis=1).values
                low, high = np.nanquantile(result[name].values[known], [0.025, 0.975], axis=1)
                right.vlines(
                    place[known] + shift, low, high, color=color, lw=7, alpha=0.3, label=label
                )
        right.plot(
            place - 0.12, result["index"], ls="", marker="o", color=style.CODE["rate"],
            label="one population rate (timing: raw)",
        )  # fmt: skip
        right.plot(
            place + 0.12, result["index_matched"], ls="", marker="^", color=MATCHED,
            label="counts matched (timing: and redraw-scaled)",
        )  # fmt: skip
        right.axhline(0, color=style.GRAY, lw=0.6, zorder=0)
        right.set(ylabel="anchored index (S_w - S_b) / S_w")
        right.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0))
        shown = [label.replace("ms", " ms") for label in labels]
        shown[0] = f"trial\n({1000 * float(result['bin'][0]):.4g} ms)"
        for axes, text in ((left, "a"), (right, "b")):
            axes.set_xticks(place, shown)
            axes.set_xlim(-0.5, place[-1] + 0.5)
            axes.axvline(place[-1] - 0.5, color=style.GRAY, lw=0.6, ls=":")
            axes.set_xlabel("time bin")
            style.letter(axes, text)
        style.footnote(figure, [*_notes(result, labels), *style.notes_of(result.attrs)])
    names = ["discrimination_within", "discrimination_between", "gate_limit", "index",
             "index_matched", "gate_note"]  # fmt: skip
    return figure, result[["bin", *names]].to_dataframe().reset_index()


def _notes(result: xr.Dataset, labels: list[str]) -> list[str]:
    test = str(result.attrs["test_note"])
    if not test:
        p = [float(result["p_value"].sel(statistic=f"{label}.index")) for label in labels]
        listed = ", ".join(
            f"{label} {value:.3g}" for label, value in zip(labels, p, strict=True) if value == value
        )
        test = f"exchange test p: {listed} (trial: counts exchanged; others: spike times)"
    absent = [
        f"{label}: no index ({note})"
        for label, note in zip(labels, result["gate_note"].values, strict=True)
        if note
    ]
    n = int(result["n"].values[0])
    return [
        f"{test}; n = {n} pairs of trials, {int(result.attrs['n_common'])} units; spikes are taken "
        "as independent given the segment",
        *absent,
        "matching by the trials' own counts lowers the index of wide bins where repeats are few",
    ]
