"""When each unit spikes in each trial: first spikes and mean spike times."""

import numpy as np
import xarray as xr

from spikedrift.trials import offsets, spike_cells


def first_spikes(dataset: xr.Dataset) -> np.ndarray:
    """Time of each unit's first spike in each trial: float64, (n_trials, n_units), s.

    NaN where the unit is silent or was not observed.
    """
    count = dataset["spike_count"].values
    spiking = (count > 0) & dataset["observed"].values
    out = np.full(count.shape, np.nan)
    out[spiking] = dataset["spike_time"].values[offsets(dataset)[:-1].reshape(count.shape)[spiking]]
    return out


def mean_times(dataset: xr.Dataset) -> np.ndarray:
    """Mean of each unit's spike times in each trial: float64, (n_trials, n_units), s.

    NaN where the unit is silent or was not observed.
    """
    count = dataset["spike_count"].values
    trial, unit = spike_cells(dataset)
    total = np.bincount(
        trial * count.shape[1] + unit, weights=dataset["spike_time"].values, minlength=count.size
    ).reshape(count.shape)
    spiking = (count > 0) & dataset["observed"].values
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=spiking)
