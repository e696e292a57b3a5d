"""The picture of the rules in docs/architecture.md shows what Snakemake says of them."""

from collections.abc import Callable
from types import ModuleType

import pytest


@pytest.fixture
def rulegraph(of_docs: Callable[[str], ModuleType]) -> ModuleType:
    return of_docs("rulegraph")


def test_the_picture_shows_the_rules_that_there_are(rulegraph) -> None:
    edges = rulegraph.rules()
    assert ("prepare_trials", "signal_index") in edges and ("all", "all") not in edges
    found = rulegraph.graphs.written(rulegraph.reduced(edges))
    assert rulegraph.graphs.carried(rulegraph.PICTURE) == found, (
        "stale: run .venv/bin/python docs/rulegraph.py"
    )
    drawn = {name for edge in edges for name in edge}
    colored = [rule for rules in rulegraph.COLORS.values() for rule in rules]
    assert drawn == rulegraph.COLUMN.keys() and sorted(drawn) == sorted(colored)


def test_a_rule_stands_right_above_the_first_that_reads_what_it_makes(rulegraph) -> None:
    edges = {("a", "b"), ("b", "d"), ("c", "d"), ("a", "d")}
    assert rulegraph.depths(edges) == {"a": 0, "b": 1, "c": 1, "d": 2}
