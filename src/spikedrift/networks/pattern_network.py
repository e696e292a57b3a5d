"""A recurrent network of excitatory and inhibitory cells that learns frozen spike patterns.

Conductance-based integrate-and-fire cells, spike-timing-dependent plasticity on afferent and
recurrent excitatory synapses, the inhibitory rule of Vogels et al. (2011) on I to E, and weight
noise. Wiring, initial weights and membrane noise are drawn by the program from the run-time seed
and the input spikes here from the same instance, independently of the condition: conditions of one
instance differ in nothing but what the condition sets.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from spikedrift import __version__, trials
from spikedrift.config.networks import PatternNetwork
from spikedrift.config.overrides import override
from spikedrift.config.simulation import Simulation
from spikedrift.core.errors import DiskError, InputError
from spikedrift.networks import pattern_model, stability, stimulus, traces
from spikedrift.networks.copies import Copies, Recorded
from spikedrift.networks.memory import memory
from spikedrift.plasticity import registry
from spikedrift.simulation import gpu, streams
from spikedrift.simulation.build import Program, build
from spikedrift.simulation.run import Run, Save, Set, Step, session

log = logging.getLogger(__name__)


class Simulated(NamedTuple):
    """A session's two files: the trials, and how rates and weights moved."""

    trials: xr.Dataset
    traces: xr.Dataset


class Diverged(InputError, RuntimeError):
    """A network that left no finite state; it would do so again."""


class NetworkRun(NamedTuple):
    """One network of a batch.

    Attributes
    ----------
    recording : str
        Recording id; names the run in messages.
    parameters : mapping of dotted key -> value
        What the condition changes in the options, such as `plasticity.afferent.eta`.
    seed, instance : int
        Together they give wiring, initial weights, patterns, background and membrane noise.
    """

    recording: str
    parameters: Mapping[str, Any]
    seed: int
    instance: int


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
    options, build_dir, scratch_dir
        As in `simulate_batch`.
    recording, parameters, seed, instance
        As in `NetworkRun`.

    Raises
    ------
    InputError
        For parameters that are no options, or without a compiler.
    DiskError
        Where the disk of `scratch_dir` refuses.
    RuntimeError
        Where the simulation fails, is ended from outside (`Ended`) or leaves no finite state
        (`Diverged`), naming the recording.
    """
    run = NetworkRun(recording, parameters, seed, instance)
    (simulated,) = simulate_batch(options, [run], build_dir=build_dir, scratch_dir=scratch_dir)
    if isinstance(simulated, Simulated):
        return simulated
    raise simulated


def simulate_batch(
    options: PatternNetwork,
    runs: Sequence[NetworkRun],
    *,
    build_dir: Path,
    scratch_dir: Path,
    together: bool | None = None,
) -> list[Simulated | Exception]:
    """Run sessions that differ in parameters, seeds and instances.

    Parameters
    ----------
    options : PatternNetwork
    runs : sequence of NetworkRun
        Of one structure (sizes, rules, delay), one `simulation` and one timetable.
    build_dir, scratch_dir : Path
        Cache of programs; place for the session's files while it runs.
    together : bool, optional
        Whether they are copies in one program, which gives the same results. By default they are
        on CUDA: a core takes less than half the time for one after the other.

    Returns
    -------
    list of Simulated or Exception, one a run
        `trials`: units are E cells, trials are pattern presentations of the phases naive, train
        and block, from the pattern's onset to `recording.tail` after its end.
        `traces`: as `traces.traced` says, with `status` and `status_reason` among its attributes.
        A run whose program failed, whose files the disk refused (DiskError), or that left no
        finite state, has its error, unraised and naming it: the others are as they should be.

    Raises
    ------
    InputError
        For parameters that are no options, for a run that does not fit the first, without a
        compiler, or where backend cuda is asked for and this machine cannot run it.
    """
    planned = [_plan(options, run) for run in runs]
    first = planned[0]
    for other in planned[1:]:
        _refuse_misfit(first, other)
    cells, simulation = first.options.cells, first.options.simulation
    simulation = gpu.resolve(
        simulation,
        n_cells=len(runs) * (cells.n_excitatory + cells.n_inhibitory),
        need=memory(
            first.options,
            len(runs),
            n_input=sum(one.spikes[0].size for one in planned),
            seconds=first.timetable.stop * simulation.dt,
        ),
    )
    if together is None:
        together = simulation.backend == "cuda"
    groups = [planned] if together else [[one] for one in planned]
    return [
        simulated
        for group in groups
        for simulated in _run(group, simulation, build_dir, scratch_dir)
    ]


def batches(options: PatternNetwork, runs: Sequence[NetworkRun]) -> list[list[NetworkRun]]:
    """Divide runs into those that `simulate_batch` runs best at once, in their order.

    On CUDA all that have one structure and one timetable; where cores simulate, one each, so that
    every run is there as soon as it is done.

    Parameters
    ----------
    options : PatternNetwork
    runs : sequence of NetworkRun

    Raises
    ------
    InputError
        As `simulate_batch`.
    """
    if options.simulation.backend == "cpp":
        return [[run] for run in runs]
    alike: dict[str, list[NetworkRun]] = {}
    for run in runs:
        own = override(options, run.parameters, where=run.recording)
        steps, _ = _steps(own, _timetable(own, _draws(run)[2]))
        alike.setdefault(repr(_fixed(own, steps)), []).append(run)
    found: list[list[NetworkRun]] = []
    size = options.cells.n_excitatory + options.cells.n_inhibitory
    for group in alike.values():
        chosen = gpu.resolve(options.simulation, n_cells=len(group) * size, need=0)
        found += [group] if chosen.backend == "cuda" else [[run] for run in group]
    return found


@dataclass(frozen=True)
class _Plan:
    """A run before it is simulated: what the program is told, and what the trials need."""

    run: NetworkRun
    options: PatternNetwork
    timetable: stimulus.Schedule
    parameters: Mapping[str, float | np.ndarray]
    spikes: tuple[np.ndarray, np.ndarray]
    steps: list[Step]
    save_time: np.ndarray
    rng_sample: np.random.Generator


def _plan(options: PatternNetwork, run: NetworkRun) -> _Plan:
    options = override(options, run.parameters, where=run.recording)
    dt = options.simulation.dt
    rng_wiring, rng_patterns, rng_order, rng_input, rng_sample = _draws(run)
    timetable = _timetable(options, rng_order)
    spikes = stimulus.afferent_spikes(
        timetable, options.phases, options.patterns, dt, rng_patterns, rng_input
    )
    n_cells = options.cells.n_excitatory + options.cells.n_inhibitory
    keys = streams.branch(rng_wiring.integers(2**63), streams.purpose("cell"), np.arange(n_cells))
    parameters: dict[str, float | np.ndarray] = {**pattern_model.parameters(options)}
    parameters["cells.key"] = keys
    steps, save_time = _steps(options, timetable)
    return _Plan(run, options, timetable, parameters, spikes, steps, save_time, rng_sample)


def _draws(run: NetworkRun) -> list[np.random.Generator]:
    """Streams of wiring, patterns, their order, their spikes, and the cells that are kept."""
    seeds = np.random.SeedSequence([run.seed, run.instance]).spawn(5)
    return [np.random.default_rng(seed) for seed in seeds]


def _timetable(options: PatternNetwork, rng: np.random.Generator) -> stimulus.Schedule:
    dt, tail = options.simulation.dt, options.recording.tail
    return stimulus.schedule(options.phases, options.patterns, dt, tail, rng)


def _fixed(options: PatternNetwork, steps: Sequence[Step]) -> dict[str, Any]:
    """What the copies of one program have in common."""
    return {
        **pattern_model.structure(options),
        **options.simulation.model_dump(),
        "times of phases or traces": [s.name if isinstance(s, Set) else s for s in steps],
    }


def _refuse_misfit(first: _Plan, other: _Plan) -> None:
    """Refuse a run that cannot be a copy of the first run's program."""
    here, there = _fixed(first.options, first.steps), _fixed(other.options, other.steps)
    for name in here:
        if here[name] != there[name]:
            raise InputError(
                f"{other.run.recording}: differs from {first.run.recording} in {name}, which one "
                "batch has in common: run it in another batch"
            )


def _run(
    planned: Sequence[_Plan], simulation: Simulation, build_dir: Path, scratch_dir: Path
) -> list[Simulated | Exception]:
    """Run the copies of one program."""
    first, names = planned[0].options, [one.run.recording for one in planned]
    copies = Copies(
        len(planned),
        first.cells.n_excitatory,
        first.cells.n_inhibitory,
        first.patterns.n_afferents,
    )
    built = program(first, build_dir, copies.n, simulation)
    label = names[0] if copies.n == 1 else f"{names[0]} to {names[-1]} ({copies.n} runs)"
    simulated: list[Simulated | Exception] = []
    try:
        with session(
            built,
            parameters=copies.variables([one.parameters for one in planned]),
            inputs={"afferents": copies.afferents([one.spikes for one in planned])},
            steps=copies.steps([one.steps for one in planned]),
            scratch_dir=scratch_dir,
            label=label,
        ) as output:
            recorded = copies.split(output, pattern_model.plastic(first), len(planned[0].save_time))
            for name, one, left in zip(names, planned, recorded, strict=True):
                if left.finite:
                    simulated.append(_simulated(one, left, simulation.backend))
                else:
                    simulated.append(
                        Diverged(f"{name}: the simulation diverged (voltages or weights are NaN)")
                    )
    except (DiskError, RuntimeError) as error:
        return [error] * copies.n
    return simulated


def _simulated(plan: _Plan, left: Recorded, backend: str) -> Simulated:
    options, timetable, run = plan.options, plan.timetable, plan.run
    # A spike lies somewhere in its time step: report the middle.
    dt = options.simulation.dt
    spike_time = (np.round(left.spike_time / dt) + 0.5) * dt
    size = options.cells.n_excitatory
    rate = np.sum(left.spike_cell < size) / size / (timetable.stop * dt)
    moved = traces.traced(
        options,
        timetable,
        plan.save_time,
        left.weights,
        left.ends,
        spike_time,
        left.spike_cell,
        run.recording,
    )
    status, reason = stability.status(moved, size)
    if status != "ok":
        log.warning("%s: the network is %s: %s", run.recording, status, reason)
    attributes = {
        "source": "spikedrift.networks.pattern_network",
        "parameters": {
            "set": dict(run.parameters),
            "options": options.model_dump(mode="json"),
            "seed": run.seed,
            "instance": run.instance,
        },
        "software": {"spikedrift": __version__}
        | {name: version(name) for name in ("brian2", "numpy")},
        "experience_unit": f"instance {run.instance}",
    }
    dataset = _trials(
        options, timetable, spike_time, left.spike_cell, run.recording, attributes, plan.rng_sample
    )
    common = {"status": status, "seed": run.seed, "instance": run.instance, "backend": backend}
    dataset.attrs.update(mean_rate=float(rate), **common)
    moved.attrs.update(
        recording=run.recording,
        status_reason=reason,
        parameters=json.dumps(attributes["parameters"], sort_keys=True),
        **common,
    )
    return Simulated(dataset, moved)


def program(
    options: PatternNetwork,
    build_dir: Path,
    copies: int = 1,
    simulation: Simulation | None = None,
) -> Program:
    """Return the compiled network of `copies` copies, from the cache `build_dir` if it is there.

    `simulation` is that of the options by default, C++ where these leave the backend open.

    Raises
    ------
    InputError
        Without a compiler.
    """
    if simulation is None:
        asked = options.simulation
        simulation = asked.model_copy(update={"backend": "cpp"} if asked.backend == "auto" else {})
    structure = pattern_model.structure(options, copies)
    rules = {rule for names in structure["rules"].values() for rule in names}
    return build(
        "spikedrift.networks.pattern_model:define",
        structure,
        simulation,
        build_dir,
        uses=[f"{registry.PACKAGE}.{rule}" for rule in sorted(rules)],
    )


def _steps(options: PatternNetwork, timetable: stimulus.Schedule) -> tuple[list[Step], np.ndarray]:
    """Session steps, and the times (s) at which weights are saved: phase edges and between."""
    dt = options.simulation.dt
    every = max(1, round(options.recording.trace_interval / dt))
    stops = timetable.phase_stop.copy()
    stops[-1] = timetable.stop
    steps: list[Step] = [Save()]
    saves = [0]
    for phase, start, stop in zip(options.phases, timetable.phase_start, stops, strict=True):
        steps += [Set(name, value) for name, value in pattern_model.rates(options, phase).items()]
        edges = [int(start), *range((int(start) // every + 1) * every, int(stop), every), int(stop)]
        for a, b in pairwise(edges):
            steps += [Run(a * dt, (b - a) * dt), Save()]
            saves.append(b)
    return steps, np.array(saves) * dt


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
