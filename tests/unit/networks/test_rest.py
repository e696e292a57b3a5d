"""Training that goes on until weights rest: the session is the longest one, stopped there."""

import numpy as np
import pytest
from small_network import MODEL, SMALL, small

from spikedrift.core.errors import InputError
from spikedrift.networks import rest, session_plan
from spikedrift.networks.session_plan import NetworkRun
from spikedrift.networks.simulate import batches, record_batch, simulate

LIMIT, EVERY, BLOCK = 24, 2, 2  # repeats: of training at most, between looks, of a block
PERIOD = 4 * 0.4  # s, of a repeat
LEARNING = {"plasticity.afferent.eta": 0.02, "plasticity.recurrent.eta": 0.02}


def phases(**until):
    return [
        *SMALL["phases"][:3],
        {"kind": "train", "repeats": LIMIT, **until},
        *SMALL["phases"][4:],
    ]


def options(moves=None, every=EVERY):
    until = {} if moves is None else {"until": {"moves": moves, "every": every}}
    return small(phases=phases(**until), **LEARNING)


RUN = NetworkRun("rest.patterns", {}, 1, 0)


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    root = tmp_path_factory.mktemp("rest")
    return {"build_dir": root / "programs", "scratch_dir": root / "scratch"}


@pytest.fixture(scope="module")
def longest(programs):
    """The session with as much training as is allowed."""
    (found,) = record_batch(MODEL, options(), [RUN], **programs)
    return found


def moves(longest):
    """Largest relative change of a mean weight in the last block's time, by repeats of training."""
    plan, recorded, _ = longest
    start = plan.timetable.phase_start[3] * plan.options.simulation.dt
    found = {}
    for repeats in range(EVERY, LIMIT + 1, EVERY):
        end = start + repeats * PERIOD
        of_each = []
        for weights in recorded.weights.values():
            mean = weights.mean(axis=1)
            before, after = (np.interp(at, plan.save_time, mean) for at in (end - 2 * PERIOD, end))
            of_each.append(abs(after - before) / after)
        found[repeats] = max(of_each)
    return found


@pytest.fixture(scope="module")
def stopped(longest, programs):
    """A session that ends its training at a look in the middle, and after how many repeats."""
    by_look = moves(longest)
    later = [k for k in by_look if 3 * EVERY <= k < LIMIT and by_look[k] < 0.97 * min(
        value for look, value in by_look.items() if look < k)]  # fmt: skip
    assert later, by_look
    before = min(value for look, value in by_look.items() if look < later[0])
    asked = options((by_look[later[0]] + before) / 2)
    (found,) = record_batch(MODEL, asked, [RUN], **programs)
    return found, later[0]


@pytest.mark.compiles
def test_the_session_is_the_longest_one_stopped_there(longest, stopped):
    (plan, recorded, _), repeats = stopped
    whole, all_of_it, _ = longest
    assert plan.rested and plan.network.protocol.phases[3].repeats == repeats
    dt = plan.options.simulation.dt
    end = plan.timetable.phase_stop[3] * dt
    assert end == pytest.approx(plan.timetable.phase_start[3] * dt + repeats * PERIOD)
    for one in (recorded, all_of_it):
        assert (one.spike_time < end).sum() > 1000
    early, early_whole = (one.spike_time < end - dt / 2 for one in (recorded, all_of_it))
    np.testing.assert_array_equal(recorded.spike_time[early], all_of_it.spike_time[early_whole])
    np.testing.assert_array_equal(recorded.spike_cell[early], all_of_it.spike_cell[early_whole])
    common, here, there = np.intersect1d(plan.save_time, whole.save_time, return_indices=True)
    before = common <= end
    assert before.sum() > 5
    for name, weights in recorded.weights.items():
        np.testing.assert_array_equal(
            weights[here[before]], all_of_it.weights[name][there[before]], err_msg=name
        )


@pytest.mark.compiles
def test_what_follows_is_what_would_have_followed(longest, stopped):
    """The same presentations and input spikes, earlier by the training that is left out."""
    (plan, recorded, _), repeats = stopped
    whole = longest[0]
    a, b = plan.timetable, whole.timetable
    removed = b.phase_stop[3] - a.phase_stop[3]
    assert removed * plan.options.simulation.dt == pytest.approx((LIMIT - repeats) * PERIOD)
    np.testing.assert_array_equal(a.phase_start[4:], b.phase_start[4:] - removed)
    np.testing.assert_array_equal(a.phase_stop[3:], b.phase_stop[3:] - removed)
    assert a.stop == b.stop - removed
    after, after_whole = (one.presentation_phase > 3 for one in (a, b))
    np.testing.assert_array_equal(
        a.presentation_step[after], b.presentation_step[after_whole] - removed
    )
    np.testing.assert_array_equal(a.segment[after], b.segment[after_whole])
    assert np.array_equal(np.unique(a.repeat), np.arange(a.repeat.max() + 1))
    (index, step), (index_whole, step_whole) = plan.spikes["afferents"], whole.spikes["afferents"]
    late, late_whole = step >= a.phase_stop[3], step_whole >= b.phase_stop[3]
    np.testing.assert_array_equal(index[late], index_whole[late_whole])
    np.testing.assert_array_equal(step[late], step_whole[late_whole] - removed)
    assert recorded.spike_time.max() > a.phase_start[-1] * plan.options.simulation.dt


@pytest.mark.compiles
def test_one_that_does_not_rest_is_the_longest_one(longest, programs):
    found = simulate(
        MODEL, options(1e-9), {}, recording="rest.patterns", seed=1, instance=0, **programs
    )
    attributes = found.trials.attrs
    assert attributes["trained_repeats"] == LIMIT and attributes["came_to_rest"] == 0
    (again,) = record_batch(MODEL, options(1e-9), [RUN], **programs)
    np.testing.assert_array_equal(again[1].spike_time, longest[1].spike_time)
    np.testing.assert_array_equal(again[1].spike_cell, longest[1].spike_cell)


@pytest.mark.compiles
def test_the_last_repeats_are_looked_at_whatever_the_steps(longest, programs):
    last = moves(longest)[LIMIT]
    for asked, rests in ((last * 1.01, 1), (last * 0.99, 0)):
        found = simulate(
            MODEL, options(asked, every=LIMIT + 5), {}, recording="rest.patterns", seed=1,
            instance=0, **programs,
        )  # fmt: skip
        assert found.trials.attrs["trained_repeats"] == LIMIT
        assert found.trials.attrs["came_to_rest"] == rests


@pytest.mark.compiles
def test_what_rests_at_once_trains_for_a_blocks_time(programs):
    found = simulate(
        MODEL, options(1e9, every=1), {}, recording="rest.patterns", seed=1, instance=0, **programs
    )
    assert found.trials.attrs["trained_repeats"] == BLOCK
    assert found.trials.attrs["came_to_rest"] == found.traces.attrs["came_to_rest"] == 1
    assert (found.trials["phase"] == "train").sum() == BLOCK * 4


def test_further_showings_of_a_segment_stay_what_they_are():
    """With one segment shown three times in a repeat: they are cut with their repeat."""
    asked = options(0.01).model_copy(
        update={"patterns": small().patterns.model_copy(update={"often": 3})}
    )
    plan = session_plan.plan(MODEL, asked, RUN)
    part = rest.first_part(plan, 3)
    assert part.timetable.again.size == part.timetable.segment.size
    assert part.timetable.again.sum() == 2 * LIMIT
    still = {"afferent": np.ones((part.save_time.size, 3))}
    found = rest.ended(plan, 3, part, still)
    repeats = found.network.protocol.phases[3].repeats
    assert found.rested and BLOCK <= repeats < LIMIT
    shown = found.timetable
    assert shown.again.size == shown.segment.size == shown.presentation_step.size
    often = shown.presentation_phase[shown.again]
    assert (often == 3).sum() == 2 * repeats and not (often == 4).any()
    assert (shown.segment[shown.again] == 0).all()
    first = shown.first & (shown.presentation_phase == 3)
    assert sorted(shown.segment[first]) == sorted([*range(4)] * repeats)


def test_each_run_is_a_batch_of_its_own_wherever_it_runs():
    asked = options(0.01).model_copy(
        update={"simulation": small().simulation.model_copy(update={"backend": "cuda"})}
    )
    runs = [NetworkRun(f"rest-{k}.patterns", {}, 1, k) for k in range(3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spikedrift.simulation.gpu.resolve", lambda simulation, **_: simulation)
        assert batches(MODEL, asked, runs) == [[run] for run in runs]


def test_a_pattern_shown_often_is_so_in_the_training_that_is_left():
    plan = session_plan.plan(MODEL, options(0.01), RUN._replace(parameters={"patterns.often": 3}))
    part = rest.first_part(plan, 3)
    still = {"afferent": np.ones((part.save_time.size, 5))}
    found = rest.ended(plan, 3, part, still)
    assert found.rested and found.network.protocol.phases[3].repeats < LIMIT
    for one in (plan, part, found):
        laid_out = one.timetable
        train, segment = laid_out.presentation_phase == 3, laid_out.segment
        repeats = one.network.protocol.phases[3].repeats
        assert np.bincount(segment[train]).tolist() == [3 * repeats, *[repeats] * 3]
        shown = np.unique(np.stack([segment, laid_out.repeat])[:, laid_out.first], axis=1)
        assert shown.shape[1] == laid_out.first.sum()  # of each repeat one showing is a trial
        assert (np.bincount(segment[train & laid_out.first]) == repeats).all()


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"phases.4.until": {}}, r"phase block: until: only a phase of kind train has one"),
        ({"phases.3.until": {"every": 0}}, r"phases\[3\]\.until\.every: .*greater than 0; got 0"),
        ({"phases.3.until": {"moves": 0}}, r"phases\[3\]\.until\.moves: .*greater than 0; got 0"),
        (
            {"phases.3.repeats": 1, "phases.3.until": {"every": 1}},
            r"phase 3 \(train\): until: 1 repeats are less than the block that follows has \(2\)",
        ),
    ],
)
def test_what_cannot_be_is_one_line(changed, match):
    run = NetworkRun("rest.patterns", changed, 1, 0)
    with pytest.raises(InputError, match=match) as told:
        session_plan.declared(MODEL, options(), run)
    assert "\n" not in str(told.value)
