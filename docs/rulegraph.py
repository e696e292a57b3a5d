"""Draw which rule makes what others read: docs/figures/rules.svg.

`.venv/bin/python docs/rulegraph.py` writes the picture from `snakemake --rulegraph` of the embedded
default. The target `all`, which asks for everything, is left out.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import graphs
from graphs import Edge, reduced

from spikedrift.figures import style

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "figures" / "rules.svg"
# From left to right; how far down a rule stands follows from the rules before it.
COLUMN = {
    "build_network": 2.3, "simulate_point": 2.3, "prepare_trials": 2.3, "survey_chunk": 4.4,
    "drift_curves": 0.85, "profile": 2.15, "signal_index": 3.2, "collect_survey": 4.4,
    "compare_sweep": 2.15, "induce_shown": -0.3, "similarity_matrix": 0.82, "recover": 1.95,
    "figure": 1.0, "index_table": 2.35, "recordings_table": 3.4, "provenance": 4.45,
    "score_predictions": 5.5, "findings": 1.7, "supplement": 3.4,
}  # fmt: skip
COLORS = {
    "#cfe3f1": (
        "build_network",
        "simulate_point",
        "survey_chunk",
        "collect_survey",
        "induce_shown",
    ),
    "#c9e8dc": ("prepare_trials", "recordings_table"),
    "#fbe3bd": (
        *("similarity_matrix", "drift_curves", "profile", "signal_index", "index_table"),
        *("compare_sweep", "recover", "score_predictions"),
    ),
    "#e6e6e6": ("provenance", "figure", "findings", "supplement"),
}


def rules() -> set[Edge]:
    """Every pair of rules of which the second reads what the first makes."""
    command = ["-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, *command, "--rulegraph", "mermaid-js"],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", done.stdout))
    found = re.findall(r"(id\d+) --> (id\d+)", done.stdout)
    return {(names[one], names[two]) for one, two in found if names[two] != "all"}


def depths(edges: set[Edge]) -> dict[str, int]:
    """How far down each rule stands: above those that read what it makes, as near as it can."""
    found: dict[str, int] = {}
    names = {name for edge in edges for name in edge}
    while left := names - found.keys():
        for name in left:
            after = [two for one, two in edges if one == name]
            if all(two in found for two in after):
                found[name] = min((found[two] for two in after), default=1) - 1
    top = min(found.values())
    return {name: depth - top for name, depth in found.items()}


def draw(edges: set[Edge], path: Path = PICTURE) -> None:
    """Write the picture.

    Parameters
    ----------
    edges : set of (rule, rule that reads what it makes)
    path : Path
    """
    places = {name: (COLUMN[name], float(-depth)) for name, depth in depths(edges).items()}
    colors = {rule: color for color, of_color in COLORS.items() for rule in of_color}
    shown = reduced(edges)
    with style.applied():
        figure = style.figure(7.2, 5.0)
        axes = figure.subplots()
        axes.set(xlim=(-0.85, 6.1), ylim=(min(y for _, y in places.values()) - 0.4, 0.4))
        axes.axis("off")
        graphs.draw(axes, places, colors, shown)
        graphs.save(figure, path, shown)


if __name__ == "__main__":
    draw(rules())
