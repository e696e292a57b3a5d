"""What the afferents do in a session: frozen patterns hidden in Poisson background.

All times are whole time steps, so that the schedule, the input spikes and the trials cut from the
response agree exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spikedrift.config.networks import Patterns, Phase


@dataclass(frozen=True)
class Schedule:
    """When what happens.

    Attributes
    ----------
    phase_start, phase_stop : int64, shape (n_phases,), time steps
    presentation_phase : int64, shape (n_presentations,), index of the phase
    presentation_step : int64, shape (n_presentations,), time step of the pattern's start
    pattern, repeat : int64, shape (n_presentations,)
        `repeat` counts the showings over the whole session.
    pattern_steps : int, length of a pattern
    stop : int, time step at which the session ends
    """

    phase_start: np.ndarray
    phase_stop: np.ndarray
    presentation_phase: np.ndarray
    presentation_step: np.ndarray
    pattern: np.ndarray
    repeat: np.ndarray
    pattern_steps: int
    stop: int


def schedule(
    phases: Sequence[Phase],
    patterns: Patterns,
    dt: float,
    tail: float,
    rng: np.random.Generator,
) -> Schedule:
    """Lay the phases out in time; each repeat shows every pattern once, background first.

    Parameters
    ----------
    phases : sequence of Phase
    patterns : Patterns
    dt : float, s
    tail : float, s
        Time after the last pattern that the session lasts.
    rng : numpy Generator
        Draws the order of the patterns.
    """
    length, gap = round(patterns.duration / dt), round(patterns.gap / dt)
    start, stop, of_phase, step, shown, repeat = [], [], [], [], [], []
    now = showing = 0
    for number, phase in enumerate(phases):
        start.append(now)
        if phase.duration is not None:
            now += round(phase.duration / dt)
        for _ in range(phase.repeats or 0):
            order = np.arange(patterns.n_patterns)
            if patterns.order == "random":
                rng.shuffle(order)
            for pattern in order:
                of_phase.append(number)
                step.append(now + gap)
                shown.append(pattern)
                repeat.append(showing)
                now += gap + length
            showing += 1
        stop.append(now)
    return Schedule(
        phase_start=np.array(start, dtype=np.int64),
        phase_stop=np.array(stop, dtype=np.int64),
        presentation_phase=np.array(of_phase, dtype=np.int64),
        presentation_step=np.array(step, dtype=np.int64),
        pattern=np.array(shown, dtype=np.int64),
        repeat=np.array(repeat, dtype=np.int64),
        pattern_steps=length,
        stop=now + round(tail / dt),
    )


def afferent_spikes(
    timetable: Schedule,
    phases: Sequence[Phase],
    patterns: Patterns,
    dt: float,
    rng_patterns: np.random.Generator,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the spikes of the afferents.

    A pattern is one Poisson draw per afferent, shown again with normal jitter on every spike and
    with some Poisson noise; outside patterns there is Poisson background.

    Parameters
    ----------
    timetable, phases, patterns, dt
        As in `schedule`.
    rng_patterns : numpy Generator
        Draws the frozen patterns.
    rng : numpy Generator
        Draws jitter, noise and background.

    Returns
    -------
    index, step : int32, shape (n_spikes,)
        Afferent and time step, sorted by step then afferent; spikes that fall on one (afferent,
        time step) are merged.
    """
    size, length = patterns.n_afferents, timetable.pattern_steps
    all_index, all_step = [], []

    frozen = []
    for _ in range(patterns.n_patterns):
        n = rng_patterns.poisson(patterns.rate * length * dt * size)
        frozen.append((rng_patterns.integers(size, size=n), rng_patterns.random(n) * length))
    for onset, pattern in zip(timetable.presentation_step, timetable.pattern, strict=True):
        index, at = frozen[pattern]
        all_index.append(index)
        all_step.append(onset + at + rng.normal(size=at.size) * patterns.jitter / dt)

    # Poisson spikes: (start, stop, rate) of every pattern and of everything between patterns.
    stretches = [(s, s + length, patterns.noise_rate) for s in timetable.presentation_step]
    for number, phase in enumerate(phases):
        if phase.background:
            onsets = timetable.presentation_step[timetable.presentation_phase == number]
            edges = [timetable.phase_start[number], *np.ravel([onsets, onsets + length], "F")]
            edges.append(
                timetable.stop if number == len(phases) - 1 else timetable.phase_stop[number]
            )
            stretches += [
                (a, b, patterns.background_rate)
                for a, b in zip(edges[::2], edges[1::2], strict=True)
            ]
    first, last, rate = (np.array(column, dtype=float) for column in zip(*stretches, strict=True))
    count = rng.poisson(rate * (last - first) * dt * size)
    owner = np.repeat(np.arange(count.size), count)
    all_index.append(rng.integers(size, size=owner.size))
    all_step.append(first[owner] + rng.random(owner.size) * (last - first)[owner])

    step = np.floor(np.concatenate(all_step)).astype(np.int64)
    index = np.concatenate(all_index)
    inside = (step >= 0) & (step < timetable.stop)
    step, index = np.divmod(np.unique(step[inside] * size + index[inside]), size)
    return index.astype(np.int32), step.astype(np.int32)
