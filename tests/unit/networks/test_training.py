"""Training apart from what comes after it: one file for several sessions, and what stops it."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import training_job
from disks import small_disk
from training_job import options, trained

from spikedrift.core import results
from spikedrift.core.errors import DiskError, InputError
from spikedrift.networks import training
from spikedrift.networks.checkpoints import Checkpoints
from spikedrift.networks.models import balanced_trained as bt
from spikedrift.networks.models import rate_rnn
from spikedrift.networks.session_plan import NetworkRun, plan
from spikedrift.networks.simulate import simulate, simulate_batch

SHOWN = {"shown": {"repeats": 3, "blocks": 2, "pause": 5.0}}
LONGER = {"shown": {"repeats": 2, "blocks": 3, "pause": 7.0}}
AFTER = SHOWN | {
    "after": {
        "excitatory": {"rule": "pair_stdp", "eta": 0.01},
        "pause_activity": 1.0,
        "noise": {"sd": 0.3, "tau": 20.0},
        "turnover": {"rate": 0.05},
    }
}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The file of a training that nothing disturbed."""
    return trained(tmp_path_factory.mktemp("a") / "results" / "trained" / "t.nc", SHOWN)


def simulated(changes, tmp_path, file=""):
    return simulate(
        bt.MODEL, options(changes), {}, recording="b", seed=1, instance=0,
        build_dir=tmp_path, scratch_dir=tmp_path, trained=str(file),
    )  # fmt: skip


@pytest.mark.parametrize("changes", [SHOWN, LONGER, AFTER, {"shown": None}])
def test_a_session_that_begins_with_a_training_is_one_that_trains_itself(file, changes, tmp_path):
    whole, begun = simulated(changes, tmp_path), simulated(changes, tmp_path, file)
    assert whole.trials.identical(begun.trials) and whole.traces.identical(begun.traces)


def test_trials_of_training_are_not_run_again(file, tmp_path, monkeypatch):
    run, seen = training_job.bt.Trained.run, []

    def watched(self, condition, purpose, learn=False, **others):
        seen.append((purpose, learn))
        return run(self, condition, purpose, learn, **others)

    monkeypatch.setattr(training_job.bt.Trained, "run", watched)
    simulated(SHOWN, tmp_path, file)
    assert seen == [(f"trial {k}", False) for k in range(8, 20)]


def test_what_the_file_says_of_learning(file):
    found = results.read(file)
    assert found["loop"].values.tolist() == [0, 2, 4]
    assert all(-1 < one < 1 for name in ("single", "average") for one in found[name].values)
    assert not {"held_out", "ceiling", "units"} & set(found)  # the rates that it learned were drawn
    network = bt.trained(plan(bt.MODEL, options(SHOWN), NetworkRun("b", {}, 1, 0)))
    np.testing.assert_array_equal(found["learned_rate"].values, network.wanted.rate)
    shown = found["rate"].values.mean(axis=(0, 1))
    assert 0.2 < shown.mean() / network.wanted.rate.mean() < 5
    assert np.corrcoef(shown, network.wanted.rate.mean(axis=(0, 1)))[0, 1] > 0.3


def test_a_file_of_another_training_is_one_line(file, tmp_path):
    for changes, seed, instance in ({"ridge": 1.0}, 1, 0), ({}, 2, 0), ({}, 1, 1):
        with pytest.raises(InputError, match=r"t\.nc: its training is .*, needed is") as error:
            simulate(
                bt.MODEL, options({**SHOWN, **changes}), {}, recording="b", seed=seed,
                instance=instance, build_dir=tmp_path, scratch_dir=tmp_path, trained=str(file),
            )  # fmt: skip
        assert "\n" not in str(error.value)


def test_a_network_that_cannot_be_trained_is_an_outcome_of_its_sessions(tmp_path):
    silent = {**SHOWN, "balance.drive": 0.1}
    path = trained(tmp_path / "t.nc", silent)
    run = NetworkRun("b", {}, 1, 0, str(path))
    (lost,) = simulate_batch(
        bt.MODEL, options(silent), [run], build_dir=tmp_path, scratch_dir=tmp_path
    )
    assert isinstance(lost, training.NotTrained)
    assert str(lost).startswith(f"b: {training_job.NAME}: silent before training")


def test_a_network_that_is_not_trained_apart_is_one_line(tmp_path):
    run = NetworkRun("r", {}, 1, 0)
    with pytest.raises(InputError, match="rate_rnn: is not trained apart"):
        training.train(rate_rnn.MODEL, rate_rnn.MODEL.options(), run, Checkpoints(tmp_path, ""))


# checkpoints


class Stopping(Checkpoints):
    """Ends the training once so many states were written."""

    left = 1

    def write(self, state):
        super().write(state)
        type(self).left -= 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.mark.parametrize("loops", [1, 2, 3])
def test_a_training_that_was_stopped_goes_on_behind_its_last_loop(
    file, loops, tmp_path, monkeypatch, caplog
):
    result = tmp_path / "results" / "trained" / "t.nc"
    monkeypatch.setattr(Stopping, "left", loops)
    monkeypatch.setattr(Stopping, "due", True)
    with pytest.raises(KeyboardInterrupt):
        trained(result, SHOWN, checkpoints=Stopping)
    assert [path.name for path in result.parent.iterdir()] == [".t.nc.checkpoint"]
    with caplog.at_level("INFO"):
        trained(result, SHOWN)
    assert f"goes on behind trial {2 * loops}" in caplog.text
    assert result.read_bytes() == file.read_bytes()
    assert [path.name for path in result.parent.iterdir()] == ["t.nc"]


def killed(result, changes, after):
    """Train in a process that is killed while it writes the state behind so many others."""
    done = subprocess.run(
        [sys.executable, training_job.__file__, str(result), json.dumps(changes), str(after)],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not result.exists() and result.with_name(".t.nc.checkpoint").is_file()


@pytest.mark.process
@pytest.mark.fault("kill", "a training, twice: it goes on behind its last loop", cases=2)
def test_a_training_that_was_killed_ends_with_the_bits_of_one_that_was_not(tmp_path, caplog):
    long = {**SHOWN, "loops": 6}
    result = tmp_path / "results" / "trained" / "t.nc"
    for after in (1, 3):
        killed(result, long, after)
    with caplog.at_level("INFO"):
        trained(result, long)
    assert "goes on behind trial 8" in caplog.text
    undisturbed = trained(tmp_path / "other" / "results" / "trained" / "t.nc", long)
    assert result.read_bytes() == undisturbed.read_bytes()
    assert [path.name for path in result.parent.iterdir()] == ["t.nc"]


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """The bytes of a state behind the second loop."""
    result = tmp_path_factory.mktemp("state") / "results" / "trained" / "t.nc"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stopping, "left", 2)
        patch.setattr(Stopping, "due", True)
        with pytest.raises(KeyboardInterrupt):
            trained(result, SHOWN, checkpoints=Stopping)
    return result.with_name(".t.nc.checkpoint")


def flipped(content):
    at = len(content) // 2
    return content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]


@pytest.mark.fault("files", "a checkpoint of a training damaged, or of another one", cases=5)
@pytest.mark.parametrize(
    "spoil, words",
    [
        (flipped, "is damaged"),
        (lambda content: content[:-100], "is damaged"),
        (lambda content: b"", "is damaged"),
        ("digest", "is of other code, options or files"),
        ("network", "does not fit this network"),
    ],
    ids=["flipped", "short", "empty", "digest", "network"],
)
def test_a_checkpoint_that_cannot_be_believed_is_not_taken(
    file, state, spoil, words, tmp_path, caplog
):
    result = tmp_path / "results" / "trained" / "t.nc"
    result.parent.mkdir(parents=True)
    at = result.with_name(".t.nc.checkpoint")
    if callable(spoil):
        at.write_bytes(spoil(state.read_bytes()))
    elif spoil == "digest":
        at.write_bytes(state.read_bytes())
    else:
        kept = Checkpoints(state.with_name("t.nc"), "code").read()
        Checkpoints(result, "code").write({**kept, "weight": kept["weight"][:-1]})
    trained(result, SHOWN, digest="other" if spoil == "digest" else "code")
    assert words in caplog.text and "training begins anew" in caplog.text
    assert result.read_bytes() == file.read_bytes()
    assert not at.exists()


def test_a_state_whose_matrices_do_not_fit_changes_nothing(file, state, tmp_path, caplog):
    result = tmp_path / "results" / "trained" / "t.nc"
    kept = Checkpoints(state.with_name("t.nc"), "code").read()
    Checkpoints(result, "code").write({**kept, "rls.inverse": kept["rls.inverse"][:-1]})
    trained(result, SHOWN)
    assert "saved state: inverse" in caplog.text
    assert result.read_bytes() == file.read_bytes()


def test_a_state_that_was_copied_from_elsewhere_is_that_of_its_digest(state):
    kept = Checkpoints(state.with_name("t.nc"), "code").read()
    assert kept["trials"] == 4 and "digest" not in kept
    assert Checkpoints(state.with_name("t.nc"), "another").read() is None


def test_little_of_the_time_goes_into_checkpoints(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    kept = Checkpoints(tmp_path / "t.nc", "")
    assert kept.due
    monkeypatch.setattr(np, "savez", lambda file, **arrays: now.__setitem__(0, now[0] + 2.0))
    kept.write({})
    assert not kept.due
    now[0] += 39.9
    assert not kept.due
    now[0] += 0.2
    assert kept.due


@pytest.mark.process
@pytest.mark.fault("disk", "full while a training writes its state")
def test_a_full_disk_is_one_line(tmp_path):
    with small_disk(tmp_path / "disk", 64) as disk:
        with pytest.raises(DiskError, match=f"disk at {disk} is full") as error:
            trained(disk / "t.nc", SHOWN)
        assert "\n" not in str(error.value)
        assert list(disk.iterdir()) == []


def test_a_digest_counts_code_options_draws_and_files(tmp_path):
    path = tmp_path / "r.movie.nc"
    path.write_bytes(b"one")
    read = options({"file": str(path), "segments": 3})
    first = training.digest("code", read, 1, 0)
    others = [
        training.digest("other", read, 1, 0),
        training.digest("code", options({"file": str(path), "segments": 4}), 1, 0),
        training.digest("code", read, 2, 0),
        training.digest("code", read, 1, 1),
    ]
    path.write_bytes(b"two")
    others.append(training.digest("code", read, 1, 0))
    assert len({first, *others}) == 6
    path.unlink()
    with pytest.raises(InputError, match=r"r\.movie\.nc: cannot be read"):
        training.digest("code", read, 1, 0)
