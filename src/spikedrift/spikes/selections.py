"""Apply a selection: units and trials of a recording, count matching, surrogates."""

import logging
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from spikedrift.config.selections import Bounds, Reliability, Selection
from spikedrift.core.errors import InputError, unknown
from spikedrift.similarity.reliability import MIN_SEGMENTS, unit_reliability
from spikedrift.spikes import surrogates
from spikedrift.spikes.arrays import put
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.state import match_state
from spikedrift.spikes.thinning import thin_blocks
from spikedrift.trials import common_duration, quality, quality_names, select, shorten
from spikedrift.trials import read as read_trials

log = logging.getLogger(__name__)


def stream(seed: int, *key: str | int) -> np.random.Generator:
    """Random stream of a task: the same for the same seed and key, independent of other tasks."""
    return np.random.default_rng(
        [seed, *(zlib.crc32(part.encode()) if isinstance(part, str) else part for part in key)]
    )


def unit_rates(dataset: xr.Dataset) -> np.ndarray:
    """Mean rate of each unit over its observed trials: shape (n_units,), Hz; NaN without any."""
    seen = dataset["observed"].values
    time = (seen * dataset["duration"].values[:, None]).sum(axis=0)
    count = (dataset["spike_count"].values * seen).sum(axis=0)
    return np.divide(count, time, out=np.full(time.shape, np.nan), where=time > 0)


def read(path: str | Path, selection: Mapping[str, Any], seed: int) -> xr.Dataset:
    """Read a trials file and apply a selection to it.

    Parameters
    ----------
    path : path
    selection : mapping
        Options of a `Selection`.
    seed : int
        Seed of the run.

    Raises
    ------
    InputError
        For a file that holds no trials, and as `apply`.
    """
    return apply(read_trials(path), Selection(**selection), seed)


def apply(dataset: xr.Dataset, selection: Selection, seed: int = 0) -> xr.Dataset:
    """Cut a trials Dataset down to a selection.

    The steps are, in this order: trials are chosen (phases, repeats, a random draw of segments);
    they are cut to their common duration or to the one asked for, so that all that compares trials
    sees one duration; repeats that judge reliability are held out; trials are matched by state;
    units are chosen (population, quality columns, reliability; rate and presence in all blocks over
    the chosen trials); the unit count is matched by a random draw without replacement; spikes are
    thinned; spikes are replaced by a surrogate.

    Parameters
    ----------
    dataset : trials Dataset
    selection : Selection
    seed : int
        Seed of the run. Random draws derive from it, from `selection.seed` and from the
        recording's name.

    Returns
    -------
    trials Dataset
        With attributes `selection` (JSON of the options), `selection_seed`, `units_available`
        (units left by the filters before the count was matched), `trial_duration` (s, of all
        trials) and `longest_duration` (s, before they were cut), and where trials were matched
        those of `match_state`.

    Raises
    ------
    InputError
        Where a population, a quality column or a text in it does not exist, limits are asked of
        texts or texts of numbers, too few units, segments or no trials remain, trials are shorter
        than asked for or differ too much to be cut to the shortest, reliability cannot be judged,
        or trials cannot be matched by state.
    """
    name = f"{dataset.attrs.get('recording')}, selection {selection.name!r}"
    trials = np.isin(dataset["phase"].values.astype(str), selection.phases)
    if selection.repeats is not None:
        first, last = selection.repeats
        repeat = dataset["repeat"].values
        trials &= (repeat >= first) & (repeat <= last)
    if not trials.any():
        raise InputError(
            f"{name}: no trial left of {trials.size} (phases {', '.join(selection.phases)}, "
            f"repeats {selection.repeats or 'all'})"
        )
    if selection.segments is not None:
        trials &= _drawn_segments(dataset, trials, selection, seed, name)
    chosen = Layout.of(_cut(select(dataset, trials=trials), selection.duration, name))
    reliable = np.ones(dataset.sizes["unit"], dtype=bool)
    if selection.reliability is not None:
        chosen, reliable = _reliable(chosen, selection.reliability, name)
    if selection.state == "matched":
        chosen = Layout.of(match_state(chosen, selection.matching))
    available = np.flatnonzero(reliable & _unit_mask(chosen, selection, name))
    needed = selection.units or selection.min_units
    if available.size < max(needed, selection.min_units):
        raise InputError(
            f"{name}: {available.size} units pass the filters of {dataset.sizes['unit']}, "
            f"{max(needed, selection.min_units)} are needed; relax the filters or the count"
        )
    units = available
    if selection.units is not None:
        draw = stream(seed, selection.seed, str(dataset.attrs.get("recording")), "units")
        units = np.sort(draw.choice(available, size=selection.units, replace=False))
    chosen = chosen.of_units(units)
    out = chosen.dataset
    if selection.thinning == "blocks":
        rng = stream(seed, selection.seed, str(dataset.attrs.get("recording")), "thinning")
        out = put(out, thin_blocks(chosen.spikes, rng))
    if selection.surrogate != "none":
        rng = stream(seed, selection.seed, str(dataset.attrs.get("recording")), "surrogate")
        out = surrogates.surrogate(
            out,
            selection.surrogate,
            rng,
            window=selection.jitter_window,
            bin=selection.poisson_bin,
            shift=selection.shift,
        )
    out.attrs.update(
        selection=selection.model_dump_json(),
        selection_seed=int(seed),
        units_available=int(available.size),
    )
    log.info(
        "%s: %d of %d trials, %d of %d units",
        name,
        out.sizes["trial"],
        dataset.sizes["trial"],
        out.sizes["unit"],
        dataset.sizes["unit"],
    )
    return out


def _drawn_segments(
    dataset: xr.Dataset, trials: np.ndarray, selection: Selection, seed: int, name: str
) -> np.ndarray:
    """Trials of some segments, drawn without replacement among those of the trials given."""
    segment = Layout.of(dataset).segment
    there = np.unique(segment[trials])
    wanted = selection.segments or there.size
    if there.size < wanted:
        raise InputError(f"{name}: {there.size} segments are shown, segments asks for {wanted}")
    draw = stream(seed, selection.seed, str(dataset.attrs.get("recording")), "segments")
    return np.isin(segment, draw.choice(there, size=wanted, replace=False))


def _cut(dataset: xr.Dataset, asked: float | None, name: str) -> xr.Dataset:
    """Cut the trials to the shortest or to what is asked for; attributes keep the longest."""
    duration = dataset["duration"].values
    longest = float(duration.max())
    if asked is None:
        shortest = common_duration(duration, name)
    elif (shortest := asked) > float(duration.min()):
        raise InputError(
            f"{name}: a trial lasts {duration.min():.4g} s, duration asks for {asked:g} s of each"
        )
    if shortest < longest:
        dataset = shorten(dataset, shortest)
        log.info("%s: trials of up to %.6g s are cut to %.6g s", name, longest, shortest)
    return dataset.assign_attrs(trial_duration=shortest, longest_duration=longest)


def _reliable(layout: Layout, options: Reliability, name: str) -> tuple[Layout, np.ndarray]:
    """Judge units by repeats of the first block; return what is left to analyze, and which pass.

    Repeats that judged a unit look more alike than others, since their noise was chosen with the
    unit, and that passes for drift. When they are held out, they come before all that is compared.
    """
    dataset, segment, repeat = layout.dataset, layout.segment, layout.repeat
    first = np.unique(repeat[layout.block == 0])
    judges = first[: (first.size + 1) // 2] if options.held_out else first
    judging = np.isin(repeat, judges)
    if judges.size < 2 or np.unique(segment[judging]).size < MIN_SEGMENTS:
        raise InputError(
            f"{name}: reliability needs two repeats of {MIN_SEGMENTS} segments to judge units by, "
            f"the first block leaves {judges.size} of {np.unique(segment[judging]).size}"
        )
    if options.held_out and judging.all():
        raise InputError(f"{name}: no repeat is left beside those that reliability is judged by")
    value = unit_reliability(
        dataset["spike_count"].values[judging],
        dataset["observed"].values[judging],
        np.unique(repeat[judging], return_inverse=True)[1],
        np.unique(segment[judging], return_inverse=True)[1],
    )
    kept = Layout.of(select(dataset, trials=~judging)) if options.held_out else layout
    return kept, np.isfinite(value) & (value >= options.min)


def _common(layout: Layout) -> np.ndarray:
    """Units that were active in each block and observed with every segment shown there."""
    observed = layout.dataset["observed"].values
    count = layout.dataset["spike_count"].values
    cell, n_units = layout.block * layout.n_segments + layout.segment, observed.shape[1]
    seen = np.zeros((int(cell.max()) + 1, n_units), dtype=bool)
    np.logical_or.at(seen, cell, observed)
    active = np.zeros((layout.n_blocks, n_units), dtype=bool)
    np.logical_or.at(active, layout.block, count > 0)
    return np.asarray(seen[np.unique(cell)].all(axis=0) & active.all(axis=0))


def _unit_mask(layout: Layout, selection: Selection, name: str) -> np.ndarray:
    dataset = layout.dataset
    mask = np.ones(dataset.sizes["unit"], dtype=bool)
    if selection.population is not None:
        population = dataset["population"].values.astype(str)
        known = sorted(set(population))
        for wanted in selection.population:
            if wanted not in known:
                raise InputError(f"{name}: no population {wanted!r}; there are {', '.join(known)}")
        mask &= np.isin(population, selection.population)
    for column, bounds in selection.quality.items():
        mask &= _within(dataset, column, bounds, name)
    rate = unit_rates(dataset)
    mask &= np.isfinite(rate) & (rate >= selection.min_rate)
    if selection.common:
        mask &= _common(layout)
    if selection.min_population:
        population = dataset["population"].values.astype(str)
        names, size = np.unique(population[mask], return_counts=True)
        small = size < selection.min_population
        if small.any():
            log.info("%s: left out %s", name, dict(zip(names[small], size[small], strict=True)))
        mask &= np.isin(population, names[~small])
    return mask


def _within(dataset: xr.Dataset, column: str, bounds: Bounds, name: str) -> np.ndarray:
    """Units whose value of a quality column is kept; one without a value is not, and is counted."""
    if column not in quality_names(dataset):
        raise unknown(
            f"{name}: the recording has no quality column", column, quality_names(dataset)
        )
    value, what = quality(dataset, column), f"{name}: quality column {column!r}"
    if value.dtype.kind in "biuf":
        if bounds.values is not None:
            raise InputError(
                f"{what} holds numbers such as {float(value[0]):g}, which have min and max, no "
                "values"
            )
        value = value.astype(float)
        missing = ~np.isfinite(value)
        low, high = bounds.min, bounds.max
        kept = (value >= (-np.inf if low is None else low)) & (
            value <= (np.inf if high is None else high)
        )
    else:
        value = np.char.strip(value.astype(str))
        missing = np.isin(np.char.lower(value), ("", "nan"))
        known = np.unique(value[~missing]).tolist()
        there = f"{', '.join(known[:10])}{', ...' if known[10:] else ''}" or "none"
        if bounds.values is None:
            raise InputError(
                f"{what} holds texts ({there}), which have no min and max; give values, those kept"
            )
        for wanted in bounds.values:
            if wanted not in known:
                raise InputError(f"{what}: no unit has the value {wanted!r}; there are {there}")
        kept = np.isin(value, bounds.values)
    if missing.any():
        log.info("%s: %d of %d units have no value", what, missing.sum(), missing.size)
    return np.asarray(kept & ~missing)
