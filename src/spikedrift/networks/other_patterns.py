"""Other patterns than the segments: when each is shown in the pauses of a session."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spikedrift.config.networks import Patterns
from spikedrift.config.phases import Others
from spikedrift.networks.timetable import Timetable


def lay_out(
    timetable: Timetable,
    others: Sequence[Others | None],
    patterns: Patterns,
    dt: float,
    rng: np.random.Generator,
) -> Timetable:
    """Lay out what is shown in pauses as a session of its own.

    Parameters
    ----------
    timetable : Timetable
        Of the session; phases with other patterns show no segments.
    others : sequence of Others or None, one a phase
    patterns : Patterns
        How long a gap is, and by how much a pattern may come earlier.
    dt : float, s
    rng : numpy Generator
        Draws the slots in which patterns are shown, and by how much each comes earlier.

    Returns
    -------
    Timetable
        With the phases of the session. Presentations are those of other patterns, and `segment` is
        the number of the pattern, from 0 through all pauses.
    """
    gap = round(patterns.gap / dt)
    period = gap + timetable.segment_steps
    most = min(gap, round(patterns.gap_jitter / dt))
    phase, step, number = [], [], []
    fresh = 0
    streams = rng.spawn(len(others))  # one a phase: what one shows changes no other
    for place, (shown, rng_phase) in enumerate(zip(others, streams, strict=True)):
        if shown is None:
            continue
        start, stop = timetable.phase_start[place], timetable.phase_stop[place]
        slots = int(stop - start) // period
        rank, early = rng_phase.permutation(slots), rng_phase.integers(most + 1, size=slots)
        chosen = np.flatnonzero(rank < max(1, round(shown.share * slots)))
        phase.append(np.full(chosen.size, place))
        step.append(start + chosen * period + gap - early[chosen])
        number.append(fresh + np.arange(chosen.size) // shown.showings)
        fresh = int(number[-1][-1]) + 1
    segment = np.concatenate(number)
    return replace(
        timetable,
        presentation_phase=np.concatenate(phase),
        presentation_step=np.concatenate(step),
        segment=segment,
        repeat=np.zeros_like(segment),
        again=None,
    )
