"""What a synthetic recording is drawn from: rates and temporal profiles with known drift.

A unit answers a segment with a rate and a temporal profile: a few events (Gaussian in time, cut
at the ends of the segment) on a flat floor. Everything that can drift is drawn several times over,
in its own random stream; a drift knob only says which cells move on to their next draw, and when.
So a knob moves what it names and nothing else, and a cell that drifts at a small value of a knob
drifts at every larger one.
"""

import zlib
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr

from spikedrift.config.synthetic import SyntheticOptions

RUNNING_AT_FULL_STATE = 30.0  # cm/s
PUPIL_CORRELATION = 0.9  # of the pupil's latent trace with the behavior state


@dataclass(frozen=True)
class Truth:
    """The intensity that a synthetic recording is drawn from.

    All values are expectations over spikes, given the drift and the behavior state. Bursts and a
    refractory period leave `rate` as it is; a burst trails the profile by a few milliseconds.

    Attributes
    ----------
    rate : float64, shape (n_trials, n_units), Hz
        Expected rate, flat part included.
    flat_rate : float64, shape (n_trials, n_units), Hz
        Part of `rate` that is uniform over the trial.
    event_time : float64, shape (n_trials, n_units, n_events), s
        Center of each event.
    event_share : float64, shape (n_trials, n_units, n_events)
        Share of the spikes outside the flat part that each event holds; sums to 1.
    event_width : float, s
    duration : float, s
    observed : bool, shape (n_trials, n_units)
    state : float64, shape (n_trials,)
        Behavior state, 0 (rest) to 1 (full running).
    columns : dict of name -> array, shape (n_trials,)
        Trial columns of the contract.
    """

    rate: np.ndarray
    flat_rate: np.ndarray
    event_time: np.ndarray
    event_share: np.ndarray
    event_width: float
    duration: float
    observed: np.ndarray
    state: np.ndarray
    columns: dict[str, np.ndarray]

    def density(self, time: np.ndarray, trial: np.ndarray, unit: np.ndarray) -> np.ndarray:
        """Temporal profile of given cells at given times: 1/s, integrates to 1 over the trial.

        `time` (s), `trial` and `unit` broadcast against each other.
        """
        z = (np.asarray(time)[..., None] - self.event_time[trial, unit]) / self.event_width
        low, high = self.bounds(self.event_time[trial, unit])
        bump = np.exp(-0.5 * z**2) / (np.sqrt(2 * np.pi) * self.event_width * (high - low))
        events = (bump * self.event_share[trial, unit]).sum(axis=-1)
        flat = self.flat_share[trial, unit]
        return flat / self.duration + (1 - flat) * events

    def profile(self, time: np.ndarray) -> np.ndarray:
        """Temporal profile of every cell: float64, shape (n_trials, n_units, n_times), 1/s."""
        n_trials, n_units = self.rate.shape
        trial, unit = np.ogrid[:n_trials, :n_units]
        return self.density(time, trial[..., None], unit[..., None])

    @property
    def flat_share(self) -> np.ndarray:
        """Share of the spikes that is uniform over the trial: shape (n_trials, n_units)."""
        zero = np.zeros_like(self.rate)
        return np.divide(self.flat_rate, self.rate, out=zero, where=self.rate > 0)

    def bounds(self, center: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Normal probabilities of trial start and end around event centers (s), in their shape."""
        width = self.event_width
        return ndtr(-center / width), ndtr((self.duration - center) / width)

    def peak_intensity(self) -> np.ndarray:
        """Upper bound of the intensity over the trial: shape (n_trials, n_units), Hz."""
        low, high = self.bounds(self.event_time)
        top = self.event_share / (np.sqrt(2 * np.pi) * self.event_width * (high - low))
        return self.flat_rate + (self.rate - self.flat_rate) * self.duration * top.sum(axis=-1)


def stream_of(seed: int, name: str) -> np.random.Generator:
    """Random stream of one quantity, on which the draws of no other quantity depend."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _autoregressive(noise: np.ndarray, coefficient: float) -> np.ndarray:
    """Turn white noise into a stationary AR(1) process of unit variance along the last axis."""
    out = noise.copy()
    out[..., 1:] *= np.sqrt(1 - coefficient**2)
    # A loop over the few trials; importing scipy's filter would take longer than all of it.
    for k in range(1, out.shape[-1]):
        out[..., k] += coefficient * out[..., k - 1]
    return out


def _draws_so_far(
    rng: np.random.Generator,
    options: SyntheticOptions,
    cells: tuple[int, ...],
    between: float,
    within: float,
) -> np.ndarray:
    """Which draw every cell is at: int, shape (blocks * repeats, *cells), below 2 * blocks.

    A share `between` of the cells moves on in each gap between blocks, and a share `within` in
    each block, each cell at a random step from one repeat to the next.
    """
    blocks, repeats = options.blocks, options.repeats
    moves = np.zeros((blocks, repeats, *cells), dtype=np.int64)
    moves[1:, 0] = rng.random((blocks, *cells))[1:] < between
    drifts = rng.random((blocks, *cells)) < within
    when = rng.integers(1, max(repeats, 2), (blocks, *cells))
    if repeats > 1:
        step = np.arange(repeats).reshape(1, repeats, *(1 for _ in cells))
        moves += drifts[:, None] & (when[:, None] == step)
    return np.cumsum(moves.reshape(blocks * repeats, *cells), axis=0)


def truth(options: SyntheticOptions, seed: int) -> Truth:
    """Draw the intensity of every (trial, unit) cell; see `Truth`."""
    n_repeats = options.blocks * options.repeats
    cells = (options.units, options.segments)
    draws = 2 * options.blocks

    rng = stream_of(seed, "rate")
    unit_part = rng.standard_normal((draws, options.units, 1))
    segment_part = _autoregressive(
        rng.standard_normal((draws, *cells)), options.segment_correlation
    )
    z = np.sqrt(options.unit_share) * unit_part + np.sqrt(1 - options.unit_share) * segment_part
    spread = options.rate_spread
    rates = options.mean_rate * np.exp(spread * z - spread**2 / 2)
    at = _draws_so_far(
        stream_of(seed, "rate drift"), options, cells, options.rate_drift, options.rate_drift_within
    )
    rate = np.take_along_axis(rates, at, axis=0)
    if options.tuning_drift:
        rate = _turned(rate, options, seed)
    rate = _deepened(rate, options)

    events = (*cells, options.events)
    times = stream_of(seed, "event time").uniform(0, options.segment_duration, (draws, *events))
    at = _draws_so_far(
        stream_of(seed, "event time drift"),
        options,
        events,
        options.event_time_drift,
        options.event_time_drift_within,
    )
    event_time = np.take_along_axis(times, at, axis=0)
    # Like any event, it is cut at the ends: its spikes all lie within the trial.
    event_time[options.repeats :] += options.event_time_shift

    shares = stream_of(seed, "event gain").standard_exponential((draws, *events))
    shares /= shares.sum(axis=-1, keepdims=True)
    at = _draws_so_far(
        stream_of(seed, "event gain drift"),
        options,
        cells,
        options.event_gain_drift,
        options.event_gain_drift_within,
    )
    event_share = np.take_along_axis(shares, at[..., None], axis=0)

    def by_trial(table: np.ndarray) -> np.ndarray:
        """(repeat, unit, segment, ...) -> (trial, unit, ...): trials run through the segments."""
        moved = np.moveaxis(table, 2, 1)
        return moved.reshape(n_repeats * options.segments, options.units, *table.shape[3:])

    columns, state = _session(options, seed)
    later = (columns["block"] > 0)[:, None]
    level = state[:, None]
    tuned = by_trial(rate) * np.where(later, options.gain, 1.0) * (1 + options.state_gain * level)
    tuned *= _unit_states("unit state", options.unit_state, options, seed)
    if options.excitability:
        factor = stream_of(seed, "excitability").standard_normal((options.blocks, options.units))
        tuned *= np.exp(options.excitability * factor)[columns["block"]]
    unit_mean = by_trial(np.broadcast_to(rate.mean(axis=2, keepdims=True), rate.shape))
    added = unit_mean * (options.background * later + options.state_background * level)
    added = added + options.baseline
    flat_share: float | np.ndarray = 1.0 if options.flat_code else options.flat_share
    if options.later_flat_share is not None and not options.flat_code:
        flat_share = np.where(later, options.later_flat_share, flat_share)
    flat = flat_share * tuned
    state_of_events = _unit_states("event state", options.unit_state_events, options, seed)
    lost = np.zeros(options.units, dtype=bool)
    order = stream_of(seed, "unit loss").permutation(options.units)
    lost[order[: round(options.unit_loss * options.units)]] = True
    return Truth(
        rate=tuned + added + (tuned - flat) * (state_of_events - 1),
        flat_rate=flat + added,
        event_time=by_trial(event_time),
        event_share=by_trial(event_share),
        event_width=options.event_width,
        duration=options.segment_duration,
        observed=~(later & lost),
        state=state,
        columns=columns,
    )


def _turned(rate: np.ndarray, options: SyntheticOptions, seed: int) -> np.ndarray:
    """Turn the tuning in rates of every repeat, unit and segment from block to block.

    The tuning, that is the rates less their mean over segments, is a vector of S - 1 dimensions.
    The share 1 - tuning_drift (1 - 1 / (S - 1)) of its squared length stays in its direction; with
    tuning_drift 1 this is what a complete redraw leaves on average. Its length stays the same. A
    unit whose rates would be negative in some block is tuned less deeply in all of them.
    """
    new = stream_of(seed, "tuning drift").standard_normal(
        (options.blocks, options.units, options.segments)
    )
    kept = 1 - options.tuning_drift * (1 - 1 / max(options.segments - 1, 1))
    mean = rate.mean(axis=2, keepdims=True)
    tuning = [(rate - mean)[0]]
    for block in range(1, options.blocks):
        before = tuning[-1]
        length = np.linalg.norm(before, axis=1, keepdims=True)
        along = before / np.where(length > 0, length, 1.0)
        other = new[block] - new[block].mean(axis=1, keepdims=True)
        other -= (other * along).sum(axis=1, keepdims=True) * along
        other *= length / np.linalg.norm(other, axis=1, keepdims=True)
        tuning.append(np.sqrt(kept) * before + np.sqrt(1 - kept) * other)
    lowest = -np.min(tuning, axis=(0, 2))[:, None]
    scale = np.minimum(1.0, mean[0] / np.where(lowest > 0, lowest, np.inf))
    turned = mean + np.repeat(scale * tuning, options.repeats, axis=0)
    return np.maximum(turned, 0.0)  # negative by rounding alone


def _deepened(rate: np.ndarray, options: SyntheticOptions) -> np.ndarray:
    """Draw rates nearer to the unit's mean in the blocks whose tuning is shallower."""
    later = np.arange(rate.shape[0])[:, None, None] >= options.repeats
    depth = np.where(later, min(options.depth, 1.0), min(1 / options.depth, 1.0))
    if options.depth == 1:
        return rate
    mean = rate.mean(axis=2, keepdims=True)
    return np.asarray(mean + depth * (rate - mean))


def _unit_states(name: str, deviation: float, options: SyntheticOptions, seed: int) -> np.ndarray:
    """Slow factor of mean 1, each unit with its own: shape (n_trials, n_units)."""
    n_trials = options.blocks * options.repeats * options.segments
    if not deviation:
        return np.ones((n_trials, options.units))
    noise = stream_of(seed, name).standard_normal((options.units, n_trials))
    state = _autoregressive(noise, options.unit_state_coefficient).T
    return np.asarray(np.exp(deviation * state - deviation**2 / 2))


def _session(options: SyntheticOptions, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Trial columns and behavior state (0 rest, 1 full running), each of shape (n_trials,)."""
    n_repeats = options.blocks * options.repeats
    n_trials = n_repeats * options.segments
    repeat, segment = np.divmod(np.arange(n_trials), options.segments)
    block = repeat // options.repeats
    noise = stream_of(seed, "behavior").standard_normal(
        (2, options.blocks, n_trials // options.blocks)
    )
    arousal, other = _autoregressive(noise, options.state_coefficient).reshape(2, n_trials)
    arousal = arousal + options.state_level + options.state_shift * (block > 0)
    state = expit(2 * arousal)
    pupil = PUPIL_CORRELATION * arousal + np.sqrt(1 - PUPIL_CORRELATION**2) * other
    columns = {
        "segment": segment,
        "repeat": repeat,
        "block": block,
        "presentation_index": np.arange(n_trials),
        "start_time": np.arange(n_trials) * options.segment_duration + block * options.gap,
        "duration": np.full(n_trials, options.segment_duration),
        "running_speed": RUNNING_AT_FULL_STATE * state,
        "pupil_area": expit(pupil),
    }
    return columns, state
