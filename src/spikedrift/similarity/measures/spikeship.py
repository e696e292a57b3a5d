"""SpikeShip: dissimilarity of the relative spike times of two trials."""

import numpy as np
import xarray as xr

from spikedrift.similarity.registry import Measure, Values
from spikedrift.similarity.spikeship import Device, Precision, spikeship_pairs
from spikedrift.trials import offsets


def pairs(
    dataset: xr.Dataset,
    first: np.ndarray,
    second: np.ndarray,
    min_shared: int,
    precision: Precision = "float64",
    device: Device = "cpu",
) -> Values:
    """SpikeShip of pairs of trials, s; N: units that spike in both trials."""
    n_trials, n_units = dataset["spike_count"].shape
    return spikeship_pairs(
        dataset["spike_time"].values,
        offsets(dataset),
        n_trials,
        n_units,
        dataset["observed"].values,
        first,
        second,
        min_shared,
        precision=precision,
        device=device,
    )


MEASURE = Measure(
    name="spikeship",
    title="SpikeShip dissimilarity (s)",
    kind="distance",
    code="timing",
    units="s",
    citation="Sotomayor-Gomez, Battaglia & Vinck 2023, doi:10.1371/journal.pcbi.1011335",
    pairs=pairs,
)
