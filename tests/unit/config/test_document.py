"""config/README.md says what the models say."""

from pathlib import Path

import pytest
import yaml

from spikedrift.config.check import checked
from spikedrift.config.document import document
from spikedrift.config.networks import NetworkOptions
from spikedrift.config.root import Config
from spikedrift.core.errors import InputError
from spikedrift.networks import catalog

CONFIG = Path(__file__).resolve().parents[3] / "config"


def test_readme_is_what_the_models_say():
    assert (CONFIG / "README.md").read_text(encoding="utf-8") == document()


def test_configs_that_ship_are_valid():
    # Predictions are a file of their own kind, which the configurations name.
    files = sorted(set(CONFIG.rglob("*.yaml")) - {CONFIG / "predictions.yaml"})
    assert {"config", "sweeps"} == {path.parent.name for path in files}
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


def test_defaults_that_are_lists_are_listed():
    page = document()
    assert "- {kind: naive, repeats: 12, plasticity: false}\n- {kind: pause" in page
    assert "- {name: rate_correlation, measure: rate_correlation}" in page
    assert "| `survey` | mapping or null | `null` |" in page
    assert "see below, with `{flips: 499, bootstrap: 99}`" in page


def test_matrices_of_a_learning_figure_need_not_be_named():
    raw = {
        "sweeps": [{"name": "net", "variants": [{"name": "a"}]}],
        "figures": {"learning": [{"sweep": "net"}]},
        "selections": [
            {"name": "all"},
            {"name": "other", "phases": ["naive", "block"], "recordings": ["else"]},
            {"name": "early", "phases": ["naive", "train", "block"], "recordings": ["net"]},
            {"name": "late", "phases": ["naive", "block"]},
        ],
    }
    config = checked(Config, raw)
    assert config.matrices_of(config.figures.learning[0]) == "early"
    raw["selections"] = raw["selections"][:2]
    with pytest.raises(InputError, match=r"figures.learning\[0\].matrices: .*with-naive"):
        checked(Config, raw)


def test_every_network_has_a_section_of_its_own_options():
    """What all networks have, with the same default, is listed once."""
    page = document()
    shared = NetworkOptions.model_fields
    for name in catalog.names():
        _, _, own = page.partition(f"## `sweeps[].options` of network `{name}`\n")
        table = own.partition("\n## ")[0]
        for key, field in catalog.get(name).options.model_fields.items():
            listed = key not in shared or field.default != shared[key].default
            assert (f"| `{key}` |" in table) == listed, (name, key)
