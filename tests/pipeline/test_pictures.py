"""The pictures of the pages are those that the finished demonstration makes today."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image
from running import ROOT


@pytest.fixture
def pictures(of_docs: Callable[[str], ModuleType]) -> ModuleType:
    return of_docs("pictures")


def apart(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of colors, of 255; infinite where sizes differ."""
    if one.size != other.size:
        return np.inf
    first, second = (np.asarray(each.convert("RGB"), float) for each in (one, other))
    return float(np.abs(first - second).mean())


def test_pictures_of_the_demonstration_are_todays(pictures, demo: Path) -> None:
    for name, source in pictures.PICTURES["demo"].items():
        with Image.open(ROOT / "docs" / name) as shown:
            different = apart(shown, pictures.shrunk(demo / "results" / source))
            assert different < 1, f"docs/{name} is stale: .venv/bin/python docs/pictures.py demo"


def test_every_picture_of_a_page_is_made_by_a_run(pictures) -> None:
    made = {name for of_run in pictures.PICTURES.values() for name in of_run}
    shown = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.png")}
    others = {str(path) for path in shown} - made
    assert {name for name in others if not name.startswith("images/induction/")} == {
        "images/measure-and-truth.png"  # tests/pipeline/test_notebooks.py
    }
    assert made <= {str(path) for path in shown}


def test_another_picture_is_told_apart(pictures, tmp_path: Path) -> None:
    name, source = next(iter(pictures.PICTURES["demo"].items()))
    with Image.open(ROOT / "docs" / name) as shown:
        assert apart(shown, shown) == 0
        moved = Image.fromarray(np.roll(np.asarray(shown.convert("RGB")), 6, axis=1))
        assert apart(shown, moved) > 1
    assert source.endswith(".png")
