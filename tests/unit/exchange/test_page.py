"""docs/exchange.md, performed as written: its commands, its Python and its configuration."""

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import yaml
from exchanging import pynapple, same
from sorting import sorting, table

from spikedrift import trials
from spikedrift.config.recordings import Recording
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.sources import registry
from spikedrift.sources.synthetic import record

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "exchange.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.M | re.S)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the trials file of the page, and its recording."""
    folder = tmp_path_factory.mktemp("page")
    dataset = record(SyntheticOptions(units=8, segments=3, repeats=4), "mouse-a.movie", 1)
    trials.write(dataset, folder / "results" / "trials" / "mouse-a.movie.nc")
    return folder, dataset


@pytest.fixture(scope="module")
def names(place):
    """What the Python of the page leaves, all of its blocks in their order."""
    pynapple()
    found: dict = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place[0])
        for block in blocks("python"):
            exec(compile(block, "docs/exchange.md", "exec"), found)
            found.setdefault("agains", []).append(found.get("again"))
    return found


def test_what_the_page_makes_comes_back(place, names):
    _, dataset = place
    nwb, _, of_pynapple, of_neo, _ = names["agains"]
    same(nwb, dataset, atol=1e-12)
    visual = dataset["population"].values == "VISp"
    first = trials.select(dataset, trials=dataset["block"].values == 0, units=visual)
    same(of_pynapple, first, atol=1e-12)
    same(of_neo, trials.select(dataset, units=visual))
    assert names["rate"].rescale("Hz").item() == pytest.approx(
        names["few"]["spike_count"].values[0, 0] / dataset["duration"].values[0]
    )
    assert "starts of trials are made up" in names["laid"].attrs["assumptions"]


def test_what_the_page_compares_is_there(names):
    assert names["counts"].n_cond == names["matrices"].sizes["condition"] == 3
    assert names["alike"].shape == (1, 1) and np.isfinite(names["alike"]).all()


def test_the_configuration_of_the_page_reads_its_file(place, names, monkeypatch):
    folder, dataset = place
    monkeypatch.chdir(folder)
    (entry,) = yaml.safe_load(blocks("yaml")[0])["recordings"]
    found = registry.prepare(Recording.model_validate(entry), 1, folder, {})
    np.testing.assert_array_equal(found["spike_count"], dataset["spike_count"])
    np.testing.assert_allclose(found["spike_time"], dataset["spike_time"], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found["block"], dataset["block"])


def test_the_sorting_of_the_page(place, monkeypatch):
    folder, _ = place
    monkeypatch.chdir(folder)
    sorting(folder / "sorted" / "mouse-b")
    table(folder / "mouse-b.tsv")
    (entry,) = yaml.safe_load(blocks("yaml")[1])["recordings"]
    found = registry.prepare(Recording.model_validate(entry), 1, folder, {})
    assert found["population"].values.tolist() == ["CA1", "V1"]
    assert found.sizes["trial"] == 12 and found["spike_count"].sum() > 500


def test_the_commands_of_the_page(place, monkeypatch):
    folder, dataset = place
    monkeypatch.chdir(folder)
    lines = [line for line in "".join(blocks("sh")).splitlines() if " -m " in line]
    assert len(lines) == 2
    for line in lines:
        python, dash, module, *arguments = line.split()
        assert (python, dash) == (".venv/bin/python", "-m")
        import_module(module).main(arguments)
    same(trials.read(folder / "again.nc"), dataset, atol=1e-12)
