"""A training as a user runs it: once for two variants, and once for one that comes later."""

import json
from pathlib import Path

import preloaded
import pytest
import yaml
from forks import snakemake
from running import jobs

from spikedrift import trials
from spikedrift.networks.models import balanced_trained as bt
from spikedrift.networks.simulate import simulate

CONFIG = Path(__file__).with_name("trained.yaml")
TARGETS = "sweep", "results/figures/learning_curve.trained.png"


@pytest.fixture(scope="module")
def trained(new_clone):
    """A clone in which the sweep was simulated."""
    directory = new_clone()
    with preloaded.jobs():
        done = snakemake(directory, "--cores", "2", "--configfile", str(CONFIG), "--", *TARGETS)
    assert done.returncode == 0, done.stdout[-5000:]
    return directory


def test_two_variants_share_a_training_that_no_checkpoint_is_left_of(trained):
    files = [path.name for path in (trained / "results" / "trained").iterdir()]
    (name,) = files
    assert name.startswith("balanced_trained-") and name.endswith("-i0.nc")
    assert len(list((trained / "results" / "traces").iterdir())) == 2
    for suffix in ("pdf", "png", "tsv"):
        assert (trained / "results" / "figures" / f"learning_curve.trained.{suffix}").is_file()
    assert not jobs(trained, "--configfile", str(CONFIG), "--", "sweep")[:-1]


def test_its_sessions_are_those_that_train_themselves(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(trained)
    raw = yaml.safe_load(CONFIG.read_text())["sweeps"][0]["options"]
    options = bt.BalancedTrained(**raw | {"file": "results/trials/mouse-t.movie.nc"})
    paths = list((trained / "results" / "trials").glob("trained-*.nc"))
    assert len(paths) == 2
    for path in paths:
        shown = trials.read(path)
        changes = json.loads(shown.attrs["parameters"])["set"]
        own = simulate(
            bt.MODEL, options, changes, recording=path.stem, seed=1, instance=0,
            build_dir=tmp_path, scratch_dir=tmp_path,
        )  # fmt: skip
        assert own.trials.equals(shown) and own.trials.sizes["spike"] > 1000


def test_a_variant_that_comes_later_trains_nothing(trained, tmp_path):
    raw = yaml.safe_load(CONFIG.read_text())
    raw["sweeps"][0]["variants"].append({"name": "later", "set": {"shown.pause": 40.0}})
    more = tmp_path / "more.yaml"
    more.write_text(yaml.safe_dump(raw))
    rules = [job.rule for job in jobs(trained, "--configfile", str(more), "--", *TARGETS)]
    assert "train" not in rules and rules.count("simulate_point") == 1
    raw["sweeps"][0]["variants"].append({"name": "other", "set": {"ridge": 1.0}})
    more.write_text(yaml.safe_dump(raw))
    rules = [job.rule for job in jobs(trained, "--configfile", str(more), "--", *TARGETS)]
    assert rules.count("train") == 1 and rules.count("simulate_point") == 2
