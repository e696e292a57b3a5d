"""What is kept of a session beside its trials: rates, weights, learning, stability."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from spikedrift.config.networks import PatternNetwork
from spikedrift.networks import learning, stability, stimulus

log = logging.getLogger(__name__)

STATIONARY, STATIONARY_OVER = 0.01, 20.0  # change of mean I to E weight that is stationary, over s


def traced(
    options: PatternNetwork,
    timetable: stimulus.Schedule,
    save_time: np.ndarray,
    weights: Mapping[str, np.ndarray],
    ends: Mapping[str, tuple[np.ndarray, np.ndarray]],
    spike_time: np.ndarray,
    spike_cell: np.ndarray,
    recording: str,
) -> xr.Dataset:
    """Put together how rates and weights moved, what was learned and how stable it was.

    Parameters
    ----------
    options : PatternNetwork
    timetable : Schedule
    save_time : array, shape (n_saves,), s
        When weights were saved; phase edges are among these times.
    weights : mapping of plastic projection -> array, shape (n_saves, n_synapses)
    ends : mapping of plastic projection -> (pre, post), shape (n_synapses,)
        Afferents or cells; excitatory cells come first, inhibitory ones begin at n_excitatory.
    spike_time, spike_cell : array, shape (n_spikes,), s
        Excitatory cells first.
    recording : str
        Names the session in messages.

    Returns
    -------
    Dataset
        `mean_weight`, `sd_weight` (projection, time), leak conductances; `rate` (population,
        interval), Hz, between consecutive times; at phase edges `{projection}_weight` (edge,
        {projection}_synapse) of some or all synapses, with their `{projection}_pre` and `_post`;
        and what `stability.measured` and `learning.measured` return. Attribute `settling_change`:
        relative change of the mean I to E weight over the last 20 s of settling, NaN without
        settling.
    """
    size, dt = options.cells.n_excitatory, options.simulation.dt
    is_excitatory = spike_cell < size
    width = np.diff(save_time)
    edge_time = np.append(timetable.phase_start, timetable.stop) * dt
    at_edge = np.searchsorted(save_time, edge_time - dt / 2)
    none = np.full((save_time.size, 1), np.nan)
    moving = [w if w.shape[1] else none for w in weights.values()]
    variables: dict[str, Any] = {
        "mean_weight": (
            ("projection", "time"),
            [w.mean(axis=1) for w in moving],
            {"units": "leak conductance"},
        ),
        "sd_weight": (
            ("projection", "time"),
            [w.std(axis=1) for w in moving],
            {"units": "leak conductance"},
        ),
        "rate": (
            ("population", "interval"),
            [
                np.histogram(spike_time[mask], save_time)[0] / width / n
                for mask, n in (
                    (is_excitatory, size),
                    (~is_excitatory, options.cells.n_inhibitory),
                )
            ],
            {"units": "Hz", "long_name": "mean rate between two consecutive times"},
        ),
    }
    for name in weights:
        # Evenly spread over the synapses: the same ones in every variant of an instance.
        n = weights[name].shape[1]
        n_kept = min(n, options.recording.n_synapses or n)
        chosen = np.unique(np.linspace(0, n - 1, n_kept).astype(int))
        dim = f"{name}_synapse"
        variables[f"{name}_weight"] = (
            ("edge", dim),
            weights[name][np.ix_(at_edge, chosen)],
            {"units": "leak conductance"},
        )
        variables[f"{name}_pre"] = (dim, ends[name][0][chosen])
        variables[f"{name}_post"] = (dim, ends[name][1][chosen])
    stages = stimulus.stages(options.phases, timetable)
    at_edges = {name: weight[at_edge] for name, weight in weights.items()}
    learned = learning.measured(
        stages,
        timetable,
        dt,
        spike_time[is_excitatory],
        spike_cell[is_excitatory],
        size,
        (at_edges["recurrent"], *ends["recurrent"]),
    )
    stable = stability.measured(
        stages,
        dt,
        spike_time,
        spike_cell,
        (size, options.cells.n_inhibitory),
        {name: (weight, options.plasticity.of(name).w_max) for name, weight in at_edges.items()},
    )
    rates_and_weights = xr.Dataset(
        variables,
        coords={
            "projection": list(weights),
            "population": ["E", "I"],
            "time": ("time", save_time, {"units": "s"}),
            "edge": ("edge", edge_time, {"units": "s", "long_name": "phase edges"}),
            "phase": ("edge", [*(phase.kind for phase in options.phases), "end"]),
        },
    )
    found = xr.merge([rates_and_weights, stable, learned], join="exact")
    found.attrs["settling_change"] = _settling_change(options, timetable, found, recording)
    return found


def _settling_change(
    options: PatternNetwork, timetable: stimulus.Schedule, traces: xr.Dataset, recording: str
) -> float:
    """Relative change of the mean I to E weight at the end of settling, from its traces."""
    settling = [n for n, phase in enumerate(options.phases) if phase.kind == "settle"]
    if not settling or "inhibitory" not in traces["projection"]:
        return np.nan
    first, last = (
        edge[settling[-1]] * options.simulation.dt
        for edge in (timetable.phase_start, timetable.phase_stop)
    )
    weight = traces["mean_weight"].sel(projection="inhibitory").values
    begin = max(first, last - STATIONARY_OVER)
    before, after = np.interp([begin, last], traces["time"].values, weight)
    change = float(after / before - 1) if before else np.nan
    if abs(change) >= STATIONARY:
        log.warning(
            "%s: not settled: the mean I to E weight changed by %.2g %% in the last %g s of "
            "settling; make it longer",
            recording,
            100 * change,
            last - begin,
        )
    return change
