"""A session before it is simulated: its timetable, its parameters and input, and its steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from spikedrift.config.networks import PatternNetwork
from spikedrift.config.overrides import override
from spikedrift.core.errors import InputError
from spikedrift.networks import pattern_model, stimulus
from spikedrift.simulation import streams
from spikedrift.simulation.run import Run, Save, Set, Step


class NetworkRun(NamedTuple):
    """One network of a batch.

    Attributes
    ----------
    recording : str
        Recording id; names the run in messages.
    parameters : mapping of dotted key -> value
        What the variant changes in the options, such as `plasticity.afferent.eta`.
    seed, instance : int
        Together they give wiring, initial weights, patterns, background and membrane noise.
    """

    recording: str
    parameters: Mapping[str, Any]
    seed: int
    instance: int


@dataclass(frozen=True)
class Plan:
    """A run before it is simulated: what the program gets, and what the trials need.

    Attributes
    ----------
    run : NetworkRun
    options : PatternNetwork
        With the parameters of the run.
    timetable : Schedule
    parameters : mapping of name -> value or float64, shape (n_cells,)
        Values of the program's variables.
    spikes : (index, step), int32, each of shape (n_spikes,)
        Afferent and time step, as `stimulus.afferent_spikes` returns them.
    steps : list of Step
    save_time : float64, shape (n_saves,)
        When weights are saved; s.
    rng_sample : Generator
        Draws the cells that are kept.
    """

    run: NetworkRun
    options: PatternNetwork
    timetable: stimulus.Schedule
    parameters: Mapping[str, float | np.ndarray]
    spikes: tuple[np.ndarray, np.ndarray]
    steps: list[Step]
    save_time: np.ndarray
    rng_sample: np.random.Generator


def plan(options: PatternNetwork, run: NetworkRun) -> Plan:
    """Plan a run: all that is drawn before the program runs is drawn here.

    Parameters
    ----------
    options : PatternNetwork
        Without the run's parameters.
    run : NetworkRun

    Raises
    ------
    InputError
        For parameters that are no options.
    """
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
    return Plan(run, options, timetable, parameters, spikes, steps, save_time, rng_sample)


def _draws(run: NetworkRun) -> list[np.random.Generator]:
    """Random streams of wiring, patterns, their order, their spikes, and the cells kept."""
    seeds = np.random.SeedSequence([run.seed, run.instance]).spawn(5)
    return [np.random.default_rng(seed) for seed in seeds]


def _timetable(options: PatternNetwork, rng: np.random.Generator) -> stimulus.Schedule:
    dt, tail = options.simulation.dt, options.recording.tail
    return stimulus.schedule(options.phases, options.patterns, dt, tail, rng)


def in_common(options: PatternNetwork, run: NetworkRun) -> dict[str, Any]:
    """What copies of one program must have in common, by name; no spike is drawn.

    Parameters
    ----------
    options : PatternNetwork
        Without the run's parameters.
    run : NetworkRun

    Raises
    ------
    InputError
        For parameters that are no options.
    """
    options = override(options, run.parameters, where=run.recording)
    steps, _ = _steps(options, _timetable(options, _draws(run)[2]))
    return _fixed(options, steps)


def _fixed(options: PatternNetwork, steps: Sequence[Step]) -> dict[str, Any]:
    return {
        **pattern_model.structure(options),
        **options.simulation.model_dump(),
        "times of phases or traces": [s.name if isinstance(s, Set) else s for s in steps],
    }


def refuse_misfit(first: Plan, other: Plan) -> None:
    """Refuse a run that cannot be a copy of the first run's program.

    Raises
    ------
    InputError
        Naming both runs and what they do not have in common.
    """
    here, there = _fixed(first.options, first.steps), _fixed(other.options, other.steps)
    for name in here:
        if here[name] != there[name]:
            raise InputError(
                f"{other.run.recording}: differs from {first.run.recording} in {name}, which one "
                "batch has in common: run it in another batch"
            )


def _steps(options: PatternNetwork, timetable: stimulus.Schedule) -> tuple[list[Step], np.ndarray]:
    """Session steps, and the times (s) at which weights are saved, phase edges among them."""
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
