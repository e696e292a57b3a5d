"""Draw the rooms of the library and which imports which: docs/figures/rooms.svg.

`.venv/bin/python docs/rooms.py` writes the picture from the import graph. Heights are the layers of
the longest import contract in pyproject.toml.
"""

import tomllib
from pathlib import Path

import graphs
import grimp
from graphs import Edge, reduced
from matplotlib.patches import Patch

from spikedrift.figures import style

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "figures" / "rooms.svg"
STRANDS = {  # color, and place from left to right of each room
    "models": ("#cfe3f1", {"simulation": 0.0, "cells": 0.0, "plasticity": 0.0, "networks": 0.0,
                           "training": 0.7, "sweeps": 0.3}),
    "analysis": (
        "#fbe3bd",
        {
            "stats": 1.6, "similarity": 3.0, "rsa": 1.0, "spikes": 2.8, "drift": 2.4,
            "analyses": 3.1, "comparison": 2.1, "ground_truth": 3.3, "figures": 1.5,
            "report": 2.6, "bayesflow": 1.4,
        },
    ),
    "recordings": (
        "#c9e8dc",
        {"allensdk": 5.4, "fetch": 5.0, "sources": 4.4, "exchange": 3.65},
    ),
    "beneath or above all": (
        "#e6e6e6",
        {"core": 2.4, "config": 2.4, "trials": 3.35, "plan": 4.6},
    ),
}  # fmt: skip
COLUMN = {room: x for _, rooms in STRANDS.values() for room, x in rooms.items()}
COLOR = {room: color for color, rooms in STRANDS.values() for room in rooms}


def imports() -> set[Edge]:
    """Every pair of rooms of which the first imports the second, by the files that lie in them."""
    graph = grimp.build_graph("spikedrift", cache_dir=None)
    found = set()
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            one, two = ([*name.split("."), ""][1] for name in (module, other))
            if one and two and one != two:
                found.add((one, two))
    return found


def layers() -> dict[str, int]:
    """Height of each room of the longest import contract, from 0 below."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
    longest = max((one["layers"] for one in contracts if one["type"] == "layers"), key=len)
    return {
        room.strip().partition(".")[2]: height
        for height, layer in enumerate(reversed(longest))
        for room in layer.split("|")
    }


def heights(edges: set[Edge]) -> dict[str, int]:
    """Height of every room: its layer, or one above the highest that it imports."""
    found = layers()
    rooms = {room for edge in edges for room in edge}
    while left := rooms - found.keys():
        for room in sorted(left):
            under = [two for one, two in edges if one == room]
            if all(other in found for other in under):
                found[room] = 1 + max((found[other] for other in under), default=-1)
    return found


def draw(edges: set[Edge], path: Path = PICTURE) -> None:
    """Write the picture.

    Parameters
    ----------
    edges : set of (room, room that it imports)
    path : Path
    """
    shown = reduced(edges)
    with style.applied():
        figure = style.figure(7.2, 6.4)
        axes = figure.subplots()
        axes.set(xlim=(-0.45, 5.85), ylim=(-0.4, 11.4))
        axes.axis("off")
        graphs.draw(
            axes,
            {room: (COLUMN[room], height) for room, height in heights(edges).items()},
            COLOR,
            shown,
        )
        axes.legend(
            handles=[
                Patch(fc=color, ec="0.35", label=name) for name, (color, _) in STRANDS.items()
            ],
            loc="upper left",
        )
        graphs.save(figure, path, shown)


if __name__ == "__main__":
    draw(imports())
