"""Networks before and after learning: responses, selectivity, detectors, weights over time.

Upper row: mean response of every recorded cell of one network instance to one pattern, before
training (naive) and in the first block after it, for the control and for one variant that learns.
Cells are sorted by the time of their largest response on every second repeat of the block and drawn
on the other repeats; all maps have one color scale.

Middle: selectivity of cells (cross-validated d' between the preferred pattern and each other one; 0
without selectivity); share of detectors (cells with a spike in at least 80 % of the showings of the
preferred pattern and in at most 20 % of background windows); and how well single trials tell
patterns apart, S = (D_different - D_same) / (D_different + D_same) with the mean dissimilarities D
of trials of different patterns and of the same one, by rate and by timing. Naive is open, the
blocks are filled.

Lower: mean weight of every plastic projection, dashed for the control; bands reach from the
smallest to the largest instance; an axis spans at least a tenth of its weights. In a silent pause
cells fire by membrane noise below the target rate of the inhibitory rule, which lowers its weights.

Unit of inference: network instance (wiring, patterns and noise drawn anew). No test is made here;
the null is the control in gray, whose learning is switched off. Selectivity and S depend on firing
rates too, and selectivity without learning rises where a stage has more repeats: compare variants
at one stage, not stages of one variant.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from spikedrift.config.compare import Compare
from spikedrift.config.figures import Figures
from spikedrift.core.errors import InputError
from spikedrift.figures import learning, style
from spikedrift.trials import offsets

_BIN = 0.005  # of the response maps, s
_MOST = 0.99  # quantile of the responses at the end of the color scale
_LEAST_SHARE = 0.1  # of detectors, at the upper end of their axis
_WORDS = 18  # characters of a line of a label
_LEAST_SPAN = 0.1  # of an axis of weights, as a share of the weight in its middle
_MEASURES = {"selectivity": "selectivity d' (1)", "detectors": "detectors (share of cells)"}
_PROJECTION = {"afferent": "A→E", "recurrent": "E→E", "inhibitory": "I→E"}


def draw(
    *,
    trials: Sequence[xr.Dataset],
    traces: Sequence[xr.Dataset],
    rate: Sequence[xr.Dataset],
    timing: Sequence[xr.Dataset],
    points: Sequence[str],
    shown: Sequence[str],
    control: str | None = None,
    titles: Mapping[str, str] | None = None,
    variants: Mapping[str, str] | None = None,
    compare: Compare | None = None,
    options: Figures | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """Response maps, learning by stage and by point, weights over time.

    Parameters
    ----------
    trials : sequence of Dataset
        Trials files whose responses are shown, one or two.
    traces, rate, timing : sequences of Dataset
        Traces and similarity files (of a selection that keeps the phases naive and block) of all
        runs of a sweep.
    points : sequence of str
        Point of the sweep of every run: a variant at one value of each axis. Instances are
        within a point.
    shown : sequence of str
        Points of `trials`.
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
        One row a drawn number: panel (response, selectivity, detectors, discrimination, weight),
        point, recording, x (s or stage), value and what the panel needs beside.

    Raises
    ------
    InputError
        Where the lists are not of the same runs, or these have not the same phases.
    """
    options, compare, titles = options or Figures(), compare or Compare(), titles or {}
    also = f", {len(shown)} for {len(trials)} trials files" * (len(shown) != len(trials))
    learning.check_runs("network", points, also, traces=traces, rate=rate, timing=timing)
    _refuse_unlike(traces)
    order = list(dict.fromkeys(points))
    colors = style.point_colors(order, variants, control)
    plastic = traces[0].sizes["projection"]
    smallest = min(map(list(points).count, order))
    few = smallest < compare.min_instances
    still = {name for name in order if (variants or {}).get(name, name) == control}
    with style.applied():
        heights = [2.4, 2.5, 2.1][: 3 if plastic else 2]
        figure = style.figure(options.width, sum(heights) + 0.2)
        style.title(
            figure,
            "Networks before and after learning",
            f"{smallest} instances a point" * few,
        )
        upper, middle, *lower = parts = style.rows(figure, heights)
        tables = [
            _responses(upper.subplots(1, 2 * len(trials), squeeze=False)[0], trials, shown, titles),
            _learning(middle, traces, rate, timing, points, colors, titles, compare),
            *(_weights(row.subplots(1, plastic, squeeze=False)[0], traces, points, colors, still)
              for row in lower),
        ]  # fmt: skip
        parts[-1].legend(
            handles=[Line2D([], [], color=colors[n], label=titles.get(n) or n,
                            **_line(n in still)) for n in order],
            loc="outside upper center", ncols=min(len(order), 4), fontsize=7,
        )  # fmt: skip
        for part, text in zip(parts, "abc", strict=False):
            part.text(0.004, 0.99, text, fontsize=10, fontweight="bold", va="top")
        style.footnote(figure, _notes(trials, traces, points))
    return figure, pd.concat(tables, ignore_index=True)


def _refuse_unlike(traces: Sequence[xr.Dataset]) -> None:
    """Refuse runs whose stages or plastic projections are not those of the first run."""
    for name in ("stage", "projection"):
        here = traces[0][name].values.astype(str).tolist()
        for file in traces[1:]:
            if (there := file[name].values.astype(str).tolist()) != here:
                raise InputError(
                    f"figure network: {name}s of {file.attrs['recording']} are "
                    f"{', '.join(there) or 'none'} and those of {traces[0].attrs['recording']} "
                    f"{', '.join(here) or 'none'}; give such variants sweeps of their own, or "
                    "leave the sweep out of figures.learning"
                )


def _responses(
    panels: Sequence[Axes],
    trials: Sequence[xr.Dataset],
    shown: Sequence[str],
    titles: Mapping[str, str],
) -> pd.DataFrame:
    """Draw maps of cells by time, naive and in the first block, of every shown network."""
    maps, rows = [], []
    for file in trials:
        pattern = int(file["segment"].values[file["phase"].values == "block"].min())
        of_phase = {
            phase: np.flatnonzero(
                (file["phase"].values == phase)
                & (file["segment"].values == pattern)
                & (file["block"].values == 0)
            )
            for phase in ("naive", "block")
        }
        sorting, drawn = of_phase["block"][1::2], of_phase["block"][::2]
        order = np.argsort(_mean_rate(file, sorting).argmax(axis=1), kind="stable")
        maps.append((pattern, _mean_rate(file, of_phase["naive"])[order],
                     _mean_rate(file, drawn)[order]))  # fmt: skip
    shown_at_all = [one for _, *both in maps for one in both if not np.isnan(one).any()]
    top = max(np.quantile(one, _MOST) for one in shown_at_all) or 1.0
    for k, (file, name, (pattern, *both)) in enumerate(zip(trials, shown, maps, strict=True)):
        for j, (value, phase) in enumerate(zip(both, ("naive", "first block"), strict=True)):
            axes = panels[2 * k + j]
            end = 1e3 * _BIN * value.shape[1]
            image = axes.imshow(
                value,
                aspect="auto",
                cmap="viridis",
                vmin=0,
                vmax=top,
                extent=(0, end, len(value), 0),
                interpolation="nearest",
            )
            none = ", no trials" * bool(np.isnan(value).any())
            axes.set_title(f"{titles.get(name) or name}\n{phase}{none}", fontsize=7.5)
            axes.set_xlabel("time (ms)")
            if 2 * k + j:
                axes.set_yticks([])
            else:
                axes.set_ylabel("recorded cell, sorted")
            cell, step = np.indices(value.shape).reshape(2, -1)
            rows.append(
                pd.DataFrame(
                    {
                        "panel": "response",
                        "point": name,
                        "recording": file.attrs["recording"],
                        "phase": phase,
                        "pattern": pattern,
                        "cell": cell,
                        "x": step * _BIN,
                        "value": value.ravel(),
                    }
                )
            )
    bar = panels[0].figure.colorbar(image, ax=list(panels), pad=0.01, aspect=18, extend="max")
    bar.set_label("mean rate (Hz)")
    bar.outline.set_visible(False)
    return pd.concat(rows)


def _mean_rate(file: xr.Dataset, index: np.ndarray) -> np.ndarray:
    """Mean rate of cells by time over some trials: shape (n_units, n_bins), Hz; NaN for none."""
    n_units = file.sizes["unit"]
    edges = offsets(file)
    n_bins = round(float(file["duration"].values.min()) / _BIN)
    count = np.zeros((n_units, n_bins))
    if not len(index):
        return np.full_like(count, np.nan)
    for trial in index:
        of_trial = edges[trial * n_units : (trial + 1) * n_units + 1]
        unit = np.repeat(np.arange(n_units), np.diff(of_trial))
        step = (file["spike_time"].values[of_trial[0] : of_trial[-1]] / _BIN).astype(int)
        inside = step < n_bins
        np.add.at(count, (unit[inside], step[inside]), 1)
    return count / (len(index) * _BIN)


def _learning(
    place: Any,
    traces: Sequence[xr.Dataset],
    rate: Sequence[xr.Dataset],
    timing: Sequence[xr.Dataset],
    points: Sequence[str],
    colors: Mapping[str, str],
    titles: Mapping[str, str],
    compare: Compare,
) -> pd.DataFrame:
    """Draw selectivity and detectors by stage, discrimination by point."""
    order = list(colors)
    panels = place.subplots(1, 4, width_ratios=[1.1, 1.1, 1, 1])
    tables = []
    for axes, (name, words) in zip(panels, _MEASURES.items(), strict=False):
        stages = [str(stage) for stage in traces[0]["stage"].values]
        value = np.array([file[name].values for file in traces])
        for k, point in enumerate(order):
            of = np.array([c == point for c in points])
            x = np.arange(len(stages)) + 0.09 * (k - (len(order) - 1) / 2)
            axes.plot(np.tile(x, (of.sum(), 1)).T, value[of].T, ls="", marker="o", ms=2.2,
                      color=colors[point], alpha=0.6, mew=0)  # fmt: skip
            axes.plot(x, value[of].mean(axis=0), color=colors[point], lw=1.1)
        axes.set_xticks(range(len(stages)), stages, rotation=40, ha="right", rotation_mode="anchor")
        axes.set_ylabel(words)
        axes.axhline(0, color="0.7", lw=0.6, zorder=0)
        if name == "detectors":
            axes.set_ylim(-0.01, max(_LEAST_SHARE, 1.05 * np.nanmax(value, initial=0)))
        tables.append(
            pd.DataFrame(
                [
                    {"panel": name, "point": point, "recording": file.attrs["recording"],
                     "stage": stage, "value": float(number)}
                    for file, point, row in zip(traces, points, value, strict=True)
                    for stage, number in zip(stages, row, strict=True)
                ]
            )
        )  # fmt: skip
    for axes, files, code in zip(panels[2:], (rate, timing), learning.CODES, strict=True):
        part = learning.discriminations(files, points)
        learning.panel(axes, part, order, colors, compare)
        axes.set_title(f"S, {code}", color=style.CODE[code])
        axes.set_xlabel("S within blocks (1)")
        axes.set_ylim(len(order) - 0.5, -0.5)
        axes.set_yticks(range(len(order)), [])
        axes.tick_params(axis="y", length=0)
        tables.append(part.assign(panel="discrimination"))
    panels[2].set_yticks(
        range(len(order)), [style.wrapped(titles.get(n) or n, 12) for n in order], fontsize=6.5
    )
    return pd.concat(tables)


def _weights(
    panels: Sequence[Axes],
    traces: Sequence[xr.Dataset],
    points: Sequence[str],
    colors: Mapping[str, str],
    control: Collection[str],
) -> pd.DataFrame:
    """Draw the mean weight of every projection over time, phases set apart.

    The control is dashed and above the others, which it hides nowhere and is hidden by nowhere.
    """
    rows = []
    first = traces[0]
    for axes, projection in zip(panels, map(str, first["projection"].values), strict=True):
        for point, color in colors.items():
            files = [f for f, c in zip(traces, points, strict=True) if c == point]
            time = files[0]["time"].values
            value = np.array([np.interp(time, f["time"].values,
                                        f["mean_weight"].sel(projection=projection).values)
                              for f in files])  # fmt: skip
            mean, low, high = value.mean(axis=0), value.min(axis=0), value.max(axis=0)
            axes.fill_between(time, low, high, color=color, alpha=0.2, lw=0)
            axes.plot(time, mean, color=color, **_line(point in control))
            rows.append(
                pd.DataFrame({"panel": "weight", "point": point, "projection": projection,
                              "x": time, "value": mean, "low": low, "high": high})
            )  # fmt: skip
        edge, phase = first["edge"].values, [str(name) for name in first["phase"].values]
        for start in edge[1:-1]:
            axes.axvline(start, color="0.85", lw=0.6, zorder=0)
        for start, stop, name in zip(edge[:-1], edge[1:], phase[:-1], strict=True):
            if stop - start > 0.045 * (edge[-1] - edge[0]):
                axes.annotate(
                    name,
                    ((start + stop) / 2, 1.0),
                    xycoords=axes.get_xaxis_transform(),
                    fontsize=5.5,
                    color="0.35",
                    rotation=90,
                    ha="center",
                    va="top",
                )
        bottom, top = _spread(*axes.get_ylim())
        axes.set_ylim(bottom, top + 0.3 * (top - bottom))
        axes.set_title(_PROJECTION.get(projection, projection))
        axes.set_xlabel("time (s)")
    unit = str(first["mean_weight"].attrs.get("units", "1"))
    panels[0].set_ylabel(style.wrapped(f"mean weight ({unit})", _WORDS))
    return pd.concat(rows)


def _line(control: bool) -> dict[str, Any]:
    return {"ls": (0, (3, 2)), "zorder": 3} if control else {}


def _spread(bottom: float, top: float) -> tuple[float, float]:
    """Limits at least `_LEAST_SPAN` apart, so that scatter does not fill the panel."""
    middle = (bottom + top) / 2
    half = max((top - bottom) / 2, _LEAST_SPAN * abs(middle) / 2)
    return middle - half, middle + half


def _notes(
    trials: Sequence[xr.Dataset], traces: Sequence[xr.Dataset], points: Sequence[str]
) -> list[str]:
    bad: dict[str, int] = {}
    for file in traces:
        status = str(file.attrs.get("status", "ok"))
        if status != "ok":
            bad[status] = bad.get(status, 0) + 1
    counts = Counter(points).values()
    cells = sorted({file.sizes["unit"] for file in trials})
    return [
        f"{style.at_least(counts)} network instances (unit of inference) in each of {len(counts)} "
        f"points, seed {traces[0].attrs.get('seed')}; {', '.join(map(str, cells))} recorded "
        f"cells; a: instance {trials[0].attrs.get('instance')}. Lines: means over instances. b, "
        "right: black bars are means over instances.",
        "Networks whose status is not ok: "
        + (", ".join(f"{n} {name}" for name, n in bad.items()) or "none")
        + ".",
    ]
