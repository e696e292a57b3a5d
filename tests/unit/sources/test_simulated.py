"""A simulated network as a recording: what is seen of it, and that it is never its own model."""

import json
from pathlib import Path

import numpy as np
import pytest
from planning import TRIALS, Wildcards, plan_for

from spikedrift import trials
from spikedrift.config.check import checked
from spikedrift.config.recordings import Recording
from spikedrift.config.simulated import SimulatedOptions
from spikedrift.core.errors import InputError
from spikedrift.sources import registry
from spikedrift.sources.simulated import record

DURATION = 0.2
RUN = "net-0123456789-i0.patterns"


def simulation(n_units=12, repeats=40, rate=20.0):
    """Two naive repeats, then two blocks of repeats, of two segments; Poisson spikes."""
    rng = np.random.default_rng(5)
    repeat = np.repeat(np.arange(2 + 2 * repeats), 2)
    block = np.where(repeat < 2 + repeats, 0, 1)
    count = rng.poisson(rate * DURATION, (repeat.size, n_units))
    trial, unit = np.divmod(np.repeat(np.arange(count.size), count.ravel()), n_units)
    time, count = trials.ragged(trial, unit, rng.uniform(0, DURATION, trial.size), count.shape)
    return trials.assemble(
        time,
        count,
        recording=RUN,
        kind="model",
        trial={
            "stimulus": "patterns",
            "segment": np.tile([0, 1], 2 + 2 * repeats),
            "repeat": repeat,
            "block": block,
            "phase": np.where(repeat < 2, "naive", "block"),
            "plasticity_on": repeat >= 2,
            "duration": DURATION,
        },
        unit={"unit_id": [f"e{k}" for k in range(n_units)], "population": "E"},
        attributes={"parameters": {"plasticity.afferent.eta": 0.1}},
    )


def seen(run, seed=3, **options):
    return record(run, SimulatedOptions(trials="x.nc", **options), "hidden.patterns", seed)


def test_without_options_the_blocks_are_seen_as_they_are():
    run = simulation()
    blocks = trials.select(run, trials=run["phase"].values == "block")
    found = seen(run)
    np.testing.assert_allclose(found["spike_time"], blocks["spike_time"], rtol=0, atol=1e-15)
    np.testing.assert_array_equal(found["spike_count"], blocks["spike_count"])
    assert set(found["phase"].values) == {"block"}
    assert not found["plasticity_on"].any()
    assert found.attrs["kind"] == "synthetic"
    assert trials.quality_names(found) == list(SimulatedOptions.quality or ())
    assert found.attrs["subject"] == "hidden"
    assert json.loads(found.attrs["parameters"])["run"] == RUN
    assert json.loads(found.attrs["parameters"])["network"] == {"plasticity.afferent.eta": 0.1}


def test_units_are_a_random_subset_in_their_order():
    run = simulation()
    found = [seen(run, seed, units=5)["unit_id"].values.astype(str) for seed in (1, 1, 2)]
    order = run["unit_id"].values.astype(str).tolist()
    assert found[0].tolist() == found[1].tolist() != found[2].tolist()
    assert [order.index(one) for one in found[0]] == sorted(order.index(one) for one in found[0])
    assert len(set(found[0])) == 5


def test_so_many_spikes_are_missed_and_foreign_ones_are_added():
    run, n = simulation(), int(seen(simulation())["spike_count"].sum())
    kept = int(seen(run, spike_loss=0.3)["spike_count"].sum())
    assert abs(kept - 0.7 * n) < 5 * np.sqrt(n * 0.3 * 0.7)
    added = int(seen(run, background=4.0)["spike_count"].sum()) - n
    expected = 4.0 * DURATION * 160 * 12
    assert abs(added - expected) < 5 * np.sqrt(expected)


def test_jitter_moves_every_spike_and_none_out_of_its_trial():
    run = simulation()
    before, after = seen(run), seen(run, jitter=0.01)
    np.testing.assert_array_equal(before["spike_count"], after["spike_count"])
    moved = after["spike_time"].values - before["spike_time"].values
    assert 0.003 < np.std(moved) < 0.012  # sorted anew, and reflected at the ends
    assert (after["spike_time"].values >= 0).all()
    assert (after["spike_time"].values < DURATION).all()
    trials.check(seen(run, jitter=10.0))


def test_one_option_does_not_change_what_another_draws():
    run = simulation()
    lost = seen(run, spike_loss=0.3)["spike_count"].values
    more = seen(run, spike_loss=0.5)["spike_count"].values
    assert (more <= lost).all()
    few = seen(run, units=5, background=2.0)["unit_id"].values.astype(str)
    assert few.tolist() == seen(run, units=5)["unit_id"].values.astype(str).tolist()


def test_a_run_that_cannot_be_seen_is_one_line():
    run = simulation()
    with pytest.raises(InputError, match=f"units: 13, but {RUN} has 12 units"):
        seen(run, units=13)
    naive = trials.select(run, trials=run["phase"].values == "naive")
    with pytest.raises(InputError, match="has no trials of phase block"):
        seen(naive)


def test_a_trials_file_is_a_source_too(tmp_path):
    path = tmp_path / "run.nc"
    trials.write(simulation(), path)
    entry = Recording(
        name="hidden.patterns", source="simulated", options={"trials": str(path), "units": 4}
    )
    made = registry.prepare(entry, 1, tmp_path, {})
    assert dict(made.sizes)["unit"] == 4


SWEEP = {
    "instances": 2,
    "variants": [{"name": "slow"}, {"name": "fast", "set": {"plasticity.afferent.eta": 0.1}}],
}


def planned(options, **changes):
    config = {
        "recordings": [{"name": "hidden.patterns", "source": "simulated", "options": options}],
        "sweeps": [{"name": "hidden", "seed": 7, **SWEEP}, {"name": "rules", "seed": 8, **SWEEP}],
        "selections": [{"name": "all"}],
        **changes,
    }
    return plan_for(config)


def test_the_run_of_the_sweep_is_the_input_of_the_recording():
    plan = planned({"sweep": "hidden", "variant": "fast", "instance": 1})
    wildcards = Wildcards(recording="hidden.patterns")
    (made,) = plan.files_of(wildcards)
    point = plan.study.points[dict(made.wildcards)["recording"]]
    assert (point.sweep, point.variant, point.instance) == ("hidden", "fast", 1)
    path = TRIALS.format(recording=point.recording)
    assert plan.study.recording(wildcards)["options"]["trials"] == path
    checked(Recording, plan.study.recording(wildcards))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sweep": "hiden", "variant": "fast"}, "no sweep whose runs keep trials.*hidden"),
        ({"sweep": "hidden", "variant": "fats"}, "options.variant: not in sweep hidden"),
        (
            {"sweep": "hidden", "variant": "fast", "instance": 2},
            "instance: 2, but sweep hidden has 2 instances",
        ),
        ({"sweep": "hidden", "variant": "fast", "axes": {"rate": 1}}, "names 0 points"),
        ({"sweep": "hidden"}, "give either sweep and variant, or trials"),
        ({"trials": "nowhere.nc"}, f"no such file nowhere.nc; looked in {Path.cwd()} "),
    ],
)
def test_a_run_that_is_not_there_is_one_line(options, message):
    with pytest.raises(InputError, match=message):
        planned(options)


@pytest.mark.fault(
    "comparison", "a recording made from a run that it is compared with, or from its siblings",
    cases=4,
)  # fmt: skip
@pytest.mark.parametrize("by_path", [False, True])
@pytest.mark.parametrize("place", ["recording", "out_of_model"])
def test_no_recording_is_compared_with_its_own_network(by_path, place):
    options = {"sweep": "rules", "variant": "fast", "instance": 1}
    if by_path:
        (run,) = planned(options).study.origins.runs("hidden.patterns")
        options = {"trials": TRIALS.format(recording=run)}
    mouse = {"name": "mouse.movie", "source": "synthetic", "options": {}}
    hidden = {"name": "hidden.patterns", "source": "simulated", "options": options}
    entry = {"name": "c", "sweep": "rules"} | (
        {"recording": "hidden.patterns"}
        if place == "recording"
        else {"recording": "mouse.movie", "out_of_model": ["hidden.patterns"]}
    )
    with pytest.raises(InputError, match=rf"comparisons\[0\].{place}: hidden.patterns is made"):
        planned(options, recordings=[hidden, mouse], comparisons=[entry])


def test_siblings_in_another_sweep_of_the_same_seed_are_refused_and_other_seeds_are_not():
    apart = {"sweep": "hidden", "variant": "fast"}
    entry = {"name": "c", "recording": "hidden.patterns", "sweep": "rules"}
    plan = planned(apart, comparisons=[entry])
    runs = {plan.study.points[name].instance_seed for name in plan.study.runs("rules")}
    assert plan.study.origins.seeds()["hidden.patterns"] not in runs
    assert plan.report.truths == [{"title": "fast", "variants": ["fast"]}]
    twin = [{"name": "hidden", "seed": 8, **SWEEP}, {"name": "rules", "seed": 8, **SWEEP}]
    with pytest.raises(InputError, match="simulate it in a sweep of another seed"):
        planned(apart, sweeps=twin, comparisons=[entry])
