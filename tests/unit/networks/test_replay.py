"""Reactivations of assemblies, what follows what, and weights between assemblies."""

import numpy as np
import pytest

from spikedrift.networks import replay


def test_activity_is_a_mean_over_cells_of_area_one():
    group = np.array([0, 1, 1, 1])
    cell, step = np.array([0, 1, 2]), np.array([10, 40, 40])
    found = replay.activities(cell, step, group, 400, (5, 15))
    assert found.shape == (2, 400)
    assert found.sum(axis=1) == pytest.approx([1, 2 / 3], rel=1e-4)
    assert not found[0, :10].any() and not found[1, :40].any()
    assert found[0].argmax() == pytest.approx(18, abs=2)


def test_reactivations_are_stretches_above_half_of_the_maximum():
    activity = np.array([[0, 1, 3, 4, 2, 0, 3], [2, 2, 0, 0, 0, 0, 0.0]])
    assert replay.reactivations(activity) == [(0, 2, 1), (2, 4, 0), (6, 7, 0)]


def test_transitions_count_what_begins_soon_after_the_end():
    events = [(0, 10, 0), (12, 20, 1), (40, 50, 0), (55, 60, 2), (56, 58, 0), (200, 210, 1)]
    # After the first 1; after the third 2 and itself, which does not count; the others too late.
    found = replay.transitions(events, 3, 10)
    assert found[0].tolist() == [0, 0.5, 0.5]
    assert np.isnan(found[1]).all() and np.isnan(found[2]).all()
    assert np.isnan(replay.transitions([], 2, 10)).all()


def test_transitions_of_a_chain_are_its_probabilities():
    rng, chain = np.random.default_rng(0), np.array([[0, 0.3, 0.7], [0.9, 0, 0.1], [0.5, 0.5, 0]])
    state, events = 0, []
    for n in range(3000):
        events.append((100 * n, 100 * n + 40, state))
        state = int(rng.choice(3, p=chain[state]))
    found = replay.transitions(events, 3, 80)
    assert found == pytest.approx(chain, abs=0.06)
    assert replay.alike(found, chain) > 0.99
    assert replay.alike(found, found.T) < 0.9


def test_alike_is_unknown_where_it_has_no_answer():
    even = np.full((3, 3), 0.5)
    other = np.arange(9.0).reshape(3, 3)
    assert np.isnan(replay.alike(other, even))
    assert np.isnan(replay.alike(np.where(other == 1, np.nan, other), other))
    assert replay.alike(np.where(np.eye(3), np.nan, other), other) == pytest.approx(1)


def test_mean_weights_are_by_assembly_from_row_to_column():
    group, pre, post = np.array([0, 0, 1]), np.array([0, 1, 2, 0]), np.array([2, 2, 0, 1])
    found = replay.mean_weights(np.array([[1.0, 3.0, 5.0, 7.0]]), pre, post, group)
    assert found.shape == (1, 2, 2)
    assert found[0, 0].tolist() == [7, 2] and found[0, 1, 0] == 5 and np.isnan(found[0, 1, 1])
