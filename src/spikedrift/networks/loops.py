"""Spiking networks that are trained in loops, as sessions: loops, then what they learned.

A loop of training goes from the start of the network to the end of the target. After training
weights are held, and blocks show the response: every repeat is a loop of its own, and segments are
successive stretches of it, in their order, as those of a movie. In pauses between blocks a network
whose loops start anew is not run and is silent; one that goes on from loop to loop runs.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from pydantic import Field

from spikedrift.config.base import Options
from spikedrift.config.networks import NetworkOptions
from spikedrift.core.errors import InputError
from spikedrift.networks import declaration, rates
from spikedrift.networks.timetable import Timetable

if TYPE_CHECKING:
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.session_plan import Plan

log = logging.getLogger(__name__)


class Shown(Options):
    """Blocks in which stretches of the response are shown, weights held."""

    segments: int = Field(default=8, gt=1, description="segments: stretches, one after the other")
    duration: float = Field(default=0.25, gt=0, description="length of a segment; s")
    repeats: int = Field(default=20, gt=1, description="showings of every segment in a block")
    blocks: int = Field(default=2, gt=0, description="blocks")
    pause: float = Field(default=5.0, gt=0, description="time between blocks; s")


class TrainedInLoops(NetworkOptions):
    """A network of one population whose inputs are trained in loops."""

    n: int = Field(default=100, gt=1, description="cells")
    trained: float = Field(
        default=1.0, ge=0, le=1, description="share of the cells whose inputs are trained"
    )
    onset: float = Field(default=1.0, gt=0, description="when the fixed input begins in a loop; s")
    length: float = Field(default=0.1, gt=0, description="length of the fixed input; s")
    response: float = Field(default=1.0, gt=0, description="length of the targets; s")
    every: float = Field(default=0.01, gt=0, description="time between updates of weights; s")
    ridge: float = Field(default=0.5, gt=0, description="penalty of weights that move")
    loops: int = Field(default=10, gt=0, description="loops of training")
    shown: Shown | None = Field(default=None, description="blocks after training")

    @property
    def lead(self) -> float:
        """From the start of a loop to that of the response; s."""
        return self.onset + self.length

    @property
    def loop(self) -> float:
        """Length of a loop; s."""
        return self.lead + self.response

    @property
    def n_trained(self) -> int:
        """Cells whose inputs are trained, the first ones."""
        return round(self.trained * self.n)


class Loop(NamedTuple):
    """A run of the network: its first time step, its length, and whether weights are trained."""

    start: int
    n_steps: int
    learning: bool


class Looping(Protocol):
    """What a session is made with."""

    def run(self, n_steps: int, learning: bool) -> tuple[np.ndarray, np.ndarray]:
        """Run a loop; return cells and time steps (counted from the loop's start) of spikes."""

    @property
    def weights(self) -> np.ndarray:
        """Trained weights, float64, shape (n_synapses,)."""


def refuse_parts(times: Mapping[str, float], step: float, what: str) -> None:
    """Refuse times that end within a step.

    Parameters
    ----------
    times : mapping of option -> value, s
    step : float, s
    what : str
        Name of the steps, in plural.

    Raises
    ------
    InputError
        Naming the option.
    """
    for name, value in times.items():
        n = round(value / step)
        if n < 1 or abs(value / step - n) > 1e-6:
            raise InputError(f"{name}: {value:g} s is no whole number of {what} of {step:g} s")


def protocol(
    before: tuple[declaration.Phase, ...],
    lead: float,
    shown: Shown | None,
    response: float = np.inf,
) -> declaration.Protocol:
    """Lay a session out: phases of training, then blocks with pauses between them.

    Parameters
    ----------
    before : tuple of Phase
    lead : float, s
        From the start of a loop to that of the response.
    shown : Shown, optional
        None for training alone.
    response : float, s
        Length of the response.

    Raises
    ------
    InputError
        For segments that together are longer than the response.
    """
    if shown is None:
        return declaration.Protocol(before)
    if shown.segments * shown.duration > response * (1 + 1e-9):
        raise InputError(
            f"shown: {shown.segments} segments of {shown.duration:g} s are longer than the "
            f"response of {response:g} s"
        )
    block = declaration.Phase("block", repeats=shown.repeats, plastic=False)
    pause = declaration.Phase("pause", duration=shown.pause, plastic=False)
    phases = (*before, *declaration.in_blocks(shown.blocks, block, pause))

    def lay_out(dt: float, rng: np.random.Generator) -> Timetable:
        first, length = round(lead / dt), round(shown.duration / dt)
        repeat = first + shown.segments * length
        steps = [
            round(one.duration / dt) if one.duration else (one.repeats or 0) * repeat
            for one in phases
        ]
        stop = np.cumsum(steps)
        start = stop - steps
        of_phase = np.repeat(np.arange(len(phases)), [one.repeats or 0 for one in phases])
        within = np.concatenate([np.arange(one.repeats or 0) for one in phases])
        begins = start[of_phase] + within * repeat + first
        n = shown.segments
        return Timetable(
            phase_start=start,
            phase_stop=stop,
            presentation_phase=np.repeat(of_phase, n),
            presentation_step=(begins[:, None] + length * np.arange(n)).ravel(),
            segment=np.tile(np.arange(n), begins.size),
            repeat=np.repeat(np.arange(begins.size), n),
            segment_steps=length,
            stop=int(stop[-1]),
        )

    return declaration.Protocol(
        phases,
        n_segments=shown.segments,
        duration=shown.duration,
        order="fixed",
        timetable=lay_out,
    )


def declared(options: TrainedInLoops, unit: str) -> declaration.Network:
    """Declare a network whose recurrent weights are trained.

    Parameters
    ----------
    options : TrainedInLoops
    unit : str
        Of the weights.

    Raises
    ------
    InputError
        Where no cell is trained, or a time ends within a step.
    """
    if not options.n_trained:
        raise InputError(f"trained: {options.trained:g} of {options.n} cells is no cell")
    times = {name: getattr(options, name) for name in ("onset", "length", "response", "every")}
    if options.shown:
        times["shown.duration"] = options.shown.duration
    refuse_parts(times, options.simulation.dt, "time steps")
    training = declaration.Phase("settle", duration=options.loops * options.loop)
    return declaration.Network(
        populations=(declaration.Population("R", options.n),),
        projections=(rates.matrix("recurrent", "R", "R", 10.0, "recursive least squares"),),
        protocol=protocol((training,), options.lead, options.shown, options.response),
        recording=declaration.Recording(
            "R", trace_interval=options.loop, n_synapses=2000, weights=unit
        ),
    )


def ends_of(heard: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(pre, post) of trained synapses, cell by cell, from the cells that each trained one hears."""
    sizes = [one.size for one in heard]
    return np.concatenate(heard), np.repeat(np.arange(len(sizes)), sizes)


def session(
    plan: "Plan",
    network: Looping,
    projection: str,
    ends: tuple[np.ndarray, np.ndarray],
    loop: float,
    goes_on: bool = False,
) -> "Recorded":
    """Run a planned session.

    Parameters
    ----------
    plan : Plan
    network : Looping
        Its cells are those of the first population.
    projection : str
        Whose weights are trained.
    ends : (pre, post), int, shape (n_synapses,)
    loop : float, s
        Length of a loop of training.
    goes_on : bool
        Whether the network runs on in pauses, in loops too.
    """
    from spikedrift.networks.copies import Recorded

    dt, told = plan.options.simulation.dt, time.monotonic()
    waiting, saved = loops(plan, round(loop / dt), goes_on)[::-1], []
    cells, steps = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for until in np.round(plan.save_time / dt):
        while waiting and waiting[-1].start + waiting[-1].n_steps <= until:
            one = waiting.pop()
            cell, step = network.run(one.n_steps, one.learning)
            cells.append(cell)
            steps.append(one.start + step)
            if time.monotonic() > told + 20:
                told, share = time.monotonic(), one.start / plan.timetable.stop
                log.info("%s: %.3g s, %.0f %%", plan.run.recording, one.start * dt, 100 * share)
        saved.append(network.weights.astype(np.float32))
    weights = np.stack(saved)
    cell, step = np.concatenate(cells), np.concatenate(steps)
    order = np.lexsort((cell, step))
    return Recorded(
        cell[order], step[order] * dt, {projection: weights}, {projection: ends},
        bool(np.isfinite(weights).all()),
    )  # fmt: skip


def loops(plan: "Plan", n_steps: int, goes_on: bool = False) -> list[Loop]:
    """Return the loops of a session in their order.

    Parameters
    ----------
    plan : Plan
    n_steps : int
        Time steps of a loop in phases that show nothing; they are filled with whole ones.
    goes_on : bool
        Whether there are loops in pauses.
    """
    timetable, found = plan.timetable, []
    for number, phase in enumerate(plan.network.protocol.phases):
        start, stop = int(timetable.phase_start[number]), int(timetable.phase_stop[number])
        if phase.repeats is not None:
            length = (stop - start) // phase.repeats
        elif phase.kind == "pause" and not goes_on:
            continue
        else:
            length = n_steps
        found += [Loop(at, length, phase.plastic) for at in range(start, stop - length + 1, length)]
    return found
