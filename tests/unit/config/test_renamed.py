"""Keys of earlier versions are refused in one line that names what they are called now."""

from collections.abc import Iterator
from typing import Any

import pytest

from spikedrift.config.base import Options
from spikedrift.config.check import checked
from spikedrift.config.predictions import Predictions
from spikedrift.config.renamed import RENAMED, RENAMED_VALUES
from spikedrift.config.root import Config  # imports the models of all blocks
from spikedrift.core.errors import InputError

SIMULATED = {"name": "a.patterns", "source": "simulated", "options": {"sweep": "s"}}
PREDICTION = {
    "name": "p",
    "written": "2026-01-02",
    "statement": "it falls",
    "refuted_by": "it rises",
    "model": {"sweep": "s", "found": "it fell"},
    "recordings": ["a"],
    "selection": "all",
    "statistic": "index.rate.index",
    "above": 0,
}
# Old key, as a path -> (model, a configuration that lacks it, what it is called now).
OLD: dict[tuple[str | int, ...], tuple[type[Options], dict[str, Any], str]] = {
    ("compare", "headline_instances"): (Config, {"compare": {}}, "min_instances"),
    ("compare", "matched_on"): (Config, {"compare": {}}, "comparable_on"),
    ("compare", "unmatched_above"): (Config, {"compare": {}}, "incomparable_above"),
    ("comparisons", 0, "outsiders"): (Config, {"comparisons": [{}]}, "out_of_model"),
    ("sweeps", 0, "conditions"): (Config, {"sweeps": [{"name": "s"}]}, "variants"),
    ("recordings", 0, "options", "condition"): (Config, {"recordings": [SIMULATED]}, "variant"),
    ("predictions", 0, "model", "conditions"): (
        Predictions,
        {"predictions": [PREDICTION]},
        "variants",
    ),
}


def models(of: type[Options] = Options) -> Iterator[type[Options]]:
    for model in of.__subclasses__():
        yield model
        yield from models(model)


def spoiled(raw: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """A copy with one key more."""
    if not path:
        return value
    copy = list(raw) if isinstance(raw, list) else dict(raw)
    copy[path[0]] = spoiled(raw[path[0]] if len(path) > 1 else None, path[1:], value)  # type: ignore[index]
    return copy


def written(path: tuple[str | int, ...]) -> str:
    words = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(words).removeprefix(".")


@pytest.mark.fault("config", "a key of an earlier version")
@pytest.mark.parametrize("path", OLD, ids=written)
def test_an_old_key_names_the_new_one(path):
    model, raw, new = OLD[path]
    with pytest.raises(InputError) as refused:
        checked(model, spoiled(raw, path, ["one"]))
    assert str(refused.value) == f"config: {written(path)} is called {new} now"


def test_every_renamed_key_is_tried():
    assert sum(map(len, RENAMED.values())) == len(OLD)


def test_new_keys_are_there_and_old_ones_are_not():
    known = {model.__name__: model for model in models()}
    for name, keys in RENAMED.items():
        fields = known[name].model_fields
        assert fields.keys() >= set(keys.values()) and not fields.keys() & set(keys), name


# Configuration with an old value -> words of the line.
VALUES: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"analyses": [{"analysis": "drift_index"}]}, ("analyses[0].analysis", "is called 'rdi' now")),
    (
        {"ground_truth": {"cases": [{"name": "a", "measures": ["curves", "drift_index"]}]}},
        ("ground_truth.cases[0].measures[1]", "'rdi'"),
    ),
    ({"ground_truth": {"analyses": [{"measure": "drift_index"}]}}, ("analyses[0]", "'rdi'")),
    (
        {"inference": [{"name": "t", "statistics": ["drift_index.rate.index"]}]},
        ("inference[0].statistics[0]", "'signal_index.rate.index'"),
    ),
    (
        {"inference": [{"name": "t", "statistics": ["drift_index.unit.slope"]}]},
        ("inference[0].statistics[0]", "'rdi.unit.slope'"),
    ),
    (
        {"inference": [{"name": "t", "statistics": ["temporal_components.rate.drift_index"]}]},
        ("inference[0].statistics[0]", "'temporal_components.rate.rdi'"),
    ),
    (
        {"predictions": [{"statistic": "analyses.drift_index.unit.slope"}]},
        ("predictions[0].statistic", "'analyses.rdi.unit.slope'"),
    ),
    (
        {"predictions": [{"minus": "curves.spikeship.drift_index"}]},
        ("predictions[0].minus", "'curves.spikeship.rdi'"),
    ),
]


@pytest.mark.fault("config", "a value of an earlier version")
@pytest.mark.parametrize(("raw", "words"), VALUES)
def test_an_old_value_names_the_new_one(raw, words):
    with pytest.raises(InputError) as refused:
        checked(Predictions if "predictions" in raw else Config, raw)
    said = str(refused.value)
    assert said.startswith("config: ") and "\n" not in said
    assert all(word in said for word in words), said


def test_every_renamed_value_is_tried():
    assert len(VALUES) == len(RENAMED_VALUES)
