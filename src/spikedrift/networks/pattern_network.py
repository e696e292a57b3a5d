"""A recurrent network of excitatory and inhibitory cells that learns frozen spike patterns.

Conductance-based integrate-and-fire cells, spike-timing-dependent plasticity on afferent and
recurrent excitatory synapses, the inhibitory rule of Vogels et al. (2011) on I to E, and weight
noise. Wiring, initial weights and membrane noise are drawn by the program from the run-time seed
and the input spikes here from the same instance, independently of the condition: conditions of one
instance differ in nothing but what the condition sets.
"""

import json
import logging
from collections.abc import Mapping
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from spikedrift import __version__, trials
from spikedrift.config.networks import PatternNetwork
from spikedrift.networks import pattern_model, stimulus
from spikedrift.plasticity import registry
from spikedrift.simulation import streams
from spikedrift.simulation.build import Program, build
from spikedrift.simulation.run import Output, Run, Save, Set, session
from spikedrift.simulation.sweep import override

log = logging.getLogger(__name__)

SILENT, SATURATED = 0.05, 100.0  # mean E rate, Hz


class Simulated(NamedTuple):
    """A session's two files: the trials, and how rates and weights moved."""

    trials: xr.Dataset
    traces: xr.Dataset


def simulate(
    options: PatternNetwork,
    parameters: Mapping[str, Any],
    *,
    recording: str,
    seed: int,
    instance: int,
    build_dir: Path,
    scratch_dir: Path,
) -> Simulated:
    """Run one session of one condition and instance.

    Parameters
    ----------
    options : PatternNetwork
    parameters : mapping of dotted key -> value
        What the condition changes in `options`, such as `plasticity.afferent.eta`.
    recording : str
        Recording id; names the point in messages.
    seed, instance : int
        Together they give wiring, initial weights, patterns, background and membrane noise.
    build_dir, scratch_dir : Path
        Cache of programs; place for the session's files while it runs.

    Returns
    -------
    Simulated
        `trials`: units are E cells, trials are pattern presentations of the phases naive, train
        and block, from the pattern's onset to `recording.tail` after its end.
        `traces`: mean rates and weights over time, sampled weights at phase edges.

    Raises
    ------
    InputError
        For parameters that are no options, or without a compiler.
    RuntimeError
        Where the simulation fails or leaves no finite state, naming the recording.
    """
    options = override(options, parameters, where=recording)
    dt = options.simulation.dt
    rng_wiring, rng_patterns, rng_order, rng_input, rng_sample = (
        np.random.default_rng(s) for s in np.random.SeedSequence([seed, instance]).spawn(5)
    )
    timetable = stimulus.schedule(
        options.phases, options.patterns, dt, options.recording.tail, rng_order
    )
    spikes = stimulus.afferent_spikes(
        timetable, options.phases, options.patterns, dt, rng_patterns, rng_input
    )
    plastic = pattern_model.plastic(options)
    ready = program(options, build_dir)
    n_cells = options.cells.n_excitatory + options.cells.n_inhibitory
    keys = streams.branch(rng_wiring.integers(2**63), streams.purpose("cell"), np.arange(n_cells))
    steps, save_time = _steps(options, timetable)
    with session(
        ready,
        parameters={**pattern_model.parameters(options), "cells.key": keys},
        inputs={"afferents": spikes},
        steps=steps,
        scratch_dir=scratch_dir,
        label=recording,
    ) as output:
        state = [output.array(name) for name in ("cells.v", "cells.g_e", "cells.g_i")]
        weights = {name: output.saved(f"{name}.w", len(save_time)) for name in plastic}
        if not all(np.isfinite(array).all() for array in (*state, *weights.values())):
            raise RuntimeError(
                f"{recording}: the simulation diverged (voltages or weights are NaN)"
            )
        spike_cell = output.array("spikes.i")
        # A spike lies somewhere in its time step: report the middle.
        spike_time = (np.round(output.array("spikes.t") / dt) + 0.5) * dt
        ends = {name: _ends(output, name) for name in plastic}

    size = options.cells.n_excitatory
    rate = np.sum(spike_cell < size) / size / (timetable.stop * dt)
    status = "silent" if rate < SILENT else "saturated" if rate > SATURATED else "ok"
    if status != "ok":
        log.warning("%s: the network is %s (mean E rate %.3g Hz)", recording, status, rate)
    attributes = {
        "source": "spikedrift.networks.pattern_network",
        "parameters": {
            "set": dict(parameters),
            "options": options.model_dump(mode="json"),
            "seed": seed,
            "instance": instance,
        },
        "software": {"spikedrift": __version__}
        | {name: version(name) for name in ("brian2", "numpy")},
        "experience_unit": f"instance {instance}",
    }
    dataset = _trials(options, timetable, spike_time, spike_cell, recording, attributes, rng_sample)
    dataset.attrs.update(status=status, mean_rate=float(rate), seed=seed, instance=instance)
    traces = _traces(options, timetable, save_time, weights, ends, spike_time, spike_cell)
    traces.attrs.update(
        recording=recording,
        status=status,
        seed=seed,
        instance=instance,
        parameters=json.dumps(attributes["parameters"], sort_keys=True),
    )
    return Simulated(dataset, traces)


def program(options: PatternNetwork, build_dir: Path) -> Program:
    """Return the compiled network, from the cache `build_dir` where it is there.

    Raises
    ------
    InputError
        Without a compiler.
    """
    structure = pattern_model.structure(options)
    rules = {rule for names in structure["rules"].values() for rule in names}
    return build(
        "spikedrift.networks.pattern_model:define",
        structure,
        options.simulation,
        build_dir,
        uses=[f"{registry.PACKAGE}.{rule}" for rule in sorted(rules)],
    )


def _steps(
    options: PatternNetwork, timetable: stimulus.Schedule
) -> tuple[list[Run | Set | Save], np.ndarray]:
    """Session steps, and the times (s) at which weights are saved: phase edges and between."""
    dt = options.simulation.dt
    every = max(1, round(options.recording.trace_interval / dt))
    stops = timetable.phase_stop.copy()
    stops[-1] = timetable.stop
    steps: list[Run | Set | Save] = [Save()]
    saves = [0]
    for phase, start, stop in zip(options.phases, timetable.phase_start, stops, strict=True):
        steps += [Set(name, value) for name, value in pattern_model.rates(options, phase).items()]
        edges = [int(start), *range((int(start) // every + 1) * every, int(stop), every), int(stop)]
        for a, b in pairwise(edges):
            steps += [Run(a * dt, (b - a) * dt), Save()]
            saves.append(b)
    return steps, np.array(saves) * dt


def _ends(output: Output, name: str) -> tuple[np.ndarray, np.ndarray]:
    return output.array(f"{name}.pre"), output.array(f"{name}.post")


def _trials(
    options: PatternNetwork,
    timetable: stimulus.Schedule,
    spike_time: np.ndarray,
    spike_cell: np.ndarray,
    recording: str,
    attributes: Mapping[str, Any],
    rng: np.random.Generator,
) -> xr.Dataset:
    size, dt = options.cells.n_excitatory, options.simulation.dt
    kept = np.arange(size)
    if options.recording.n_units is not None and options.recording.n_units < size:
        kept = np.sort(rng.choice(size, options.recording.n_units, replace=False))
    place = np.full(size + options.cells.n_inhibitory, -1)
    place[kept] = np.arange(kept.size)
    unit = place[spike_cell]

    phases = options.phases
    kind = np.array([phase.kind for phase in phases])[timetable.presentation_phase]
    shown = np.flatnonzero(kind != "pause")
    block_of = np.cumsum([phase.kind == "block" for phase in phases]) - 1
    block_of[[phase.kind != "block" for phase in phases]] = 0
    plastic = np.array([any(pattern_model.rates(options, phase).values()) for phase in phases])
    in_phase = timetable.presentation_phase[shown]
    start = timetable.presentation_step[shown] * dt
    duration = timetable.pattern_steps * dt + options.recording.tail
    time, count = trials.cut(
        spike_time[unit >= 0], unit[unit >= 0], start, np.full(start.size, duration), kept.size
    )
    return trials.assemble(
        time,
        count,
        recording=recording,
        kind="model",
        trial={
            "stimulus": "patterns",
            "segment": timetable.pattern[shown],
            "repeat": timetable.repeat[shown],
            "block": block_of[in_phase],
            "phase": kind[shown],
            "plasticity_on": plastic[in_phase],
            "presentation_index": np.arange(shown.size),
            "start_time": start,
            "duration": duration,
        },
        unit={"unit_id": [f"e{cell}" for cell in kept], "population": "E"},
        attributes=attributes,
    )


def _traces(
    options: PatternNetwork,
    timetable: stimulus.Schedule,
    save_time: np.ndarray,
    weights: Mapping[str, np.ndarray],
    ends: Mapping[str, tuple[np.ndarray, np.ndarray]],
    spike_time: np.ndarray,
    spike_cell: np.ndarray,
) -> xr.Dataset:
    size, dt = options.cells.n_excitatory, options.simulation.dt
    is_excitatory = spike_cell < size
    width = np.diff(save_time)
    edge_time = np.append(timetable.phase_start, timetable.stop) * dt
    at_edge = np.searchsorted(save_time, edge_time - dt / 2)
    variables: dict[str, Any] = {
        "mean_weight": (
            ("projection", "time"),
            [weights[name].mean(axis=1) for name in weights],
            {"units": "leak conductance"},
        ),
        "sd_weight": (
            ("projection", "time"),
            [weights[name].std(axis=1) for name in weights],
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
        # Evenly spread over the synapses: the same ones in every condition of an instance.
        n = weights[name].shape[1]
        chosen = np.unique(np.linspace(0, n - 1, options.recording.n_synapses).astype(int))
        dim = f"{name}_synapse"
        variables[f"{name}_weight"] = (
            ("edge", dim),
            weights[name][np.ix_(at_edge, chosen)],
            {"units": "leak conductance"},
        )
        variables[f"{name}_pre"] = (dim, ends[name][0][chosen])
        variables[f"{name}_post"] = (dim, ends[name][1][chosen])
    return xr.Dataset(
        variables,
        coords={
            "projection": list(weights),
            "population": ["E", "I"],
            "time": ("time", save_time, {"units": "s"}),
            "edge": ("edge", edge_time, {"units": "s", "long_name": "phase edges"}),
            "phase": ("edge", [*(phase.kind for phase in options.phases), "end"]),
        },
    )
