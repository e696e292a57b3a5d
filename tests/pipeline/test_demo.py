"""What the embedded default shows, read from the numbers that its figures plot."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from spikedrift import trials


@pytest.fixture(scope="module")
def learning(demo):
    table = pd.read_csv(demo / "results/figures/learning.learning.tsv", sep="\t")
    return table.assign(instance=table["recording"].str.extract(r"-i(\d+)\.")[0].astype(int))


@pytest.mark.parametrize("code", ["rate", "timing"])
def test_trained_networks_tell_patterns_apart_better(learning, code):
    within = learning.query("quantity == 'discrimination' and phase == 'block' and code == @code")
    value = within.pivot_table(index="instance", columns="point", values="value")
    assert len(value) == 2
    assert (value["afferent"] > value["frozen"]).all()


def test_every_rule_drifts_and_the_frozen_network_does_not(demo):
    with xr.open_dataset(demo / "results/compare/hidden.nc", engine="h5netcdf") as scores:
        step = scores["instance_value"].sel(statistic="ensemble_rate_step").load()
    assert step.sizes["instance"] == 10
    still = step.sel(point="frozen").max()
    moving = step.sel(point=["afferent", "fluctuating"])
    assert (moving > still).where(moving.notnull()).mean() > 0.9  # others were not accepted


def test_every_rule_rests_and_what_was_accepted_is_what_is_compared(demo):
    with xr.open_dataset(demo / "results/surveys/candidates.nc", engine="h5netcdf") as survey:
        survey = survey.load()
    with xr.open_dataset(demo / "results/compare/hidden.nc", engine="h5netcdf") as scores:
        scored = np.isfinite(scores["instance_score"].load()).to_pandas()
    accepted = survey["accepted"].assign_coords(point=survey["variant"].values).to_pandas()
    assert (scored == accepted.loc[scored.index]).all().all()
    learned = accepted.drop(index="frozen")
    assert learned.to_numpy().mean() > 0.7
    assert (learned.sum(axis=1) >= 5).all()


def test_the_mouse_drifts_in_the_code_that_was_turned(demo):
    table = pd.read_csv(demo / "results/figures/drift_curves.mouse-a.movie.all.tsv", sep="\t")
    index = table.query("panel == 'index' and group == 'matching: none'").set_index("code")
    assert index["p_value"]["rate"] <= 0.05
    assert index["p_value"]["timing"] > 0.05
    assert index["value"]["rate"] > 0.2
    assert abs(index["value"]["timing"]) < 0.1


def test_the_first_page_states_the_right_variant_its_error_rate_and_the_control(demo):
    with xr.open_dataset(demo / "results/recovery/hidden.nc", engine="h5netcdf") as found:
        one = found.sel(held_out="instances", classifier="score").load()
    wrong = round(float((one["runs_scored"] * (1 - one["variant_accuracy"])).sum()))
    runs = int(one["runs_scored"].sum())
    page = (demo / "results/findings.md").read_text(encoding="utf-8")
    assert (
        "The nearest tested variant is A→E STDP. It is not rejected, and neither is A→E STDP with "
        f"weight noise. Error rate: of {runs} simulated networks that took the recording's place, "
        f"{wrong} were given a wrong variant"
    ) in page
    assert "The truth is known: A→E STDP. Nearest: A→E STDP. That is right." in page
    beside = page.partition("What speaks against it")[2].partition("The truth is known")[0]
    for said in ("The lag alone explains it", "by mean rates alone", "not compared at equal terms"):
        assert said in beside
    assert re.search(r"Rejected as one more draw: all frozen .*; not rejected: A→E STDP", page)
    assert "mouse-a.movie, an out-of-model control, is noticed" in page


def test_the_hidden_network_is_none_of_those_it_is_compared_with(demo):
    with xr.open_dataset(demo / "results/compare/hidden.nc", engine="h5netcdf") as scores:
        seeds = set(np.ravel(scores["instance_seed"].values.astype(str)))
    hidden = trials.read(demo / "results/trials/hidden.patterns.nc")
    network = json.loads(hidden.attrs["parameters"])["network"]
    assert len(seeds) == 10
    assert f"{network['seed']}.{network['instance']}" not in seeds


def test_every_figure_comes_with_its_numbers(demo):
    figures = demo / "results/figures"
    stems = {path.name.removesuffix(".png") for path in figures.glob("*.png")}
    assert {stem.split(".")[0] for stem in stems} == {
        "raster",
        "matrices",
        "drift_curves",
        "learning",
        "scores",
        "survey",
        "acceptance",
    }
    for stem in stems:
        assert (figures / f"{stem}.pdf").stat().st_size > 1000
        assert len(pd.read_csv(figures / f"{stem}.tsv", sep="\t")) > 0


def test_all_six_final_figures_are_made_and_labeled(demo):
    folder = demo / "results/figures/final"
    assert {path.name[0] for path in folder.glob("*.png")} == set("123456")
    for path in folder.glob("*.png"):
        assert path.with_suffix(".pdf").stat().st_size > 1000
        table = pd.read_csv(path.with_suffix(".tsv"), sep="\t", low_memory=False)
        assert len(table) > 0
    cells = pd.read_csv(demo / "results/supplement.tsv", sep="\t")
    made = cells.query("table == 'Final figures'")
    assert set(made.loc[made["column"] == "made", "cell"]) == {"yes"}
    jobs = cells.query("table == 'Run times by rule' and column == 'rule'")
    assert {"simulate_point", "figure", "signal_index"} <= set(jobs["cell"])


def test_published_values_are_met_in_the_figure_of_rules(demo):
    table = pd.read_csv(demo / "results/figures/final/2_plasticity_rules.tsv", sep="\t")
    known = table[table["status"] == "computed"]
    assert set(known["rule"]) == {"pair_stdp", "triplet_stdp", "clopath", "calcium"}
    assert (known["pass"] == "yes").all()
