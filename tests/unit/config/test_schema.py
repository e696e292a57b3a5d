"""config/schema.json says what the models say, and refuses nothing that they take."""

import copy
import json
import random
from collections.abc import Iterator
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from spikedrift.config import schema as module
from spikedrift.config.check import checked
from spikedrift.config.networks import OPTIONS as NETWORKS
from spikedrift.config.read import read
from spikedrift.config.root import Config
from spikedrift.core import plugins
from spikedrift.core.errors import InputError

ROOT = Path(__file__).resolve().parents[3]
CONFIG = ROOT / "config"
SHIPPED = sorted({*CONFIG.glob("*.yaml"), *CONFIG.glob("sweeps/*.yaml")})
SHIPPED.remove(CONFIG / "predictions.yaml")  # a file of its own kind, which configurations name
FIXTURES = sorted((ROOT / "tests/pipeline").glob("*.yaml"))
RECORDING = {"name": "a.movie", "source": "synthetic"}


@pytest.fixture(scope="module")
def schema() -> Draft7Validator:
    found = json.loads((CONFIG / "schema.json").read_text(encoding="utf-8"))
    Draft7Validator.check_schema(found)
    return Draft7Validator(found)


def test_the_file_is_what_the_models_say(monkeypatch):
    """If not: `python -m spikedrift.config.schema > config/schema.json`."""
    monkeypatch.delenv("SPIKEDRIFT_PLUGINS", raising=False)
    written = (CONFIG / "schema.json").read_text(encoding="utf-8")
    assert written == module.text()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_ships_names_the_schema_and_is_taken(path, schema):
    first, _, _ = path.read_text(encoding="utf-8").partition("\n")
    _, _, named = first.partition("# yaml-language-server: $schema=")
    assert (path.parent / named).resolve() == CONFIG / "schema.json"
    schema.validate(read(path))


@pytest.mark.parametrize("path", [*SHIPPED, *FIXTURES], ids=lambda path: path.stem)
def test_a_configuration_with_its_defaults_is_taken(path, schema):
    raw = read(path)
    schema.validate(raw)
    schema.validate(checked(Config, raw).model_dump(mode="json"))


def with_(block: str, entry: Any) -> dict[str, Any]:
    return {"recordings": [RECORDING], block: entry}


def recorded(**entry: Any) -> dict[str, Any]:
    return {"recordings": [RECORDING | entry]}


def swept(**entry: Any) -> dict[str, Any]:
    return {"sweeps": [{"variants": [{"name": "a"}], **entry}]}


# What is wrong -> the configuration, and the key at which the schema says so.
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a key misspelt": ({"sed": 1, "recordings": [RECORDING]}, ""),
    "a key of an entry misspelt": (recorded(sorce="x"), "recordings[0]"),
    "an option of a source misspelt": (
        recorded(options={"rate_drfit": 0.1}),
        "recordings[0].options",
    ),
    "an option of another source": (
        recorded(source="arrays", options={"units": 3}),
        "recordings[0].options",
    ),
    "an option of a cohort misspelt": (
        with_(
            "cohorts",
            [
                {
                    "name": "a",
                    "source": "allen_neuropixels",
                    "table": "a.tsv",
                    "sessions": "all",
                    "stimuli": ["x"],
                    "options": {"segment_frame": 3},
                }
            ],
        ),
        "cohorts[0].options",
    ),
    "an option of a measure misspelt": (
        with_("similarity", {"measures": [{"measure": "spikeship", "options": {"min": 3}}]}),
        "similarity.measures[0].options",
    ),
    "an option of an analysis misspelt": (
        with_("analyses", [{"analysis": "rdi", "options": {"boostrap": 100}}]),
        "analyses[0].options",
    ),
    "an option of a protocol misspelt": (
        with_(
            "validation",
            {"inductions": [{"rule": "bcm", "protocol": "rates", "options": {"swpt": "pre"}}]},
        ),
        "validation.inductions[0].options",
    ),
    "an option of the default network misspelt": (
        swept(options={"cells": {"n_excitatry": 5}}),
        "sweeps[0].options.cells",
    ),
    "an option of a named network misspelt": (
        swept(network="rule_2022", options={"dayz": 3}),
        "sweeps[0].options",
    ),
    "a key of a variant misspelt": (swept(variants=[{"name": "a", "sett": {}}]),
                                    "sweeps[0].variants[0]"),
    "an unknown network": (swept(network="patern_network"), "sweeps[0].network"),
    "an unknown source": (recorded(source="sinthetic"), "recordings[0].source"),
    "an unknown measure": (
        with_("similarity", {"measures": [{"measure": "spikship"}]}),
        "similarity.measures[0].measure",
    ),
    "an unknown analysis": (with_("analyses", [{"analysis": "rdy"}]), "analyses[0].analysis"),
    "an unknown surrogate": (
        with_("selections", [{"name": "all", "surrogate": "jiter"}]),
        "selections[0].surrogate",
    ),
    "a word for a number": (recorded(options={"units": "many"}), "recordings[0].options.units"),
    "a word for a seed": ({"seed": "one", "recordings": [RECORDING]}, "seed"),
    "a boolean for a number": ({"seed": True, "recordings": [RECORDING]}, "seed"),
    "a fraction for a count": (swept(instances=1.5), "sweeps[0].instances"),
    "a number for a boolean": (
        with_("selections", [{"name": "all", "common": 1}]),
        "selections[0].common",
    ),
    "a mapping for a list": ({"recordings": {"a": 1}}, "recordings"),
    "a list for options": (recorded(options=[1]), "recordings[0].options"),
    "a number out of bounds": (
        recorded(options={"rate_drift": 1.5}),
        "recordings[0].options.rate_drift",
    ),
    "a name with a space": (recorded(name="mouse a.movie"), "recordings[0].name"),
    "three ends of a range": (
        with_("selections", [{"name": "all", "repeats": [0, 1, 2]}]),
        "selections[0].repeats",
    ),
    "no selections": (with_("selections", []), "selections"),
    "a key that is missing": ({"recordings": [{"name": "a.movie"}]}, "recordings[0]"),
    "a file that is missing": (recorded(source="nwb", options={}), "recordings[0].options"),
}  # fmt: skip


def places(error: Any) -> Iterator[str]:
    """Where an error lies, and where those do that it stands for."""
    yield "".join(
        f"[{one}]" if isinstance(one, int) else f".{one}" for one in error.absolute_path
    ).removeprefix(".")
    for inner in error.context or ():
        yield from places(inner)


@pytest.mark.parametrize("fault", WRONG)
def test_what_is_wrong_is_refused_where_it_stands(fault, schema):
    raw, place = WRONG[fault]
    found = {one for error in schema.iter_errors(raw) for one in places(error)}
    assert place in found, found


def test_nothing_is_wrong_with_what_the_wrong_ones_are_made_of(schema):
    for good in (recorded(), swept(), with_("selections", [{"name": "all"}])):
        schema.validate(good)
        checked(Config, good)


def test_plug_ins_of_ones_own_are_taken_where_the_configuration_names_them(
    schema, tmp_path, monkeypatch
):
    monkeypatch.setenv("SPIKEDRIFT_PLUGINS", "[]")
    raw = {
        **swept(network="mine", options={"n": 3}),
        **with_("similarity", {"measures": [{"measure": "cosine", "options": {"bin": 1}}]}),
    }
    assert not schema.is_valid(raw)
    schema.validate(raw | {"plugins": ["my_plugins"]})

    (tmp_path / "networks").mkdir()
    (tmp_path / "networks" / "mine.py").write_text(
        "from spikedrift.config.networks import NetworkOptions\n"
        "from spikedrift.networks.catalog import Model\n"
        "class Options(NetworkOptions):\n    n: int = 3\n"
        "MODEL = Model('mine', '', '', Options, None)\n"
    )
    plugins.use([str(tmp_path)])
    own = Draft7Validator(module.schema())
    own.validate(raw)  # other plug-ins may be used without being named
    raw["sweeps"][0]["options"] = {"m": 3}
    assert not own.is_valid(raw)


VALUES = (
    None, True, "true", "False", 1, "5", "", "x", "all", "block", [], [1], [0.5, 2], ["x"],
    ["block"], {}, {"x": 1}, {"name": "x"},
)  # fmt: skip


def spots(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    if isinstance(node, dict | list):
        for key, one in node.items() if isinstance(node, dict) else enumerate(node):
            yield from spots(one, (*at, key))


def changed(raw: dict[str, Any], spot: tuple[Any, ...], value: Any) -> dict[str, Any]:
    found: Any = copy.deepcopy(raw)
    node = found
    for part in spot[:-1]:
        node = node[part]
    node[spot[-1]] = value
    return found


def likes(value: Any) -> tuple[Any, ...]:
    """Values that may stand in place of another."""
    if isinstance(value, bool):
        return ("true", "False", not value, 1)
    if isinstance(value, int | float):
        words = (str(value), f" {value}", f"+{value}", f"{value:e}", f"{value}_0")
        return (*words, value + 1, value * 2, value / 2, float(value), -1, 2**40, "x", None)
    return VALUES


@pytest.mark.slow
def test_nothing_that_the_models_take_is_refused(schema):
    """Values of shipped configurations, defaults written out, are changed at random."""
    raw = {path: read(path) for path in SHIPPED}
    whole = {path: checked(Config, given).model_dump(mode="json") for path, given in raw.items()}
    draw = random.Random(1)
    taken = 0
    for _ in range(200):
        path = draw.choice(SHIPPED)
        block = draw.choice([key for key, value in whole[path].items() if value])
        spot = draw.choice(list(spots(whole[path][block], (block,))))
        value = draw.choice(likes(reduce(getitem, spot, whole[path])))
        # A name that no plug-in has is refused by the plan, not by the models.
        if spot[-1] in ("source", "network", "measure", "analysis", "protocol"):
            continue
        other = {**raw[path], **changed({block: whole[path][block]}, spot, value)}
        try:
            checked(Config, other)
        except InputError:
            continue
        taken += 1
        errors = [f"{error.json_path}: {error.message}" for error in schema.iter_errors(other)]
        assert not errors, (spot, errors)
    assert taken > 60, taken


def test_every_network_has_its_options(schema):
    for network, model in NETWORKS.items():
        given = {"network": network, "options": {"no_option_of_any": 1}}
        assert not schema.is_valid(swept(**given)), network
        required = {key for key, field in model.model_fields.items() if field.is_required()}
        if not required:
            given["options"] = model().model_dump(mode="json")
            schema.validate(swept(**given))


def test_the_pages_say_how_to_write_it():
    command = "python -m spikedrift.config.schema > config/schema.json"
    for page in ("config/README.md", "CONTRIBUTING.md"):
        assert command in (ROOT / page).read_text(encoding="utf-8"), page
