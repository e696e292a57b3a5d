"""docs/results.md says what the files of the finished demonstration hold."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from running import ROOT


@pytest.fixture
def catalog(of_docs: Callable[[str], ModuleType]) -> ModuleType:
    return of_docs("catalog")


def test_the_page_of_results_is_that_of_the_demonstration(catalog, demo: Path) -> None:
    written = (ROOT / "docs/results.md").read_text(encoding="utf-8")
    found = catalog.page(demo / "results")
    assert found == written, "stale: run .venv/bin/python docs/catalog.py results > docs/results.md"


def test_every_declared_output_is_in_the_page(catalog) -> None:
    written = (ROOT / "docs/results.md").read_text(encoding="utf-8")
    rules = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    named = {one for made in catalog.made().values() for one in made.rules}
    assert named >= {"similarity_matrix", "simulate_point", "prepare_trials", "figure", "recover"}
    assert all(f"\nrule {name}:" in rules for name in named)
    assert all(f"### `{pattern}`" in written for pattern in catalog.made())


def test_what_is_not_described_or_of_another_unit_is_refused(catalog) -> None:
    texts = {"rate": "Hz | mean rate", "label": "- | a label"}
    assert catalog.explained("rate", "Hz", texts, "a file") == ("Hz", "mean rate")
    assert catalog.explained("label", "", texts, "a file") == ("", "a label")
    with pytest.raises(SystemExit, match="does not describe depth of a file"):
        catalog.explained("depth", "", texts, "a file")
    with pytest.raises(SystemExit, match="rate of a file is in s, not in Hz"):
        catalog.explained("rate", "s", texts, "a file")
