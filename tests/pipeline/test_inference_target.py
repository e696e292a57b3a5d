"""Behavior and inference over animals through the workflow, from a cohort's worth of recordings."""

import numpy as np
import pandas as pd
import preloaded
import yaml
from forks import dry_run, snakemake

QUICK = {"flips": 99, "bootstrap": 99}


def test_four_animals_to_a_table_and_a_figure(clone):
    mouse = {
        "source": "synthetic",
        "options": {"units": 30, "segments": 4, "repeats": 6, "rate_drift": 1.0},
    }
    names = [f"m{number}.movie" for number in range(4)]
    config = {
        "seed": 1,
        "recordings": [{"name": name, **mouse} for name in names],
        "drift": {"index": QUICK},
        "analyses": [{"analysis": "behavior", "options": {"index": QUICK, "surrogates": 19}}],
        "inference": [{"name": "mice", "recordings": names}],
    }
    (clone / "few.yaml").write_text(yaml.safe_dump(config))
    with preloaded.jobs():
        done = snakemake(clone, "--cores", "2", "--configfile", "few.yaml", "--", "inference")
    assert done.returncode == 0, done.stdout
    table = pd.read_csv(clone / "results/inference/mice.tsv", sep="\t")
    values = pd.read_csv(clone / "results/inference/mice.values.tsv", sep="\t")
    row = table.set_index(["analysis", "statistic"]).loc[("signal_index", "rate.index")]
    of = values[(values["analysis"] == "signal_index") & (values["statistic"] == "rate.index")]
    assert row["n_animals"] == 4 == of["animal"].nunique()
    assert np.isclose(row["mean"], of["value"].mean()) and row["mean"] > 0.7
    assert row["p_value"] == 2 / 16 and row["low"] > 0
    assert ("behavior", "rate.lag") in set(zip(table["analysis"], table["statistic"], strict=True))
    for suffix in ("pdf", "png", "tsv"):
        assert (clone / f"results/figures/inference.mice.{suffix}").stat().st_size > 0
    config["inference"][0]["recordings"] = ["m9.movie"]
    (clone / "few.yaml").write_text(yaml.safe_dump(config))
    wrong = dry_run(clone, "--configfile", "few.yaml")
    assert wrong.returncode != 0 and "config: inference[0].recordings" in wrong.stdout
