"""Fixed degrees: exact for every cell, drawn fairly, and a cell's own whatever the others are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from spikedrift.networks import degrees
from spikedrift.networks.declaration import Projection, constant, in_degree, out_degree
from spikedrift.simulation import streams

FIXED = {"post": in_degree, "pre": out_degree}


def keys(n, seed=0):
    return streams.branch(seed, streams.purpose("cell"), np.arange(n))


def wired(side, degree, key, n_pre, same=False):
    """Whether cells are joined by the bounds, (post, pre), as the program decides it."""
    pre = "B" if same else "A"
    projection = Projection("x", pre, "B", "excitatory", FIXED[side](degree), constant(1.0), 1.0)
    bound = degrees.bounds(projection, key, n_pre)
    assert bound.shape == (key.size if side == "post" else n_pre,)
    place = np.arange(n_pre)
    pair = streams.branch(key[:, None], streams.purpose("x.wiring"), place)
    found = streams.uniform(pair, 0) <= (bound[:, None] if side == "post" else bound)
    if same:
        found[np.diag_indices(n_pre)] = False  # `k != i`
    return found


@st.composite
def wirings(draw):
    side, same = draw(st.sampled_from(sorted(FIXED))), draw(st.booleans())
    n_post = draw(st.integers(2, 40))
    n_pre = n_post if same else draw(st.integers(1, 40))
    partners = (n_pre if side == "post" else n_post) - same
    return side, draw(st.integers(0, partners)), n_pre, n_post, same, draw(st.integers(0, 2**31))


@settings(deadline=None, max_examples=150)
@given(wirings())
def test_every_cell_has_its_degree(asked):
    side, degree, n_pre, n_post, same, seed = asked
    found = wired(side, degree, keys(n_post, seed), n_pre, same)
    assert (found.sum(axis=1 if side == "post" else 0) == degree).all()


@pytest.mark.parametrize("side", FIXED)
def test_stretches_that_are_drawn_at_once_change_nothing(side, monkeypatch):
    whole = wired(side, 5, keys(50), 50, same=True)
    for rows in (1, 3, 7, 49):
        monkeypatch.setattr(degrees, "ROWS", rows)
        np.testing.assert_array_equal(wired(side, 5, keys(50), 50, same=True), whole)


def test_partners_of_a_cell_do_not_depend_on_other_cells():
    few, many = (wired("post", 5, keys(n), 60) for n in (10, 40))
    np.testing.assert_array_equal(many[:10], few)
    # A higher degree keeps the partners of a lower one.
    assert (wired("post", 9, keys(10), 60) >= few).all()


@pytest.mark.parametrize("side", FIXED)
def test_every_partner_is_as_likely(side):
    """Degrees of the other side are spread as without replacement: hypergeometric, all alike."""
    found = np.array([wired(side, 6, keys(30, seed), 30, same=True) for seed in range(200)])
    counts = found.sum(axis=0)[~np.eye(30, dtype=bool)]
    p = 6 / 29
    assert stats.chisquare(counts).pvalue > 1e-3
    other = found.sum(axis=1 if side == "post" else 2)
    assert other.mean() == pytest.approx(6)
    assert other.var() == pytest.approx(29 * p * (1 - p), rel=0.1)
