"""When what is shown in a session.

All times are whole time steps, so that the timetable, the input spikes and the trials cut from the
response agree exactly.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spikedrift.networks.declaration import Phase, Protocol

OFTEN = ("train", "pause")  # phases in which a segment may be shown more often than others


@dataclass(frozen=True)
class Timetable:
    """The timetable of a session, in time steps.

    Attributes
    ----------
    phase_start, phase_stop : int64, shape (n_phases,), time steps
    presentation_phase : int64, shape (n_presentations,), index of the phase
    presentation_step : int64, shape (n_presentations,), time step of the segment's start
    segment, repeat : int64, shape (n_presentations,)
        `repeat` counts the showings over the whole session.
    segment_steps : int, length of a segment
    stop : int, time step at which the session ends
    again : bool, shape (n_presentations,), optional
        Further showings of a segment in the same repeat, which are no trials; None for none.
    """

    phase_start: np.ndarray
    phase_stop: np.ndarray
    presentation_phase: np.ndarray
    presentation_step: np.ndarray
    segment: np.ndarray
    repeat: np.ndarray
    segment_steps: int
    stop: int
    again: np.ndarray | None = None

    @property
    def first(self) -> np.ndarray:
        """Showings that are the first of their segment in the repeat: bool, (n_presentations,)."""
        if self.again is None:
            return np.ones(self.segment.size, bool)
        return np.asarray(~self.again)

    def only(self, kept: np.ndarray) -> "Timetable":
        """Leave presentations out: `kept` is bool, shape (n_presentations,)."""
        return replace(
            self,
            presentation_phase=self.presentation_phase[kept],
            presentation_step=self.presentation_step[kept],
            segment=self.segment[kept],
            repeat=self.repeat[kept],
            again=None if self.again is None else self.again[kept],
        )


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


def stages(phases: Sequence[Phase], timetable: Timetable) -> list[Stage]:
    """Phases of kind naive and block, and the first and the last quarter of training."""
    found = []
    seen: Counter[str] = Counter()
    for number, phase in enumerate(phases):
        if phase.kind not in ("naive", "train", "block"):
            continue
        label = f"{phase.kind} {seen[phase.kind]}"
        seen[phase.kind] += 1
        shown = np.flatnonzero((timetable.presentation_phase == number) & timetable.first)
        parts = {label: shown}
        if phase.kind == "train":
            repeat = timetable.repeat[shown] - timetable.repeat[shown[0]]
            quarter = -(-(phase.repeats or 0) // 4)
            parts = {
                f"{label} first": shown[repeat < quarter],
                f"{label} last": shown[repeat > repeat[-1] - quarter],
            }
        for name, part in parts.items():
            ends = timetable.presentation_step + timetable.segment_steps
            start = timetable.phase_start[number] if part[0] == shown[0] else ends[part[0] - 1]
            found.append(Stage(phase.kind, name, part, int(start), int(ends[part[-1]])))
    return found


def shown_before(phases: Sequence[Phase], timetable: Timetable) -> dict[str, float]:
    """Showings of a segment before each block, by the block's number.

    It is the mean over segments and over the trials of the block, so that half of the block's own
    showings count, as half of its time does.
    """
    blocks = [number for number, phase in enumerate(phases) if phase.kind == "block"]
    n = len(np.unique(timetable.segment))
    places = (np.flatnonzero(timetable.presentation_phase == number) for number in blocks)
    return {str(block): float(place.mean() / n) for block, place in enumerate(places)}


def lay_out(protocol: Protocol, dt: float, rng: np.random.Generator) -> Timetable:
    """Lay the phases of a protocol out in time; each repeat shows every segment once, gap first.

    In training and pauses the first segment is shown `protocol.often` times in a repeat.

    Parameters
    ----------
    protocol : Protocol
    dt : float, s
    rng : numpy Generator
        Draws the order of the segments and, from a stream of its own, by how much each comes
        earlier than at the end of its gap.
    """
    if protocol.timetable is not None:
        return protocol.timetable(dt, rng)
    length, gap = round(protocol.duration / dt), round(protocol.gap / dt)
    (rng_gap,) = rng.spawn(1)
    most = min(gap, round(protocol.gap_jitter / dt))
    start, stop, of_phase, step, shown, repeat, again = [], [], [], [], [], [], []
    now = showing = 0
    for number, phase in enumerate(protocol.phases):
        start.append(now)
        if phase.duration is not None:
            now += round(phase.duration / dt)
        for _ in range(phase.repeats or 0):
            more = protocol.often - 1 if phase.kind in OFTEN else 0
            order = np.concatenate([np.arange(protocol.n_segments), np.zeros(more, np.int64)])
            if protocol.order == "random":
                rng.shuffle(order)
            again += [segment in order[:place] for place, segment in enumerate(order)]
            for segment in order:
                of_phase.append(number)
                step.append(now + gap - int(rng_gap.integers(most + 1)))
                shown.append(segment)
                repeat.append(showing)
                now += gap + length
            showing += 1
        stop.append(now)
    return Timetable(
        phase_start=np.array(start, dtype=np.int64),
        phase_stop=np.array(stop, dtype=np.int64),
        presentation_phase=np.array(of_phase, dtype=np.int64),
        presentation_step=np.array(step, dtype=np.int64),
        segment=np.array(shown, dtype=np.int64),
        repeat=np.array(repeat, dtype=np.int64),
        segment_steps=length,
        stop=now + round(protocol.tail / dt),
        again=np.array(again, dtype=bool) if any(again) else None,
    )
