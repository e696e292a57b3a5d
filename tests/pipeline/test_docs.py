"""The walks of the pages docs/adding-*.md, performed as written."""

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import preloaded
import xarray as xr
import yaml
from forks import dry_run, snakemake
from running import SMALL, jobs, said
from scipy.spatial.distance import cosine

from spikedrift import trials

RECORDING = "mouse-s.movie"


def files_of(page: str) -> dict[str, str]:
    """Files that a page asks its reader to write: a path on a line of its own, then the code."""
    return dict(re.findall(r"^`([^`\n]+)`:\n\n```\w*\n(.*?)^```$", page, flags=re.M | re.S))


def commands_of(page: str) -> list[list[str]]:
    """Arguments of the snakemake commands of a page, for the recording of the small run."""
    shell = "\n".join(re.findall(r"^```sh\n(.*?)^```$", page, flags=re.M | re.S))
    lines = [line for line in shell.splitlines() if line.startswith(".venv/bin/snakemake ")]
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
    with preloaded.jobs():
        done = snakemake(clone, *command)
    assert done.returncode == 0, done.stdout
    table = pd.read_csv(clone / f"results/mean_rate/{RECORDING}.tsv", sep="\t")
    dataset = trials.read(clone / f"results/trials/{RECORDING}.nc")
    first = trials.select(dataset, trials=dataset["block"].values == 0)
    expected = first["spike_count"].sum("trial") / first["duration"].sum()
    assert abs(table["rate_block_0_hz"] - expected.values).max() < 1e-9


def elsewhere(config: dict, folder: Path) -> dict:
    """The configuration of a page, with the plug-ins in a folder outside of the checkout."""
    assert config["plugins"] == ["my_plugins"]
    return config | {"plugins": [str(folder / "my_plugins")]}


def test_adding_a_measure(clone, tmp_path):
    page = (clone / "docs/adding-a-measure.md").read_text()
    write(tmp_path, files_of(page))
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", page, flags=re.M | re.S)
    config = recordings_only() | elsewhere(yaml.safe_load(block), tmp_path)
    (clone / "mine.yaml").write_text(yaml.safe_dump(config))
    (command,) = commands_of(page)
    with preloaded.jobs():
        done = snakemake(clone, *command)
    assert done.returncode == 0, done.stdout
    assert (clone / f"results/drift/{RECORDING}/all/cosine.nc").is_file()
    with xr.open_dataset(clone / f"results/similarity/{RECORDING}/all/cosine.nc") as matrix:
        count = trials.read(clone / f"results/trials/{RECORDING}.nc")["spike_count"].values
        assert abs(matrix["value"].values[1, 5] - (1 - cosine(count[1], count[5]))) < 1e-12


def test_adding_an_analysis(clone, tmp_path):
    page = (clone / "docs/adding-an-analysis.md").read_text()
    files = files_of(page)
    assert len(files) == 2
    write(tmp_path, files)
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", page, flags=re.M | re.S)
    config = recordings_only() | elsewhere(yaml.safe_load(block), tmp_path)
    (clone / "mine.yaml").write_text(yaml.safe_dump(config))
    (command,) = commands_of(page)
    with preloaded.jobs():
        done = snakemake(clone, *command)
    assert done.returncode == 0, done.stdout
    data = trials.read(clone / f"results/trials/{RECORDING}.nc")
    count, block = data["spike_count"].values, data["block"].values
    mean = (count[block == 1].mean(axis=0) - count[block == 0].mean(axis=0)).mean()
    found = pd.read_csv(clone / "results/analyses/statistics.tsv", sep="\t")
    assert sorted(found["analysis"]) == ["longer", "rate_change"]
    assert abs(found["value"] - mean).max() < 1e-12
    assert found["p_value"].between(0, 1).all()
    assert (clone / f"results/figures/rate_change.{RECORDING}.all.png").is_file()


def test_adding_a_plasticity_rule(clone, tmp_path):
    page = (clone / "docs/adding-a-plasticity-rule.md").read_text()
    write(tmp_path, files_of(page))
    look = [".venv/bin/python", "-m", "spikedrift.plasticity.check", "my_plugins"]
    assert " ".join(look) in page
    look[-1] = str(tmp_path / "my_plugins")
    here = {**os.environ, "PYTHONPATH": str(clone / "src")}  # .venv is installed from elsewhere
    done = subprocess.run(look, cwd=clone, capture_output=True, text=True, env=here)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    further, variant = map(yaml.safe_load, re.findall(r"^```yaml\n(.*?)^```$", page, re.M | re.S))
    config = yaml.safe_load(SMALL.read_text())
    config = {key: config[key] for key in ("seed", "sweeps")} | elsewhere(further, tmp_path)
    config["sweeps"][0] |= {"instances": 1, "variants": [{"name": "power", **variant}]}
    (clone / "config/config.yaml").write_text(yaml.safe_dump(config))
    (command,) = commands_of(page)
    with preloaded.jobs():
        done = snakemake(clone, *command)
        swept = snakemake(clone, "--cores", "2", "sweep")
    assert done.returncode == 0, done.stdout
    assert swept.returncode == 0, swept.stdout
    table = pd.read_csv(clone / "results/validate/pair_stdp_power.tsv", sep="\t")
    assert set(table["induction"]) == {"window", "triplets"}
    window = table[table["induction"] == "window"].set_index(["set", "x"])["measured"]
    once = 0.005 * np.exp(-0.5)  # 10 ms apart, from a weight of 0.5
    assert abs(window["additive", 10.0] - once) < 1e-9
    assert abs(window["multiplicative", -10.0] + 1.05 * once / 2) < 1e-9
    (trace,) = (clone / "results/traces").glob("*.nc")
    with xr.open_dataset(trace) as traces:
        assert (traces["afferent_weight"][-1] != traces["afferent_weight"][0]).any()

    rule = tmp_path / "my_plugins/rules/pair_stdp_power.py"
    text = rule.read_text()
    induce = [".venv/bin/snakemake", "--cores", "1", "--", "results/validate/pair_stdp_power.tsv"]
    for right, wrong, told, asked in (
        ("x*(1 - w/w_max)", "z*(1 - w/w_max)", "unknown variable 'z'", [look]),
        (
            "w = clip(w + eta*w_max*x*(1 - w/w_max)**mu, 0, w_max)",
            "w += eta*x",
            "no bounds",
            [look],
        ),
        # A job looks at a rule as the page's command does; Brian2 tells this one last of all.
        ("w - eta*ratio*w_max*y*", "w - tau*ratio*w_max*y*", "inconsistent units", [look, induce]),
    ):
        assert right in text
        rule.write_text(text.replace(right, wrong))
        for run in asked:
            done = subprocess.run(run, cwd=clone, capture_output=True, text=True, env=here)
            lines = said(done.stderr)
            assert done.returncode != 0 and len(lines) == 1, done.stderr
            assert "pair_stdp_power" in lines[0] and told in lines[0]
            assert "Traceback" not in done.stderr
    assert not list((clone / "results/validate").glob(".*partial*"))


def sweep_of(page: str, name: str, tmp_path: Path) -> dict:
    """The configuration of a walk with its network, with one instance."""
    files = files_of(page)
    write(tmp_path, files)
    config = yaml.safe_load(files[name])
    config["sweeps"][0]["instances"] = 1
    return config


def test_adding_a_network_that_is_declared(clone, tmp_path):
    page = (clone / "docs/adding-a-network.md").read_text()
    config = elsewhere(sweep_of(page, "mine.yaml", tmp_path), tmp_path)
    declared = (tmp_path / "my_plugins/networks/set_point.py").read_text()
    assert len(declared.splitlines()) <= 60
    (clone / "mine.yaml").write_text(yaml.safe_dump(config))
    (command,) = (command for command in commands_of(page) if "mine.yaml" in command)
    with preloaded.jobs():
        done = snakemake(clone, *command)
    assert done.returncode == 0, done.stdout
    assert (clone / "results/figures/learning.mine.png").is_file()
    moved = {}
    for file in (clone / "results/traces").glob("mine-*.nc"):
        with xr.open_dataset(file) as traces:
            weight = traces["mean_weight"].sel(projection="ItoE").values
            moved[json.loads(traces.attrs["parameters"])["options"]["eta"]] = weight[-1] - weight[0]
    assert moved.keys() == {0.0, 0.02} and moved[0.0] == 0 and moved[0.02] > 0.5

    for options, told in (
        ({"n_cels": 5}, "sweeps[0].options.n_cels: unknown key; did you mean 'n_cells'"),
        ({"probes": {"wieght": 1}}, "sweeps[0].options.probes.wieght: unknown key; did you mean"),
        ({"n_cells": "many"}, "sweeps[0].options.n_cells: input should be a valid integer"),
    ):
        config["sweeps"][0]["options"] = options
        (clone / "mine.yaml").write_text(yaml.safe_dump(config))
        done = dry_run(clone, *command)
        lines = said(done.stdout)
        assert done.returncode != 0 and len(lines) == 1 and told in lines[0], done.stdout


def test_adding_a_network_of_another_simulator(clone, tmp_path):
    page = (clone / "docs/adding-a-network.md").read_text()
    config = sweep_of(page, "theirs.yaml", tmp_path)
    script = "their_network.py"
    assert f".venv/bin/python {script}\n" in page
    text = (tmp_path / script).read_text()
    assert "spikedrift" not in text.partition('"""\n\n')[2]
    assert "for instance in range(2)" in text
    (tmp_path / script).write_text(text.replace("instance in range(2)", "instance in range(1)"))
    subprocess.run([clone / ".venv/bin/python", script], cwd=tmp_path, check=True)
    path = config["sweeps"][0]["options"]["file"]
    config["sweeps"][0]["options"]["file"] = str(tmp_path / path)
    (clone / "theirs.yaml").write_text(yaml.safe_dump(config))
    commands = [command for command in commands_of(page) if "theirs.yaml" in command]
    with preloaded.jobs():
        for command in commands:
            done = snakemake(clone, *command)
            assert done.returncode == 0, done.stdout
    assert (clone / "results/figures/learning.theirs.png").is_file()
    with xr.open_dataset(clone / "results/compare/theirs.nc") as scores:
        assert scores["variant"].values.tolist() == ["frozen", "stdp"]
    for file in (clone / "results/trials").glob("theirs-*.nc"):
        data = trials.read(file)
        parameters = json.loads(data.attrs["parameters"])
        condition = parameters["options"]["parameters"]["condition"]
        assert data.attrs["kind"] == "model" and parameters["instance"] == 0
        with np.load(tmp_path / f"spikes/{condition}-0.npz") as given:
            for trial, start in enumerate(given["start_time"]):
                inside = np.abs(given["spike_time"] - start - 0.0745) < 0.0749
                count = np.bincount(given["spike_unit"][inside], minlength=60)
                np.testing.assert_array_equal(data["spike_count"][trial], count)
            assert (data["plasticity_on"].values == given["plasticity_on"]).all()

    # A session that is simulated anew is read anew; one that is missing is named.
    spikes = tmp_path / "spikes"
    shutil.copy(spikes / "frozen-0.npz", spikes / "stdp-0.npz")
    again = jobs(clone, *commands[-1])
    assert [job.input for job in again if job.rule == "simulate_point"] == [
        (str(spikes / "stdp-0.npz"),)
    ]
    (spikes / "stdp-0.npz").unlink()
    done = snakemake(clone, *commands[-1])
    (line,) = said(done.stdout)
    assert done.returncode != 0 and f"stdp, instance 0: no such file {spikes}/stdp-0.npz" in line


def test_adding_a_data_set(clone):
    page = (clone / "docs/adding-a-data-set.md").read_text()
    write(clone, files_of(page))
    assert ".venv/bin/python make_session.py\n" in page
    subprocess.run([".venv/bin/python", "make_session.py"], cwd=clone, check=True)
    (command,) = (command for command in commands_of(page) if "--report" not in command)
    with preloaded.jobs():
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
