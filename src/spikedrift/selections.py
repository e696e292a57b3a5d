"""Apply a selection: units and trials of a recording, count matching, surrogates."""

import logging
import zlib

import numpy as np
import xarray as xr

from spikedrift import surrogates
from spikedrift.config.selections import Selection
from spikedrift.errors import InputError
from spikedrift.trials import select

log = logging.getLogger(__name__)


def stream(seed: int, *key: str | int) -> np.random.Generator:
    """Random stream of a task: the same for the same seed and key, independent of other tasks."""
    return np.random.default_rng(
        [seed, *(zlib.crc32(part.encode()) if isinstance(part, str) else part for part in key)]
    )


def unit_rates(dataset: xr.Dataset) -> np.ndarray:
    """Mean rate of each unit over its observed trials: shape (n_units,), Hz; NaN if never seen."""
    seen = dataset["observed"].values
    time = (seen * dataset["duration"].values[:, None]).sum(axis=0)
    count = (dataset["spike_count"].values * seen).sum(axis=0)
    return np.divide(count, time, out=np.full(time.shape, np.nan), where=time > 0)


def apply(dataset: xr.Dataset, selection: Selection, seed: int = 0) -> xr.Dataset:
    """Cut a trials Dataset down to a selection.

    Trials are chosen first (phases, repeats), then units (population, quality columns, rate over
    the chosen trials), then the unit count is matched by a random draw without replacement, then
    spikes are thinned, then replaced by a surrogate.

    Parameters
    ----------
    dataset : trials Dataset
    selection : Selection
    seed : int
        Of the run. Random draws derive from it, from `selection.seed` and the recording's name.

    Returns
    -------
    trials Dataset
        With attributes `selection` (JSON of the options), `selection_seed` and `units_available`
        (units left by the filters before the count was matched).

    Raises
    ------
    InputError
        Where a population or quality column does not exist, or too few units or no trials remain.
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
    chosen = select(dataset, trials=trials)
    available = np.flatnonzero(_unit_mask(chosen, selection, name))
    needed = selection.units or selection.min_units
    if available.size < max(needed, selection.min_units):
        raise InputError(
            f"{name}: {available.size} units pass the filters of {chosen.sizes['unit']}, "
            f"{max(needed, selection.min_units)} are needed; relax the filters or the count"
        )
    units = available
    if selection.units is not None:
        draw = stream(seed, selection.seed, str(dataset.attrs.get("recording")), "units")
        units = np.sort(draw.choice(available, size=selection.units, replace=False))
    out = select(chosen, units=units)
    if selection.thinning == "blocks":
        rng = stream(seed, selection.seed, str(dataset.attrs.get("recording")), "thinning")
        out = surrogates.put(out, surrogates.thin_blocks(surrogates.spikes_of(out), rng))
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


def _unit_mask(dataset: xr.Dataset, selection: Selection, name: str) -> np.ndarray:
    mask = np.ones(dataset.sizes["unit"], dtype=bool)
    if selection.population is not None:
        population = dataset["population"].values.astype(str)
        known = sorted(set(population))
        for wanted in selection.population:
            if wanted not in known:
                raise InputError(f"{name}: no population {wanted!r}; there are {', '.join(known)}")
        mask &= np.isin(population, selection.population)
    for column, bounds in selection.quality.items():
        if column not in dataset or dataset[column].dims != ("unit",):
            raise InputError(f"{name}: the recording has no unit quality column {column!r}")
        value = dataset[column].values.astype(float)
        mask &= np.isfinite(value)
        if bounds.min is not None:
            mask &= value >= bounds.min
        if bounds.max is not None:
            mask &= value <= bounds.max
    rate = unit_rates(dataset)
    mask &= np.isfinite(rate) & (rate >= selection.min_rate)
    if selection.min_population:
        population = dataset["population"].values.astype(str)
        names, size = np.unique(population[mask], return_counts=True)
        small = size < selection.min_population
        if small.any():
            log.info("%s: left out %s", name, dict(zip(names[small], size[small], strict=True)))
        mask &= np.isin(population, names[~small])
    return mask
