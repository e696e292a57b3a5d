"""Sessions of a small pattern network, from the real build: trials and traces."""

import json

import numpy as np
import pytest
from planning import plan_for
from small_network import MODEL, small

from spikedrift import trials
from spikedrift.core.atomic import write_netcdf
from spikedrift.networks import simulate as simulating
from spikedrift.networks.simulate import simulate
from spikedrift.plan.possible import Units, of_networks
from spikedrift.simulation.build import build

LEARNING = {
    "plasticity.afferent.eta": 0.05,
    "plasticity.afferent.noise": 0.03,
    "plasticity.recurrent.eta": 0.05,
}
FROZEN = {"plasticity.inhibitory.eta": 0.0}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Simulate the small network; one build serves every call."""
    root, programs = tmp_path_factory.mktemp("network"), set()

    def noted(*arguments, **others):
        program = build(*arguments, **others)
        programs.add(program.directory)
        return program

    def simulated(parameters, seed=1, instance=0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(simulating, "build", noted)
            return simulate(
                MODEL,
                small(),
                parameters,
                recording=f"small-{instance}.patterns",
                seed=seed,
                instance=instance,
                build_dir=root / "programs",
                scratch_dir=root / "scratch",
            )

    yield simulated
    assert len(programs) == 1, "everything but the structure is set at run time"
    assert list((root / "scratch").iterdir()) == []


@pytest.fixture(scope="module")
def learned(run):
    return run(LEARNING)


@pytest.mark.compiles
def test_the_trials_are_the_presentations(learned):
    data = learned.trials
    trials.check(data)
    there = Units(frozenset(trials.quality_names(data)), frozenset(data["population"].values))
    study = plan_for({"sweeps": [{"name": "s", "variants": [{"name": "a"}]}]}).study
    assert there == of_networks(study, "s")
    assert data.attrs["kind"] == "model" and data.attrs["subject"] == "instance 0"
    table = data[["phase", "block", "repeat", "segment", "plasticity_on"]].to_dataframe()
    shown = table.groupby(["phase", "block"])["repeat"].agg(["min", "max", "size"])
    # four patterns a repeat; repeat 7 was shown in the pause and is no trial
    assert shown.loc[("naive", 0)].tolist() == [0, 1, 8]
    assert shown.loc[("train", 0)].tolist() == [2, 4, 12]
    assert shown.loc[("block", 0)].tolist() == [5, 6, 8]
    assert shown.loc[("block", 1)].tolist() == [8, 9, 8]
    assert not table.loc[table.phase == "naive", "plasticity_on"].any()
    assert table.loc[table.phase != "naive", "plasticity_on"].all()
    assert (table.groupby("repeat")["segment"].nunique() == 4).all()
    assert data["presentation_index"].values.tolist() == list(range(36))
    assert (np.diff(data["start_time"]) > 0.399).all()
    assert json.loads(data.attrs["parameters"])["set"] == LEARNING


@pytest.mark.compiles
def test_a_pattern_that_is_shown_often_has_no_more_trials(run, learned):
    data = run({**LEARNING, "patterns.often": 3}).trials
    trials.check(data)
    for name in ("segment", "repeat", "phase", "block"):
        assert sorted(data[name].values) == sorted(learned.trials[name].values)
    assert json.loads(data.attrs["shown_often"]) == [0]
    assert "shown_often" not in learned.trials.attrs
    # Before the second block: half of either block, and what is shown in the pause.
    for one, shown in ((data, 1 + (4 + 2) / 4 + 1), (learned.trials, 3.0)):
        told = json.loads(one.attrs["shown_before"])
        assert told["1"] - told["0"] == pytest.approx(shown)


@pytest.mark.compiles
def test_same_seed_same_bits_other_seed_other_network(run, learned):
    again, other = run(LEARNING), run(LEARNING, seed=2)
    assert again.trials.identical(learned.trials)
    assert again.traces.identical(learned.traces)
    for name in ("spike_time", "spike_count", "segment"):
        assert other.trials[name].values.tolist() != learned.trials[name].values.tolist()
    pairs = [
        list(zip(t["recurrent_pre"].values, t["recurrent_post"].values, strict=True))
        for t in (learned.traces, other.traces)
    ]
    assert pairs[0] != pairs[1]
    assert run(LEARNING, instance=1).trials["segment"].values.tolist() != (
        learned.trials["segment"].values.tolist()
    )


@pytest.mark.compiles
def test_variants_of_an_instance_differ_only_after_the_settling(run, learned):
    frozen = run(FROZEN)
    for name in ("afferent_pre", "recurrent_post", "inhibitory_pre"):
        np.testing.assert_array_equal(frozen.traces[name], learned.traces[name])
    settled = frozen.traces["time"].values <= 2.0
    for variable in ("mean_weight", "sd_weight"):
        a, b = (r.traces[variable].values[:, settled] for r in (frozen, learned))
        np.testing.assert_array_equal(a, b)
    assert (frozen.traces["inhibitory_weight"][1] != frozen.traces["inhibitory_weight"][0]).any()
    for name in ("afferent", "recurrent", "inhibitory"):
        weight = frozen.traces[f"{name}_weight"]
        assert (weight[1:] == weight[1]).all(), f"{name} moved although frozen"
        moved = learned.traces[f"{name}_weight"]
        assert (moved[2] == moved[1]).all(), f"{name} moved in the naive probe"
        assert (moved[-1] != moved[2]).any(), f"{name} did not learn"
    assert not frozen.trials["plasticity_on"].any()


@pytest.mark.compiles
def test_trials_hold_the_spikes_of_their_time(learned):
    rate = learned.traces["rate"].sel(population="E").values
    width = np.diff(learned.traces["time"].values)
    mean = (rate * width).sum() / width.sum()
    assert mean == pytest.approx(learned.trials.attrs["mean_rate"], rel=1e-9)
    in_trials = learned.trials["spike_count"].values.sum() / (36 * 0.150 * 20)
    assert 0.3 * mean < in_trials < 3 * mean


@pytest.mark.compiles
def test_a_feed_forward_network_and_all_its_weights(run, learned):
    found = run({**LEARNING, "wiring.p_ee": 0.0, "recording.n_synapses": None}).traces
    assert found.sizes["recurrent_synapse"] == 0
    recurrent = found.sel(projection="recurrent")
    assert np.isnan(recurrent["mean_weight"]).all()
    weight = found["afferent_weight"]
    assert weight.dtype == np.float32 and weight.dims == ("edge", "afferent_synapse")
    n = weight.sizes["afferent_synapse"]
    assert n == pytest.approx(0.3 * 40 * 20, abs=4 * np.sqrt(0.21 * 40 * 20))
    pairs = set(zip(found["afferent_pre"].values, found["afferent_post"].values, strict=True))
    assert len(pairs) == n and {0 <= a < 40 and 0 <= b < 20 for a, b in pairs} == {True}
    at_end = found["mean_weight"].sel(projection="afferent").values[-1]
    assert weight.values[-1].mean() == pytest.approx(at_end, rel=1e-5)
    assert learned.traces.sizes["afferent_synapse"] == 30


@pytest.mark.compiles
def test_what_has_not_settled_is_said(run, learned, caplog):
    weight = learned.traces["mean_weight"].sel(projection="inhibitory")
    expected = float(weight.sel(time=2.0) / weight.sel(time=0.0) - 1)
    assert learned.traces.attrs["settling_change"] == pytest.approx(expected)
    caplog.clear()
    hasty = run({"plasticity.inhibitory.settle_eta": 1.0}).traces.attrs["settling_change"]
    assert abs(hasty) > 0.01
    assert f"weight changed by {100 * hasty:.2g} % in the last 2 s of settling" in caplog.text
    caplog.clear()
    assert run({"plasticity.inhibitory.settle_eta": 0.0}).traces.attrs["settling_change"] == 0
    assert "settled" not in caplog.text


@pytest.mark.compiles
def test_currents_know_only_weight_times_driving_force(run, tmp_path):
    """Twice the weight at half the driving force is the same network, to the spike."""
    options = small(**{"cells.synapses": "current"})
    plain = {"plasticity.afferent.w_max": 10, "plasticity.recurrent.w_max": 10}
    names = ("w_afferent_e", "w_afferent_i", "w_ee", "w_ei")
    doubled = {
        **plain,
        "cells.reversal_excitatory": -0.030,
        **{f"wiring.{name}": 2 * getattr(options.wiring, name) for name in names},
    }

    def by_current(changes):
        return simulate(
            MODEL,
            options,
            changes,
            recording="small-0.patterns",
            seed=1,
            instance=0,
            build_dir=tmp_path / "programs",
            scratch_dir=tmp_path / "scratch",
        )

    one, two = (by_current(changes).trials["spike_time"].values for changes in (plain, doubled))
    assert one.size > 100
    np.testing.assert_array_equal(one, two)
    one, two = (run(changes).trials["spike_time"].values for changes in (plain, doubled))
    assert not np.array_equal(one, two), "conductances shunt"


@pytest.mark.compiles
def test_traces_hold_what_was_learned(learned, tmp_path):
    traces = learned.traces
    stages = ["naive 0", "train 0 first", "train 0 last", "block 0", "block 1"]
    assert traces["stage"].values.tolist() == stages
    kept = learned.trials.sel(trial=learned.trials["phase"] == "naive")
    expected = kept["spike_count"].values.sum(axis=0)
    preferred = traces["preferred_pattern"].sel(stage="naive 0").values
    assert ((preferred < 0) == (expected == 0)).all()
    # The last block lasts from the last phase edge to the end.
    last = traces["time"].values[:-1] >= float(traces["stage_start"][-1]) - 1e-6
    width = np.diff(traces["time"].values)[last]
    assert width.sum() == pytest.approx(2 * 4 * 0.4)
    for population in ("E", "I"):
        rate = traces["rate"].sel(population=population).values[last]
        assert traces["stage_rate"].sel(population=population).values[-1] == pytest.approx(
            (rate * width).sum() / width.sum()
        )
    write_netcdf(traces, tmp_path / "traces.nc")


@pytest.mark.compiles
def test_silent_and_saturated_networks_are_marked(run):
    quiet = run(
        {
            "patterns.background_rate": 0,
            "patterns.rate": 0,
            "patterns.noise_rate": 0,
            "cells.membrane_noise": 0,
        }
    )
    assert quiet.trials.attrs["status"] == "silent"
    assert quiet.traces.attrs["status_reason"] == "E rate 0 Hz in naive 0"
    assert np.isnan(quiet.traces["latency"]).all()
    hot = run(
        {
            "cells.rest": -0.0501,
            "cells.membrane_noise": 0.02,
            "wiring.w_ie": 0,
            "plasticity.inhibitory.settle_eta": 0,
            "wiring.w_ee": 5,
            "plasticity.recurrent.w_max": 10,
        }
    )
    assert hot.trials.attrs["status"] == "saturated"


@pytest.mark.compiles
def test_a_diverging_network_names_its_recording(run):
    with pytest.raises(RuntimeError, match=r"small-0\.patterns: the simulation diverged"):
        run({"cells.tau_excitatory": 1e-5, "wiring.w_ee": 1e6, "plasticity.recurrent.w_max": 1e6})


@pytest.mark.compiles
def test_a_sample_of_units_is_drawn_by_the_seed(run, learned):
    few = run({**LEARNING, "recording.n_units": 7})
    assert few.trials.sizes["unit"] == 7
    ids = learned.trials["unit_id"].values.tolist()
    where = [ids.index(unit) for unit in few.trials["unit_id"].values]
    np.testing.assert_array_equal(
        few.trials["spike_count"], learned.trials["spike_count"].values[:, where]
    )
