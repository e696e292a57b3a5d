"""Notebooks of the site: their cells run, and print what stands below them in the page."""

import os
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from notebooks import cells_of, run
from running import ROOT

PAGES = ROOT / "docs" / "notebooks"


def said(page: Path) -> list[str]:
    return [cell.said for cell in cells_of(page)]


def test_every_notebook_is_run_here() -> None:
    assert {page.name for page in PAGES.iterdir()} == {"index-by-hand.md", "measure-and-truth.md"}


def test_an_index_by_hand(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = PAGES / "index-by-hand.md"
    monkeypatch.chdir(demo)
    assert run(page) == said(page)
    assert "kept agrees to 1e-12: True\n" in "".join(said(page))


def test_a_measure_and_its_ground_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = PAGES / "measure-and-truth.md"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPIKEDRIFT_PLUGINS", "[]")  # the notebook names its folder there
    try:
        assert run(page) == said(page)
    finally:
        sys.modules.pop("spikedrift.similarity.measures.active_units", None)
    made, shown = (
        mpl.image.imread(path)
        for path in (tmp_path / "measure-and-truth.png", ROOT / "docs/images/measure-and-truth.png")
    )
    assert made.shape == shown.shape
    assert np.abs(made - shown).mean() < 0.005, "the picture of the page is not today's"
    assert os.environ["SPIKEDRIFT_PLUGINS"] != "[]"
