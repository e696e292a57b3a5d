"""What excites the recorded cells: the share of their excitatory drive that they give each other.

The drive through a synapse is its weight times the spikes of its presynaptic cell. How much charge
a weight lets in depends on the potential of the postsynaptic cell, which is the same for all of its
synapses, and divides out.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from spikedrift.networks.declaration import Network
from spikedrift.networks.timetable import Stage


def recurrent_share(
    stages: Sequence[Stage],
    network: Network,
    dt: float,
    weights: Mapping[str, np.ndarray],
    ends: Mapping[str, tuple[np.ndarray, np.ndarray]],
    save_time: np.ndarray,
    sources: Mapping[str, tuple[np.ndarray, np.ndarray]],
    spike_time: np.ndarray,
    spike_population: np.ndarray,
    spike_cell: np.ndarray,
) -> np.ndarray:
    """Share of the recorded cells' excitatory drive that comes from themselves, by stage.

    Parameters
    ----------
    stages : sequence of Stage
    network : Network
    dt : float, s
    weights : mapping of plastic projection -> array, shape (n_saves, n_synapses)
        Those saved nearest to the middle of a stage count.
    ends : mapping of plastic projection -> (pre, post), shape (n_synapses,)
    save_time : array, shape (n_saves,), s
    sources : mapping of source -> (index, step), shape (n_spikes,)
    spike_time, spike_population, spike_cell : array, shape (n_spikes,), s
        Population, by its place in the declaration, and place of the cell in it.

    Returns
    -------
    array, shape (n_stages,)
        NaN without any drive, and where not all of it is known: Poisson drives, an excitatory
        projection whose weights are not kept, or that comes from a population that is not recorded
        or a source that repeats its spikes.
    """
    units = network.recording.units
    exciting = [one for one in network.ending_on(units) if one.receptor.startswith("excitatory")]
    recorded = {one.name: place for place, one in network.recorded.items()}
    known = {*recorded, *(one.name for one in network.sources if not one.period)}
    driven = any(one.post == units for one in network.drives)
    if driven or any(one.name not in weights or one.pre not in known for one in exciting):
        return np.full(len(stages), np.nan)
    found = []
    for stage in stages:
        start, stop = stage.start * dt, stage.stop * dt
        at = int(np.abs(save_time - (start + stop) / 2).argmin())
        inside = (spike_time >= start) & (spike_time < stop)
        own = total = 0.0
        for one in exciting:
            if one.pre in recorded:
                firing = spike_cell[inside & (spike_population == recorded[one.pre])]
            else:
                index, step = sources[one.pre]
                firing = index[(step >= stage.start) & (step < stage.stop)]
            spikes = np.bincount(firing, minlength=network.sizes[one.pre])
            drive = float(weights[one.name][at] @ spikes[ends[one.name][0]])
            total += drive
            own += drive * (one.pre == units)
        found.append(own / total if total else np.nan)
    return np.array(found)
