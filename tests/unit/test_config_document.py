"""config/README.md says what the models say."""

from pathlib import Path

import yaml

from spikedrift.config.check import checked
from spikedrift.config.document import document
from spikedrift.config.root import Config

CONFIG = Path(__file__).resolve().parents[2] / "config"


def test_readme_is_what_the_models_say():
    assert (CONFIG / "README.md").read_text(encoding="utf-8") == document()


def test_configs_that_ship_are_valid():
    # Predictions are a file of their own kind, which the configurations name.
    files = sorted(set(CONFIG.glob("*.yaml")) - {CONFIG / "predictions.yaml"})
    assert len(files) >= 2
    for path in files:
        checked(Config, yaml.safe_load(path.read_text(encoding="utf-8")))


def test_the_allen_config_holds_real_recordings_only():
    raw = yaml.safe_load((CONFIG / "allen-gratings.yaml").read_text(encoding="utf-8"))
    config = checked(Config, raw)
    assert {recording.source for recording in config.recordings} == {"arrays"}
    default = checked(Config, yaml.safe_load((CONFIG / "config.yaml").read_text(encoding="utf-8")))
    assert {sweep.name for sweep in config.sweeps}.isdisjoint(
        sweep.name for sweep in default.sweeps
    )
