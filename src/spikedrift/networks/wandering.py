"""Afferents at rates that wander, and patterns that half of them repeat.

The input of Masquelier, Guyonneau & Thorpe (2008), PLoS ONE 3:e1377, in the form of Hathway &
Goodman (2018, ReScience): one pass is drawn, in windows as long as a pattern, and heard again.
"""

from collections.abc import Callable
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from spikedrift.config.base import Options
from spikedrift.networks.declaration import Draws
from spikedrift.networks.poisson import in_order
from spikedrift.networks.timetable import Timetable

BIN, AT_ONCE = 1e-3, 1000  # in which rates are constant, s; bins whose numbers are drawn together


class Stimulus(Options):
    """Afferents at rates that wander, and patterns that half of them repeat."""

    n_afferents: int = Field(default=2000, gt=1, description="afferents")
    n_patterns: int = Field(default=1, gt=0, description="patterns (segments)")
    share: float = Field(
        default=0.5, gt=0, le=1, description="share of the afferents, the same in all patterns"
    )
    frequency: float = Field(
        default=0.25, gt=0, le=0.5, description="share of the windows that show a pattern"
    )
    window: float = Field(default=0.050, gt=0, description="length of a pattern; s")
    jitter: float = Field(default=0.001, ge=0, description="normal jitter of its spikes, SD; s")
    span: float = Field(default=150.0, gt=0, description="length of what is shown again; s")
    passes: int = Field(
        default=3, gt=1, description="times it is shown; every one after the first is a block"
    )
    max_rate: float = Field(default=90.0, gt=0, description="greatest rate without noise; Hz")
    drift: float = Field(
        default=1800.0, ge=0, description="greatest speed at which a rate changes; Hz/s"
    )
    longest: float = Field(
        default=0.050, gt=0, description="time after which a spike is forced, noise apart; s"
    )
    noise_rate: float = Field(default=10.0, ge=0, description="Poisson spikes on top; Hz")

    @property
    def n_taking(self) -> int:
        """Afferents that take part in the patterns."""
        return max(1, round(self.share * self.n_afferents))

    @property
    def n_windows(self) -> int:
        """Windows in a pass."""
        return round(self.span / self.window)

    @property
    def repeats(self) -> int:
        """Showings of every pattern in a pass."""
        return int(self.frequency * self.n_windows) // self.n_patterns

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if abs(self.n_windows * self.window - self.span) > BIN / 2:
            raise ValueError(f"span: {self.span:g} s is no whole number of windows")
        if not self.repeats:
            raise ValueError(f"span: {self.span:g} s is too short to show every pattern")
        return self


def windows(stimulus: Stimulus) -> Callable[[float, np.random.Generator], Timetable]:
    """Return the function that draws which windows show which pattern, never two in a row."""

    def timetable(dt: float, rng: np.random.Generator) -> Timetable:
        n_patterns, repeats, passes = stimulus.n_patterns, stimulus.repeats, stimulus.passes
        n_shown, length = n_patterns * repeats, round(stimulus.window / dt)
        free = rng.choice(stimulus.n_windows - n_shown + 1, n_shown, replace=False)
        window = np.sort(free) + np.arange(n_shown)
        order = rng.permuted(np.tile(np.arange(n_patterns), (repeats, 1)), axis=1).ravel()
        begins = np.arange(passes + 1) * stimulus.n_windows * length
        return Timetable(
            phase_start=begins[:-1],
            phase_stop=begins[1:],
            presentation_phase=np.repeat(np.arange(passes), n_shown),
            presentation_step=np.add.outer(begins[:-1], window * length).ravel(),
            segment=np.tile(order, passes),
            repeat=np.repeat(np.arange(passes * repeats), n_patterns),
            segment_steps=length,
            stop=int(begins[-1]),
        )

    return timetable


def afferents(
    stimulus: Stimulus, dt: float
) -> Callable[[Timetable, Draws], tuple[np.ndarray, np.ndarray]]:
    """Return the function that draws the spikes of one pass."""

    def spikes(timetable: Timetable, draws: Draws) -> tuple[np.ndarray, np.ndarray]:
        rng, size = draws.input, stimulus.n_afferents
        cell, time = wandering(stimulus, rng)
        once = timetable.presentation_phase == 0
        window = timetable.presentation_step[once] // timetable.segment_steps
        segment = timetable.segment[once]
        shown = np.isin(np.arange(stimulus.n_windows), window)
        place = np.minimum((time / stimulus.window).astype(np.int32), stimulus.n_windows - 1)
        taking = cell < stimulus.n_taking
        kept = ~(taking & shown[place])
        found = [(cell[kept], time[kept])]
        for pattern in range(stimulus.n_patterns):
            begins = window[segment == pattern] * stimulus.window
            first = taking & (place == window[segment == pattern][0])
            at = np.add.outer(begins, time[first] - begins[0])
            at += rng.normal(0, stimulus.jitter, at.shape)
            found.append((np.tile(cell[first], begins.size), at.ravel()))
        n_noise = rng.poisson(stimulus.noise_rate * stimulus.span * size)
        found.append((rng.integers(size, size=n_noise), rng.random(n_noise) * stimulus.span))
        cell, time = (np.concatenate(column) for column in zip(*found, strict=True))
        step = np.floor(time / dt).astype(np.int64)
        n_steps = round(stimulus.span / dt)
        inside = (step >= 0) & (step < n_steps)
        return in_order(cell[inside], step[inside], size, n_steps)

    return spikes


def wandering(stimulus: Stimulus, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw cell and time (s) of spikes at rates that wander, and of those that are forced."""
    from spikedrift.networks.integrators.wandering import fire

    size, top, drift = stimulus.n_afferents, stimulus.max_rate, stimulus.drift
    rate, speed = rng.uniform(0, top, size), rng.uniform(-drift, drift, size)
    last = rng.uniform(-stimulus.longest, 0, size)
    found = []
    n_bins = round(stimulus.span / BIN)
    for first in range(0, n_bins, AT_ONCE):
        draw, turn = rng.random((2, min(AT_ONCE, n_bins - first), size))
        found.append(
            fire(rng, draw, turn, first, BIN, rate, speed, last, top, drift, stimulus.longest)
        )
    cell, time = (np.concatenate(column) for column in zip(*found, strict=True))
    return cell, time
