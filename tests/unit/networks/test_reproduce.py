"""What sessions measured, held against targets."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from spikedrift.config.networks import NetworkOptions
from spikedrift.core.errors import InputError
from spikedrift.networks import reproduce as reproducing
from spikedrift.networks.catalog import Experiment, Model, Target
from spikedrift.networks.lost import RanAway
from spikedrift.networks.reproduce import judged
from spikedrift.simulation.run import Away


def target(name="latency", experiment="standard", trust="published", **bounds):
    return Target(experiment, name, name, "a paper", trust, **bounds)


def model(*targets, instances=(3, 3)):
    experiments = (
        Experiment("standard", "", instances=(3, 3)),
        Experiment("curve", "", instances=instances),
    )
    return Model(
        "m", "", "", NetworkOptions, lambda options: None, None, experiments, None, targets
    )


def measured(values, experiment="standard", name="latency"):
    return pd.DataFrame(
        {"experiment": experiment, "instance": range(len(values)), "name": name, "value": values,
         "x_label": ""}
    )  # fmt: skip


AWAY = RanAway("m.standard.0", Away("E", 3.0, 3.4, 600.0, 200.0))


def reproduced(monkeypatch, places, outcomes, **others):
    """What `reproduce` makes of outcomes of sessions, with targets of the latency and `stable`."""
    monkeypatch.setattr(reproducing, "record_batch", lambda *_, **__: [outcomes.pop(0)])
    targets = target(), target(name="stable", low=1.0)
    wanted = replace(
        model(*targets, instances=(0, 0)),
        readout=lambda plan, recorded: {"latency": plan, "stable": 1.0},
        **others,
    )
    return wanted, reproducing.reproduce(wanted, "quick", seed=1, source="digest", **places)


@pytest.fixture
def places(tmp_path):
    return {"store": tmp_path, "build_dir": tmp_path, "scratch_dir": tmp_path}


def test_a_network_that_ran_away_has_what_its_model_says_of_such(monkeypatch, places):
    outcomes = [(4.0, None, "cpp"), AWAY, (6.0, None, "cpp")]
    wanted, table = reproduced(monkeypatch, places, outcomes, runaway={"stable": 0.0})
    of_away = table[table["instance"] == 1].set_index("name")["value"]
    assert of_away.drop("latency").to_dict() == {"stable": 0.0, "ran_away": 3.4}
    assert np.isnan(of_away["latency"]) and set(table["instance"]) == {0, 1, 2}
    latency, stable = judged(table, wanted, "quick").to_dict("records")
    assert (latency["measured"], latency["n"]) == (5.0, 2)
    assert (stable["measured"], stable["n"], stable["pass"]) == (pytest.approx(2 / 3), 3, "no")
    # It is an outcome like others: the store has it, and nothing is run again.
    _, again = reproduced(monkeypatch, places, [], runaway={"stable": 0.0})
    pd.testing.assert_frame_equal(again, table)


def test_a_network_that_ran_away_is_an_error_where_its_model_says_nothing_of_it(
    monkeypatch, places
):
    with pytest.raises(RanAway, match=r"m\.standard\.0: the network ran away: E fired at 600 Hz"):
        reproduced(monkeypatch, places, [AWAY])
    assert list(places["store"].iterdir()) == []


def test_sessions_without_the_measure_are_left_out_of_its_mean():
    (row,) = judged(
        measured([4.0, np.nan, 6.0]), model(target(low=4.5, high=5.5)), "quick"
    ).to_dict("records")
    assert (row["measured"], row["n"], row["pass"]) == (5.0, 2, "yes")
    assert row["spread"] == pytest.approx(np.sqrt(2))


def test_what_no_session_has_is_missed():
    (row,) = judged(measured([np.nan] * 3), model(target(high=5.5)), "quick").to_dict("records")
    assert (row["n"], row["pass"]) == (0, "no")
    assert np.isnan(row["measured"])


def test_targets_of_an_experiment_without_sessions_of_this_size_are_left_out():
    wanted = model(target(high=9.0), target(experiment="curve", high=9.0), instances=(0, 3))
    table = measured([4.0, 5.0, 6.0])
    assert list(judged(table, wanted, "quick")["experiment"]) == ["standard"]
    with pytest.raises(InputError, match="curve: not measured"):
        judged(table, wanted, "full")


def test_unverified_targets_and_other_sizes_are_not_judged():
    wanted = model(
        target(high=1.0, trust="unverified"), target(high=1.0, sizes=("full",)), target(high=1.0)
    )
    assert list(judged(measured([4.0]), wanted, "quick")["pass"]) == ["", "", "no"]


def test_a_target_of_something_that_is_not_measured_is_refused():
    with pytest.raises(InputError, match="not measured"):
        judged(measured([4.0]), model(target(name="latencies")), "quick")


def test_what_only_full_sessions_measure_is_not_missed_in_quick_ones():
    wanted = model(target(name="seventh", high=1.0, sizes=("full",)))
    (row,) = judged(measured([4.0]), wanted, "quick").to_dict("records")
    assert (row["n"], row["pass"]) == (0, "")
    with pytest.raises(InputError, match="not measured"):
        judged(measured([4.0]), wanted, "full")
