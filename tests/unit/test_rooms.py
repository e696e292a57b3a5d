"""The picture of the rooms in docs/architecture.md shows the imports that there are."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def rooms(of_docs: Callable[[str], ModuleType]) -> ModuleType:
    return of_docs("rooms")


def test_the_picture_shows_the_imports_that_there_are(rooms) -> None:
    found = rooms.graphs.written(rooms.reduced(rooms.imports()))
    assert rooms.graphs.carried(rooms.PICTURE) == found, "stale: run .venv/bin/python docs/rooms.py"


def test_the_same_graph_makes_the_same_picture(rooms, tmp_path: Path) -> None:
    edges = {("plan", "trials"), ("trials", "core"), ("plan", "core"), ("sources", "trials")}
    for name in ("one.svg", "two.svg"):
        rooms.draw(edges, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    shown = "plan -> trials; sources -> trials; trials -> core"  # plan -> core is implied
    assert rooms.graphs.carried(tmp_path / "one.svg") == shown
    assert rooms.heights(edges)["sources"] == rooms.heights(edges)["trials"] + 1


def test_rooms_in_a_circle_are_named(rooms) -> None:
    with pytest.raises(ValueError, match="in a circle: drift, spikes"):
        rooms.reduced({("drift", "spikes"), ("spikes", "drift"), ("drift", "core")})
