"""A session before it is simulated: its timetable, its parameters and input, and its steps."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from spikedrift.config.networks import NetworkOptions
from spikedrift.config.overrides import override
from spikedrift.core.errors import InputError
from spikedrift.networks import checks, degrees, engine, timetable
from spikedrift.networks.catalog import Model
from spikedrift.networks.declaration import Draws, Network
from spikedrift.networks.timetable import Timetable
from spikedrift.simulation import streams
from spikedrift.simulation.run import Limit, Run, Save, Set, Step


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
    trained : path
        File of what the network was trained to; empty where training is part of the session.
    """

    recording: str
    parameters: Mapping[str, Any]
    seed: int
    instance: int
    trained: str = ""


@dataclass(frozen=True)
class Plan:
    """A run before it is simulated: what the program gets, and what the trials need.

    Attributes
    ----------
    run : NetworkRun
    options : NetworkOptions
        With the parameters of the run.
    network : Network
        What they declare.
    timetable : Timetable
    parameters : mapping of name -> value or float64, shape (n_cells,)
        Values of the program's variables.
    spikes : mapping of source -> (index, step), int32, each of shape (n_spikes,)
        Cell and time step.
    steps : list of Step
    save_time : float64, shape (n_saves,)
        When weights are saved; s.
    key : int
        Key of the instance's counted draws (`simulation.streams`).
    rng_sample : Generator
        Draws the cells that are kept.
    rested : bool, optional
        Of a session with training that goes on until weights rest: whether they did, once that is
        known (`networks.rest`).
    """

    run: NetworkRun
    options: NetworkOptions
    network: Network
    timetable: Timetable
    parameters: Mapping[str, float | np.ndarray]
    spikes: Mapping[str, tuple[np.ndarray, np.ndarray]]
    steps: list[Step]
    save_time: np.ndarray
    key: int
    rng_sample: np.random.Generator
    rested: bool | None = None

    def rng(self, purpose: str) -> np.random.Generator:
        """Return the random numbers of the instance for a purpose of an integrator's own."""
        return np.random.default_rng([self.key, streams.purpose(purpose)])


def plan(model: Model, options: NetworkOptions, run: NetworkRun) -> Plan:
    """Plan a run: all that is drawn before the program runs is drawn here.

    Parameters
    ----------
    model : Model
    options : NetworkOptions
        Without the run's parameters.
    run : NetworkRun

    Raises
    ------
    InputError
        For parameters that are no options, or a declaration that does not hold.
    """
    options, network = declared(model, options, run)
    dt = options.simulation.dt
    rng_wiring, rng_patterns, rng_order, rng_input, rng_sample = _draws(run)
    laid_out = timetable.lay_out(network.protocol, dt, rng_order)
    spikes = {
        source.name: source.spikes(
            laid_out, Draws(rng_patterns, rng_input) if number == 0 else _further(run, source.name)
        )
        for number, source in enumerate(network.sources)
    }
    key = int(rng_wiring.integers(2**63))
    parameters = {} if model.integrate else _parameters(network, key)
    steps, save_time = session_steps(network, laid_out, dt)
    return Plan(
        run, options, network, laid_out, parameters, spikes, steps, save_time, key, rng_sample
    )


def _parameters(network: Network, key: int) -> dict[str, float | np.ndarray]:
    """Values of the program's variables, keys of random numbers and bounds of degrees included."""
    n_cells = sum(one.size for one in network.populations)
    keys = streams.branch(key, streams.purpose("cell"), np.arange(n_cells))
    parameters = engine.variables(network)
    of_population, first = {}, 0
    for one in network.populations:
        of_population[one.name] = keys[first : first + one.size]
        parameters[f"{one.name}.key"] = of_population[one.name]
        first += one.size
    for projection in network.projections:
        if projection.wiring.degree is not None:
            side = getattr(projection, projection.wiring.fixed)
            n_pre = network.sizes[projection.pre]
            bounds = degrees.bounds(projection, of_population[projection.post], n_pre)
            parameters[f"{side}.{projection.name}_bound"] = bounds
    return parameters


def declared(
    model: Model, options: NetworkOptions, run: NetworkRun
) -> tuple[NetworkOptions, Network]:
    """Return the options of a run, and what they declare.

    Raises
    ------
    InputError
        For parameters that are no options, or a declaration that does not hold.
    """
    options = override(options, run.parameters, where=run.recording).of_instance(run.instance)
    key = int(_draws(run)[0].integers(2**63))
    rng = np.random.default_rng([key, streams.purpose("network")])
    network = model.declare(options).of_instance(rng)
    checks.check(network, run.recording, whole=model.integrate is None)
    return options, network


def _draws(run: NetworkRun) -> list[np.random.Generator]:
    """Random streams of wiring, patterns, their order, their spikes, and the cells kept."""
    seeds = np.random.SeedSequence([run.seed, run.instance]).spawn(5)
    return [np.random.default_rng(seed) for seed in seeds]


def _further(run: NetworkRun, source: str) -> Draws:
    """Random streams of a source after the first."""
    seeds = np.random.SeedSequence([run.seed, run.instance, streams.purpose(source)]).spawn(2)
    return Draws(*map(np.random.default_rng, seeds))


def in_common(model: Model, options: NetworkOptions, run: NetworkRun) -> dict[str, Any]:
    """What copies of one program must have in common, by name; no spike is drawn.

    Parameters
    ----------
    model : Model
    options : NetworkOptions
        Without the run's parameters.
    run : NetworkRun

    Raises
    ------
    InputError
        As `plan`.
    """
    options, network = declared(model, options, run)
    dt = options.simulation.dt
    steps, _ = session_steps(network, timetable.lay_out(network.protocol, dt, _draws(run)[2]), dt)
    return _fixed(options, network, steps)


def _fixed(options: NetworkOptions, network: Network, steps: Sequence[Step]) -> dict[str, Any]:
    return {
        **_flat(engine.structure(network)),
        **options.simulation.model_dump(),
        "limit": network.recording.limit,
        # Copies have values of their own, but for the weights of synapses.
        "times of phases or traces": [
            s.name if isinstance(s, Set) and not s.name.endswith(".w") else s for s in steps
        ],
    }


def _flat(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Values by place, `populations.E.size`."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        inner = _flat(value) if isinstance(value, Mapping) else {}
        found |= {f"{key}.{place}": one for place, one in inner.items()} or {key: value}
    return found


def refuse_misfit(first: Plan, other: Plan) -> None:
    """Refuse a run that cannot be a copy of the first run's program.

    Raises
    ------
    InputError
        Naming both runs and what they do not have in common.
    """
    here, there = (_fixed(one.options, one.network, one.steps) for one in (first, other))
    for name in here | there:
        if here.get(name) != there.get(name):
            raise InputError(
                f"{other.run.recording}: differs from {first.run.recording} in {name}, which one "
                "batch has in common: run it in another batch"
            )


def session_steps(
    network: Network, laid_out: Timetable, dt: float, also: Collection[int] = ()
) -> tuple[list[Step], np.ndarray]:
    """Session steps, and the times (s) at which weights are saved, phase edges among them.

    Parameters
    ----------
    network : Network
    laid_out : Timetable
    dt : float, s
    also : collection of int
        Further time steps at which weights are saved.
    """
    every = max(1, round(network.recording.trace_interval / dt))
    stops = laid_out.phase_stop.copy()
    stops[-1] = laid_out.stop
    begins, ends = _cues(network, laid_out)
    steps: list[Step] = [
        Limit(one.name, float(limit))
        for one in network.recorded.values()
        if (limit := network.recording.limit) is not None
    ]
    steps.append(Save())
    saves = [0]
    for phase, start, stop in zip(
        network.protocol.phases, laid_out.phase_start, stops, strict=True
    ):
        steps += ends.get(int(start), [])  # first, so that they undo nothing that the phase sets
        steps += [Set(name, value) for name, value in engine.rates(network, phase).items()]
        steps += [Set(name, value) for name, value in phase.set.items()]
        saved = {*range((int(start) // every + 1) * every, int(stop), every), int(stop)}
        saved |= {step for step in also if start < step < stop}
        turning = {step for step in (*begins, *ends) if start <= step < stop}
        for a, b in pairwise(sorted({int(start), *saved, *turning})):
            steps += ends.get(a, []) if a > start else []
            steps += begins.get(a, [])
            steps.append(Run(a * dt, (b - a) * dt))
            if b in saved:
                steps.append(Save())
                saves.append(b)
    return steps, np.array(saves) * dt


def _cues(
    network: Network, laid_out: Timetable
) -> tuple[dict[int, list[Step]], dict[int, list[Step]]]:
    """What is set when segments begin, and when they end: time step -> values."""
    begins: dict[int, list[Step]] = {}
    ends: dict[int, list[Step]] = {}
    cues = network.protocol.cues
    for start, segment in zip(laid_out.presentation_step, laid_out.segment, strict=True):
        for name, (shown, otherwise) in cues[segment].items() if cues else ():
            begins.setdefault(int(start), []).append(Set(name, shown))
            ends.setdefault(int(start) + laid_out.segment_steps, []).append(Set(name, otherwise))
    return begins, ends
