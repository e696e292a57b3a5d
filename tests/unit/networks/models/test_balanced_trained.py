"""The trained balanced network: sessions, trials, and what is read of it."""

from pathlib import Path

import numpy as np
import pytest
from planning import Wildcards, plan_for

from spikedrift import trials
from spikedrift.config.overrides import override
from spikedrift.core.errors import InputError
from spikedrift.networks.models import balanced_trained as bt
from spikedrift.networks.session_plan import NetworkRun, plan
from spikedrift.networks.simulate import simulate
from spikedrift.training import recorded, siegert, targets

SMALL = {
    "balance.n_cells": 200, "balance.k": 30, "balance.drive": 0.3, "n_trained": 40, "in_degree": 5,
    "n_outside": 12, "before": 0.1, "stimulus": 0.05, "duration": 0.4, "loops": 4, "trace_loops": 2,
}  # fmt: skip
SHOWN = {"shown": {"repeats": 3, "blocks": 2, "pause": 5.0}}


def planned(changes=None, instance=0):
    options = override(bt.BalancedTrained(), {**SMALL, **(changes or {})}, "b")
    return plan(bt.MODEL, options, NetworkRun("b", {}, 1, instance))


@pytest.fixture(scope="module")
def session():
    one = planned(SHOWN)
    return one, bt.integrate(one)


def test_a_session_makes_trials_that_are_the_same_again(tmp_path: Path):
    options = override(bt.BalancedTrained(), {**SMALL, **SHOWN}, "b")
    found, again = (
        simulate(bt.MODEL, options, {}, recording="b", seed=1, instance=0,
                 build_dir=tmp_path, scratch_dir=tmp_path)
        for _ in range(2)
    )  # fmt: skip
    assert found.trials.identical(again.trials) and found.traces.identical(again.traces)
    trials.check(found.trials)
    one = found.trials
    assert dict(one.sizes)["unit"] == 40 and one.sizes["trial"] == 2 * (4 + 2 * 3)
    of_block = one["phase"].values == "block"
    assert of_block.sum() == 12 and not one["plasticity_on"].values[of_block].any()
    assert one["plasticity_on"].values[~of_block].all()
    assert set(one["segment"].values) == {0, 1} and (one["duration"] == 0.4).all()
    assert one["spike_count"].values.sum() > 100


def test_weights_change_while_it_learns_and_stay_afterwards(session):
    one, left = session
    learned_until = 4 * 2 * 0.5
    during, after = one.save_time < learned_until - 1e-9, one.save_time > learned_until - 1e-9
    for name, values in left.weights.items():
        assert (np.abs(np.diff(values[during], axis=0)).max(axis=1) > 0).all(), name
        np.testing.assert_array_equal(
            values[after], np.broadcast_to(values[-1], values[after].shape)
        )
    assert not np.array_equal(left.weights["right_to_T"][-1], left.weights["left_to_T"][-1])
    assert (left.weights["right_to_T"][0] == 0).all() and (left.weights["TtoT"][0] > 0).all()
    assert (left.weights["ItoT"][0] < 0).all() and left.finite


def test_cells_are_numbered_units_first_and_spikes_lie_in_their_trials(session):
    one, left = session
    trained = bt.trained(one)
    numbers = trained.numbers
    assert sorted(numbers) == list(range(200))
    np.testing.assert_array_equal(numbers[trained.cells], np.arange(40))
    np.testing.assert_array_equal(numbers[100:], np.arange(100, 200))
    assert (np.diff(left.spike_time) >= -1e-12).all()
    start = one.timetable.presentation_step * 1e-4 - 0.1
    at = np.searchsorted(start, left.spike_time + 1e-9, side="right") - 1
    assert (at >= 0).all() and (left.spike_time - start[at] < 0.5).all()
    # The first trial, made again: who fires, and when.
    again = bt.trained(one).run(0, "trial 0", learn=True)
    first = at == 0
    np.testing.assert_array_equal(left.spike_cell[first], numbers[again.cell])
    np.testing.assert_allclose(left.spike_time[first], again.step * 1e-4, atol=1e-12)


def test_trained_cells_are_matched_and_hear_what_they_should(session):
    one, left = session
    trained = bt.trained(one)
    assert np.unique(trained.cells).size == 40 and trained.cells.max() < 100
    for unit, heard in enumerate(trained.presynaptic):
        assert np.unique(heard).size == 10 and trained.cells[unit] not in heard
        assert np.isin(heard[:5], trained.cells).all() and (heard[5:] >= 100).all()
    pre, post = left.ends["TtoT"]
    np.testing.assert_array_equal(trained.cells[pre[post == 3]], trained.presynaptic[3][:5])
    pre, post = left.ends["ItoT"]
    np.testing.assert_array_equal(pre[post == 7] + 100, trained.presynaptic[7][5:])
    rate = trained.initial.spikes[trained.cells]
    wanted = trained.target.mean(axis=(0, 1))
    assert np.corrcoef(rate, wanted)[0, 1] > 0.5


def test_put_gives_back_what_weights_took(session):
    one, left = session
    trained = bt.trained(one)
    last = {name: values[-1] for name, values in left.weights.items()}
    trained.put(last)
    for name, values in trained.weights().items():
        np.testing.assert_array_equal(values.astype(np.float32), last[name])


def test_the_windows_of_a_test_are_around_the_times_of_the_targets(session):
    trained = bt.trained(session[0])
    total = np.arange(40.0)[:, None] * np.ones(200)  # bins of 10 ms
    found = trained.followed(trained.initial._replace(total=total))
    expected = [np.arange(max(0, 2 * k - 5), min(40, 2 * k + 5)).mean() for k in range(1, 21)]
    np.testing.assert_allclose(found, np.repeat(expected, 200).reshape(20, 200))


def test_what_is_read(session):
    found = bt.readout(*session)
    for loop in (0, 2, 4):
        assert -1 < found[f"loop_{loop}"] < 1
    assert found["learning"].x.tolist() == [0, 2, 4]
    last = {name: session[1].weights[name][-1] for name in ("TtoT", "ItoT")}
    assert found["turned_E"] == pytest.approx((last["TtoT"] < 0).mean(), abs=1e-12)
    assert found["turned_I"] == pytest.approx((last["ItoT"] > 0).mean(), abs=1e-12)
    assert found["turned_E"] > 0 and found["turned_I"] > 0
    assert found["sum_E"] == pytest.approx(1, abs=0.1)
    assert found["sum_I"] == pytest.approx(1, abs=0.1)
    assert all(0 <= found[f"untrained_{name}"] <= 1 for name in "EI")
    trained = bt.trained(session[0])
    assert found["initial_I"] == trained.initial.spikes[100:].mean() / 0.5
    assert found["average"] > found["loop_0"]


def test_a_silent_network_is_one_line():
    with pytest.raises(RuntimeError, match=r"^b: silent before training"):
        bt.integrate(planned({"balance.drive": 0.1}))


@pytest.mark.parametrize("experiment", bt.MODEL.experiments, ids=lambda one: one.name)
def test_what_is_judged_is_read(experiment):
    small = {name: value for name, value in SMALL.items() if "loops" not in name}
    options = override(bt.BalancedTrained(), {**small, "duration": 0.2, **experiment.set}, "b")
    one = plan(bt.MODEL, options, NetworkRun("b", {}, 1, 0))
    found = bt.readout(one, bt.integrate(one))
    judged = [target for target in bt.MODEL.targets if target.experiment == experiment.name]
    assert judged and {target.name for target in judged} <= set(found)
    assert all(np.isfinite(found[target.name]) for target in judged)


def test_instances_differ_and_variants_do_not():
    one, other = bt.trained(planned()), bt.trained(planned(instance=1))
    assert not np.array_equal(one.target, other.target)
    again = bt.trained(planned({"ridge": 1.0}))
    np.testing.assert_array_equal(one.target, again.target)
    np.testing.assert_array_equal(one.network.wiring.target, again.network.wiring.target)
    np.testing.assert_array_equal(one.initial.spikes, again.initial.spikes)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A trials file of three segments and 60 units, of which 50 are active."""
    rng = np.random.default_rng(1)
    segment, repeat = (one.ravel() for one in np.indices((3, 8)))
    scale = np.repeat([0.0, 1.0], [10, 50]) * rng.uniform(3, 20, 60)
    course = np.where(np.arange(2) == (segment % 2)[:, None], 0.4, 1.6)  # (trial, half)
    count = rng.poisson(course[:, None] * scale[:, None] * 0.25)  # (trial, unit, half)
    half = np.repeat(np.tile([0, 1], count[..., 0].size), count.ravel())
    time = half * 0.25 + 0.25 * rng.random(half.size)
    whole = count.sum(axis=2)
    order = np.lexsort((time, np.repeat(np.arange(whole.size), whole.ravel())))
    found = trials.assemble(
        time[order], whole, recording="r.movie", kind="synthetic",
        trial={"stimulus": "movie", "segment": segment, "repeat": repeat,
               "duration": np.full(24, 0.5)},
        unit={"unit_id": [f"u{k}" for k in range(60)]}, attributes={},
    )  # fmt: skip
    path = tmp_path_factory.mktemp("recorded") / "r.movie.nc"
    trials.write(found, path)
    return str(path), found


def test_rates_of_a_trials_file_are_learned(file):
    path, dataset = file
    options = {"file": path, "segments": 3, "smoothing": 0.04}
    one = bt.trained(planned(options))
    assert one.options.shared_files() == [path]
    assert bt.trained(planned()).options.shared_files() == []
    units = one.wanted.units
    assert len(set(units)) == 40 and not set(units) & {f"u{k}" for k in range(10)}
    learned, held_out = recorded.halves(dataset)
    wanted = recorded.responses(dataset, 0.02, 0.04, learned)
    places = [list(wanted.unit_id).index(name) for name in units]
    expected = np.maximum(wanted.rate[:, :20, places], 0.1)
    sd = one.initial.sd[:100].mean() * np.sqrt(0.3)
    found = siegert.rate(siegert.Cell(sd, tau_syn=0.003), one.target)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    other = recorded.responses(dataset, 0.02, 0.04, held_out).rate[:, :20, places]
    np.testing.assert_array_equal(one.wanted.held_out, other)
    found = siegert.rate(siegert.Cell(sd, tau_syn=0.003), one.held_out)
    np.testing.assert_allclose(found, np.maximum(other, 0.1), rtol=1e-9)
    assert np.nanmean(targets.correlations(wanted.rate[:, :20, places], other)) > 0.2
    left = bt.integrate(planned({**options, "loops": 2, "trace_loops": 1}))
    assert set(left.weights) == {"TtoT", "ItoT", *(f"segment{k}_to_T" for k in range(3))}


def sweep(file, **changes):
    """A configuration with two variants that learn one recording."""
    small = {key: value for key, value in SMALL.items() if "." not in key}
    options = {"balance": {"n_cells": 200, "k": 30}, "file": file, "segments": 3, **small, **SHOWN}
    variants = [{"name": "a", "control": True}, {"name": "b", "set": {"ridge": 1.0}}]
    one = {"name": "s", "network": "balanced_trained", "instances": 1, "options": options}
    return {
        "recordings": [{"name": "r.movie", "source": "synthetic"}],
        "sweeps": [{**one, "variants": variants, **changes}],
    }


def test_sessions_that_learn_one_file_need_it(file, monkeypatch):
    path = file[0]
    plan = plan_for(sweep(path))
    for run in plan.study.runs("s"):
        assert plan.study.sessions(Wildcards(recording=run))["files"] == [path]
    plan = plan_for(sweep(path, survey={"chunk": 2}))
    chunk = next(iter(plan.surveys.chunks("s")))
    assert plan.surveys.files(Wildcards(sweep="s", chunk=chunk))["files"] == [path]
    monkeypatch.chdir(Path(path).parent)
    plan_for(sweep("elsewhere/r.movie.nc"))  # which is a recording, and its rule makes it
    with pytest.raises(InputError, match=r"sweep s: a, instance 0: no such file x\.nc"):
        plan_for(sweep("x.nc"))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"segments": 2}, r"r\.movie\.nc: has 3 segments, and 2 are to be learned"),
        ({"duration": 0.6}, r"trials last 0\.5 s, and 0\.6 s are to be learned"),
        ({"n_trained": 55}, r"50 units have 1 Hz or more, and 55 are to be learned"),
    ],
)
def test_a_file_that_does_not_fit_is_one_line(file, changes, words):
    with pytest.raises(InputError, match=words) as error:
        bt.trained(planned({"file": file[0], "segments": 3, **changes}))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"n_trained": 100}, "n_trained: 100 of 100 E cells: too many"),
        ({"in_degree": 40}, "in_degree: 40 of 40 cells: too many"),
        ({"balance.k": 100}, "balance.k: 100 synapses"),
        ({"stimulus": 0.2}, "stimulus: longer than the time before"),
        ({"learn_every": 0.5}, "learn_every: 0.5 s is longer than the targets allow"),
    ],
)
def test_options_that_do_not_fit_are_one_line(changes, words):
    with pytest.raises(InputError, match=words) as error:
        planned(changes)
    assert "\n" not in str(error.value)
