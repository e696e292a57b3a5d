"""When what is shown in a session: phases one after another, segments and the gaps before them."""

import numpy as np
import pytest
from small_network import DT, declared, drawn

from spikedrift.config.overrides import override
from spikedrift.core.errors import InputError
from spikedrift.networks.declaration import Phase, Protocol
from spikedrift.networks.models.pattern_network import PatternNetwork
from spikedrift.networks.timetable import Timetable, lay_out, shown_before, stages

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


OFTEN = [
    {"kind": "naive", "repeats": 2},
    {"kind": "train", "repeats": 5},
    {"kind": "block", "repeats": 2},
    {"kind": "pause", "repeats": 3},
    {"kind": "block", "repeats": 4},
]


@pytest.mark.parametrize("order", ["random", "fixed"])
def test_the_first_pattern_is_shown_often_where_nothing_is_measured(order):
    changes = {"phases": OFTEN, "patterns.often": 4, "patterns.order": order}
    protocol, found = declared(changes).protocol, drawn(changes)[1]
    for number, phase in enumerate(OFTEN):
        here = found.presentation_phase == number
        shown = np.bincount(found.segment[here])
        times = 4 if phase["kind"] in ("train", "pause") else 1
        assert (shown == phase["repeats"] * np.array([times, 1, 1, 1])).all()
        # Of every repeat each segment has one showing that counts.
        assert (np.bincount(found.segment[here & found.first]) == phase["repeats"]).all()
    key = found.segment[found.first] + 100 * found.repeat[found.first]
    assert np.unique(key).size == key.size
    assert (np.diff(found.presentation_step) > found.segment_steps).all()
    (train,) = [one for one in stages(protocol.phases, found) if one.label == "train 0 first"]
    assert found.first[train.presentations].all() and train.presentations.size == 8


def test_with_one_showing_each_the_session_is_what_it_was():
    plain, same = (drawn({"phases": OFTEN, **more})[1] for more in ({}, {"patterns.often": 1}))
    assert plain.again is None and plain.first.all()
    for name in ("presentation_step", "segment", "repeat", "presentation_phase"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(same, name))


def test_options_without_it_keep_their_name_and_sessions_their_limit():
    assert "often" not in PatternNetwork().patterns.model_dump()
    assert (
        override(PatternNetwork(), {"patterns.often": 3}, "t").patterns.model_dump()["often"] == 3
    )
    long = {"phases": [{"kind": "train", "repeats": 10**6}, {"kind": "block", "repeats": 2}]}
    steps = {"simulation.dt": 0.001}  # 1.6 million s, and 2.8 million
    override(PatternNetwork(), {**long, **steps}, "t")
    with pytest.raises(InputError, match="time steps"):
        override(PatternNetwork(), {**long, **steps, "patterns.often": 4}, "t")


def test_showings_before_a_block_count_half_of_its_own():
    changes = {"phases": OFTEN}
    told = shown_before(declared(changes).protocol.phases, drawn(changes)[1])
    assert list(told) == ["0", "1"]
    # 2 + 5 repeats and one of the block's two; then the other, 3 in the pause, 2 of 4.
    assert told["0"] == pytest.approx(8.0, abs=0.2)
    assert told["1"] - told["0"] == pytest.approx(6.0)
