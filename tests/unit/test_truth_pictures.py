"""The pictures of docs/ground-truth.md show the judgments that ship."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from spikedrift.ground_truth import verdicts

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture
def truth(of_docs: Callable[[str], ModuleType]) -> ModuleType:
    return of_docs("truth")


def test_the_pictures_show_the_judgments_that_ship(truth) -> None:
    rows = truth.numbers(verdicts.read())
    for path, part in ((truth.CASES, truth.of_cases(rows)), (truth.POWER, truth.of_power(rows))):
        assert not part.empty
        assert truth.carried(path) == truth.written(part), "stale: .venv/bin/python docs/truth.py"
        page = (DOCS / "ground-truth.md").read_text(encoding="utf-8")
        assert f"](figures/{path.name})" in page


def test_a_picture_carries_the_numbers_that_it_draws(truth, tmp_path: Path) -> None:
    rows = truth.of_power(truth.numbers(verdicts.read()))
    truth.draw_power(rows[1:], tmp_path / "power.svg")
    assert truth.carried(tmp_path / "power.svg") == truth.written(rows[1:]) != truth.written(rows)


def test_cases_of_another_size_are_not_drawn_and_all_others_are(truth) -> None:
    names = truth.shown()
    assert {"none", "background", "tuning-drift", "shared-background"} <= names.keys()
    assert not names.keys() & {"repeats-3", "units-300-state", "short", "shared-background-8"}
    rows = truth.of_cases(truth.numbers(verdicts.read()))
    signal = rows[(rows["kind"] == "signal index") & (rows["code"] == "rate")]
    assert set(signal["case"]) == names.keys()
