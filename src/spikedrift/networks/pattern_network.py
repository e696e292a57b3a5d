"""A recurrent network of excitatory and inhibitory cells that learns frozen spike patterns.

Conductance-based integrate-and-fire cells, spike-timing-dependent plasticity on afferent and
recurrent excitatory synapses, the inhibitory rule of Vogels et al. (2011) on I to E, and weight
noise. Wiring, initial weights and membrane noise are drawn by the program from the run-time seed
and the input spikes here from the same instance, independently of the variant: variants of one
instance differ in nothing but what the variant sets.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from spikedrift import __version__, trials
from spikedrift.config.networks import PatternNetwork
from spikedrift.config.simulation import Simulation
from spikedrift.core.errors import DiskError, InputError
from spikedrift.networks import pattern_model, session_plan, stability, stimulus, traces
from spikedrift.networks.copies import Copies, Recorded
from spikedrift.networks.memory import memory
from spikedrift.networks.session_plan import NetworkRun, Plan
from spikedrift.plasticity import registry
from spikedrift.simulation import gpu
from spikedrift.simulation.build import Program, build
from spikedrift.simulation.run import session

log = logging.getLogger(__name__)


class Simulated(NamedTuple):
    """A session's two files: the trials, and how rates and weights moved."""

    trials: xr.Dataset
    traces: xr.Dataset


class Diverged(InputError, RuntimeError):
    """A network whose state did not stay finite; another try would end alike."""


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
    """Run one session of one variant and instance.

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
        They share one structure (sizes, rules, delay), one `simulation` and one timetable.
    build_dir, scratch_dir : Path
        Cache of programs; place for the session's files while it runs.
    together : bool, optional
        Whether the runs are copies in one program, which gives the same results. By default they
        are on CUDA only: a core takes less than half the time for one run after the other.

    Returns
    -------
    list of Simulated or Exception, one per run
        `trials`: units are E cells, trials are pattern presentations of the phases naive, train and
        block, from the pattern's onset to `recording.tail` after its end. `traces`: as
        `traces.traced` says, with `status` and `status_reason` among its attributes. For a run
        whose program failed, whose files the disk refused (DiskError), or that left no finite
        state, the list holds the error, which is not raised and names the run; the others are not
        affected.

    Raises
    ------
    InputError
        For parameters that are no options, for a run that does not fit the first, without a
        compiler, or where backend cuda is asked for and this machine cannot run it.
    """
    planned = [session_plan.plan(options, run) for run in runs]
    first = planned[0]
    for other in planned[1:]:
        session_plan.refuse_misfit(first, other)
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
    """Divide runs into batches for `simulate_batch`, in their order.

    On CUDA a batch has all runs of one structure and one timetable. Where cores simulate, every
    run is a batch of its own, so that it is there as soon as it is done.

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
        alike.setdefault(repr(session_plan.in_common(options, run)), []).append(run)
    found: list[list[NetworkRun]] = []
    size = options.cells.n_excitatory + options.cells.n_inhibitory
    for group in alike.values():
        chosen = gpu.resolve(options.simulation, n_cells=len(group) * size, need=0)
        found += [group] if chosen.backend == "cuda" else [[run] for run in group]
    return found


def _run(
    planned: Sequence[Plan], simulation: Simulation, build_dir: Path, scratch_dir: Path
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


def _simulated(plan: Plan, left: Recorded, backend: str) -> Simulated:
    options, timetable, run = plan.options, plan.timetable, plan.run
    # A spike lies anywhere in its time step: report the middle.
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
        "subject": f"instance {run.instance}",
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

    By default `simulation` is that of the options, with C++ where these leave the backend open.

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
