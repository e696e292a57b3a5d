"""Growth of the index over time, and showings against time, where either is known."""

import numpy as np
import pytest

from spikedrift.drift.signal.growth import fitted_exponent, growth_exponent
from spikedrift.drift.signal.pairs import Pairs
from spikedrift.drift.signal.showings import by_showing, share_of_first
from spikedrift.drift.signal.tuned import Undefined

TIME = np.array([0.0, 10.0, 40.0, 100.0])
FIRST, SECOND = np.triu_indices(TIME.size, k=1)
APART = TIME[SECOND] - TIME[FIRST]


def pairs(index, n_units=50, precision=None):
    """Units that have these indices in common."""
    power = np.ones((n_units, FIRST.size))
    precision = np.ones(FIRST.size) if precision is None else precision
    return Pairs(power, power * (1 - index), 0.0, precision, FIRST, SECOND)


@pytest.mark.parametrize("exponent", [0.31, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("precision", [None, np.array([4.0, 1, 2, 1, 0.5, 3])])
def test_a_power_law_has_its_exponent(exponent, precision):
    of = growth_exponent(pairs(0.001 * APART**exponent, precision=precision), TIME)
    assert of(np.ones((1, 50)))[0] == pytest.approx(exponent, abs=1e-3)


def test_a_random_walk_far_from_saturation_has_one_and_a_bounded_one_less():
    rates = np.array([1e-5, 2e-3, 2e-2, 1.0])
    walk = fitted_exponent(1 - np.exp(-2 * rates[:, None] * APART), APART, np.ones(APART.size))
    assert walk[0] == pytest.approx(1.0, abs=1e-3)
    assert (np.diff(walk) < 0).all()
    assert walk[-1] == pytest.approx(0.0, abs=1e-3)  # drawn anew within every gap


def test_noise_of_indices_leaves_the_exponent_and_there_may_be_none():
    rng = np.random.default_rng(0)
    index = 0.002 * APART
    found = fitted_exponent(
        index + 0.01 * rng.standard_normal((4000, APART.size)), APART, np.ones(APART.size)
    )
    assert np.nanmedian(found) == pytest.approx(1.0, abs=0.02)
    assert np.isnan(fitted_exponent(-index[None], APART, np.ones(APART.size)))
    assert np.isnan(fitted_exponent(np.full((1, APART.size), np.nan), APART, np.ones(APART.size)))


def test_unknown_or_equal_times_are_said():
    with pytest.raises(Undefined, match="not known"):
        growth_exponent(pairs(APART), np.array([0.0, 1.0, 2.0, np.nan]))


SHOWN = np.array([0.0, 30.0, 35.0, 80.0])
COLUMNS = np.stack([SHOWN[SECOND] - SHOWN[FIRST], APART])


@pytest.mark.parametrize("terms", [(0.002, 0.0), (0.0, 0.001), (0.001, 0.002)])
def test_showings_and_time_have_their_shares(terms):
    index = np.array(terms) @ COLUMNS
    found = by_showing(pairs(index), TIME, SHOWN)(np.ones((1, 50)))[0]
    parts = np.array(terms) * COLUMNS.mean(axis=1)
    assert found == pytest.approx(parts[0] / parts.sum(), abs=1e-9)


def test_no_term_is_negative():
    precision = np.ones(APART.size)
    index = np.array([[0.004, -0.0005], [-0.001, 0.004], [-0.001, -0.001]]) @ COLUMNS
    assert share_of_first(index, COLUMNS, precision)[:2].tolist() == [1.0, 0.0]
    assert np.isnan(share_of_first(index, COLUMNS, precision)[2])


def test_what_goes_together_cannot_be_told_apart():
    index = 0.001 * APART
    for shown, said in (
        (0.3 * TIME, "go together"),
        (0 * TIME, "nothing was shown"),
        (np.full(4, np.nan), "how often segments were shown"),
    ):
        with pytest.raises(Undefined, match=said):
            by_showing(pairs(index), TIME, shown)
