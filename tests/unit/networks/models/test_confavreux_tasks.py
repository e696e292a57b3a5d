"""The tasks of familiarity and order: what is shown when, and what the readout makes of spikes."""

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest

from spikedrift.config.overrides import override
from spikedrift.networks.models import confavreux_tasks as tasks
from spikedrift.networks.session_plan import NetworkRun, declared, plan
from spikedrift.simulation.run import Set

FAMILIARITY = {"n_excitatory": 40, "n_inhibitory": 10, "task.breaks": [1.0, 2.0]}
SEQUENCE = {**FAMILIARITY, **tasks.SEQUENCE}


def planned(changes):
    options = override(tasks.MODEL.options(), changes, "t")
    return plan(tasks.MODEL, options, NetworkRun("t.x", {}, 1, 0))


def test_orders_end_on_every_stimulus_once_and_begin_alike():
    """So a difference between the orders is none between stimuli."""
    same, other = tasks.in_order(), tasks.out_of_order()
    assert same[0] == [0, 1, 2, 3] and other[0] == [0, 1, 2, 4]
    assert [row[:-1] for row in same] == [row[:-1] for row in other]
    for rows in (same, other):
        assert sorted(row[-1] for row in rows) == list(range(tasks.LOOP))
    after = {(row[-2], row[-1]) for row in same}
    assert after == {(k, (k + 1) % tasks.LOOP) for k in range(tasks.LOOP)}, "as in training"
    assert not after & {(row[-2], row[-1]) for row in other}


def test_stimuli_are_groups_of_inputs_that_do_not_overlap():
    options = override(tasks.MODEL.options(), {}, "t")
    familiar, new = tasks.stimuli(options)
    assert (familiar[0], familiar[-1], new[0], new[-1]) == (7500, 7999, 2000, 2499)  # the authors'
    seven = tasks.stimuli(override(tasks.MODEL.options(), tasks.SEQUENCE, "t"))
    assert [one.size for one in seven] == [3 * 15 * 25] * 7
    assert not any(np.intersect1d(one, other).size for one, other in combinations(seven, 2))


def test_familiarity_shows_the_new_stimulus_first_and_learns_in_training_alone():
    found = planned(FAMILIARITY)
    shown, dt = found.timetable, found.options.simulation.dt
    assert shown.segment.tolist() == [0] * 10 + [1, 0] * 2
    assert shown.presentation_phase.tolist() == [1] * 10 + [3] * 2 + [5] * 2
    start = shown.presentation_step * dt
    np.testing.assert_allclose(start[:2], [30, 31.01])
    trained = 30 + 10 * 1.01
    np.testing.assert_allclose(start[10:], trained + np.array([1, 5, 11, 15]))
    np.testing.assert_allclose(shown.stop * dt, trained + 19)
    phases = found.network.protocol.phases
    assert [one.plastic for one in phases] == [True, True, True, False, True, False]
    cued = [one for one in found.steps if isinstance(one, Set) and one.name == "inputs.rate"]
    assert len(cued) == 2 * shown.segment.size


def test_a_sequence_is_trained_without_gaps_and_tested_alone_and_in_a_row():
    found = planned(SEQUENCE)
    shown, dt = found.timetable, found.options.simulation.dt
    trained = shown.presentation_phase == 1
    assert shown.segment[trained].tolist() == list(range(5)) * 50
    np.testing.assert_allclose(np.diff(shown.presentation_step[trained] * dt), 0.2)
    test = shown.presentation_phase == 3
    assert shown.segment[test].tolist() == [5, 6, *range(5), *np.ravel(tasks.in_order()),
                                            *np.ravel(tasks.out_of_order())]  # fmt: skip
    np.testing.assert_allclose(np.diff(shown.presentation_step[test][:9] * dt), [3.0] * 7 + [0.2])


@pytest.mark.parametrize("changes", [FAMILIARITY, SEQUENCE])
def test_answers_are_those_of_spikes_that_are_put_there(changes):
    """New stimuli get 12 spikes a cell and second, familiar ones 8, a last one out of order 10."""
    found = planned(changes)
    shown, options = found.timetable, found.options
    dt, n = options.simulation.dt, options.n_excitatory
    task = options.task
    rows = [one for row in task.tests for one in [*[False] * (len(row) - 1), True]]
    n_alone = task.n_stimuli
    rate = np.where(shown.segment >= len(task.familiar), 12.0, 8.0)
    for phase in (3, 5):
        (which,) = np.nonzero(shown.presentation_phase == phase)
        last = which[np.flatnonzero(rows)][n_alone + tasks.LOOP :]
        rate[last] = 10.0
    per_cell = np.round(rate * 10 * task.shown).astype(int)  # of a tenth of the cells
    time, cell = [], []
    for step, count in zip(shown.presentation_step, per_cell, strict=True):
        at = step + np.linspace(0, shown.segment_steps - 1, count).astype(int)
        time += [at * dt] * (n // 10)
        cell += [np.full(count, one) for one in range(n // 10)]
    inhibitory = np.full(50, n), np.linspace(0, shown.stop * dt, 50)
    recorded = SimpleNamespace(
        spike_time=np.concatenate([*time, inhibitory[1]]),
        spike_cell=np.concatenate([*cell, inhibitory[0]]),
    )
    read = tasks.readout(found, recorded)
    assert read["rate"] == 0, "nothing in the second before a test"
    assert read["new_first"] == pytest.approx(2 * 4 / (20 + 0.01))
    np.testing.assert_allclose(read["new"].x, [1, 3])
    if task.kind == "sequence":
        assert read["order_last"] == pytest.approx(2 * 2 / (18 + 0.01))


def test_every_cell_hears_inputs_of_its_own_sheet():
    _, network = declared(tasks.MODEL, override(tasks.MODEL.options(), {}, "t"),
                          NetworkRun("t.x", {}, 1, 0))  # fmt: skip
    ends = {one.name: (one.pre, one.post, one.wiring.p) for one in network.projections}
    assert ends["toE"][:2] == ("inputs", "E") and ends["toI"][:2] == ("background", "I")
    # pi 8^2 of 10,000, less what lies beyond an edge
    assert 0.8 * 201 / 1e4 < ends["toE"][2] < 201 / 1e4
