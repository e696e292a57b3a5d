"""The signal index between blocks, its test and its interval, and timing against rate.

    index = (1 - sum w Q_AB / sum w P_A P_B) / (1 - the same for signals of other units)

over cells, with `spikedrift.drift.signal.products` for P and Q. It is the share of the signal's
variance that was drawn anew from block A to block B: 0 where every profile (timing) or tuning
curve (rate) is kept up to a factor, 1 where units answer as other units do.
"""

from dataclasses import dataclass, field

import numpy as np

from spikedrift.config.drift import SignalOptions
from spikedrift.drift import gates
from spikedrift.drift.signal.contributions import Contributions
from spikedrift.drift.signal.inference import (
    difference_test,
    drift_test,
    effective_number,
    flip_test,
    interval,
)
from spikedrift.drift.signal.shift import unshifted

WILD = 0.5  # standard error of an index that tells nothing of what lies between 0 and 1
NAN = float("nan")
_NONE = np.empty(0)
NUMBERS = (
    "index",
    "standard_error",
    "low",
    "high",
    "p_value",
    "kept",
    "chance",
    "code_p_value",
    "n_effective",
    "index_unshifted",
    "unshifted_standard_error",
    "unshifted_low",
    "unshifted_high",
    "unshifted_p_value",
    "shift",
)


@dataclass(frozen=True)
class Parts:
    """What an index is made of, by units or by repeats that may be left out.

    Attributes
    ----------
    new : float64, shape (n,)
        What each adds to the index.
    share : float64, shape (n,)
        Of each in what the index divides by.
    """

    new: np.ndarray
    share: np.ndarray

    def off(self, value: float) -> np.ndarray:
        """How far each moves an index that has this value: float64, shape (n,)."""
        return np.asarray(self.new - value * self.share)


@dataclass(frozen=True)
class Estimate:
    """An index with its test and interval; NaN where there is none.

    Attributes
    ----------
    value : float
    standard_error, low, high : float
        Over units or over repeats, whichever is larger; the interval is Student's and holds the
        value.
    p_value : float
        Of drift: `drift_test`.
    units, repeats : Parts
    group : int64, shape (n_repeats,)
        As of `Contributions`.
    """

    value: float = NAN
    standard_error: float = NAN
    low: float = NAN
    high: float = NAN
    p_value: float = NAN
    units: Parts = Parts(_NONE, _NONE)
    repeats: Parts = Parts(_NONE, _NONE)
    group: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))


NOTHING = Estimate()


@dataclass(frozen=True)
class SignalIndex:
    """A signal index between blocks.

    Attributes
    ----------
    plain : Estimate
        Nothing where `gate` says why there is none.
    kept : float
        Q over P P: the index is 1 less this, scaled by what signals of other units give.
    chance : float
        Q over P P of signals of different units.
    code_p_value : float
        Largest over blocks of the p of a signal.
    gate : Gate
        Why there is no value, with the numbers; or that it is too imprecise to say that nothing
        drifts, which a value and its test are shown with.
    n_effective : float
        Units that carry the index; those that are deeply tuned count for more.
    moved : Estimate
        Timing: the index over the bins that blocks have in common where the shift that all units
        share is taken out, found in one half of the units and applied to the other; given the
        shifts.
    shift : float
        Bins by which events of the last block come later than in the first, mean of both halves.
    """

    plain: Estimate = NOTHING
    kept: float = NAN
    chance: float = NAN
    code_p_value: float = NAN
    gate: gates.Gate = gates.WIDE
    n_effective: float = NAN
    moved: Estimate = NOTHING
    shift: float = NAN

    @property
    def numbers(self) -> dict[str, float]:
        """Values of `NUMBERS`."""
        one, other = (
            (each.value, each.standard_error, each.low, each.high, each.p_value)
            for each in (self.plain, self.moved)
        )
        between = (self.kept, self.chance, self.code_p_value, self.n_effective)
        return dict(zip(NUMBERS, (*one, *between, *other, self.shift), strict=True))


def block_index(
    found: Contributions, code: str, options: SignalOptions, rng: np.random.Generator
) -> SignalIndex:
    """Signal index over all pairs of blocks, or why there is none.

    Parameters
    ----------
    found : Contributions
    code : str
    options : SignalOptions
    rng : Generator
        Of the random signs.
    """
    n_blocks = found.signal.shape[1]
    # A block in which nothing was repeated has no power and no part in any pair of blocks.
    repeated = np.flatnonzero(found.n_cells)
    tests = [flip_test(found.code_power[:, block], options.flips, rng) for block in repeated]
    code_p = max(tests, default=NAN)
    if repeated.size == 0:
        return SignalIndex(gate=gates.unrepeated(code, "no block", NAN))
    if not code_p <= options.code_level:
        return SignalIndex(
            code_p_value=code_p,
            gate=gates.no_signal(code, int(repeated[np.argmax(tests)]), code_p, options.code_level),
        )
    if n_blocks < 2:
        return SignalIndex(code_p_value=code_p, gate=gates.ALONE)
    if repeated.size < 2:
        return SignalIndex(
            code_p_value=code_p, gate=gates.unrepeated(code, f"one block of {n_blocks}", code_p)
        )
    power, overlap = found.power.sum(axis=(1, 2)), found.overlap.sum(axis=(1, 2))
    if not (power.sum() > 0 and found.chance_power.sum() > found.chance_overlap.sum()):
        return SignalIndex(code_p_value=code_p, gate=gates.drowned(code, code_p))
    lost_power, lost_overlap = found.lost
    plain = _estimate(found, power, overlap, lost_power, lost_overlap, options, rng)
    if not plain.standard_error < WILD:
        return SignalIndex(code_p_value=code_p, gate=gates.wild(plain.standard_error, WILD, code_p))
    moved, shift = _moved(found, options, rng)
    return SignalIndex(
        plain=plain,
        kept=float(overlap.sum() / power.sum()),
        chance=found.chance,
        code_p_value=code_p,
        n_effective=effective_number(power),
        moved=moved,
        shift=shift,
        gate=gates.Gate(p_value=code_p)
        if plain.standard_error <= options.max_standard_error
        else gates.imprecise(plain.standard_error, options.max_standard_error, code_p),
    )


def _estimate(
    found: Contributions,
    power: np.ndarray,
    overlap: np.ndarray,
    lost_power: np.ndarray,
    lost_overlap: np.ndarray,
    options: SignalOptions,
    rng: np.random.Generator,
) -> Estimate:
    """The index on the scale of a redraw, of sums by unit and of what they lose by repeat.

    A unit acts on the scale too, by the pairs of units that it is in.
    """
    chance, total = found.chance, power.sum()
    value = (1.0 - float(overlap.sum() / total)) / (1.0 - chance)
    redraw = found.unit_chance_overlap - chance * found.unit_chance_power
    units = Parts(
        new=(power - overlap) / (total * (1.0 - chance)),
        share=power / total - redraw / (found.chance_power.sum() * (1.0 - chance)),
    )
    repeats = Parts(
        new=(lost_power - lost_overlap) / (total * (1.0 - chance)), share=lost_power / total
    )
    error, low, high = interval(
        value, units.off(value), repeats.off(value), found.group, options.confidence
    )
    p = drift_test(power - overlap, lost_power - lost_overlap, found.group, options.flips, rng)
    return Estimate(value, error, low, high, p, units, repeats, found.group)


def _moved(
    found: Contributions, options: SignalOptions, rng: np.random.Generator
) -> tuple[Estimate, float]:
    """The index where the common shift is taken out, and the shift; nothing without bins."""
    if found.shift_power.shape[-1] < 2:
        return NOTHING, NAN
    each = unshifted(found)
    if not each.power.sum() > 0:
        return NOTHING, each.shift
    estimate = _estimate(
        found, each.power, each.overlap, each.lost_power, each.lost_overlap, options, rng
    )
    return estimate, each.shift


def difference(
    timing: SignalIndex, rate: SignalIndex, options: SignalOptions, rng: np.random.Generator
) -> dict[str, float]:
    """Timing less rate, paired over units and over repeats.

    Tested with what each unit is off where both codes have one index, the mean of the two: its
    expectation is 0 then, and a unit that is deeply tuned weighs alike in the sum and in what it
    is studentized by.
    """
    names = ("difference", "difference_low", "difference_high", "difference_p_value")
    one, other = timing.plain, rate.plain
    if not (np.isfinite(one.value) and np.isfinite(other.value)):
        return dict.fromkeys(names, NAN)
    value, mean = one.value - other.value, (one.value + other.value) / 2
    _, low, high = interval(
        value,
        one.units.off(one.value) - other.units.off(other.value),
        one.repeats.off(one.value) - other.repeats.off(other.value),
        one.group,
        options.confidence,
        degree=1,  # where both drift, the noise of one repeat moves the difference
    )
    p = difference_test(
        one.units.off(mean) - other.units.off(mean),
        one.repeats.off(mean) - other.repeats.off(mean),
        one.group,
        options.flips,
        rng,
    )
    return dict(zip(names, (value, low, high, p), strict=True))
