"""Pictures of what stands on what: names in boxes, and arrows.

An arrow that a longer way implies is left out. A picture carries its arrows as text, by which a
test sees whether it is stale.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Edge = tuple[str, str]


def reached(start: str, edges: set[Edge]) -> set[str]:
    """All that one end of arrows leads to, directly or not."""
    found: set[str] = set()
    new = {start}
    while new:
        new = {two for one, two in edges if one in new} - found
        found |= new
    return found


def reduced(edges: set[Edge]) -> list[Edge]:
    """Edges that no other path implies (transitive reduction), sorted.

    Raises
    ------
    ValueError
        Where arrows lead in a circle.
    """
    below = {name: reached(name, edges) for edge in edges for name in edge}
    if circle := sorted(name for name, names in below.items() if name in names):
        raise ValueError(f"arrows in a circle: {', '.join(circle)}")
    return sorted(
        (one, two)
        for one, two in edges
        if not any(two in below[other] for first, other in edges if first == one)
    )


def written(edges: Iterable[Edge]) -> str:
    """Arrows as the picture carries them."""
    return "; ".join(f"{one} -> {two}" for one, two in edges)


def carried(picture: Path) -> str:
    """Arrows that the picture says it shows."""
    found = re.search(r"[a-z_]+ -&gt; [^<]*", picture.read_text(encoding="utf-8"))
    return " ".join(found[0].replace("&gt;", ">").split()) if found else ""


def draw(
    axes: Axes,
    places: Mapping[str, tuple[float, float]],
    colors: Mapping[str, str],
    edges: Iterable[Edge],
) -> None:
    """Draw names in boxes at their places, and arrows."""
    boxes = {
        name: axes.text(
            *place, name, ha="center", va="center", fontsize=9,
            bbox={"boxstyle": "round,pad=0.35", "fc": colors[name], "ec": "0.35", "lw": 0.8},
        )
        for name, place in places.items()
    }  # fmt: skip
    axes.figure.draw_without_rendering()  # boxes have their size from then on
    for one, two in edges:
        start, end = boxes[one], boxes[two]
        axes.annotate(
            "", end.get_position(), start.get_position(),
            arrowprops={
                "arrowstyle": "-|>", "color": "0.4", "lw": 0.9, "shrinkA": 0, "shrinkB": 1,
                "patchA": start.get_bbox_patch(), "patchB": end.get_bbox_patch(),
            },
        )  # fmt: skip


def save(figure: Figure, path: Path, edges: Iterable[Edge]) -> None:
    """Write a picture that carries its arrows; the same graph makes the same bytes."""
    mpl.rcParams["svg.hashsalt"] = "rooms"
    figure.savefig(path, metadata={"Date": None, "Description": written(edges)})
