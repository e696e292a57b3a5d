"""What figures are called in the report."""

import re
from pathlib import Path

import pytest
from planning import Wildcards, plan_for

from spikedrift.config.read import read

ROOT = Path(__file__).resolve().parents[3]
OFFLINE = [
    *("config/config.yaml", "config/allen-gratings.yaml", "config/regimes.yaml"),
    *("config/published-networks.yaml", "config/sweeps/own-networks.yaml"),
    "config/trained-balanced.yaml",
    "tests/pipeline/everything.yaml",
]


@pytest.mark.parametrize("path", OFFLINE)
@pytest.mark.fault("labels", "two results of a report share a row, or a switch has no other side")
def test_every_figure_of_a_category_has_one_label_that_no_other_has(path):
    made = plan_for(read(ROOT / path))
    found = [Wildcards(figure=name) for name in made.figures.files]
    labels = [made.figures.labels(one) for one in found]
    assert {tuple(one) for one in labels} == {("figure",)}
    named = [(made.figures.category(one), *made.figures.labels(one).values()) for one in found]
    assert len(set(named)) == len(named) > 3


def test_pages_have_one_label():
    rules = [path.read_text(encoding="utf-8") for path in (ROOT / "workflow/rules").glob("*.smk")]
    given = [one for text in rules for one in re.findall(r"labels=\{(.*?)\}[,\n]", text, re.DOTALL)]
    assert len(given) == sum(text.count("labels=") for text in rules) - 1  # figures have their own
    assert all(re.fullmatch(r'"figure": "[^"]+"', one) for one in given)
