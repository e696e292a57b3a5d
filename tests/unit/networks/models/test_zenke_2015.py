"""Orchestrated plasticity: receptive fields, shapes, the readout, and a short silent session."""

from types import SimpleNamespace

import numpy as np
import pytest

from spikedrift import trials
from spikedrift.config.overrides import override
from spikedrift.networks import checks
from spikedrift.networks.copies import Recorded
from spikedrift.networks.models import zenke_2015 as zenke
from spikedrift.networks.models.zenke_2015 import MODEL, SIDE, ZenkeNetwork
from spikedrift.networks.session_plan import NetworkRun
from spikedrift.networks.simulate import record_batch, simulate
from spikedrift.networks.timetable import lay_out

SMALL = {
    "wiring.side": 8,
    "wiring.p": 0.5,
    "wiring.w_input": 0.01,
    "stimuli.duration": 0.5,
    "stimuli.gap": 0.25,
    "stimuli.cue_gap": 1.1,
    "repetitions": 3,
    "recalls": 1,
}


def options(changes):
    one_compiler = {"simulation.jobs": 1}
    return override(ZenkeNetwork(), one_compiler | changes, "zenke")


@pytest.mark.parametrize("experiment", MODEL.experiments, ids=lambda one: one.name)
@pytest.mark.parametrize("size", ["quick", "full"])
def test_what_the_experiments_declare_holds(experiment, size):
    quick = experiment.quick if size == "quick" else {}
    chosen = options({**experiment.set, **quick, "blocks": 1})
    network = MODEL.declare(chosen)
    checks.check(network, experiment.name)
    cells = network.sizes["E"]
    # Numbers of synapses are those of the whole network: 410 from E and 102 from I.
    assert cells * chosen.wiring.p == pytest.approx(410, abs=1)
    assert network.sizes["I"] * chosen.wiring.p == pytest.approx(102, abs=1)


@pytest.mark.parametrize("side", [64, 32])
def test_a_cell_sees_a_disc_of_inputs(side):
    wiring = zenke.Wiring(side=side)
    wired = zenke.receptive_fields(wiring)
    some = np.r_[0, side * side // 2 + side // 2, 17:500:61]  # a corner, the middle, and others
    joined = eval(
        wired.condition.format(pre="pre", post="post"),
        {"pre": np.arange(SIDE**2)[:, None], "post": some, "abs": np.abs, **wired.values},
    )
    pre, post = zenke._disc(wiring)
    for column, cell in zip(joined.T, some, strict=True):
        assert np.array_equal(np.flatnonzero(column), pre[post == cell])
    # The published program wires 5 % of the inputs to a cell.
    np.testing.assert_allclose(joined.mean(axis=0), 0.05, atol=0.0025)
    assert wired.p == pytest.approx(joined.mean(), rel=0.05)
    corner, middle = joined.T[:2].reshape(2, SIDE, SIDE)
    distance = np.hypot(*(np.indices((SIDE, SIDE)) + 0.5 - (side // 2 + 0.5) * SIDE / side))
    assert np.array_equal(middle, distance <= 8)
    assert corner[[0, 0, -1, -1], [0, -1, 0, -1]].all()


def test_shapes_are_outlines_and_cues_their_left_halves():
    shapes = np.array([zenke.shape(number) for number in range(4)])
    # The published bitmaps have some 3,900 points in all.
    assert shapes.sum() == pytest.approx(3900, rel=0.1)
    image = shapes.reshape(4, SIDE, SIDE)
    assert np.array_equal(image, image[:, :, ::-1]), "they are symmetric"
    for number, one in enumerate(shapes):
        half = zenke.cue(number)
        assert half.sum() == one.sum() / 2
        assert not (half & ~one).any()
        others = np.delete(shapes, number, axis=0).any(axis=0)
        assert (one & ~others).sum() > 200, "each has places of its own"


def made(changes):
    chosen = options(changes)
    network = MODEL.declare(chosen)
    timetable = lay_out(network.protocol, chosen.simulation.dt, np.random.default_rng(1))
    save = np.array([0, timetable.phase_stop[0], timetable.stop]) * chosen.simulation.dt
    return SimpleNamespace(network=network, timetable=timetable, options=chosen, save_time=save)


def test_the_readout_finds_assemblies_and_what_cues_call_back():
    plan = made({**SMALL, "stimuli.duration": 1.0, "stimuli.gap": 0.5, "repetitions": 4})
    timetable, dt, n = plan.timetable, plan.options.simulation.dt, 64
    cell, time = [], []

    def fires(which, start, stop, rate):
        at = np.arange(start, stop - 1e-9, 1 / rate) + 0.5 / rate
        cell.append(np.repeat(which, at.size))
        time.append(np.tile(at, len(which)))

    # Each shape makes 16 cells fire, and its cue only in the second after it, half as fast.
    group = np.arange(64).reshape(4, 16)
    for step, segment in zip(timetable.presentation_step, timetable.segment, strict=True):
        fires(group[segment], step * dt, step * dt + 1.0, 20.0)
    for number in range(4):
        start = timetable.phase_start[2 + 2 * number] * dt + 0.5
        fires(group[number], start, start + 1.0, 10.0)
    fires(np.arange(64, 80), 0.0, 5.0, 100.0)  # inhibitory cells count nowhere
    cell, time = np.concatenate(cell), np.concatenate(time)
    order = np.lexsort((cell, time))
    pre, post = (ends.ravel() for ends in np.indices((64, 64)))
    same = pre // 16 == post // 16
    weight = np.array([np.full(same.size, 0.1), np.where(same, 0.5, 0.05), np.full(same.size, 5.0)])
    recorded = Recorded(
        cell[order], time[order], {"EtoE": weight.astype(np.float32)}, {"EtoE": (pre, post)}, True
    )
    found = MODEL.readout(plan, recorded)
    assert np.array_equal(
        zenke.members(plan, time[order], cell[order], n),
        np.arange(64) // 16 == np.arange(4)[:, None],
    )
    assert found["members"] == pytest.approx(0.25)
    assert found["within"] == pytest.approx(0.5) and found["between"] == pytest.approx(0.05)
    assert found["ratio"] == pytest.approx(10) and found["potentiated"] == pytest.approx(5)
    assert found["rate"] == pytest.approx(20 / 4 / 1.5, rel=0.01)
    # Sixteen cells fire together every 50 ms, which decays over 100 ms.
    assert found["peak"] == pytest.approx(16 / 64 / 0.1 / (1 - np.exp(-0.5)), rel=1e-3)
    assert found["saturated"] == 0
    assert (found["before"], found["during"], found["delay_others"]) == (0, 0, 0)
    assert found["delay"] == pytest.approx(10)


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zenke")
    return {"build_dir": folder / "programs", "scratch_dir": folder / "scratch"}


@pytest.mark.compiles
@pytest.mark.slow
def test_inputs_of_silent_cells_grow_by_what_they_transmit(places):
    run = NetworkRun("silent", {}, 1, 0)
    ((planned, recorded, _),) = record_batch(MODEL, options(SMALL), [run], **places)
    assert not recorded.spike_time.size
    first, last = recorded.weights["inputtoE"][[0, -1]].astype(float)
    np.testing.assert_allclose(first, 0.01, rtol=1e-6)
    stop = planned.timetable.stop * planned.options.simulation.dt
    rate = np.full(SIDE**2, 5.0 * stop)
    for number in range(4):
        # 25 Hz are added in three showings of .5 s, and by a cue of .5 s.
        rate += 25.0 * (1.5 * zenke.shape(number) + 0.5 * zenke.cue(number))
    pre, post = recorded.ends["inputtoE"]
    grown = np.bincount(pre, last - first) / np.bincount(pre) / 2e-5
    # One synapse an input is enough: all of an input have heard the same spikes.
    assert np.ptp((last - first)[pre == 0]) == pytest.approx(0, abs=1e-7)
    away = (grown - rate) / np.sqrt(rate)
    assert away.mean() == pytest.approx(0, abs=0.1)
    assert away.std() == pytest.approx(1, abs=0.1)
    for name in ("EtoE", "EtoI", "ItoE"):
        assert (recorded.weights[name][-1] == recorded.weights[name][0]).all()
    assert np.array_equal(np.unique(post), np.arange(64))


@pytest.mark.compiles
@pytest.mark.slow
def test_shapes_become_trials(places):
    changes = {**SMALL, "wiring.w_input": 0.4, "repetitions": 1, "recalls": 0, "blocks": 2}
    changes |= {"repeats": 1, "pause": 0.5}
    found = simulate(
        MODEL, options(changes), {}, recording="zenke.shapes", seed=1, instance=0, **places
    )
    trials.check(found.trials)
    assert found.trials.sizes["trial"] == 4 * (1 + 2)
    assert found.trials.sizes["unit"] == 64 and found.trials.sizes["spike"] > 100
