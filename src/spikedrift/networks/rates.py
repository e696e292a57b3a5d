"""Rate models as sessions: their updates walk through the phases, their rates become spikes.

A rate model changes its weights in updates, each of which stands for some time, and answers a
segment with a rate for each cell. While a segment is shown its cells fire as independent Poisson
processes of these rates, and between segments they are silent: a rate model says nothing of how
spikes of a trial depend on each other or on those before. Trials carry this as an assumption.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
from pydantic import Field

from spikedrift.config.base import Options
from spikedrift.networks import declaration

if TYPE_CHECKING:
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.session_plan import Plan

log = logging.getLogger(__name__)
ASSUMED = (
    "a rate model: spikes of a trial were drawn as independent Poisson processes of its rates, "
    "{gain:g} Hz for a rate of 1, and {background:g} Hz added"
)


class Shown(Options):
    """Blocks of segments that are shown to a rate model, and how its rates become spikes."""

    segments: int = Field(default=8, gt=1, description="segments")
    duration: float = Field(default=0.2, gt=0, description="length of a showing; s")
    gap: float = Field(default=0.1, ge=0, description="silence before every showing; s")
    repeats: int = Field(default=20, gt=1, description="showings of every segment in a block")
    blocks: int = Field(default=2, gt=0, description="blocks")
    pause: float = Field(default=1e4, gt=0, description="time between blocks; s")
    plasticity: bool = Field(
        default=False, description="updates go on in blocks; otherwise in pauses alone"
    )
    pause_plasticity: bool = Field(default=True, description="updates go on in pauses")
    gain: float = Field(default=20.0, gt=0, description="rate of the spikes for a rate of 1; Hz")
    background: float = Field(default=1.0, ge=0, description="rate added to every cell; Hz")

    @property
    def assumed(self) -> str:
        """How spikes were made, in words."""
        return ASSUMED.format(gain=self.gain, background=self.background)


def protocol(
    population: str, before: tuple[declaration.Phase, ...], shown: Shown | None
) -> declaration.Protocol:
    """Lay a session out: phases of the paper, then blocks with pauses between them.

    Parameters
    ----------
    population : str
        Its variable `segment` is set to the segment that is shown, and to -1 at the end.
    before : tuple of Phase
    shown : Shown, optional
        None for the phases of the paper alone.
    """
    if shown is None:
        return declaration.Protocol(before)
    block = declaration.Phase("block", repeats=shown.repeats, plastic=shown.plasticity)
    pause = declaration.Phase("pause", duration=shown.pause, plastic=shown.pause_plasticity)
    return declaration.Protocol(
        (*before, *declaration.in_blocks(shown.blocks, block, pause)),
        n_segments=shown.segments,
        duration=shown.duration,
        gap=shown.gap,
        cues=tuple({f"{population}.segment": (k, -1)} for k in range(shown.segments)),
    )


def recording(
    units: str,
    trace_interval: float,
    shown: Shown | None,
    n_synapses: int | None = 2000,
    ensembles: str = "",
) -> declaration.Recording:
    """Return what is kept of a rate model, and how its spikes were made."""
    return declaration.Recording(
        units,
        trace_interval=trace_interval,
        n_synapses=n_synapses,
        ensembles=ensembles,
        weights="1",
        assumed=shown.assumed if shown else "",
    )


def matrix(
    name: str, pre: str, post: str, w_max: float, changed_by: str, receptor: str = "excitatory"
) -> declaration.Projection:
    """Declare a weight matrix that a rate model changes itself."""
    return declaration.Projection(
        name,
        pre,
        post,
        receptor,
        declaration.all_to_all(),
        declaration.constant(0.0),
        w_max,
        changed_by=changed_by,
    )


def inputs(name: str, size: int) -> declaration.Source:
    """Declare inputs of a rate model, which do not spike."""

    def nothing(*_: object) -> tuple[np.ndarray, np.ndarray]:
        return np.empty(0, np.int32), np.empty(0, np.int32)

    return declaration.Source(name, size, nothing)


class RateModel(Protocol):
    """What a session is made with."""

    def update(self, n: int, phase: int) -> None:
        """Change the weights `n` times, in a phase of that number."""

    def respond(self, segment: int) -> np.ndarray:
        """Rate of every recorded cell to a segment, shape (n_cells,); not negative."""

    def weights(self) -> Mapping[str, np.ndarray]:
        """Return what is saved, by projection: shape (n_synapses,)."""


def session(
    plan: "Plan",
    model: RateModel,
    interval: float,
    ends: Mapping[str, tuple[np.ndarray, np.ndarray]],
    shown: Shown | None,
) -> "Recorded":
    """Walk through a planned session.

    Parameters
    ----------
    plan : Plan
    model : RateModel
    interval : float, s
        Time that an update stands for.
    ends : mapping of projection -> (pre, post)
    shown : Shown, optional
    """
    from spikedrift.networks.copies import Recorded
    from spikedrift.simulation.run import Run, Set

    dt, phases = plan.options.simulation.dt, plan.network.protocol.phases
    saved: dict[str, list[np.ndarray]] = {name: [] for name in ends}
    rates, told = [], time.monotonic()
    for step in plan.steps:
        match step:
            case Set(name, value) if name.endswith(".segment"):
                if (segment := int(value)) >= 0:
                    rates.append(model.respond(segment))
            case Run(start, duration):
                number = int(
                    np.searchsorted(plan.timetable.phase_start, round(start / dt), "right")
                )
                if phases[number - 1].plastic:
                    n = _updates(start + duration, interval) - _updates(start, interval)
                    model.update(n, number - 1)
                if time.monotonic() > told + 20:
                    told, share = time.monotonic(), start / (plan.timetable.stop * dt)
                    log.info("%s: %.3g s, %.0f %%", plan.run.recording, start, 100 * share)
            case Set():
                pass
            case _:
                for name, values in model.weights().items():
                    saved[name].append(np.asarray(values, dtype=np.float32))
    weights = {name: np.stack(values) for name, values in saved.items()}
    cell = np.empty(0, dtype=np.int64)
    at = np.empty(0)
    if shown is not None:
        cell, at = poisson_spikes(
            shown.gain * np.array(rates) + shown.background,
            plan.timetable.presentation_step,
            plan.timetable.segment_steps,
            dt,
            plan.rng("rates"),
        )
        before = [one.name for one in plan.network.populations].index(plan.network.recording.units)
        cell = cell + sum(one.size for one in plan.network.populations[:before])
    finite = all(np.isfinite(values).all() for values in weights.values())
    return Recorded(cell, at, weights, dict(ends), finite)


def poisson_spikes(
    rate: np.ndarray, start: np.ndarray, n_steps: int, dt: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw spikes of independent Poisson processes whose rates are constant over each stretch.

    Parameters
    ----------
    rate : float, shape (n_stretches, n_cells), Hz
    start : int, shape (n_stretches,), time steps
        Stretches are in order and do not overlap.
    n_steps : int
        Length of a stretch.
    dt : float, s
    rng : numpy Generator

    Returns
    -------
    cell : int64, shape (n_spikes,)
    time : float64, shape (n_spikes,), s, start of the time step
        In order of step, then cell.
    """
    count = rng.poisson(rate * n_steps * dt)
    stretch, cell = (np.repeat(index.ravel(), count.ravel()) for index in np.indices(count.shape))
    step = np.asarray(start)[stretch] + np.floor(rng.random(cell.size) * n_steps).astype(np.int64)
    order = np.lexsort((cell, step))
    return cell[order].astype(np.int64), step[order] * dt


def matrix_ends(n_pre: int, n_post: int) -> tuple[np.ndarray, np.ndarray]:
    """(pre, post) of a weight matrix of shape (n_post, n_pre) that is saved row by row."""
    post, pre = np.indices((n_post, n_pre))
    return pre.ravel(), post.ravel()


def matrices(recorded: "Recorded", name: str, shape: tuple[int, int]) -> Iterator[np.ndarray]:
    """Weight matrices of a projection at every save, (n_post, n_pre), float64."""
    for saved in recorded.weights[name]:
        yield saved.reshape(shape).astype(float)


def _updates(until: float, interval: float) -> int:
    """Updates that have ended at a time; a time within rounding of an end counts as one."""
    return int(np.floor(until / interval + 1e-6))
