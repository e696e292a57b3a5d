"""Raster: a few repeats of one segment, the first and the last block side by side."""

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.errors import InputError
from spikedrift.figures import style
from spikedrift.trials import offsets

_ROW_HEIGHT = 1.7


def draw(*, trials: xr.Dataset, options: Figures | None = None) -> tuple[Figure, pd.DataFrame]:
    """Spikes of one segment, one row of panels a repeat, left the first block, right the last.

    Units are sorted by population, then by their median first-spike latency in the first block
    alone, so that the order of the last block is not fitted to it. The repeats shown lie evenly
    spaced in each block.

    Parameters
    ----------
    trials : Dataset
        A trials file (`spikedrift.trials`).
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row a spike: block, repeat, unit_id, population, row (place in the panel), time_s.

    Raises
    ------
    InputError
        Where the recording has no trials of the phase "block", or none of the segment asked for.
    """
    options = options or Figures()
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
    blocks = [first] if first == last else [first, last]
    shown = {b: _evenly(np.flatnonzero(chosen & (block == b)), options.raster_repeats, repeat)
             for b in blocks}  # fmt: skip
    table = pd.concat([_spikes(trials, t, rows) for b in blocks for t in shown[b]])

    n_rows = max(map(len, shown.values()))
    with style.applied():
        figure = style.figure(options.width, _ROW_HEIGHT * n_rows + 0.5)
        panels = figure.subplots(n_rows, len(blocks), squeeze=False, sharex=True, sharey=True)
        colors = style.area_colors(trials["population"].values[rows])
        duration, some_lost = trials["duration"].values[chosen].max(), False
        for column, b in enumerate(blocks):
            for row in range(n_rows):
                axes = panels[row, column]
                if row >= len(shown[b]):
                    axes.set_axis_off()
                    continue
                trial = shown[b][row]
                part = table[(table["block"] == b) & (table["repeat"] == repeat[trial])]
                _panel(axes, part, colors, len(rows))
                lost = np.flatnonzero(~trials["observed"].values[trial, rows])
                axes.barh(lost, duration, height=1, color="0.93", lw=0, zorder=0)
                some_lost |= lost.size > 0
                axes.set_title(f"block {b}, repeat {repeat[trial]}")
                axes.set_xlim(0, duration)
        for axes in panels[-1]:
            axes.set_xlabel("time from trial start (s)")
        _mark_areas(panels[:, 0], trials["population"].values[rows], colors)
        total = trials.sizes["unit"]
        count = f"{total} units" if len(rows) == total else f"{len(rows)} of {total} units"
        figure.suptitle(f"{recording}, segment {segment}", x=0.01, ha="left", fontsize=9)
        spike = "spike" if int(trials.attrs.get("spike_timing", 1)) else "event"
        style.footnote(
            figure,
            [
                f"{count}; order within an area: median first-{spike} latency in block {first}."
                + " Gray rows: not observed." * some_lost,
                *style.notes_of(trials.attrs),
            ],
        )
    return figure, table.reset_index(drop=True)


def _loudest(trials: xr.Dataset, chosen: np.ndarray) -> int:
    spikes = trials["spike_count"].values.sum(axis=1)[chosen]
    table = pd.Series(spikes).groupby(trials["segment"].values[chosen]).mean()
    return int(table.index.to_numpy()[table.to_numpy().argmax()])


def _evenly(index: np.ndarray, n: int, order: np.ndarray) -> np.ndarray:
    """At most n of the trials, evenly spaced in showing order, first and last included."""
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


def _panel(axes: Axes, part: pd.DataFrame, colors: dict[str, str], n_rows: int) -> None:
    for area, color in colors.items():
        of_area = part[part["population"] == area]
        axes.vlines(of_area["time_s"], of_area["row"] - 0.7, of_area["row"] + 0.7, color, lw=0.9)
    axes.set_ylim(-0.5, n_rows - 0.5)
    axes.tick_params(axis="y", length=0)


def _mark_areas(column: np.ndarray, areas: np.ndarray, colors: dict[str, str]) -> None:
    """Area names in their color stand where unit numbers would."""
    names, start, size = np.unique(areas.astype(str), return_index=True, return_counts=True)
    for axes in column:
        axes.set_yticks(start + (size - 1) / 2, names)
        for label, name in zip(axes.get_yticklabels(), names, strict=True):
            label.set_color(colors[name])
            label.set_rotation(90)
            label.set_va("center")
        axes.set_ylabel("unit")
