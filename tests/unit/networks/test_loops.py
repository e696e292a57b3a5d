"""Sessions of networks that are trained in loops: when loops are, and what is saved."""

import numpy as np
import pytest

from spikedrift.config.networks import NetworkOptions
from spikedrift.config.simulation import Simulation
from spikedrift.core.errors import InputError
from spikedrift.networks import loops
from spikedrift.networks.catalog import Model
from spikedrift.networks.declaration import Network, Phase, Population, Recording
from spikedrift.networks.session_plan import NetworkRun, plan

DT = 0.001
SHOWN = loops.Shown(segments=3, duration=0.1, repeats=2, blocks=2, pause=1.0)


class Options(NetworkOptions):
    """Nothing but the time step."""

    simulation: Simulation = Simulation(dt=DT)


def planned(shown=SHOWN, lead=0.2):
    before = Phase("settle", duration=0.5, plastic=False), Phase("settle", duration=1.0)

    def declare(options):
        recording = Recording("R", trace_interval=0.5)
        protocol = loops.protocol(before, lead, shown)
        return Network((Population("R", 4),), (), protocol, recording)

    model = Model("looping", "", "", Options, declare, integrate=lambda plan: None)
    return plan(model, Options(), NetworkRun("looping", {}, 1, 0))


class Counting:
    """A network that fires at the first and the last step of a loop, and counts loops."""

    def __init__(self):
        self.seen, self.weights = [], np.zeros(2)

    def run(self, n_steps, learning):
        self.seen.append((n_steps, learning))
        self.weights[0] += 1
        self.weights[1] += learning
        return np.array([3, 1]), np.array([0, n_steps - 1])


@pytest.mark.parametrize("goes_on", [False, True])
def test_loops_fill_phases_and_every_repeat_has_one(goes_on):
    network, session = Counting(), planned()
    ends = np.zeros(2, int), np.zeros(2, int)
    left = loops.session(session, network, "recurrent", ends, 0.25, goes_on)
    pause = [(250, False)] * 4 * goes_on
    block = [(500, False)] * 2
    assert network.seen == [(250, False)] * 2 + [(250, True)] * 4 + block + pause + block
    starts = [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0]
    starts += [2.5, 2.75, 3.0, 3.25] * goes_on + [3.5, 4.0]
    lengths = np.array([n for n, _ in network.seen]) * DT
    np.testing.assert_allclose(left.spike_time[::2], starts)
    np.testing.assert_allclose(left.spike_time[1::2], starts + lengths - DT)
    assert left.spike_cell.tolist() == [3, 1] * len(starts)
    at = np.searchsorted(session.save_time, [0.0, 0.5, 1.0, 1.5, 4.5])
    done = left.weights["recurrent"][at]
    assert done[:, 1].tolist() == [0, 0, 2, 4, 4]
    assert done[:, 0].tolist() == [0, 2, 4, 6, len(starts)]


def test_segments_are_successive_stretches_after_the_lead():
    timetable = planned().timetable
    assert timetable.phase_start.tolist() == [0, 500, 1500, 2500, 3500]
    assert timetable.stop == timetable.phase_stop[-1] == 4500
    assert timetable.presentation_step.tolist()[:6] == [1700, 1800, 1900, 2200, 2300, 2400]
    assert timetable.presentation_phase.tolist() == [2] * 6 + [4] * 6
    assert timetable.segment.tolist() == [0, 1, 2] * 4
    assert timetable.repeat.tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3


def test_without_blocks_there_is_training_alone():
    session = planned(None)
    assert [one.learning for one in loops.loops(session, 250)] == [False] * 2 + [True] * 4
    assert session.timetable.presentation_step.size == 0


@pytest.mark.parametrize(("value", "step"), [(0.25, 0.1), (0.04, 0.1), (0.1001, 0.001)])
def test_times_that_end_within_a_step_are_refused(value, step):
    loops.refuse_parts({"good": 3 * step}, step, "time steps")
    told = f"every: {value:g} s is no whole number of time steps of {step:g} s"
    with pytest.raises(InputError, match=told):
        loops.refuse_parts({"every": value}, step, "time steps")
