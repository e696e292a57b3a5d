"""What the embedded default shows, read from the numbers that its figures plot."""

import pandas as pd
import pytest

TRAINED = ("afferent", "afferent-turnover")


@pytest.fixture(scope="module")
def learning(demo):
    table = pd.read_csv(demo / "results/figures/learning.learning.tsv", sep="\t")
    return table.assign(instance=table["recording"].str.extract(r"-i(\d+)\.")[0].astype(int))


@pytest.mark.parametrize("code", ["rate", "timing"])
@pytest.mark.parametrize("condition", TRAINED)
def test_trained_networks_tell_patterns_apart_twice_as_well(learning, code, condition):
    within = learning.query("quantity == 'discrimination' and phase == 'block' and code == @code")
    value = within.pivot_table(index="instance", columns="condition", values="value")
    assert len(value) == 3
    assert (value[condition] >= 2 * value["frozen"]).all()


def test_weight_noise_drifts_and_the_frozen_network_does_not(learning):
    index = learning.query("quantity == 'drift_index' and code == 'rate'")
    turnover = index.query("condition == 'turnover'")
    frozen = index.query("condition == 'frozen'")
    assert (turnover["p_value"] <= 0.05).all()
    assert turnover["value"].min() > frozen["value"].max()
    assert abs(frozen["value"].mean()) < 0.1


@pytest.mark.parametrize(
    ("recording", "moves", "stays"),
    [("mouse-a.movie", "rate", "timing"), ("mouse-b.movie", "timing", "rate")],
)
def test_recordings_drift_in_the_code_that_was_turned(demo, recording, moves, stays):
    table = pd.read_csv(demo / f"results/figures/drift_curves.{recording}.all.tsv", sep="\t")
    index = table.query("panel == 'index' and group == 'matching: none'").set_index("code")
    assert index["p_value"][moves] <= 0.05
    assert index["p_value"][stays] > 0.05
    assert index["value"][moves] > 0.2
    assert abs(index["value"][stays]) < 0.1


def test_every_figure_comes_with_its_numbers(demo):
    figures = demo / "results/figures"
    stems = {path.name.removesuffix(".png") for path in figures.glob("*.png")}
    assert {stem.split(".")[0] for stem in stems} == {
        "raster",
        "matrices",
        "drift_curves",
        "learning",
        "scores",
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
    assert {"simulate_point", "figure_final", "drift_index"} <= set(jobs["cell"])


def test_published_values_are_met_in_the_figure_of_rules(demo):
    table = pd.read_csv(demo / "results/figures/final/2_plasticity_rules.tsv", sep="\t")
    known = table[table["status"] == "computed"]
    assert set(known["rule"]) == {"pair_stdp", "triplet_stdp", "clopath", "calcium"}
    assert (known["pass"] == "yes").all()
