"""Raster: a few repeats of one segment, the first and the last block side by side.

The repeats are evenly spaced in the first block (left) and in the last block (right). Each row is
one unit; color is the population. Units are sorted by their median first-spike latency in the first
block only, so that an order that still holds in the last block is not fitted to it.

n: one recording; the figure's note gives the number of units and the assumptions. No inference.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.config.selections import Selection
from spikedrift.core.errors import InputError
from spikedrift.figures import style
from spikedrift.spikes import selections
from spikedrift.trials import offsets

_ROW_HEIGHT = 1.7


def draw(
    *,
    trials: xr.Dataset,
    selection: Mapping[str, Any] | None = None,
    seed: int = 0,
    options: Figures | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """Draw spikes of one segment: a row of panels for each repeat, first block left, last right.

    Units are sorted by population, then by their median first-spike latency in the first block
    only, so that their order is not fitted to the last block. The repeats shown are evenly spaced
    in each block.

    Parameters
    ----------
    trials : Dataset
        A trials file (`spikedrift.trials`).
    selection : mapping, optional
        Options of a `Selection` that is applied first.
    seed : int
        Seed of the run, for the random draws of the selection.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row for each spike: block, repeat, unit_id, population, row (in the panel), time_s.

    Raises
    ------
    InputError
        Where the recording has no trials of the phase "block", or none of the segment asked for.
    """
    options = options or Figures()
    if selection is not None:
        trials = selections.apply(trials, Selection(**selection), seed)
    shown = choose(trials, options)
    recording, n_rows = trials.attrs["recording"], max(map(len, shown.trials.values()))
    with style.applied():
        figure = style.figure(options.width, _ROW_HEIGHT * n_rows + 0.5)
        panels = figure.subplots(n_rows, len(shown.trials), squeeze=False, sharex=True, sharey=True)
        for column, (block, of_block) in enumerate(shown.trials.items()):
            for row in range(n_rows):
                axes = panels[row, column]
                if row < len(of_block):
                    panel(axes, trials, shown, block, row)
                else:
                    axes.set_axis_off()
        for axes in panels[-1]:
            axes.set_xlabel("time from trial start (s)")
        mark_areas(panels[:, 0], trials, shown)
        figure.suptitle(
            f"{recording}, segment {_name(trials, shown.segment)}", x=0.01, ha="left", fontsize=9
        )
        style.footnote(figure, [note(trials, shown), *style.notes_of(trials.attrs)])
    return figure, shown.table


class Shown(NamedTuple):
    """Segment, units, trials and spikes of a raster.

    Attributes
    ----------
    segment : int
    rows : array of int
        Units, lowest row first.
    trials : dict of block -> array of int
        Trials of the first block and of the last.
    table : DataFrame
        Their spikes, as `draw` returns them.
    """

    segment: int
    rows: np.ndarray
    trials: dict[int, np.ndarray]
    table: pd.DataFrame


def choose(trials: xr.Dataset, options: Figures) -> Shown:
    """Choose segment, units and repeats of the first and the last block, as `draw` says.

    Raises
    ------
    InputError
        As `draw`.
    """
    recording = trials.attrs["recording"]
    chosen = trials["phase"].values == "block"
    if not chosen.any():
        raise InputError(f"{recording}: no trials of phase 'block' to draw a raster of")
    block, repeat = trials["block"].values, trials["repeat"].values
    first, last = block[chosen].min(), block[chosen].max()
    segment = options.raster_segment
    if segment is None:
        segment = _loudest(trials, chosen & (block == first))
    chosen &= trials["segment"].values == segment
    if not chosen.any():
        raise InputError(f"{recording}: figures.raster_segment {segment} is not in the recording")
    rows = _unit_rows(trials, np.flatnonzero(chosen & (block == first)), options.raster_units)
    picked = {
        int(b): _evenly(np.flatnonzero(chosen & (block == b)), options.raster_repeats, repeat)
        for b in ([first] if first == last else [first, last])
    }
    table = pd.concat([_spikes(trials, t, rows) for b in picked for t in picked[b]])
    return Shown(segment, rows, picked, table.reset_index(drop=True))


def note(trials: xr.Dataset, shown: Shown) -> str:
    """Note on the units, their order, and gray rows."""
    total, spike = trials.sizes["unit"], "spike"
    if not int(trials.attrs.get("spike_timing", 1)):
        spike = "event"
    count = f"{total} units" if len(shown.rows) == total else f"{len(shown.rows)} of {total} units"
    index = np.concatenate(list(shown.trials.values()))
    lost = not trials["observed"].values[np.ix_(index, shown.rows)].all()
    return (
        f"{count}; order within an area: median first-{spike} latency in block "
        f"{min(shown.trials)}." + " Gray rows: not observed." * lost
    )


def _name(trials: xr.Dataset, segment: int) -> str:
    """Name of a segment in its source, or its number."""
    names = trials["segment_name"].values[trials["segment"].values == segment]
    return str(names[0]) or str(segment)


def _loudest(trials: xr.Dataset, chosen: np.ndarray) -> int:
    spikes = trials["spike_count"].values.sum(axis=1)[chosen]
    table = pd.Series(spikes).groupby(trials["segment"].values[chosen]).mean()
    return int(table.index.to_numpy()[table.to_numpy().argmax()])


def _evenly(index: np.ndarray, n: int, order: np.ndarray) -> np.ndarray:
    """At most n of the trials, evenly spaced in the order shown, first and last included."""
    index = index[np.argsort(order[index], kind="stable")]
    take = np.unique(np.linspace(0, index.size - 1, min(n, index.size)).round().astype(int))
    return index[take]


def _unit_rows(trials: xr.Dataset, reference: np.ndarray, n_shown: int) -> np.ndarray:
    """Sort units by population, then latency, then place in the file; lowest row first."""
    n_units = trials.sizes["unit"]
    count = trials["spike_count"].values[reference]
    start = offsets(trials)[:-1].reshape(-1, n_units)[reference]
    first = np.full(count.shape, np.nan)
    first[count > 0] = trials["spike_time"].values[start[count > 0]]
    latency = pd.DataFrame(first).median().fillna(np.inf).to_numpy()
    order = np.lexsort((np.arange(n_units), latency, trials["population"].values.astype(str)))
    take = np.unique(np.linspace(0, n_units - 1, min(n_shown, n_units)).round().astype(int))
    return order[take]


def _spikes(trials: xr.Dataset, trial: int, rows: np.ndarray) -> pd.DataFrame:
    n_units = trials.sizes["unit"]
    edges = offsets(trials)[trial * n_units : (trial + 1) * n_units + 1]
    time = trials["spike_time"].values[edges[0] : edges[-1]]
    unit = np.repeat(np.arange(n_units), np.diff(edges))
    place = np.full(n_units, -1)
    place[rows] = np.arange(len(rows))
    keep = place[unit] >= 0
    return pd.DataFrame(
        {
            "block": trials["block"].values[trial],
            "repeat": trials["repeat"].values[trial],
            "unit_id": trials["unit_id"].values[unit][keep],
            "population": trials["population"].values[unit][keep],
            "row": place[unit][keep],
            "time_s": time[keep],
        }
    )


def panel(axes: Axes, trials: xr.Dataset, shown: Shown, block: int, place: int) -> None:
    """Draw the spikes of one trial: the `place`-th shown of a block."""
    trial = shown.trials[block][place]
    repeat = trials["repeat"].values[trial]
    duration = float(trials["duration"].values[trial])
    part = shown.table[(shown.table["block"] == block) & (shown.table["repeat"] == repeat)]
    for area, color in style.area_colors(trials["population"].values[shown.rows]).items():
        of_area = part[part["population"] == area]
        axes.vlines(of_area["time_s"], of_area["row"] - 0.7, of_area["row"] + 0.7, color, lw=0.9)
    lost = np.flatnonzero(~trials["observed"].values[trial, shown.rows])
    axes.barh(lost, duration, height=1, color="0.93", lw=0, zorder=0)
    axes.set_xlim(0, duration)
    axes.set_ylim(-0.5, len(shown.rows) - 0.5)
    axes.tick_params(axis="y", length=0)
    axes.set_title(f"block {block}, repeat {repeat}")


def mark_areas(column: Iterable[Axes], trials: xr.Dataset, shown: Shown) -> None:
    """Write area names in their colors in place of unit numbers."""
    areas = trials["population"].values[shown.rows].astype(str)
    colors = style.area_colors(areas)
    names, start, size = np.unique(areas, return_index=True, return_counts=True)
    for axes in column:
        axes.set_yticks(start + (size - 1) / 2, names)
        for label, name in zip(axes.get_yticklabels(), names, strict=True):
            label.set_color(colors[name])
            label.set_rotation(90)
            label.set_verticalalignment("center")
        axes.set_ylabel("unit")
