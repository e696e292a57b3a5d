"""The pattern network: its input is what it says, and a small one runs from the real build."""

import json

import numpy as np
import pytest

from spikedrift import trials
from spikedrift.config.networks import PatternNetwork, Phase
from spikedrift.config.overrides import override
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.errors import InputError
from spikedrift.networks import registry, stimulus
from spikedrift.networks.pattern_model import parameters, rates
from spikedrift.networks.pattern_network import simulate
from spikedrift.plan.possible import MODELS, Units

SMALL = {
    "cells.n_excitatory": 20,
    "cells.n_inhibitory": 5,
    "patterns.n_afferents": 40,
    "wiring.w_afferent_e": 0.3,
    "wiring.w_afferent_i": 0.3,
    "plasticity.afferent.w_max": 0.6,
    "recording.trace_interval": 1.0,
    "recording.n_synapses": 30,
    "phases": [
        {"kind": "settle", "duration": 2.0},
        {"kind": "naive", "repeats": 2, "plasticity": False},
        {"kind": "pause", "duration": 1.0},
        {"kind": "train", "repeats": 3},
        {"kind": "block", "repeats": 2},
        {"kind": "pause", "repeats": 1},
        {"kind": "block", "repeats": 2},
    ],
}
LEARNING = {
    "plasticity.afferent.eta": 0.05,
    "plasticity.afferent.noise": 0.03,
    "plasticity.recurrent.eta": 0.05,
}
FROZEN = {"plasticity.inhibitory.eta": 0.0}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Simulate the small network; one build serves every call."""
    root = tmp_path_factory.mktemp("network")
    small = override(PatternNetwork(), SMALL, "small")

    def simulated(parameters, seed=1, instance=0):
        return simulate(
            small,
            parameters,
            recording=f"small-{instance}.patterns",
            seed=seed,
            instance=instance,
            build_dir=root / "programs",
            scratch_dir=root / "scratch",
        )

    yield simulated
    programs = [path for path in (root / "programs").iterdir() if path.is_dir()]
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
    assert there == MODELS["pattern_network"]
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
    small = override(PatternNetwork(), {**SMALL, "cells.synapses": "current"}, "small")
    plain = {"plasticity.afferent.w_max": 10, "plasticity.recurrent.w_max": 10}
    names = ("w_afferent_e", "w_afferent_i", "w_ee", "w_ei")
    doubled = {
        **plain,
        "cells.reversal_excitatory": -0.030,
        **{f"wiring.{name}": 2 * getattr(small.wiring, name) for name in names},
    }

    def by_current(changes):
        return simulate(
            small,
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


DT = 0.0002


def drawn(changes, seed=0):
    options = override(PatternNetwork(), changes, "test")
    rng = [np.random.default_rng([seed, k]) for k in range(3)]
    timetable = stimulus.schedule(options.phases, options.patterns, DT, 0.0, rng[0])
    index, step = stimulus.afferent_spikes(
        timetable, options.phases, options.patterns, DT, rng[1], rng[2]
    )
    return options, timetable, index, step


def test_the_session_is_the_published_protocol():
    _, timetable, _, _ = drawn({})
    stop = 60 + 12 * 1.6 + 10 + 60 * 1.6 + 10 + 20 * 1.6 + 150 + 20 * 1.6
    assert timetable.stop * DT == pytest.approx(stop)
    assert timetable.repeat.max() + 1 == 112
    assert len(np.unique(timetable.pattern[timetable.repeat == 50])) == 4


@pytest.mark.slow
def test_patterns_without_jitter_or_noise_are_frozen():
    _, timetable, index, step = drawn({"patterns.jitter": 0.0, "patterns.noise_rate": 0.0})
    shown = {}
    for onset, pattern in zip(timetable.presentation_step, timetable.pattern, strict=True):
        inside = (step >= onset) & (step < onset + timetable.pattern_steps)
        spikes = list(zip(index[inside], step[inside] - onset, strict=True))
        assert shown.setdefault(pattern, spikes) == spikes
    assert len({str(spikes) for spikes in shown.values()}) == 4


def test_rates_jitter_and_merging_are_as_asked():
    options, timetable, index, step = drawn({})
    assert (np.diff(step.astype(np.int64) * 300 + index) > 0).all(), "sorted, none twice"
    in_pattern = np.zeros(timetable.stop, bool)
    for onset in timetable.presentation_step:
        in_pattern[onset : onset + timetable.pattern_steps] = True
    for mask, rate in ((in_pattern, 11.0), (~in_pattern, 10.0)):
        expected = rate * 300 * mask.sum() * DT
        # frozen draws repeat 112 times: four patterns' counts decide the rate inside patterns
        error = 4 * np.sqrt(expected) * (1 if rate == 10.0 else np.sqrt(112))
        assert abs(mask[step].sum() - expected) < error
    assert abs(np.bincount(index, minlength=300).std() / np.bincount(index).mean()) < 0.2
    assert options.patterns.jitter == 0.002


def test_jitter_moves_every_frozen_spike_by_a_normal_draw():
    changes = {"patterns.noise_rate": 0.0, "patterns.background_rate": 0.0, "patterns.rate": 1.0}
    still = drawn({**changes, "patterns.jitter": 0.0})
    moved = drawn(changes)
    shift = []
    for cell in range(300):
        a, b = (d[3][d[2] == cell].astype(np.int64) for d in (still, moved))
        if a.size == b.size and (np.diff(a) > 100).all():  # far apart: each keeps its place
            shift += list((b - a) * DT)
    assert len(shift) > 2000
    assert np.std(shift) == pytest.approx(0.002, rel=4 / np.sqrt(2 * len(shift)))
    assert abs(np.mean(shift)) < DT / 2 + 4 * 0.002 / np.sqrt(len(shift))


def test_a_silent_pause_is_silent_and_a_fixed_order_is_a_movie():
    _, timetable, _, step = drawn({"phases.6.background": False, "patterns.order": "fixed"})
    start, stop = timetable.phase_start[6], timetable.phase_stop[6]
    assert ((step >= start + 100) & (step < stop - 100)).sum() == 0
    assert timetable.pattern[:8].tolist() == [0, 1, 2, 3, 0, 1, 2, 3]


def test_networks_are_listed_and_the_nearest_named():
    assert registry.names() == ["pattern_network"]
    assert registry.get("pattern_network").simulate is simulate
    with pytest.raises(InputError, match="did you mean 'pattern_network'"):
        registry.get("patern_network")


@pytest.mark.compiles
def test_only_what_rules_ask_of_the_cells_is_set():
    def asked(rule, *also):
        options = {"plasticity.recurrent.rule": rule, "plasticity.recurrent.also": also}
        return override(PatternNetwork(), options, "asked")

    for rule, potential in (("global_inhibitory", False), ("mlp", True)):
        values = parameters(asked(rule))
        assert ("cells.spike_peak" in values) == potential
    assert parameters(asked("global_inhibitory"))["cells.recurrent_tau_H"] == 10.0

    moving = rates(asked("bcm", "short_term", "synaptic_scaling"), Phase(kind="train", repeats=1))
    assert set(moving) == {
        *(f"{name}.eta" for name in ("afferent", "recurrent", "inhibitory")),
        *(f"{name}.noise" for name in ("afferent", "recurrent")),
        "recurrent.scaling",
    }
