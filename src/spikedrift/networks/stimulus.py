"""What the afferents do in a session: frozen patterns hidden in Poisson background.

All times are whole time steps, so that the schedule, the input spikes and the trials cut from the
response agree exactly.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spikedrift.config.networks import Patterns, Phase


@dataclass(frozen=True)
class Schedule:
    """The timetable of a session, in time steps.

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


@dataclass(frozen=True)
class Stage:
    """Showings that are measured together.

    Attributes
    ----------
    kind : str, of the phase
    label : str
        Kind of the phase, its number among phases of this kind, and for training which end:
        `block 0`, `train 0 first`.
    presentations : int64, shape (n,), indices into the schedule
    start, stop : int, time steps
        The background before the first showing is included.
    """

    kind: str
    label: str
    presentations: np.ndarray
    start: int
    stop: int


def stages(phases: Sequence[Phase], timetable: Schedule) -> list[Stage]:
    """Phases of kind naive and block, and the first and the last quarter of training."""
    found = []
    seen: Counter[str] = Counter()
    for number, phase in enumerate(phases):
        if phase.kind not in ("naive", "train", "block"):
            continue
        label = f"{phase.kind} {seen[phase.kind]}"
        seen[phase.kind] += 1
        shown = np.flatnonzero(timetable.presentation_phase == number)
        parts = {label: shown}
        if phase.kind == "train":
            repeat = timetable.repeat[shown] - timetable.repeat[shown[0]]
            quarter = -(-(phase.repeats or 0) // 4)
            parts = {
                f"{label} first": shown[repeat < quarter],
                f"{label} last": shown[repeat > repeat[-1] - quarter],
            }
        for name, part in parts.items():
            ends = timetable.presentation_step + timetable.pattern_steps
            start = timetable.phase_start[number] if part[0] == shown[0] else ends[part[0] - 1]
            found.append(Stage(phase.kind, name, part, int(start), int(ends[part[-1]])))
    return found


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
        Time that the session goes on after the last pattern.
    rng : numpy Generator
        Draws the order of the patterns and, from a stream of its own, by how much each comes
        earlier than at the end of its gap.
    """
    length, gap = round(patterns.duration / dt), round(patterns.gap / dt)
    (rng_gap,) = rng.spawn(1)
    most = min(gap, round(patterns.gap_jitter / dt))
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
                step.append(now + gap - int(rng_gap.integers(most + 1)))
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

    A pattern is one Poisson draw for the afferents that take part, shown again with normal jitter
    on every spike, without those that are missing at this showing, and with some Poisson noise.
    Outside patterns, and for afferents that take no part, there is Poisson background. An option
    that adds or removes spikes has a random stream of its own and leaves the others as they are.

    Parameters
    ----------
    timetable, phases, patterns, dt
        As in `schedule`.
    rng_patterns : numpy Generator
        Draws the frozen patterns and the afferents that take part in them.
    rng : numpy Generator
        Draws jitter, noise, background, missing spikes and the state input.

    Returns
    -------
    index, step : int32, shape (n_spikes,)
        Afferent and time step, sorted by step then afferent; spikes that fall on one (afferent,
        time step) are merged.
    """
    size, length = patterns.n_afferents, timetable.pattern_steps
    (rng_taking,) = rng_patterns.spawn(1)
    rng_missing, rng_others, rng_state = rng.spawn(3)
    onset, phase_of = timetable.presentation_step, timetable.presentation_phase
    shown = np.arange(onset.size) if patterns.scrambled else timetable.pattern

    frozen = []
    for _ in range(onset.size if patterns.scrambled else patterns.n_patterns):
        n = rng_patterns.poisson(patterns.rate * length * dt * size)
        frozen.append((rng_patterns.integers(size, size=n), rng_patterns.random(n) * length))
    n_taking = max(1, round(patterns.participation * size))
    taking = np.tile(np.arange(size) < n_taking, (len(frozen), 1))
    taking = rng_taking.permuted(taking, axis=1)

    found = []
    for start, pattern in zip(onset, shown, strict=True):
        index, at = frozen[pattern]
        at = start + at + rng.normal(size=at.size) * patterns.jitter / dt
        seen = taking[pattern, index] & (rng_missing.random(at.size) >= patterns.deletion)
        found.append((index[seen], at[seen]))

    # Stretches (start, stop, rate) of Poisson spikes: between patterns, in patterns, over a phase.
    between, state = [], []
    background = np.array([patterns.background_rate * phase.background for phase in phases])
    stops = [*timetable.phase_stop[:-1], timetable.stop]
    for number, phase in enumerate(phases):
        start, stop = timetable.phase_start[number], stops[number]
        onsets = onset[phase_of == number]
        edges = [start, *np.ravel([onsets, onsets + length], "F"), stop]
        between += [
            (a, b, background[number]) for a, b in zip(edges[::2], edges[1::2], strict=True)
        ]
        state.append((start, stop, phase.state_rate))
    noise = [(start, start + length, patterns.noise_rate) for start in onset]
    others = [(a, b, background[of]) for (a, b, _), of in zip(noise, phase_of, strict=True)]
    everybody = np.ones((len(between), size), dtype=bool)
    found += [
        _poisson([*noise, *between], np.vstack([taking[shown], everybody]), dt, rng),
        _poisson(others, ~taking[shown], dt, rng_others),
        _poisson(state, np.ones((len(state), size), dtype=bool), dt, rng_state),
    ]

    index, at = (np.concatenate(column) for column in zip(*found, strict=True))
    step = np.floor(at).astype(np.int64)
    inside = (step >= 0) & (step < timetable.stop)
    step, index = np.divmod(np.unique(step[inside] * size + index[inside]), size)
    return index.astype(np.int32), step.astype(np.int32)


def _poisson(
    stretches: Sequence[tuple[int, int, float]],
    firing: np.ndarray,
    dt: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Afferents and times (in steps) of Poisson spikes; `firing` (stretch, afferent) says whose."""
    first, last, rate = np.array(stretches, dtype=float).reshape(-1, 3).T
    count = rng.poisson(rate * (last - first) * dt * firing.shape[1])
    owner = np.repeat(np.arange(count.size), count)
    index = rng.integers(firing.shape[1], size=owner.size)
    at = first[owner] + rng.random(owner.size) * (last - first)[owner]
    seen = firing[owner, index]
    return index[seen], at[seen]
