"""When what is shown in a session: phases one after another, segments and the gaps before them."""

import numpy as np
import pytest
from small_network import DT, drawn

from spikedrift.networks.declaration import Phase, Protocol
from spikedrift.networks.timetable import Timetable, lay_out, stages

PHASES = [
    {"kind": "naive", "repeats": 30},
    {"kind": "pause", "duration": 20},
    {"kind": "block", "repeats": 30},
]


def test_the_session_is_the_published_protocol():
    _, timetable, _, _ = drawn({})
    stop = 60 + 12 * 1.6 + 10 + 60 * 1.6 + 10 + 20 * 1.6 + 150 + 20 * 1.6
    assert timetable.stop * DT == pytest.approx(stop)
    assert timetable.repeat.max() + 1 == 112
    assert len(np.unique(timetable.segment[timetable.repeat == 50])) == 4


def test_gaps_of_random_length():
    even, uneven = (drawn({"phases": PHASES, "patterns.gap_jitter": j})[1] for j in (0.0, 0.1))
    assert (even.segment == uneven.segment).all() and (even.repeat == uneven.repeat).all()
    assert (even.phase_stop == uneven.phase_stop).all() and even.stop == uneven.stop
    earlier = (even.presentation_step - uneven.presentation_step) * DT
    assert earlier.min() >= 0 and earlier.max() <= 0.1 + DT / 2
    assert earlier.std() == pytest.approx(0.1 / np.sqrt(12), rel=0.15)
    gap = (np.diff(uneven.presentation_step[:120]) - uneven.segment_steps) * DT
    assert gap.min() >= 0.150 - DT / 2 and gap.max() <= 0.350 + DT / 2
    assert gap.std() == pytest.approx(0.1 / np.sqrt(6), rel=0.2)  # of a difference of two draws


def test_a_protocol_may_lay_itself_out():
    """As a movie whose segments are of one showing each."""
    step = np.array([10, 40, 70])
    none = np.zeros(3, dtype=int)
    own = Timetable(np.zeros(1, int), np.full(1, 100), none, step, np.arange(3), none, 20, 100)
    protocol = Protocol((Phase("block", repeats=1),), 3, 0.02, 0.01, timetable=lambda dt, rng: own)
    assert lay_out(protocol, 0.001, np.random.default_rng(0)) is own
    (stage,) = stages(protocol.phases, own)
    assert (stage.label, stage.start, stage.stop) == ("block 0", 0, 90)


def test_the_session_goes_on_for_the_tail_of_the_last_trial():
    protocol = Protocol((Phase("block", repeats=2),), 3, duration=0.02, gap=0.03, tail=0.01)
    timetable = lay_out(protocol, 0.001, np.random.default_rng(0))
    assert timetable.phase_stop.tolist() == [2 * 3 * 50] and timetable.stop == 310
    assert np.diff(timetable.presentation_step).tolist() == [50] * 5
