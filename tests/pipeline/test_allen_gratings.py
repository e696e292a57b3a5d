"""The real extract through the documented command: what was measured, and what is refused."""

import json
from pathlib import Path

import numpy as np
import preloaded
import pytest
import xarray as xr
import yaml
from forks import dry_run, snakemake
from running import said

from spikedrift import trials
from spikedrift.config.analyses import OPTIONS
from spikedrift.config.drift import SignalOptions
from spikedrift.drift.signal.indices import signal_indices
from spikedrift.networks.models.pattern_network import DEFAULT_PHASES

pytestmark = pytest.mark.mirror
CONFIG = "config/allen-gratings.yaml"


@pytest.fixture(scope="module")
def run(new_clone, mirror):
    """The configuration as it ships, in less time.

    Two rules with three short runs each, at the time step that ships, few surrogates, pairs of
    trials and resamples: what analyses and curves find is tested in tests/unit.
    """
    directory = new_clone()
    config = yaml.safe_load(Path(directory, CONFIG).read_text(encoding="utf-8"))
    config["fetch"] = {"mirror": str(mirror)}
    (sweep,) = config["sweeps"]
    assert len(sweep["variants"]) - 1 >= 5
    assert sweep["accept"] is not None and sweep["survey"]["match"] == 0.15
    assert sweep["instances"] >= 10
    sweep["instances"], sweep["variants"] = 3, sweep["variants"][:2]
    phases = [phase.model_dump(exclude_defaults=True) for phase in DEFAULT_PHASES]
    for phase in phases:
        if phase["kind"] in ("settle", "pause", "train"):
            phase |= {key: value / 3 for key, value in phase.items() if key == "duration"}
            phase |= {key: value // 3 for key, value in phase.items() if key == "repeats"}
    sweep["options"] = {"simulation": sweep["options"]["simulation"], "phases": phases}
    # So short a training and two blocks would leave no run to be compared.
    sweep["accept"], sweep["survey"]["match"] = None, None
    few = {"surrogates": 19, "gate_surrogates": 19, "thinnings": 2, "draws": 2, "resamples": 5}
    few |= {"bootstrap": 100, "unit_draws": 2, "max_pairs": 200}
    for entry in config["analyses"]:
        known = OPTIONS[entry["analysis"]].model_fields
        entry["options"] = {key: value for key, value in few.items() if key in known}
    config["drift"] = {"curves": {"bootstrap": 20, "halves": 4}}
    Path(directory, "few.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    with preloaded.jobs():
        done = snakemake(directory, "--cores", "2", "--configfile", "few.yaml")
    assert done.returncode == 0, done.stdout[-5000:]
    Path(directory, "output.txt").write_text(done.stdout, encoding="utf-8")
    return directory


def test_final_figures_are_made_or_refused_by_name(run):
    made = {path.stem for path in (run / "results/figures/final").glob("*.pdf")}
    assert made == {"1_recordings", "5_comparison.gratings", "6_sweep_map.rules"}
    output = (run / "output.txt").read_text(encoding="utf-8")
    assert "final figures left out: 2 (plasticity rules): figures.rules names no" in output
    assert "3 (networks) and 4 (drift in models)" in output
    assert "a survey keeps no trials" in output


def test_both_codes_change_between_halves_and_neither_between_odd_and_even_repeats(run):
    """Timing not less than rate; the tests of the file are left out, as the order is assumed."""
    with xr.open_dataset(run / "results/drift/allen.gratings/all/index.nc") as index:
        index = index.sel(matching="none").load()
    assert (index["gate"] == "open").all() and index["p_value"].isnull().all()
    assert (index["index"] > 0.01).all() and (index["index"] < 0.1).all()
    assert index["difference"] > 0
    dataset = trials.read(run / "results/trials/allen.gratings.nc")
    halves = signal_indices(dataset, SignalOptions(), 1)
    assert (halves["p_value"] < 0.01).all()
    np.testing.assert_array_equal(halves["index"], index["index"])
    repeat = dataset["repeat"].values
    parity, half = repeat % 2, repeat.max() // 2 + 1
    mixed = dataset.assign(block=("trial", parity), repeat=("trial", repeat // 2 + parity * half))
    control = signal_indices(mixed, SignalOptions(), 1)
    assert (control["p_value"] > 0.05).all() and (np.abs(control["index"]) < 0.01).all()


def test_comparison_infers_nothing(run):
    with xr.open_dataset(run / "results/compare/gratings.nc") as scores:
        assert "Descriptive, no inference" in scores.attrs["inference"]
        assert scores.attrs["n_units"] == 320
        assert (scores["instance_units"] == 320).all()


def test_spikeship_matrix_is_the_published_codes(run):
    """Golden numbers of the reference implementation on this extract."""
    with xr.open_dataset(run / "results/similarity/allen.gratings/all/spikeship.nc") as matrix:
        value = matrix["value"].values
    assert value.shape == (200, 200)
    np.testing.assert_allclose(value.sum(), 604.3674339288, rtol=1e-9)
    np.testing.assert_allclose(value[3, 17], 0.0134241620444, rtol=1e-10)
    np.testing.assert_allclose(value[10, 100], 0.0158435971163, rtol=1e-10)


def test_holds_real_recordings_only(run):
    made = {path.name for path in (run / "results/trials").glob("*.nc")}
    assert made == {"allen.gratings.nc"}


def test_recovery_is_by_three_classifiers(run):
    with xr.open_dataset(run / "results/recovery/gratings.nc") as recovery:
        assert recovery["classifier"].values.tolist() == ["score", "every", "rates"]
        assert recovery["confusion"].sum("variant_recovered").max() == 1


def test_figures_and_assumptions(run):
    for figure in ("raster", "matrices", "drift_curves"):
        for suffix in ("pdf", "png", "tsv"):
            assert (run / f"results/figures/{figure}.allen.gratings.all.{suffix}").stat().st_size
    with xr.open_dataset(run / "results/trials/allen.gratings.nc") as trials:
        assert trials.attrs["pseudo_population"] == 1
        assert trials.attrs["trial_order_known"] == 0
        assert "assumed" in trials.attrs["assumptions"]


def test_index_is_descriptive(run):
    with xr.open_dataset(run / "results/drift/allen.gratings/all/index.nc") as index:
        assert np.isfinite(index["index"].sel(matching="none")).all()
        assert np.isnan(index["p_value"]).all()
        assert "no test" in index.attrs["inference"]


def test_subspace_of_low_rank_dynamics_moves_between_halves(run):
    """Few dimensions predict other trials better than the averages do; there is no test."""
    with xr.open_dataset(run / "results/analyses/allen.gratings/all/low_rank.nc") as found:
        value = found["value"].to_series()
        assert found["p_value"].isnull().all()
    for model in ("lds", "linear", "tanh"):
        assert value[f"{model}.rank"] == 6
        assert 0.65 < value[f"{model}.fit"] < 0.8 and value["averages.fit"] < 0.65
        assert 0.14 < value[f"{model}.subspace.drift"] < 0.22
    assert (run / "results/figures/low_rank.allen.gratings.all.pdf").stat().st_size


def test_comparison_with_models_is_refused(run, tmp_path):
    config = {
        "recordings": [
            {
                "name": "allen.gratings",
                "source": "arrays",
                "options": {"dataset": "allen_neuropixels_gratings", "blocks": "halves"},
            }
        ],
        "sweeps": [{"name": "learning", "variants": [{"name": "frozen"}], "instances": 1}],
        "comparisons": [{"name": "a", "recording": "allen.gratings", "sweep": "learning"}],
    }
    (run / "refused.yaml").write_text(json.dumps(config))
    done = dry_run(run, "--configfile", "refused.yaml", "--", "compare")
    assert done.returncode == 1
    lines = said(done.stdout)
    assert len(lines) == 1
    assert "comparisons[0].recording" in lines[0] and "pooled" in lines[0]


def test_corrupt_mirror_is_refused_by_name(new_clone, mirror, tmp_path):
    """One changed byte: the file is named, nothing is left in its place."""
    folder = tmp_path / "mirror" / "allen_neuropixels_gratings"
    folder.mkdir(parents=True)
    for path in (mirror / "allen_neuropixels_gratings").glob("*.npy"):
        data = bytearray(path.read_bytes())
        if path.name == "spike_times.npy":
            data[-1] ^= 1
        (folder / path.name).write_bytes(data)
    directory = new_clone()
    done = snakemake(
        directory,
        *("--cores", "2", "--configfile", CONFIG),
        *("--config", f"fetch={{mirror: {tmp_path / 'mirror'}, attempts: 1}}", "--", "fetch"),
    )
    assert done.returncode != 0
    assert any("spike_times.npy" in x and "sha256" in x for x in done.stdout.splitlines())
    assert not (directory / "results/raw/allen_neuropixels_gratings/spike_times.npy").exists()
