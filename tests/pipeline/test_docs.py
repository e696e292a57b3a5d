"""The walks of docs/adding-a-rule.md, -a-measure.md and -a-data-set.md, performed as written."""

import re
import shlex
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import xarray as xr
import yaml
from running import SMALL, snakemake
from scipy.spatial.distance import cosine

from spikedrift import trials

RECORDING = "mouse-s.movie"


def files_of(page: str) -> dict[str, str]:
    """Files that a page asks its reader to write: a path on a line of its own, then the code."""
    return dict(re.findall(r"^`([^`\n]+)`:\n\n```\w*\n(.*?)^```$", page, flags=re.M | re.S))


def commands_of(page: str) -> list[list[str]]:
    """Arguments of the snakemake commands of a page, for the recording of the small run."""
    shell = "\n".join(re.findall(r"^```sh\n(.*?)^```$", page, flags=re.M | re.S))
    lines = [line for line in shell.splitlines() if line.startswith("snakemake ")]
    return [shlex.split(line.replace("mouse-a.movie", RECORDING))[1:] for line in lines]


def write(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def recordings_only() -> dict:
    config = yaml.safe_load(SMALL.read_text())
    return {key: config[key] for key in ("seed", "recordings", "drift")}


def test_adding_a_rule(clone):
    page = (clone / "docs/adding-a-rule.md").read_text()
    files = files_of(page)
    assert len(files) == 2
    write(clone, files)
    (clone / "config/config.yaml").write_text(yaml.safe_dump(recordings_only()))
    (command,) = commands_of(page)
    done = snakemake(clone, *command)
    assert done.returncode == 0, done.stdout
    table = pd.read_csv(clone / f"results/mean_rate/{RECORDING}.tsv", sep="\t")
    dataset = trials.read(clone / f"results/trials/{RECORDING}.nc")
    first = trials.select(dataset, trials=dataset["block"].values == 0)
    expected = first["spike_count"].sum("trial") / first["duration"].sum()
    assert abs(table["rate_block_0_hz"] - expected.values).max() < 1e-9


def test_adding_a_measure(clone):
    page = (clone / "docs/adding-a-measure.md").read_text()
    write(clone, files_of(page))
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", page, flags=re.M | re.S)
    config = recordings_only() | yaml.safe_load(block)
    (clone / "config/config.yaml").write_text(yaml.safe_dump(config))
    (command,) = commands_of(page)
    done = snakemake(clone, *command)
    assert done.returncode == 0, done.stdout
    assert (clone / f"results/drift/{RECORDING}/all/cosine.nc").is_file()
    with xr.open_dataset(clone / f"results/similarity/{RECORDING}/all/cosine.nc") as matrix:
        count = trials.read(clone / f"results/trials/{RECORDING}.nc")["spike_count"].values
        assert abs(matrix["value"].values[1, 5] - (1 - cosine(count[1], count[5]))) < 1e-12


def test_adding_a_data_set(clone):
    page = (clone / "docs/adding-a-data-set.md").read_text()
    write(clone, files_of(page))
    assert ".venv/bin/python make_session.py\n" in page
    subprocess.run([".venv/bin/python", "make_session.py"], cwd=clone, check=True)
    (command,) = (command for command in commands_of(page) if "--report" not in command)
    done = snakemake(clone, *command)
    assert done.returncode == 0, done.stdout
    data = trials.read(clone / "results/trials/session-1.gratings.nc")
    assert data.sizes["trial"] == 100 and data.sizes["unit"] == 30
    assert data.attrs["citation"] == "Our paper (2026)"
    assert data["block"].values.tolist() == [0] * 50 + [1] * 50
    with h5py.File(clone / "session-1.nwb") as file:  # nothing of pynwb or of the reader
        start = file["intervals/trials/start_time"][:]
        ends = file["units/spike_times_index"][:]
        for unit in (0, 17, 29):
            own = file["units/spike_times"][ends[unit - 1] if unit else 0 : ends[unit]]
            count = [np.count_nonzero((own >= t) & (own < t + 1.0)) for t in start]
            np.testing.assert_array_equal(data["spike_count"][:, unit], count)
    for figure in ("raster", "matrices", "drift_curves"):
        assert (clone / f"results/figures/{figure}.session-1.gratings.VISp.png").is_file()
    # The answers of the page do not drift.
    table = pd.read_csv(clone / "results/drift/indices.tsv", sep="\t").set_index("code")
    assert table["gate_passed"].all()
    assert (table["index"].abs() < 0.15).all()


def test_as_a_module(clone, tmp_path):
    """The other workflow of docs/adding-a-rule.md: this one imported, under a prefix of its own."""
    page = (clone / "docs/adding-a-rule.md").read_text()
    (snippet,) = re.findall(r"^```\n(module .*?)^```$", page, flags=re.M | re.S)
    outer = tmp_path / "outer"
    outer.mkdir()
    (outer / "Snakefile").write_text(
        'configfile: "config.yaml"\n\n\n'
        + snippet.replace("path/to/spikedrift", str(clone))
        + f"\n\nrule mine:\n    default_target: True\n    input:\n"
        f'        "results/drift/{RECORDING}/all/index.nc",\n'
    )
    (outer / "config.yaml").write_text(yaml.safe_dump({"spikedrift": recordings_only()}))
    done = subprocess.run(
        [clone / ".venv/bin/snakemake", "--cores", "2"],
        cwd=outer,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (outer / f"results/drift/{RECORDING}/all/index.nc").is_file()
    assert not list(outer.rglob("mouse-a*"))
