"""What is kept of a session beside its trials: rates, weights, learning, stability."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from spikedrift.networks import completion, learning, reactivation, stability
from spikedrift.networks.drive import recurrent_share
from spikedrift.networks.session_plan import Plan
from spikedrift.networks.timetable import stages

log = logging.getLogger(__name__)

STATIONARY, STATIONARY_OVER = 0.01, 20.0  # change of mean weight that is stationary, over s


def traced(
    plan: Plan,
    weights: Mapping[str, np.ndarray],
    ends: Mapping[str, tuple[np.ndarray, np.ndarray]],
    spike_time: np.ndarray,
    spike_population: np.ndarray,
    spike_cell: np.ndarray,
    counts: np.ndarray | None = None,
) -> xr.Dataset:
    """Put together how rates and weights moved, what was learned and how stable it was.

    Parameters
    ----------
    plan : Plan
        Weights were saved at its `save_time`; phase edges are among these times.
    weights : mapping of plastic projection -> array, shape (n_saves, n_synapses)
    ends : mapping of plastic projection -> (pre, post), shape (n_synapses,)
        Places in their populations or sources.
    spike_time, spike_population, spike_cell : array, shape (n_spikes,), s
        Population, by its place in the declaration, and place of the cell in it.
    counts : int, shape (n_saves - 1, n_populations), optional
        Spikes between consecutive times, where the spikes here are not all.

    Returns
    -------
    Dataset
        `mean_weight`, `sd_weight` (projection, time), in the declared unit; `rate` (population,
        interval), Hz, between consecutive times; at phase edges `{projection}_weight` (edge,
        {projection}_synapse) of some or all synapses, with their `{projection}_pre` and `_post`;
        `recurrent_drive` (stage), see `drive.recurrent_share`;
        and what `stability.measured` and `learning.measured` return; where cues are shown also what
        `completion.measured` and `reactivation.measured` do. Attribute `settling_change`:
        relative change of the mean weight that should be stationary over the last 20 s of settling,
        NaN without settling.
    """
    network, timetable, save_time = plan.network, plan.timetable, plan.save_time
    dt, unit = plan.options.simulation.dt, network.recording.weights
    names = [one.name for one in network.populations]
    width = np.diff(save_time)
    edge_time = np.append(timetable.phase_start, timetable.stop) * dt
    at_edge = np.searchsorted(save_time, edge_time - dt / 2)
    none = np.full((save_time.size, 1), np.nan)
    moving = [w if w.shape[1] else none for w in weights.values()]
    n_times = save_time.size
    variables: dict[str, Any] = {
        name: (
            ("projection", "time"),
            np.reshape([take(w) for w in moving], (len(moving), n_times)),
            {"units": unit},
        )
        for name, take in (
            ("mean_weight", lambda w: w.mean(axis=1)),
            ("sd_weight", lambda w: w.std(axis=1)),
        )
    }
    whole = counts is None  # otherwise the spikes of pauses may be missing
    if counts is None:
        counts = np.stack(
            [
                np.histogram(spike_time[spike_population == number], save_time)[0]
                for number in range(len(names))
            ],
            axis=1,
        )
    variables["rate"] = (
        ("population", "interval"),
        np.array([counts[:, place] / width / one.size for place, one in network.recorded.items()]),
        {"units": "Hz", "long_name": "mean rate between two consecutive times"},
    )
    for name in weights:
        # Evenly spread over the synapses: the same ones in every variant of an instance.
        n = weights[name].shape[1]
        n_kept = min(n, network.recording.n_synapses or n)
        chosen = np.unique(np.linspace(0, n - 1, n_kept).astype(int))
        dim = f"{name}_synapse"
        variables[f"{name}_weight"] = (
            ("edge", dim),
            weights[name][np.ix_(at_edge, chosen)],
            {"units": unit},
        )
        variables[f"{name}_pre"] = (dim, ends[name][0][chosen])
        variables[f"{name}_post"] = (dim, ends[name][1][chosen])
    of_stage = stages(network.protocol.phases, timetable)
    at_edges = {name: weight[at_edge] for name, weight in weights.items()}
    of_units = spike_population == names.index(network.recording.units)
    ensembles = network.recording.ensembles
    learned = learning.measured(
        of_stage,
        timetable,
        dt,
        spike_time[of_units],
        spike_cell[of_units],
        network.units.size,
        (at_edges[ensembles], *ends[ensembles]) if ensembles in at_edges else None,
        unit,
    )
    stable = stability.measured(
        of_stage, dt, spike_time, spike_population, spike_cell, network, at_edges
    )
    phases, spikes = network.protocol.phases, (spike_time[of_units], spike_cell[of_units])
    shown = (timetable, dt, spikes, network.units.size)
    assays = [completion.measured(phases, *shown)]
    if whole:
        assays.append(reactivation.measured(phases, *shown, plan.rng("reactivation")))
    share = recurrent_share(
        of_stage, network, dt, weights, ends, save_time, plan.spikes,
        spike_time, spike_population, spike_cell,
    )  # fmt: skip
    variables["recurrent_drive"] = ("stage", share, {"units": "1"})
    rates_and_weights = xr.Dataset(
        variables,
        coords={
            "projection": list(weights),
            "population": [one.name for one in network.recorded.values()],
            "time": ("time", save_time, {"units": "s"}),
            "edge": ("edge", edge_time, {"units": "s", "long_name": "phase edges"}),
            "phase": ("edge", [*(phase.kind for phase in network.protocol.phases), "end"]),
        },
    )
    found = xr.merge([rates_and_weights, stable, learned, *assays], join="exact")
    found.attrs["settling_change"] = _settling_change(plan, found)
    return found


def _settling_change(plan: Plan, traces: xr.Dataset) -> float:
    """Relative change of a mean weight at the end of settling, from its traces."""
    network, timetable, dt = plan.network, plan.timetable, plan.options.simulation.dt
    name = network.recording.settling
    settling = [n for n, one in enumerate(network.protocol.phases) if one.kind == "settle"]
    if not settling or name not in traces["projection"]:
        return np.nan
    first, last = (
        edge[settling[-1]] * dt for edge in (timetable.phase_start, timetable.phase_stop)
    )
    weight = traces["mean_weight"].sel(projection=name).values
    begin = max(first, last - STATIONARY_OVER)
    before, after = np.interp([begin, last], traces["time"].values, weight)
    change = float(after / before - 1) if before else np.nan
    if abs(change) >= STATIONARY:
        (one,) = (p for p in network.projections if p.name == name)
        log.warning(
            "%s: not settled: the mean %s to %s weight changed by %.2g %% in the last %g s of "
            "settling; make it longer",
            plan.run.recording,
            one.pre,
            one.post,
            100 * change,
            last - begin,
        )
    return change
