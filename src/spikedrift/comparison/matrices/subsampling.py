"""Subsample a recording and runs to the same numbers of units, segments, repeats and blocks.

Noise, and with it every similarity of matrices, depends on all four. Units are drawn at random;
of blocks the first are kept, and of every block the first repeats, so that lags and gaps between
blocks have the same places on both sides. The time that a gap stands for stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from spikedrift.core.errors import InputError
from spikedrift.spikes.layout import SEGMENT_KEY, Layout
from spikedrift.trials import select

FEWEST_SEGMENTS = 4  # three pairs of three segments have no structure that could differ
Segment = tuple[str, int]


@dataclass(frozen=True)
class Size:
    """Numbers that both sides of a comparison have.

    Attributes
    ----------
    units : int
        Units that were observed in some trial.
    segments : int
        Segments shown in every repeat that is kept.
    blocks : int
    repeats : int
        Of every block: those of the shortest one.
    """

    units: int
    segments: int
    blocks: int
    repeats: int


def shown(layout: Layout) -> list[Segment]:
    """Segments that every repeat shows, in order."""
    _, first = np.unique(layout.segment, return_index=True)
    stimulus, number = (layout.dataset[name].values for name in SEGMENT_KEY)
    return [
        (str(stimulus[trial]), int(number[trial]))
        for trial, whole in zip(first, (layout.table >= 0).all(axis=0), strict=True)
        if whole
    ]


def size_of(layout: Layout) -> Size:
    """Numbers of a trials Dataset.

    Raises
    ------
    InputError
        Where no segment is shown in every repeat: repeats have nothing in common to compare.
    """
    segments = len(shown(layout))
    if not segments:
        raise InputError(
            f"{layout.name}: no segment is shown in every repeat, so that similarity matrices of "
            "its repeats cannot be compared; select repeats that are whole (`repeats`)"
        )
    of_block = np.bincount(layout.repeats.block)
    units = int(layout.dataset["observed"].values.any(axis=0).sum())
    return Size(units, segments, of_block.size, int(of_block.min()))


def common(sizes: Sequence[Size], units: int | None = None) -> Size:
    """Return the smallest of each number.

    Parameters
    ----------
    sizes : sequence of Size
    units : int, optional
        Units asked for.

    Raises
    ------
    InputError
        Where a side has fewer units than are asked for.
    """
    least = min(size.units for size in sizes)
    if units is not None and units > least:
        raise InputError(
            f"compare.structure.units: {units} are asked for, one side has {least}; ask for fewer"
        )
    return Size(
        units or least,
        min(size.segments for size in sizes),
        min(size.blocks for size in sizes),
        min(size.repeats for size in sizes),
    )


def corresponding(recording: Layout, models: Sequence[Layout]) -> tuple[list[Segment] | None, str]:
    """Segments that both sides show under one name, and else why there are none.

    Returns
    -------
    segments : list, or None
    reason : str
        Empty where there are segments.
    """
    ours, seen = shown(recording), [set(shown(model)) for model in models]
    both = [key for key in ours if all(key in keys for keys in seen)]
    if len(both) >= FEWEST_SEGMENTS:
        return both, ""
    theirs = sorted({stimulus for keys in seen for stimulus, _ in keys})
    return None, (
        f"segment geometry of {recording.name}: no correspondence between segments of "
        f"{', '.join(sorted({stimulus for stimulus, _ in ours}))} and of {', '.join(theirs)} "
        f"(the model's); it takes {FEWEST_SEGMENTS} segments of one name on both sides"
    )


def subsampled(
    layout: Layout, size: Size, rng: np.random.Generator, segments: list[Segment] | None = None
) -> xr.Dataset:
    """Cut a trials Dataset down to a size.

    Parameters
    ----------
    layout : Layout
    size : Size
        No larger than the layout's own.
    rng : Generator
        Draws units and, where no segments are given, segments.
    segments : list, optional
        Segments to keep.
    """
    dataset, repeats = layout.dataset, layout.repeats
    seen = np.flatnonzero(dataset["observed"].values.any(axis=0))
    units = np.sort(rng.choice(seen, size.units, replace=False))
    if segments is None:
        known = shown(layout)
        drawn = rng.choice(len(known), size.segments, replace=False)
        segments = [known[index] for index in np.sort(drawn)]
    rank = np.zeros(repeats.block.size, np.int64)  # of each repeat in its block
    for block in np.unique(repeats.block):
        here = np.flatnonzero(repeats.block == block)
        rank[here] = np.arange(here.size)
    kept = (rank < size.repeats) & (repeats.block < size.blocks)
    chosen = set(segments)
    stimulus, number = (dataset[name].values.tolist() for name in SEGMENT_KEY)
    of_segment = np.array([key in chosen for key in zip(stimulus, number, strict=True)])
    return select(dataset, trials=kept[layout.repeat] & of_segment, units=units)


def words(recording: Size, models: Sequence[Size], size: Size, seed: int) -> str:
    """One line: what was subsampled, of how many on either side."""

    def part(name: str, what: str) -> str:
        of = _span([getattr(one, name) for one in models])
        return f"{getattr(size, name)} {what} (of {getattr(recording, name)} and {of})"

    return (
        f"Subsampled, of the recording and of the models: {part('units', 'units')} drawn with seed "
        f"{seed}, {part('segments', 'segments')}, the first {part('repeats', 'repeats')} of each "
        f"of the first {part('blocks', 'blocks')}; lags are counted in repeats that were kept."
    )


def left(recording: int, models: Sequence[int], size: Size) -> str:
    """One line: how many of the units that were drawn enter rate distances; empty where all do."""
    if min(recording, *models) == size.units:
        return ""
    return (
        f"Of these units {recording} of the recording and {_span(models)} of the models enter rate "
        "distances: of the others the noise is not known, as of units that never fire."
    )


def _span(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low} to {high}"
