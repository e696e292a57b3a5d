"""Signal drift: curves and indices of both codes on one scale, and the depth of the codes.

Its panels are those of every figure that shows the signal indices of a recording.
"""

from collections.abc import Hashable, Mapping
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

LABEL = "signal index (share drawn anew)"
SHORT = "signal index (1)"
MEASURED = (gates.OPEN, gates.IMPRECISE, gates.LONE)  # states of a code that was detected
LINE = {"within": "-", "between": "--"}
REACH = (-1.0, 2.0)  # what lies beyond leaves the axis
_LEAST = (-0.05, 0.25)  # least range of an axis of curves: noise about 0 must not look large
_ROOM = 0.4  # share of an axis of curves for its legend
_WORDS, _LABEL = 13, 18  # characters of a line below an index, in a legend
_BESIDE = 0.22  # from an index to that of trials matched by state


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
        The table has one row for each point: panel (curve, index, depth), code, relation, lag or
        block, value, low, high, n_pairs, p_value.
    """
    codes = [str(code) for code in result["code"].values]
    with style.applied():
        figure = style.figure(options.width, 2.7)
        left, middle, right = figure.subplots(1, 3, width_ratios=[1.5, 0.85, 0.75])
        tables = [
            curves(left, result),
            indices(middle, _tested(result, codes)).assign(relation="between"),
            depths(right, result),
        ]
        for axes, text in zip((left, middle, right), "abc", strict=True):
            style.letter(axes, text)
        figure.suptitle(str(result.attrs["recording"]), x=0.01, ha="left", fontsize=9)
        style.footnote(figure, [*_notes(result, codes), beyond(*tables)])
    table = pd.concat(tables, ignore_index=True)
    return figure, table.drop(columns=["matching", "gate", "gate_note"])


def curves(axes: Axes, file: xr.Dataset) -> pd.DataFrame:
    """Draw the index of windows of repeats against their lag, both codes on one axis.

    Parameters
    ----------
    axes : Axes
    file : Dataset
        From `spikedrift.drift.signal.recording` or the analysis: `curve`, `curve_low`,
        `curve_high`, `n_pairs`, `gate`. A code that was not detected has no curve; its name in
        the legend says why.

    Returns
    -------
    DataFrame
        One row for each vertex: panel, code, relation, lag, value, low, high, n_pairs.
    """
    parts, lines = [], []
    axes.axhline(0, color="0.6", lw=0.6, zorder=0)
    for code in map(str, file["code"].values):
        state = state_of(file, code)
        for relation, line in LINE.items():
            one = file[["curve", "curve_low", "curve_high", "n_pairs"]].sel(
                code=code, relation=relation
            )
            one = one.isel(lag=np.isfinite(one["curve"].values) & (state in MEASURED))
            lag, value, low, high = (
                one[name].values for name in ("lag", "curve", "curve_low", "curve_high")
            )
            axes.fill_between(lag, low, high, color=style.CODE[code], alpha=0.15, lw=0)
            axes.plot(lag, value, color=style.CODE[code], ls=line)
            parts.append(
                pd.DataFrame(
                    {
                        "panel": "curve",
                        "code": code,
                        "relation": relation,
                        "lag": lag.astype(int),
                        "value": value,
                        "low": low,
                        "high": high,
                        "n_pairs": one["n_pairs"].values.astype(int),
                    }
                )
            )
        label = code if state in MEASURED else f"{code}: {gates.short(state, code)}"
        label = style.wrapped(label, _LABEL)
        lines.append(Line2D([], [], color=style.CODE[code], label=label))
    lines += [Line2D([], [], color="0.3", ls=ls, label=f"{r} blocks") for r, ls in LINE.items()]
    axes.set(xlabel="lag (repeats)", ylabel=LABEL, title="against lag")
    style.whole_ticks(axes.xaxis)
    bottom, top = axes.get_ylim()
    bottom, top = max(min(bottom, _LEAST[0]), REACH[0]), min(max(top, _LEAST[1]), REACH[1])
    axes.set_ylim(bottom, top + _ROOM * (top - bottom))
    axes.legend(handles=lines, loc="upper left", ncols=2, fontsize=6.5, handlelength=1.6,
                columnspacing=1.0, borderaxespad=0.1)  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def beyond(*tables: pd.DataFrame) -> str:
    """Say that numbers of curves lie beyond the axis; empty where all are on it."""
    known = pd.concat([one.loc[one["panel"] == "curve", "value"] for one in tables])
    n = int(((known < REACH[0]) | (known > REACH[1])).sum())
    return f"{style.counted(n, 'point')} of curves beyond {REACH[0]:g} or {REACH[1]:g}." * bool(n)


def state_of(file: xr.Dataset, code: str) -> str:
    """Gate of a code on all trials, from a file of indices or of the analysis."""
    gate = file["gate"].sel(code=code)
    return str((gate.sel(matching="none") if "matching" in gate.dims else gate).values)


def indices_of(file: xr.Dataset) -> pd.DataFrame:
    """List the indices of a file of `spikedrift.drift.signal.recording`, for `indices`.

    Returns
    -------
    DataFrame
        One row for each code and matching: code, matching (none, state), value (NaN where the gate
        is not open), low, high, p_value, gate, gate_note.
    """
    rows = []
    for code in map(str, file["code"].values):
        for matching in map(str, file["matching"].values):
            one = file.sel(matching=matching, code=code)
            rows.append(
                {
                    "code": code,
                    "matching": matching,
                    "value": float(one["index"]),
                    **{name: float(one[name]) for name in ("low", "high", "p_value")},
                    "gate": gates.of(file, code, matching),
                    "gate_note": str(one["gate_note"].values),
                }
            )
    return pd.DataFrame(rows)


def indices(axes: Axes, rows: pd.DataFrame) -> pd.DataFrame:
    """Draw indices between blocks with their intervals, and below them p or why it is missing.

    Filled: all trials; open: matched by state; dotted interval: too imprecise to say that nothing
    drifts. The axis holds 0 and 1 in every recording.

    Parameters
    ----------
    axes : Axes
    rows : DataFrame
        As `indices_of` makes them.

    Returns
    -------
    DataFrame
        The rows, with `panel`.
    """
    axes.axhline(0, color="0.6", lw=0.6, zorder=0)
    axes.axhline(1, color="0.6", lw=0.6, ls=":", zorder=0)
    axes.text(0.98, 1, "as another unit", ha="right", va="bottom", fontsize=6.5, color="0.4",
              transform=axes.get_yaxis_transform())  # fmt: skip
    codes = list(dict.fromkeys(rows["code"]))
    said = {}
    for row in rows.to_dict("records"):
        code, color, matched = row["code"], style.CODE[row["code"]], row["matching"] != "none"
        place = codes.index(code) + _BESIDE * matched
        if np.isfinite(row["value"]):
            vague = row["gate"] == gates.IMPRECISE
            axes.vlines(place, row["low"], row["high"], color=color, lw=1.2,
                        ls=":" if vague else "-")  # fmt: skip
            axes.plot(place, row["value"], style.CODE_MARKER[code], color=color,
                      mfc="white" if matched else color, ms=4.5)  # fmt: skip
        if not matched:
            said[code] = "\n".join([code, *(style.wrapped(line, _WORDS) for line in words(row))])
    ends = rows.loc[np.isfinite(rows["value"]), ["low", "high"]].to_numpy().ravel()
    ends = ends[np.isfinite(ends)]
    bottom, top = min([-0.1, *ends]), max([1.15, *ends])
    axes.set_ylim(max(bottom, REACH[0]), min(top, REACH[1]))
    axes.set(title="between blocks", ylabel=LABEL, xlim=(-0.5, len(codes) - 0.5))
    axes.set_xticks(range(len(codes)), [said[code] for code in codes])
    for label, code in zip(axes.get_xticklabels(), codes, strict=True):
        label.set(color=style.CODE[code], fontsize=6.5)
    return rows.assign(panel="index")


def words(row: Mapping[Hashable, Any]) -> list[str]:
    """Lines below an index: its p and whether it is too imprecise, or why there is no index."""
    if not np.isfinite(row["value"]):
        return [gates.short(row["gate"], row["code"])]
    p = float(row["p_value"])
    test = f"p = {p:.2g}" if np.isfinite(p) else "no test"
    return [test, *["(imprecise)"] * (row["gate"] == gates.IMPRECISE)]


def depths(axes: Axes, file: xr.Dataset) -> pd.DataFrame:
    """Draw the depth of the codes by block, which is not drift: learning and forgetting change it.

    Returns
    -------
    DataFrame
        One row for each code and block: panel, code, block, value (NaN for a code that was not
        detected).
    """
    parts = []
    for code in map(str, file["code"].values):
        detected = state_of(file, code) in MEASURED
        depth = file["depth"].sel(code=code).where(detected).values
        block = np.arange(depth.size)
        axes.plot(block, depth, color=style.CODE[code], marker=style.CODE_MARKER[code])
        parts.append(pd.DataFrame({"panel": "depth", "code": code, "block": block, "value": depth}))
    axes.set(title="depth of the code", xlabel="block (number)", ylabel="signal SD / mean (1)")
    axes.set_xticks(np.arange(file.sizes["block"]))
    axes.set_xlim(-0.3, file.sizes["block"] - 0.7)
    known = np.concatenate([part["value"] for part in parts])
    axes.set_ylim(0, 1.15 * max([*known[np.isfinite(known)], 0.1]))
    return pd.concat(parts, ignore_index=True)


def paired(file: xr.Dataset) -> str:
    """Sentence on timing less rate of all trials, paired; empty where either has no index."""
    one = file.sel(matching="none")
    value, low, high, p = (
        float(one[f"difference{name}"]) for name in ("", "_low", "_high", "_p_value")
    )
    if not np.isfinite(value):
        return ""
    test = f", p = {p:.2g}" if np.isfinite(p) else ", not tested"
    return f"Timing less rate: {value:.3f} [{low:.3f}, {high:.3f}]{test}, paired."


def _tested(result: xr.Dataset, codes: list[str]) -> pd.DataFrame:
    """List the indices of the analysis in the form of `indices_of`."""
    rows = []
    for code in codes:
        one = result.sel(statistic=f"{code}.index")
        value = float(one["value"])
        rows.append(
            {
                "code": code,
                "matching": "none",
                "value": value,
                **{name: float(one[name]) for name in ("low", "high", "p_value")},
                "gate": gates.state_of(state_of(result, code), value),
                "gate_note": str(result["gate_note"].sel(code=code).values),
            }
        )
    return pd.DataFrame(rows)


def _notes(result: xr.Dataset, codes: list[str]) -> list[str]:
    n = int(result["n"].sel(statistic="difference"))
    said = [
        f"n = {n} units. Bands: bootstrap over units; bars: "
        f"{result['interval'].sel(statistic='difference').item()}."
    ]
    for code in codes:
        one = result.sel(statistic=f"{code}.index")
        if np.isfinite(float(one["p_value"])):
            said.append(
                f"{code}: p of no drift {float(one['p_value']):.2g}, over units and repeats."
            )
        if note := str(result["gate_note"].sel(code=code).values):
            said.append(f"{code}: {note}.")
    difference = result.sel(statistic="difference")
    if np.isfinite(float(difference["p_value"])):
        value, low, high, p = (
            float(difference[name]) for name in ("value", "low", "high", "p_value")
        )
        said.append(f"Timing less rate {value:.3f} [{low:.3f}, {high:.3f}], p {p:.2g}, paired.")
    note = str(result.attrs["test_note"])
    return [" ".join(said), *([f"{note}."] if note else []), *style.notes_of(result.attrs)]
