"""Frozen spike patterns of the afferents, hidden in Poisson background of about the same rate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np

from spikedrift.config.networks import Patterns
from spikedrift.config.phases import Cue, Others
from spikedrift.networks import other_patterns
from spikedrift.networks.declaration import Draws
from spikedrift.networks.poisson import in_order
from spikedrift.networks.timetable import Timetable


@dataclass(frozen=True)
class Frozen:
    """Patterns, and what is around them in every phase.

    Attributes
    ----------
    patterns : Patterns
    background : tuple of float, one a phase
        Poisson rate outside patterns; Hz.
    state : tuple of float, one a phase
        Extra Poisson rate of every afferent, in patterns too; Hz.
    cues : tuple of Cue or None, one a phase
        Part of every pattern that is shown, None for all of it; empty where all are whole.
    others : tuple of Others or None, one a phase
        Other patterns that are shown in a phase; empty for none in any.
    """

    patterns: Patterns
    background: tuple[float, ...]
    state: tuple[float, ...]
    cues: tuple[Cue | None, ...] = ()
    others: tuple[Others | None, ...] = ()


def frozen_patterns(
    frozen: Frozen, dt: float
) -> Callable[[Timetable, Draws], tuple[np.ndarray, np.ndarray]]:
    """Return the function by which a `Source` draws its spikes."""

    def spikes(timetable: Timetable, draws: Draws) -> tuple[np.ndarray, np.ndarray]:
        return afferent_spikes(timetable, frozen, dt, draws.patterns, draws.input)

    return spikes


def afferent_spikes(
    timetable: Timetable,
    shown_in: Frozen,
    dt: float,
    rng_patterns: np.random.Generator,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the spikes of the afferents.

    A pattern is one Poisson draw for the afferents that take part, shown again with normal jitter
    on every spike, without those that are missing at this showing, and with some Poisson noise.
    Outside patterns, and for afferents that take no part, there is Poisson background, as there is
    in the part of a pattern that a cue leaves out. An option that adds or removes spikes has a
    random stream of its own and leaves the others as they are. In a phase with other patterns all
    spikes but those of the state input are drawn anew, as in a session of these patterns.

    Parameters
    ----------
    timetable : Timetable
    shown_in : Frozen
    dt : float, s
    rng_patterns : numpy Generator
        Draws the frozen patterns and the afferents that take part in them and in their cues.
    rng : numpy Generator
        Draws jitter, noise, background, missing spikes and the state input.

    Returns
    -------
    index, step : int32, shape (n_spikes,)
        Afferent and time step, sorted by step then afferent; spikes that fall on one (afferent,
        time step) are merged.
    """
    patterns = shown_in.patterns
    size, length = patterns.n_afferents, timetable.segment_steps
    rng_taking, rng_cued, rng_new = rng_patterns.spawn(3)
    rng_missing, rng_others, rng_state, rng_deleted, rng_left_out, rng_shown = rng.spawn(6)
    onset, phase_of = timetable.presentation_step, timetable.presentation_phase
    shown = np.arange(onset.size) if patterns.scrambled else timetable.segment

    frozen = []
    for _ in range(onset.size if patterns.scrambled else patterns.n_patterns):
        n = rng_patterns.poisson(patterns.rate * length * dt * size)
        frozen.append((rng_patterns.integers(size, size=n), rng_patterns.random(n) * length))
    n_taking = max(1, round(patterns.participation * size))
    taking = np.tile(np.arange(size) < n_taking, (len(frozen), 1))
    taking = rng_taking.permuted(taking, axis=1)

    # Part of every showing that is shown: afferents, (showing, afferent), and its end.
    rank = np.argsort(np.argsort(np.where(taking, rng_cued.random(taking.shape), 1.0)))
    cues = [shown_in.cues[phase] if shown_in.cues else None for phase in phase_of]
    showing, until = taking[shown], np.full(onset.size, np.inf)
    for number, cue in enumerate(cues):
        if cue is not None and cue.by == "afferents":
            showing[number] &= rank[shown[number]] < round(cue.share * n_taking)
        if cue is not None and cue.by == "onset":
            until[number] = round(cue.share * length)

    found = []
    for number, (start, pattern) in enumerate(zip(onset, shown, strict=True)):
        index, at = frozen[pattern]
        early, cue = at < until[number], cues[number]
        at = start + at + rng.normal(size=at.size) * patterns.jitter / dt
        seen = showing[number, index] & (rng_missing.random(at.size) >= patterns.deletion) & early
        if cue is not None and cue.by == "deletion":
            seen &= rng_deleted.random(at.size) < cue.share
        found.append((index[seen], at[seen]))

    # Stretches (start, stop, rate) of Poisson spikes: between patterns, in patterns, over a phase.
    between, state, kept_until = [], [], []
    others_in = shown_in.others or (None,) * len(shown_in.state)
    background = np.array(shown_in.background)
    stops = [*timetable.phase_stop[:-1], timetable.stop]
    for number, state_rate in enumerate(shown_in.state):
        start, stop = timetable.phase_start[number], stops[number]
        onsets = onset[phase_of == number]
        edges = [start, *np.ravel([onsets, onsets + length], "F"), stop]
        between += [
            (a, b, background[number]) for a, b in zip(edges[::2], edges[1::2], strict=True)
        ]
        kept_until += [np.inf if others_in[number] is None else -np.inf] * (onsets.size + 1)
        state.append((start, stop, state_rate))
    noise = [(start, start + length, patterns.noise_rate) for start in onset]
    others = [(a, b, background[of]) for (a, b, _), of in zip(noise, phase_of, strict=True)]
    everybody = np.ones((len(between), size), dtype=bool)
    ends = np.concatenate([onset + until, kept_until])
    # Where a pattern breaks off, all that took part go on as outside it, else those it leaves out.
    cut = np.isfinite(until)
    begins = np.where(cut, onset + until, onset)
    left_out = [(begin, b, rate) for begin, (_, b, rate) in zip(begins, others, strict=True)]
    resting = taking[shown] & (~showing | cut[:, None])
    some = resting.any(axis=1)
    found += [
        _poisson([*noise, *between], np.vstack([showing, everybody]), dt, rng, ends),
        _poisson(others, ~taking[shown], dt, rng_others),
        _poisson(state, np.ones((len(state), size), dtype=bool), dt, rng_state),
        _poisson(list(compress(left_out, some)), resting[some], dt, rng_left_out),
    ]
    if any(others_in):
        found.append(_others(timetable, shown_in, dt, rng_new, rng_shown))

    index, at = (np.concatenate(column) for column in zip(*found, strict=True))
    step = np.floor(at).astype(np.int64)
    inside = (step >= 0) & (step < timetable.stop)
    return in_order(index[inside], step[inside], size, timetable.stop)


def _others(
    timetable: Timetable,
    shown_in: Frozen,
    dt: float,
    rng_patterns: np.random.Generator,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Spikes of the phases with other patterns, those of the state input aside: cells, steps."""
    patterns, (rng_slots,) = shown_in.patterns, rng_patterns.spawn(1)
    session = other_patterns.lay_out(timetable, shown_in.others, patterns, dt, rng_slots)
    alone = Frozen(
        patterns.model_copy(update={"n_patterns": int(session.segment[-1]) + 1}),
        tuple(
            0.0 if others is None else rate
            for others, rate in zip(shown_in.others, shown_in.background, strict=True)
        ),
        (0.0,) * len(shown_in.state),
    )
    return afferent_spikes(session, alone, dt, rng_patterns, rng)


def _poisson(
    stretches: Sequence[tuple[int, int, float]],
    firing: np.ndarray,
    dt: float,
    rng: np.random.Generator,
    ends: np.ndarray | float = np.inf,
) -> tuple[np.ndarray, np.ndarray]:
    """Afferents and times (in steps) of Poisson spikes; `firing` (stretch, afferent) says whose.

    Those at the end of a stretch or later, `ends`, are left out.
    """
    first, last, rate = np.array(stretches, dtype=float).reshape(-1, 3).T
    count = rng.poisson(rate * (last - first) * dt * firing.shape[1])
    owner = np.repeat(np.arange(count.size), count)
    index = rng.integers(firing.shape[1], size=owner.size)
    at = first[owner] + rng.random(owner.size) * (last - first)[owner]
    seen = firing[owner, index] & (at < np.broadcast_to(ends, count.shape)[owner])
    return index[seen], at[seen]
