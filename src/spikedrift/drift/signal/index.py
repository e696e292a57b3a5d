"""The signal index between blocks, its test and its interval, and timing against rate.

    index = (1 - sum w Q_AB / sum w P_A P_B) / (1 - the same for signals of other units)

Sums are over cells; `spikedrift.drift.signal.products` defines P and Q. The index is the share of
the signal's variance that was drawn anew from block A to block B: 0 where every profile (timing) or
tuning curve (rate) is kept up to a factor, 1 where units respond as other units do.
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

WILD = 0.5  # standard error at which an index says nothing about values between 0 and 1
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
    """Parts of an index by unit, or by repeat that may be left out.

    Attributes
    ----------
    new : float64, shape (n,)
        What each adds to the index.
    share : float64, shape (n,)
        Share of each in the denominator of the index.
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
        Over units or over repeats, whichever is larger; the interval is Student's, centered on the
        value of each.
    p_value : float
        p of `drift_test`.
    units, repeats : Parts
    group : int64, shape (n_repeats,)
        As in `Contributions`.
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
        The index with its test and interval; NaN where `gate` says why there is none.
    kept : float
        Q over P P; the index is 1 less this, divided by 1 less `chance`.
    chance : float
        Q over P P of signals of different units.
    code_p_value : float
        Largest p over blocks of the test for a signal.
    gate : Gate
        Why there is no value; or that the value is too imprecise to conclude that nothing drifts,
        in which case value and test are shown together with the gate.
    n_effective : float
        Effective number of units that carry the index; deeply tuned units count for more.
    moved : Estimate
        For timing, the index over the bins that blocks have in common once the shift that all units
        share is taken out. The shift is found in one half of the units and applied to the other;
        test and interval take the shifts as given.
    shift : float
        Bins by which events come later in the last block than in the first, mean of both halves.
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
        Draws the random signs.
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
    """The index on the scale of a redraw, from sums by unit and from their loss by repeat.

    A unit also acts on the scale, through the pairs of units that it is in.
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
    """The index with the common shift taken out, and the shift; `NOTHING` without bins."""
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
    """Index of timing less that of rate, paired over units and over repeats.

    The null of the test is that both codes have the same index, estimated by the mean of the two.
    The deviation of each unit from this index then has expectation 0, and a deeply tuned unit has
    the same weight in the sum and in the standard error by which it is divided.

    Returns
    -------
    dict of float
        `difference`, `difference_low`, `difference_high`, `difference_p_value` (two-sided); NaN
        unless both codes have an index.
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
