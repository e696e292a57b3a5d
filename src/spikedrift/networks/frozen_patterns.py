"""Frozen spike patterns of the afferents, hidden in Poisson background of about the same rate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from spikedrift.config.networks import Patterns
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
    """

    patterns: Patterns
    background: tuple[float, ...]
    state: tuple[float, ...]


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
    Outside patterns, and for afferents that take no part, there is Poisson background. An option
    that adds or removes spikes has a random stream of its own and leaves the others as they are.

    Parameters
    ----------
    timetable : Timetable
    shown_in : Frozen
    dt : float, s
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
    patterns = shown_in.patterns
    size, length = patterns.n_afferents, timetable.segment_steps
    (rng_taking,) = rng_patterns.spawn(1)
    rng_missing, rng_others, rng_state = rng.spawn(3)
    onset, phase_of = timetable.presentation_step, timetable.presentation_phase
    shown = np.arange(onset.size) if patterns.scrambled else timetable.segment

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
    background = np.array(shown_in.background)
    stops = [*timetable.phase_stop[:-1], timetable.stop]
    for number, state_rate in enumerate(shown_in.state):
        start, stop = timetable.phase_start[number], stops[number]
        onsets = onset[phase_of == number]
        edges = [start, *np.ravel([onsets, onsets + length], "F"), stop]
        between += [
            (a, b, background[number]) for a, b in zip(edges[::2], edges[1::2], strict=True)
        ]
        state.append((start, stop, state_rate))
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
    return in_order(index[inside], step[inside], size, timetable.stop)


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
