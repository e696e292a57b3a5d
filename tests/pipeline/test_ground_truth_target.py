"""The target `ground_truth` as a user runs it: chunks, their table, and more seeds."""

from pathlib import Path

import pandas as pd
import preloaded
import pytest
import xarray as xr
import yaml
from forks import dry_run, snakemake

from spikedrift.config.ground_truth import GroundTruth
from spikedrift.ground_truth import verdicts
from spikedrift.ground_truth.measure import measured


def configured(directory: Path, seeds: int) -> dict:
    config = {
        "recordings": [{"name": "mouse-s.movie", "source": "synthetic"}],
        "ground_truth": {
            "recording": {"segments": 3, "repeats": 4, "units": 12},
            "cases": [{"name": "none"}, {"name": "drift", "set": {"rate_drift": 1.0}}],
            "power": [{"knob": "rate_drift", "amounts": [0.5, 1.0], "seeds": 2}],
            "measures": [{"measure": "curves", "seeds": seeds}],
            "analyses": [{"measure": "template_reliability", "seeds": 2}],
            "surrogates": 19,
            "chunk": 2,
        },
    }
    (directory / "truth.yaml").write_text(yaml.safe_dump(config))
    return config["ground_truth"]


def run(directory: Path, *arguments: str) -> str:
    done = snakemake(
        directory, "--cores", "2", "--configfile", "truth.yaml", *arguments, "--", "ground_truth"
    )
    assert done.returncode == 0, done.stdout[-5000:]
    return done.stdout


@pytest.fixture(scope="module")
def made(new_clone):
    directory = new_clone()
    configured(directory, 2)
    with preloaded.jobs():
        run(directory)
    return directory


def chunks(directory: Path) -> dict[str, int]:
    folder = directory / "results/ground_truth/chunks"
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*.tsv")
    }


def test_what_is_made(made):
    found = chunks(made)
    # A chunk of each measure in the two cases and in that of half the amount.
    assert len(found) == 2 * 3
    table = verdicts.read(made / "results/ground_truth/table.tsv")
    assert set(table["case"]) == {"none", "drift", "rate-drift-0.5"}
    assert set(table["measure"]) == {
        "spikeship", "rate_correlation", "population_vector", "template_reliability",
    }  # fmt: skip
    for suffix in ("pdf", "png", "tsv"):
        assert (made / f"results/figures/ground_truth.{suffix}").stat().st_size
    data = xr.load_dataset(made / "results/ground_truth/seeds.nc", engine="h5netcdf")
    options = GroundTruth.model_validate_json(data.attrs["options"])
    case = options.every_case()[1]
    expected = measured(options.recorded(case), "curves", {"measures": ["spikeship"]}, [1])
    entry = (
        (data["measure"] == "spikeship") & (data["statistic"] == "step") & (data["case"] == "drift")
    )
    value = data["value"].sel(seed=1).values[entry.values]
    step = expected.loc[expected["statistic"] == "step", "value"]
    assert value == pytest.approx(step.to_numpy())


def test_more_seeds_run_nothing_again(made):
    before = chunks(made)
    configured(made, 4)
    with preloaded.jobs():
        run(made)
    after = chunks(made)
    assert set(after) - set(before) == {"none/curves.2.tsv", "drift/curves.2.tsv"}
    assert {name: after[name] for name in before} == before
    table = verdicts.read(made / "results/ground_truth/table.tsv")
    counts = table.groupby(["measure", "case"])["n"].first()
    assert counts["spikeship", "none"] == 4
    assert counts["template_reliability", "none"] == 2


def test_an_unknown_analysis_is_refused(made):
    config = yaml.safe_load((made / "truth.yaml").read_text())
    config["ground_truth"]["analyses"][0]["measure"] = "template_reliabilty"
    (made / "wrong.yaml").write_text(yaml.safe_dump(config))
    done = dry_run(made, "--configfile", "wrong.yaml", "--", "ground_truth")
    assert done.returncode
    assert "did you mean 'template_reliability'" in done.stdout


def test_the_table_says_what_made_it(made):
    lines = (made / "results/ground_truth/table.tsv").read_text().splitlines()
    above = [line for line in lines if line.startswith("# ")]
    assert any(line.startswith("# software: ") and "spikedrift" in line for line in above)
    assert pd.notna(verdicts.read(made / "results/ground_truth/table.tsv")["rate"]).any()
