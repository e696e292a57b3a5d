"""Sessions of a declared network: from its options to trials and traces.

Wiring, initial weights and membrane noise are drawn by the program from the run-time seed, and the
spikes of sources here from the same instance, independently of the variant: variants of one
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
from spikedrift.config.networks import NetworkOptions
from spikedrift.config.simulation import Simulation
from spikedrift.core.errors import DiskError
from spikedrift.networks import checks, engine, rest, session_plan, stability, traces
from spikedrift.networks.catalog import Model
from spikedrift.networks.copies import Copies, Recorded
from spikedrift.networks.declaration import Network
from spikedrift.networks.lost import Diverged, RanAway
from spikedrift.networks.memory import memory
from spikedrift.networks.session_plan import NetworkRun, Plan
from spikedrift.networks.timetable import shown_before
from spikedrift.simulation import gpu
from spikedrift.simulation.build import Program, build
from spikedrift.simulation.run import session

log = logging.getLogger(__name__)


class Simulated(NamedTuple):
    """A session's two files: the trials, and how rates and weights moved."""

    trials: xr.Dataset
    traces: xr.Dataset


def simulate(
    model: Model,
    options: NetworkOptions,
    parameters: Mapping[str, Any],
    *,
    recording: str,
    seed: int,
    instance: int,
    build_dir: Path,
    scratch_dir: Path,
    trained: str = "",
) -> Simulated:
    """Run one session of one variant and instance.

    Parameters
    ----------
    model, options, build_dir, scratch_dir
        As in `simulate_batch`.
    recording, parameters, seed, instance, trained
        As in `NetworkRun`.

    Raises
    ------
    InputError
        For parameters that are no options, or without a compiler.
    DiskError
        Where the disk of `scratch_dir` refuses.
    RuntimeError
        Where the simulation fails, is ended from outside (`Ended`), leaves no finite state
        (`Diverged`) or fires above its limit (`RanAway`), naming the recording.
    """
    run = NetworkRun(recording, parameters, seed, instance, trained)
    (simulated,) = simulate_batch(
        model, options, [run], build_dir=build_dir, scratch_dir=scratch_dir
    )
    if isinstance(simulated, Simulated):
        return simulated
    raise simulated


def simulate_batch(
    model: Model,
    options: NetworkOptions,
    runs: Sequence[NetworkRun],
    *,
    build_dir: Path,
    scratch_dir: Path,
    together: bool | None = None,
) -> list[Simulated | Exception]:
    """Run sessions that differ in parameters, seeds and instances.

    Parameters
    ----------
    model : Model
    options : NetworkOptions
        Of the model.
    runs : sequence of NetworkRun
        They share one structure (sizes, rules, delays), one `simulation` and one timetable.
    build_dir, scratch_dir : Path
        Cache of programs; place for the session's files while it runs.
    together : bool, optional
        Whether the runs are copies in one program, which gives the same results. By default they
        are on CUDA only: a core takes less than half the time for one run after the other.

    Returns
    -------
    list of Simulated or Exception, one per run
        `trials`: units are cells of the recorded population, trials are the segments that the
        phases naive, train and block show, from the onset to the protocol's tail after the end.
        `traces`: as `traces.traced` says, with `status`, `status_reason` and `units`, the recorded
        population, among its attributes.
        For a run whose program failed, whose files the disk refused (DiskError), that left no
        finite state or ran away, the list holds the error, which is not raised and names the run;
        the others are not affected.

    Raises
    ------
    InputError
        For parameters that are no options, for a run that does not fit the first, without a
        compiler, or where backend cuda is asked for and this machine cannot run it.
    """
    return [
        outcome if isinstance(outcome, Exception) else _simulated(model, *outcome)
        for outcome in record_batch(
            model, options, runs, build_dir=build_dir, scratch_dir=scratch_dir, together=together
        )
    ]


def record_batch(
    model: Model,
    options: NetworkOptions,
    runs: Sequence[NetworkRun],
    *,
    build_dir: Path,
    scratch_dir: Path,
    together: bool | None = None,
) -> list[tuple[Plan, Recorded, str] | Exception]:
    """Do as `simulate_batch`, and return what the networks left behind: plan, spikes, backend."""
    planned = [session_plan.plan(model, options, run) for run in runs]
    if model.integrate is not None:
        return [_integrated(model, one) for one in planned]
    first = planned[0]
    for other in planned[1:]:
        session_plan.refuse_misfit(first, other)
    dt = first.options.simulation.dt
    simulation = gpu.resolve(
        first.options.simulation,
        n_cells=len(runs) * n_cells(first.network),
        need=lambda: memory(
            first.network,
            len(runs),
            n_input=sum(index.size for one in planned for index, _ in one.spikes.values()),
            seconds=first.timetable.stop * dt,
        ),
    )
    if together is None:
        together = simulation.backend == "cuda"
    places = (simulation, build_dir, scratch_dir)
    if any(rest.open_phases(one.network) for one in planned):
        return [rest.run(one, lambda part: _run([part], *places)[0]) for one in planned]
    groups = [planned] if together else [[one] for one in planned]
    return [outcome for group in groups for outcome in _run(group, *places)]


def batches(
    model: Model, options: NetworkOptions, runs: Sequence[NetworkRun]
) -> list[list[NetworkRun]]:
    """Divide runs into batches for `simulate_batch`, in their order.

    On CUDA a batch has all runs of one structure and one timetable. Where cores simulate, every
    run is a batch of its own, so that it is there as soon as it is done.

    Parameters
    ----------
    model : Model
    options : NetworkOptions
    runs : sequence of NetworkRun

    Raises
    ------
    InputError
        As `simulate_batch`.
    """
    if options.simulation.backend == "cpp" or model.integrate is not None:
        return [[run] for run in runs]
    alike: dict[str, list[NetworkRun]] = {}
    for run in runs:
        alike.setdefault(repr(session_plan.in_common(model, options, run)), []).append(run)
    found: list[list[NetworkRun]] = []
    for group in alike.values():
        _, network = session_plan.declared(model, options, group[0])
        size = len(group) * n_cells(network)
        chosen = gpu.resolve(options.simulation, n_cells=size, need=lambda: 0)
        # Where training goes on until weights rest, each run has a timetable of its own.
        together = chosen.backend == "cuda" and not rest.open_phases(network)
        found += [group] if together else [[run] for run in group]
    return found


def n_cells(network: Network) -> int:
    """Number of cells that are simulated."""
    return sum(one.size for one in network.populations)


def _integrated(model: Model, plan: Plan) -> tuple[Plan, Recorded, str] | Exception:
    """Run a network that brings an integrator of its own."""
    assert model.integrate is not None
    try:
        recorded = model.integrate(plan)
    except (RuntimeError, MemoryError) as error:
        return error
    return (plan, recorded, "own") if recorded.finite else Diverged(plan.run.recording)


def _run(
    planned: Sequence[Plan], simulation: Simulation, build_dir: Path, scratch_dir: Path
) -> list[tuple[Plan, Recorded, str] | Exception]:
    """Run the copies of one program."""
    network, names = planned[0].network, [one.run.recording for one in planned]
    copies = Copies(
        len(planned),
        {one.name: one.size for one in network.populations},
        {one.name: one.size for one in network.sources},
        {one.name: (one.pre, one.post) for one in network.projections},
    )
    built = program(network, simulation, build_dir, copies.n)
    label = names[0] if copies.n == 1 else f"{names[0]} to {names[-1]} ({copies.n} runs)"
    try:
        with session(
            built,
            parameters=copies.variables([one.parameters for one in planned]),
            inputs={
                one.name: copies.spikes(one.name, [each.spikes[one.name] for each in planned])
                for one in network.sources
            },
            steps=copies.steps([one.steps for one in planned]),
            scratch_dir=scratch_dir,
            label=label,
        ) as output:
            # Copies that ran away before others did were simulated on, and are not looked at.
            ran = {copy: RanAway(names[copy], how) for copy, how in output.away.items()}
            if len(ran) == copies.n:
                return [ran[copy] for copy in range(copies.n)]
            recorded = copies.split(
                output,
                [one.name for one in network.plastic],
                {one.name: engine.state_of(one.cell) for one in network.populations},
                [one.name for one in network.populations if one.recorded],
                len(planned[0].save_time),
                network.recording.states,
            )
            return [
                ran.get(copy)
                or ((one, left, simulation.backend) if left.finite else Diverged(names[copy]))
                for copy, (one, left) in enumerate(zip(planned, recorded, strict=True))
            ]
    except (DiskError, RuntimeError) as error:
        return [error] * copies.n


def _simulated(model: Model, plan: Plan, left: Recorded, backend: str) -> Simulated:
    network, timetable, run = plan.network, plan.timetable, plan.run
    # A spike lies anywhere in its time step: report the middle.
    dt = plan.options.simulation.dt
    spike_time = (np.round(left.spike_time / dt) + 0.5) * dt
    population, cell = _places(network, left.spike_cell)
    recorded = population == _number(network)
    size = network.units.size
    spikes = np.sum(recorded) if left.counts is None else left.counts[:, _number(network)].sum()
    rate = spikes / size / (timetable.stop * dt)
    moved = traces.traced(plan, left.weights, left.ends, spike_time, population, cell, left.counts)
    status, reason = stability.status(moved, network)
    if status != "ok":
        log.warning("%s: the network is %s: %s", run.recording, status, reason)
    attributes = {
        "source": f"spikedrift.networks.models.{model.name}",
        "parameters": {
            "set": dict(run.parameters),
            "options": plan.options.model_dump(mode="json"),
            "seed": run.seed,
            "instance": run.instance,
        },
        "software": {"spikedrift": __version__}
        | {name: version(name) for name in ("numba" if backend == "own" else "brian2", "numpy")},
        "subject": f"instance {run.instance}",
    }
    attributes["shown_before"] = json.dumps(shown_before(network.protocol.phases, timetable))
    if network.protocol.often > 1:
        attributes["shown_often"] = json.dumps([0])
    if network.recording.assumed:
        attributes["assumptions"] = network.recording.assumed
    dataset = _trials(plan, spike_time[recorded], cell[recorded], attributes)
    common = {"status": status, "seed": run.seed, "instance": run.instance, "backend": backend}
    if plan.rested is not None:
        phases = network.protocol.phases
        repeats = sum(one.repeats or 0 for one in phases if one.kind == "train")
        common |= {"trained_repeats": repeats, "came_to_rest": int(plan.rested)}
    dataset.attrs.update(mean_rate=float(rate), **common)
    moved.attrs.update(
        recording=run.recording,
        units=network.recording.units,
        status_reason=reason,
        parameters=json.dumps(attributes["parameters"], sort_keys=True),
        **common,
    )
    return Simulated(dataset, moved)


def _number(network: Network) -> int:
    """Place of the recorded population among the populations."""
    return [one.name for one in network.populations].index(network.recording.units)


def _places(network: Network, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Population of each cell that is numbered through them, and its place there."""
    ends = np.cumsum([one.size for one in network.populations])
    population = np.searchsorted(ends, cell, side="right")
    return population, cell - np.concatenate([[0], ends])[population]


def program(network: Network, simulation: Simulation, build_dir: Path, copies: int = 1) -> Program:
    """Return the compiled network of `copies` copies, from the cache `build_dir` if it is there.

    A simulation that leaves the backend open is compiled as C++.

    Raises
    ------
    InputError
        Without a compiler.
    """
    if simulation.backend == "auto":
        simulation = simulation.model_copy(update={"backend": "cpp"})
    return build(
        "spikedrift.networks.engine:define",
        engine.structure(network, copies),
        simulation,
        build_dir,
        uses=engine.uses(network),
    )


def _trials(
    plan: Plan, spike_time: np.ndarray, spike_cell: np.ndarray, attributes: Mapping[str, Any]
) -> xr.Dataset:
    network, timetable = plan.network, plan.timetable
    dt, phases, size = plan.options.simulation.dt, network.protocol.phases, network.units.size
    some, n_units = network.recording.cells, network.recording.n_units
    kept = np.arange(size) if some is None else np.array(some)
    if n_units is not None and n_units < kept.size:
        kept = np.sort(plan.rng_sample.choice(kept, n_units, replace=False))
    place = np.full(size, -1)
    place[kept] = np.arange(kept.size)
    unit = place[spike_cell]

    kind = np.array([phase.kind for phase in phases])[timetable.presentation_phase]
    shown = np.flatnonzero(np.isin(kind, checks.SHOWING) & timetable.first)
    block_of = np.cumsum([phase.kind == "block" for phase in phases]) - 1
    block_of[[phase.kind != "block" for phase in phases]] = 0
    plastic = np.array([engine.learns(network, phase) for phase in phases])
    in_phase = timetable.presentation_phase[shown]
    start = timetable.presentation_step[shown] * dt
    duration = timetable.segment_steps * dt + network.protocol.tail
    time, count = trials.cut(
        spike_time[unit >= 0], unit[unit >= 0], start, np.full(start.size, duration), kept.size
    )
    prefix = network.recording.units.lower()
    return trials.assemble(
        time,
        count,
        recording=plan.run.recording,
        kind="model",
        trial={
            "stimulus": "patterns",
            "segment": timetable.segment[shown],
            "repeat": timetable.repeat[shown],
            "block": block_of[in_phase],
            "phase": kind[shown],
            "plasticity_on": plastic[in_phase],
            "presentation_index": np.arange(shown.size),
            "start_time": start,
            "duration": duration,
        },
        unit={
            "unit_id": [f"{prefix}{cell}" for cell in kept],
            "population": network.recording.units,
        },
        attributes=attributes,
    )
