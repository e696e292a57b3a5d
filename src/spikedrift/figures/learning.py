"""Learning and drift of the simulations of a sweep, point by point.

Left: how well single trials distinguish segments, S = (D_different - D_same) / (D_different +
D_same), where D is the mean distance of trials of different segments and of one segment; before
training (naive, open) and in the blocks after it (filled), by rate and by timing. Right: signal
index between blocks, the share of the signal that is drawn anew (0 kept, 1 as another cell); filled
where the test of that instance (the larger p of random signs of its cells and of a jackknife over
repeats) gives p <= 0.05. Where instances have no index, the panel says how many and why, for
example that no code was detected. Diamonds are too imprecise to conclude that nothing drifts; they
count in the mean. Every point of an axis has a row of its own; points stand in the order of the
configuration.

Unit of inference: network instance (wiring, patterns and noise drawn anew). Null of each test: the
signal does not change between blocks. Discrimination also depends on firing rates: compare it with
the control in gray.
"""

from collections.abc import Mapping, Sequence

import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from spikedrift.config.compare import Compare
from spikedrift.config.figures import Figures
from spikedrift.core.errors import InputError
from spikedrift.drift import gates
from spikedrift.drift.discrimination import discrimination
from spikedrift.figures import style
from spikedrift.figures.analyses import signal_drift
from spikedrift.ground_truth import verdicts
from spikedrift.stats.intervals import t_interval

CODES = ("rate", "timing")
_WORDS = 20  # characters of a line below an axis
_ROW_HEIGHT = 0.52  # of a point, inches
_LEVEL = 0.05  # of the test of an index, for filled points
_MARK, _VAGUE = "o", "d"  # marker of an instance; of one whose index is too imprecise
_SPREAD = 0.26  # of the instances around their point, in rows


def draw(
    *,
    rate: Sequence[xr.Dataset],
    timing: Sequence[xr.Dataset],
    index: Sequence[xr.Dataset],
    points: Sequence[str],
    control: str | None = None,
    titles: Mapping[str, str] | None = None,
    variants: Mapping[str, str] | None = None,
    compare: Compare | None = None,
    options: Figures | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """Discrimination of segments (naive: open, blocks: filled) and drift between blocks.

    The mean over instances is a black bar; its interval (Student) is drawn only with
    `compare.min_instances` or more. Where instances have no index, the panel says how many and
    why; an index that is too imprecise to conclude that nothing drifts is drawn with another marker
    and counts in the mean.

    Parameters
    ----------
    rate, timing : sequences of Dataset
        Similarity files of the runs, of a selection that keeps the phases naive and block.
    index : sequence of Dataset
        Index files (`spikedrift.drift.signal.recording`) of the same runs.
    points : sequence of str
        Point of the sweep of every run: a variant at one value of each axis. Instances are
        within a point.
    control : str, optional
        The variant that is drawn in gray.
    titles : mapping, optional
        Words for the points.
    variants : mapping, optional
        Variant of a point, which gives its color; default: every point is a variant.
    compare : Compare, optional
        For `min_instances` and `confidence`.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row a number: point, recording, code, quantity (discrimination, signal_index),
        phase, value, p_value (over units and repeats), gate and gate_note of an index.

    Raises
    ------
    InputError
        Where the lists are not of the same runs.
    """
    options, compare, titles = options or Figures(), compare or Compare(), titles or {}
    check_runs("learning", points, rate=rate, timing=timing, index=index)
    table = pd.concat(
        [
            discriminations(rate, points),
            discriminations(timing, points),
            indices(index, points),
        ],
        ignore_index=True,
    )
    order = list(dict.fromkeys(points))
    colors = style.point_colors(order, variants, control)
    smallest = min(map(list(points).count, order))
    words = style.wrapped(signal_drift.LABEL, _WORDS)
    with style.applied():
        figure = style.figure(options.width, _ROW_HEIGHT * len(order) + 1.15)
        panels = figure.subplots(1, 4, sharey=True)
        for axes, (quantity, code) in zip(
            panels, [(q, c) for q in ("discrimination", "signal_index") for c in CODES], strict=True
        ):
            part = table[(table["quantity"] == quantity) & (table["code"] == code)]
            panel(axes, part, order, colors, compare)
            axes.set_title(code, color=style.CODE[code])
            axes.set_xlabel("S within blocks (1)" if quantity == "discrimination" else words)
        panels[0].set_yticks(range(len(order)), [titles.get(name) or name for name in order])
        panels[0].set_ylim(len(order) - 0.5, -0.5)
        for axes in panels:
            axes.tick_params(axis="y", length=0)
        figure.suptitle(
            "Discrimination of patterns (two panels left) and drift between blocks (right)",
            x=0.01,
            ha="left",
            fontsize=8.5,
        )
        marks = [("naive", "white"), ("blocks", "0.3")]
        panels[0].legend(
            handles=[
                Line2D([], [], ls="", marker="o", mec="0.3", mfc=fill, label=label)
                for label, fill in marks
            ],
            loc="best",
            handletextpad=0.1,
            borderaxespad=0.1,
        )
        units = sorted({int(file.attrs["n_units"]) for file in index})
        of_each = style.at_least(map(list(points).count, order))
        style.footnote(
            figure,
            [
                f"Dots: network instances (unit of inference), {of_each} a point; "
                "black: their mean"
                + (
                    f" and {compare.confidence:.0%} interval (Student)."
                    if smallest >= compare.min_instances
                    else ", no interval: an illustration."
                )
                + f" Units a network: {', '.join(map(str, units))}. Right: share of the signal "
                f"drawn anew between blocks; {filled(table)}"
            ]
            + [note for file in index for note in assumed(file)]
            + verdicts.notes("signal_drift"),
        )
    return figure, table


def check_runs(
    figure: str, points: Sequence[str], also: str = "", **files: Sequence[xr.Dataset]
) -> None:
    """Refuse lists of files that are not of the same runs, or not one point a run.

    Parameters
    ----------
    figure : str
        Name of the figure in messages.
    points : sequence of str
    also : str
        Further mismatch for the message; empty where there is none.
    **files : sequences of Dataset
        One file for each run, by the word for the files.

    Raises
    ------
    InputError
        Where the lists are empty or not of the same runs.
    """
    *others, last = files
    runs, *rest = ([str(file.attrs["recording"]) for file in group] for group in files.values())
    if not runs:
        raise InputError(f"figure {figure}: there are no {last} files")
    if any(one != runs for one in rest):
        words = f"{', '.join(others)} and {last}"
        raise InputError(f"figure {figure}: {words} files must be of the same runs")
    if len(points) != len(runs) or also:
        raise InputError(f"figure {figure}: {len(points)} points given for {len(runs)} runs{also}")


def assumed(file: xr.Dataset) -> list[str]:
    """List notes without the name of the run, so that there is one line for all instances."""
    name = f"{file.attrs['recording']}: "
    return [note.removeprefix(name) for note in style.notes_of(file.attrs, judged=False)]


def filled(table: pd.DataFrame) -> str:
    """Words for the markers of indices: the test of an instance, and imprecise indices."""
    shown = table.loc[table["value"].notna() & table["gate"].notna(), "gate"]
    vague = (shown == gates.IMPRECISE).any()
    return (
        f"filled where that instance has p <= {_LEVEL} (over its units and repeats)"
        + "; diamonds: too imprecise to say that nothing drifts" * bool(vague)
        + "."
    )


def discriminations(files: Sequence[xr.Dataset], points: Sequence[str]) -> pd.DataFrame:
    """One row for each instance and phase, as `draw` returns them."""
    rows = []
    for file, point in zip(files, points, strict=True):
        found = discrimination(file)
        for phase in ("naive", "block"):
            value = found.loc[found["phase"] == phase, "value"]
            if not len(value):
                continue
            rows.append(
                {
                    "point": point,
                    "recording": file.attrs["recording"],
                    "code": file.attrs["code"],
                    "quantity": "discrimination",
                    "phase": phase,
                    "value": float(value.mean()),
                }
            )
    return pd.DataFrame(rows)


def indices(files: Sequence[xr.Dataset], points: Sequence[str]) -> pd.DataFrame:
    """One row for each instance and code, as `draw` returns them; NaN where there is no index."""
    rows = []
    for file, point in zip(files, points, strict=True):
        for code in CODES:
            one = file.sel(matching="none", code=code)
            rows.append(
                {
                    "point": point,
                    "recording": file.attrs["recording"],
                    "code": code,
                    "quantity": "signal_index",
                    "phase": "block",
                    "value": float(one["index"]),
                    "p_value": float(one["p_value"]),
                    "gate": gates.of(file, code),
                    "gate_note": str(one["gate_note"].values),
                }
            )
    return pd.DataFrame(rows)


def panel(
    axes: Axes,
    part: pd.DataFrame,
    order: Sequence[str],
    colors: Mapping[str, str],
    compare: Compare,
) -> None:
    """Draw one quantity of one code: instances, their mean and its interval, by point."""
    drift = (part["quantity"] == "signal_index").any()
    axes.axvline(0, color="0.7", lw=0.6, zorder=0)
    for row, point in enumerate(order):
        here = part[part["point"] == point]
        runs = list(dict.fromkeys(here["recording"]))
        place = {run: row + _offset(k, len(runs)) for k, run in enumerate(runs)}
        y = here["recording"].map(place)
        if not drift:
            for run in runs:
                of_run = here[here["recording"] == run]
                axes.plot(of_run["value"], [place[run]] * len(of_run), color=colors[point], lw=0.7)
        open_ = ~(here["p_value"] <= _LEVEL) if drift else here["phase"] == "naive"
        vague = here["gate"] == gates.IMPRECISE if drift else open_ & ~open_
        for chosen, fill in ((open_, "white"), (~open_, colors[point])):
            for kind, marker in ((~vague, _MARK), (vague, _VAGUE)):
                axes.plot(
                    here["value"][chosen & kind],
                    y[chosen & kind],
                    ls="",
                    marker=marker,
                    mec=colors[point],
                    mfc=fill,
                    mew=0.8,
                    ms=4,
                )
        last = here.loc[here["phase"] == "block", "value"].dropna().to_numpy()
        if drift:
            states = map(gates.absent, here["gate"], here["value"])
            absent = gates.counted(states, str(part["code"].iloc[0]))
            if absent:
                axes.annotate(
                    absent,
                    (0.03, row + 0.47),
                    xycoords=axes.get_yaxis_transform(),
                    fontsize=5.5,
                    color="0.35",
                    va="bottom",
                )
        if last.size > 1:
            axes.plot([last.mean()] * 2, [row - 0.36, row + 0.36], color="black", lw=1.4)
        if last.size >= compare.min_instances:
            axes.plot(t_interval(last, compare.confidence), [row] * 2, color="black", lw=1.0)


def _offset(k: int, n: int) -> float:
    return 0.0 if n == 1 else _SPREAD * (2 * k / (n - 1) - 1)
