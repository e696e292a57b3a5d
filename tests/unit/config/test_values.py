"""Values of the wrong kind in every field of the configuration: accepted, or one line, and soon."""

import copy
import time
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from planning import plan_for
from pydantic import BaseModel

from spikedrift.config.analyses import OPTIONS as ANALYSES
from spikedrift.config.base import Options
from spikedrift.config.check import checked
from spikedrift.config.inductions import PROTOCOLS
from spikedrift.config.predictions import Predictions
from spikedrift.config.recordings import OPTIONS as SOURCES
from spikedrift.config.root import Config
from spikedrift.config.similarity import OPTIONS as MEASURES
from spikedrift.core.errors import InputError

ROOT = Path(__file__).resolve().parents[3]
TABLE = str(ROOT / "config" / "sessions" / "neuropixels.tsv")
SECONDS = 5.0  # of CPU, for one value

# One entry of every list, so that every field has a place.
WHOLE: dict[str, Any] = {
    "recordings": [
        {"name": "a.movie", "source": "synthetic"},
        {"name": "b.movie", "source": "synthetic"},
    ],
    "cohorts": [
        {
            "name": "allen",
            "source": "allen_neuropixels",
            "table": TABLE,
            "sessions": [715093703],
            "stimuli": ["natural_movie_one"],
        }
    ],
    "pools": [{"name": "both.movie", "recordings": ["a.movie", "b.movie"]}],
    "selections": [
        {
            "name": "good",
            "quality": {"snr": {"min": 1}},
            "reliability": {"min": 0.1},
            "recordings": ["allen"],
        },
        {"name": "all", "phases": ["naive", "block"]},
    ],
    "similarity": {
        "measures": [
            {"measure": "spikeship"},
            {"measure": "rate_correlation"},
            {"measure": "population_vector"},
        ]
    },
    "analyses": [{"analysis": "rdi"}],
    "inference": [{"name": "table", "recordings": ["a.movie", "b.movie"]}],
    "sweeps": [
        {
            "name": "learning",
            "instances": 1,
            "options": {"phases": [{"kind": "block", "repeats": 4}]},
            "variants": [{"name": "one", "axes": {"rate": {"low": 1.5}}}],
            "axes": [{"name": "rate", "keys": ["patterns.rate"], "low": 1, "high": 2, "n": 2}],
        },
        {"name": "many", "variants": [{"name": "one"}], "survey": {}},
    ],
    "comparisons": [{"name": "held", "recording": "a.movie", "sweep": "learning"}],
    "validation": {"inductions": [{"rule": "pair_stdp", "protocol": "pairing"}]},
    "ground_truth": {
        "cases": [{"name": "none"}],
        "power": [{"knob": "rate_drift"}],
        "measures": [{"measure": "curves"}],
        "analyses": [{"measure": "rdi"}],
    },
    "figures": {
        "learning": [{"sweep": "learning", "matrices": "all"}],
        "rules": [{"rule": "pair_stdp", "induction": "pairing"}],
    },
    "predictions": None,
}
PREDICTIONS: dict[str, Any] = {
    "held_out": [{"name": "aside", "rule": "every second", "sessions": ["a"]}],
    "predictions": [
        {
            "name": "first",
            "written": "2026-01-01",
            "statement": "falls",
            "refuted_by": "rises",
            "model": {"sweep": "learning", "variants": ["one"], "found": "it fell"},
            "stimulus": "movie",
            "held_out": "aside",
            "selection": "all",
            "filters": {"name": "all", "quality": {"snr": {"min": 1}}},
            "statistic": "index.rate.index",
            "above": 0.1,
        }
    ],
}

Place = tuple[str | int, ...]


def _inner(annotation: Any) -> type[BaseModel] | None:
    """Model that an annotation holds, in a list, in a mapping or alone."""
    if isinstance(annotation, type) and issubclass(annotation, Options):
        return annotation
    found = (_inner(argument) for argument in typing.get_args(annotation))
    return next((model for model in found if model is not None), None)


def places(model: type[BaseModel], raw: Any, at: Place = ()) -> Iterator[Place]:
    """Key paths of all fields of a model and of those inside it."""
    for name, field in model.model_fields.items():
        here = (*at, name)
        yield here
        if (inner := _inner(field.annotation)) is None:
            continue
        below = raw.get(name) if isinstance(raw, dict) else None
        if typing.get_origin(field.annotation) is dict:
            (key,) = below
            yield from places(inner, below[key], (*here, key))
        elif isinstance(below, list):
            yield from places(inner, below[0], (*here, 0))
        else:
            yield from places(inner, below, here)


def spoiled(raw: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    """Configuration with one value replaced; blocks on the way to it are made."""
    found = copy.deepcopy(raw)
    node: Any = found
    for part in place[:-1]:
        if isinstance(node, dict) and node.get(part) is None:
            node[part] = {}
        node = node[part]
    node[place[-1]] = value
    return found


def _with_options() -> Iterator[tuple[dict[str, Any], Place]]:
    """Configurations and places of all options of sources, measures, analyses and protocols."""
    for kind, models, at in (
        ("source", SOURCES, ("recordings", 0)),
        ("measure", MEASURES, ("similarity", "measures", 0)),
        ("analysis", ANALYSES, ("analyses", 0)),
        ("protocol", PROTOCOLS, ("validation", "inductions", 0)),
    ):
        for name, model in models.items():
            needed = {"nwb": {"file": TABLE}, "allen_two_photon": {"experiments": [1]}}
            raw = spoiled(WHOLE, (*at, kind), name)
            raw = spoiled(raw, (*at, "options"), needed.get(name, {}))
            for place in places(model, raw, (*at, "options")):
                yield raw, place


def _holds_itself() -> list[Any]:
    found: list[Any] = [1]
    found.append(found)
    return found


VALUES: dict[str, Any] = {
    "an integer of 400 digits": 10**400,
    "a negative number": -1,
    "a thousand millions": 10**9,
    "not a number": float("nan"),
    "infinity": float("inf"),
    "an empty text": "",
    "a text of 5000 letters": "x" * 5000,
    "an empty list": [],
    "an empty mapping": {},
    "a boolean": True,
    "the word no": "no",
    "a list that holds itself": _holds_itself(),
}
EVERY = [(WHOLE, place) for place in places(Config, WHOLE)] + list(_with_options())


def outcome(raw: dict[str, Any]) -> str:
    """The line that refuses a configuration, or none; anything else is raised."""
    began = time.process_time()
    try:
        plan = plan_for(raw)
        assert plan.results is not None
        assert plan.notices is not None
        found = ""
    except InputError as error:
        found = str(error)
        assert found
        assert "\n" not in found
    assert time.process_time() - began < SECONDS
    return found


def test_every_field_has_a_place() -> None:
    assert outcome(WHOLE) == ""
    assert len(EVERY) > 400


@pytest.mark.fault("config", "a value of the wrong kind, in every field of the configuration")
@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.slow
def test_a_value_is_accepted_or_one_line(kind: str) -> None:
    value = VALUES[kind]
    lines = [outcome(spoiled(raw, place, value)) for raw, place in EVERY]
    refused = [line for line in lines if line]
    assert len(refused) > len(lines) / 4
    assert all(line.startswith(("config: ", "sweep ")) for line in refused)


@pytest.mark.fault("config", "a value of the wrong kind, in every field of a file of predictions")
@pytest.mark.parametrize("kind", VALUES)
def test_a_value_of_a_prediction_is_accepted_or_one_line(kind: str) -> None:
    checked(Predictions, PREDICTIONS)
    for place in places(Predictions, PREDICTIONS):
        try:
            checked(Predictions, spoiled(PREDICTIONS, place, VALUES[kind]))
        except InputError as error:
            assert str(error)
            assert "\n" not in str(error)
