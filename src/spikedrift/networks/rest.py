"""Training that goes on until its weights rest (`until` of a phase).

What a program runs is planned beforehand, so that a session cannot end its training when it likes.
Instead the session is planned with the longest training that is allowed, its first part is run up
to the end of that, and the weights tell when they came to rest. Then the training that was too much
is taken out of the plan, and the session is run from the beginning. All random numbers are
functions of time and place, and what is shown before is the same: the second run repeats the first,
bit by bit, and goes on where that would have stopped. It takes at most twice the time.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from spikedrift.networks import session_plan
from spikedrift.networks.declaration import Network
from spikedrift.networks.timetable import stages
from spikedrift.stats.stretch import relative_change

if TYPE_CHECKING:
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.session_plan import Plan

log = logging.getLogger(__name__)

type Outcome = tuple[Plan, Recorded, str] | Exception


def open_phases(network: Network) -> list[int]:
    """Places of the phases whose length is not known yet."""
    return [k for k, phase in enumerate(network.protocol.phases) if phase.until is not None]


def run(plan: "Plan", once: Callable[["Plan"], Outcome]) -> Outcome:
    """Run a session whose training ends when its weights rest: first parts, then the whole.

    Parameters
    ----------
    plan : Plan
    once : callable
        Runs a planned session, and returns its plan, what it recorded and the backend, or an error.
    """
    for number in open_phases(plan.network):
        part = first_part(plan, number)
        found = once(part)
        if isinstance(found, Exception):
            return found
        plan = ended(plan, number, part, found[1].weights)
    return once(plan)


def first_part(plan: "Plan", number: int) -> "Plan":
    """Return the session up to the end of a phase that goes on until weights rest.

    Weights are saved whenever it may have come to rest, too.

    Parameters
    ----------
    plan : Plan
        Phases before this one have their lengths.
    number : int
        Place of the phase.
    """
    laid_out, protocol = plan.timetable, plan.network.protocol
    stop = int(laid_out.phase_stop[number])
    timetable = replace(
        laid_out.only(laid_out.presentation_phase <= number),
        phase_start=laid_out.phase_start[: number + 1],
        phase_stop=laid_out.phase_stop[: number + 1],
        stop=stop,
    )
    network = replace(
        plan.network, protocol=replace(protocol, phases=protocol.phases[: number + 1])
    )
    dt = plan.options.simulation.dt
    looks = [step for step, _ in _looks(plan, number)]
    steps, save_time = session_plan.session_steps(network, timetable, dt, looks)
    spikes = {name: (i[at < stop], at[at < stop]) for name, (i, at) in plan.spikes.items()}
    return replace(
        plan, network=network, timetable=timetable, steps=steps, save_time=save_time, spikes=spikes
    )


def ended(plan: "Plan", number: int, part: "Plan", weights: Mapping[str, np.ndarray]) -> "Plan":
    """Return the session with the training that it takes until its weights rest.

    Parameters
    ----------
    plan : Plan
    number : int
        Place of the phase.
    part : Plan
        As `first_part` returns it.
    weights : mapping of projection -> array, shape (n_saves, n_synapses)
        What it saved.

    Returns
    -------
    Plan
        Where weights do not come to rest, training is as long as is allowed and `rested` is False.
    """
    phase = plan.network.protocol.phases[number]
    assert phase.until is not None and phase.repeats is not None
    dt = plan.options.simulation.dt
    length, first = _block(plan, number) * dt, plan.timetable.phase_start[number] * dt
    # Looks apart, weights are known when they are in the session as a whole.
    regular = np.isin(
        part.save_time, session_plan.session_steps(part.network, part.timetable, dt)[1]
    )
    means = [weight.mean(axis=1) for weight in weights.values() if weight.shape[1]]
    for step, repeats in _looks(plan, number):
        end = step * dt
        known = regular | (part.save_time == end)
        changes = (
            relative_change(part.save_time[known], w[known], end, length, first) for w in means
        )
        if all(abs(change or 0.0) < phase.until.moves for change in changes):
            log.info("%s: weights rest after %d repeats", plan.run.recording, repeats)
            return _cut(plan, number, repeats, plan.rested is not False)
    log.warning("%s: weights do not rest in %d repeats", plan.run.recording, phase.repeats)
    return _cut(plan, number, phase.repeats, False)


def _block(plan: "Plan", number: int) -> int:
    """Time steps of the first block after a phase."""
    start = plan.timetable.phase_start[number]
    found = stages(plan.network.protocol.phases, plan.timetable)
    return next(one.stop - one.start for one in found if one.kind == "block" and one.start > start)


def _looks(plan: "Plan", number: int) -> Iterator[tuple[int, int]]:
    """Time steps and repeats after which a phase may end, the last ones too.

    None comes before a block's time has passed.
    """
    phase = plan.network.protocol.phases[number]
    assert phase.until is not None and phase.repeats is not None
    start, stop = (edge[number] for edge in (plan.timetable.phase_start, plan.timetable.phase_stop))
    period = int(stop - start) // phase.repeats
    block = _block(plan, number)
    for repeats in sorted(
        {*range(phase.until.every, phase.repeats, phase.until.every), phase.repeats}
    ):
        if repeats * period >= block:
            yield int(start) + repeats * period, repeats


def _cut(plan: "Plan", number: int, repeats: int, rested: bool) -> "Plan":
    """Take what is shown after so many repeats of a phase out of a session."""
    laid_out, protocol = plan.timetable, plan.network.protocol
    phase = protocol.phases[number]
    assert phase.repeats is not None
    start, stop = int(laid_out.phase_start[number]), int(laid_out.phase_stop[number])
    last = start + repeats * ((stop - start) // phase.repeats)
    removed = stop - last
    own = laid_out.presentation_phase == number
    kept = laid_out.only(~own | (laid_out.repeat < laid_out.repeat[own].min() + repeats))
    later = kept.presentation_phase > number
    places = np.arange(laid_out.phase_start.size)
    timetable = replace(
        kept,
        phase_start=laid_out.phase_start - removed * (places > number),
        phase_stop=laid_out.phase_stop - removed * (places >= number),
        presentation_step=kept.presentation_step - removed * later,
        repeat=kept.repeat - (phase.repeats - repeats) * later,
        stop=laid_out.stop - removed,
    )
    phases = list(protocol.phases)
    phases[number] = replace(phase, repeats=repeats, until=None)
    network = replace(plan.network, protocol=replace(protocol, phases=tuple(phases)))
    spikes = {}
    for name, (index, at) in plan.spikes.items():
        seen = (at < last) | (at >= stop)
        shifted = at[seen] - np.where(at[seen] >= stop, removed, 0).astype(at.dtype)
        spikes[name] = (index[seen], shifted)
    steps, save_time = session_plan.session_steps(network, timetable, plan.options.simulation.dt)
    return replace(
        plan,
        network=network,
        timetable=timetable,
        spikes=spikes,
        steps=steps,
        save_time=save_time,
        rested=rested,
    )
