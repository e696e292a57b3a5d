"""`snakemake validate`: every rule through its protocols, in C++, against published values."""

import os
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
import preloaded
import pytest
from forks import dry_run, snakemake
from inducing import fixed_values, spike_trains, weights
from running import jobs

from spikedrift.cells import cell as cells
from spikedrift.core import results
from spikedrift.figures.induction import draw
from spikedrift.plasticity import registry
from spikedrift.plasticity.balance import closed_form
from spikedrift.plasticity.induce import Setting, final_weights, inductions, program_of, sizes
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Point

# Weights that stay: noise is off, nothing is to be moved, or to be taken back.
STILL = {
    *(name for name in registry.names() if name.startswith("weight_noise")),
    "short_term",
    "structural_turnover",
    "subtractive_normalization",
}
SLOW = {"synaptic_scaling", "zenke"}  # part of them acts at a clock of about a second
# In place of held conductances, which the Python bench does not hold.
OTHER_CELL = {"codependent_inhibitory": "codependent"}
RULES = registry.names()
# One rule a size of picture: the figures of all others are drawn here, and not made by jobs.
MADE = ("clopath", "structural_turnover", "triplet_stdp")
TARGETS = (
    "--",
    "results/validate/summary.html",
    *(f"results/figures/induction.{rule}.png" for rule in MADE),
)


@pytest.fixture(scope="module")
def validated(new_clone):
    """A clone in which `snakemake validate` ran, but for most of its figures.

    SPIKEDRIFT_VALIDATED names one that is there.
    """
    if ready := os.environ.get("SPIKEDRIFT_VALIDATED"):
        return Path(ready).resolve()
    directory = new_clone()
    with preloaded.jobs():
        done = snakemake(directory, "--cores", "2", *TARGETS)
    assert done.returncode == 0, done.stdout[-5000:]
    return directory


def table(validated, rule):
    path = validated / f"results/validate/{rule}.tsv"
    words = dict.fromkeys(["set", "pass", "status", "source"], str)
    return pd.read_csv(path, sep="\t", dtype=words).fillna(dict.fromkeys(words, ""))


@pytest.mark.parametrize("rule", RULES)
def test_targets_are_met(validated, rule):
    """What is published, computed by other programs, or known in closed form."""
    judged = table(validated, rule)
    assert len(judged) and np.isfinite(judged["measured"]).all()
    missed = judged[judged["pass"] == "no"]
    columns = ["induction", "set", "curve", "x", "measured", "target", "tolerance", "source"]
    assert missed.empty, missed[columns].to_string()


@pytest.mark.parametrize("name", RULES)
def test_all_sets_and_conditions_are_drawn(validated, name):
    rule = registry.declared(name)
    read = results.table(validated / f"results/validate/{name}.tsv", {"rule": name})
    figure, plotted = draw(table=read, rule=name)
    assert set(plotted["set"]) == set(rule.sets or {""})
    panels = plotted[["induction", "set"]].drop_duplicates()
    assert sum(axes.axison for axes in figure.axes) == len(panels)


def test_the_summary_counts(validated):
    summary = pd.read_csv(validated / "results/validate/summary.tsv", sep="\t")
    assert set(summary["rule"]) == set(RULES)
    for name in RULES:
        judged = table(validated, name)
        rows = summary[(summary["rule"] == name) & (summary["targets"] != "unverified")]
        assert rows["met"].sum() == (judged["pass"] == "yes").sum()
        assert rows["missed"].sum() == (judged["pass"] == "no").sum()
    page = (validated / "results/validate/summary.html").read_text()
    assert "triplet_stdp" in page and "computed" in page


@pytest.mark.parametrize("name", ["multiplicative", "lognormal", "bounded"])
def test_noise_of_weights_spreads_them_as_theory_says(validated, name):
    """That the mean stays, as `predict` says, would also hold without any noise."""
    rule = registry.declared(f"weight_noise_{name}")
    judged = table(validated, rule.name)
    for one in (one for one in inductions(rule) if one.name != "near_w_max" or name == "bounded"):
        values = rule.values("", one.parameters)
        rounds = np.floor(60 / judged.loc[judged["induction"] == one.name, "x"]) + 1
        if name == "bounded":
            noise = values["bounded_noise"] ** 2
            decay = np.exp(-2 * values["restoring"]) * (1 - noise)
            share = noise * (1 - decay**rounds) / (1 - decay)
            variance = share * one.weight * (one.w_max - one.weight)
        else:
            of_log = (
                values["relative_noise"] ** 2 * rounds
                if name == "multiplicative"
                else values["log_sd"] ** 2 * -np.expm1(-2 * rounds / values["tau_log"])
            )
            variance = one.weight**2 * np.expm1(of_log)
        spread = judged.loc[judged["induction"] == one.name, "spread"] * np.sqrt(one.replicates)
        np.testing.assert_allclose(spread, np.sqrt(variance), rtol=0.08)


def test_a_second_call_does_nothing(validated):
    done = dry_run(validated, *TARGETS)
    assert "Nothing to be done" in done.stdout, done.stdout[-2000:]


def test_what_is_left_are_figures(validated):
    left = jobs(validated, "--", "validate")
    drawn = {job.output[0] for job in left if job.rule == "figure"}
    assert {job.rule for job in left} == {"figure", "validate"}
    assert drawn == {f"results/figures/induction.{rule}.pdf" for rule in {*RULES} - {*MADE}}


def test_the_report_has_figures_and_summary(validated):
    done = snakemake(validated, "--report", "validation.zip", *TARGETS)
    assert done.returncode == 0, done.stdout[-2000:]
    with ZipFile(validated / "validation.zip") as report:
        names = {Path(name).name for name in report.namelist()}
    assert {"summary.html", *(f"induction.{rule}.png" for rule in MADE)} <= names


def test_a_rule_is_balanced_where_the_configuration_says(validated):
    """With the program that its protocols have been run by."""
    entry = "{rule: calcium_graded, set: linear, rate: 8, post_rate: 5}"
    given = "--config", f"validation={{balance: [{entry}], seed: 4}}"
    with preloaded.jobs():
        done = snakemake(validated, "--cores", "1", *given, "--", "balance")
    assert done.returncode == 0, done.stdout[-5000:]
    (row,) = pd.read_csv(validated / "results/validate/balance.tsv", sep="\t").to_dict("records")
    assert (row["pre"], row["post"], row["parameter"]) == (8.0, 5.0, "gamma_d")
    rule, point = registry.declared("calcium_graded"), Point(8.0, 5.0)
    value = closed_form(rule, rule.values("linear"), point)
    assert row["value"] == pytest.approx(value, rel=1e-12)
    assert abs(row["change"]) < 4 * row["change_error"]
    assert row["published_change"] < -8 * row["published_error"]


# Sjöström, Turrigiano & Nelson (2001): change at 10 ms and at -10 ms with its standard error.
PAIRING = {
    0.1: (-0.04, 0.05, -0.29, 0.08),
    10: (0.14, 0.10, -0.41, 0.11),
    20: (0.29, 0.14, -0.34, 0.10),
    40: (0.53, 0.11, 0.56, 0.32),
    50: (0.56, 0.26, 0.75, 0.19),
}


@pytest.mark.parametrize(
    ("rule", "name", "error"),
    [
        ("triplet_stdp", "visual_cortex_full", 0.342),
        ("triplet_stdp_nearest", "visual_cortex_full", 0.232),
        ("triplet_stdp", "visual_cortex_minimal", 0.356),
        ("triplet_stdp_nearest", "visual_cortex_minimal", 0.348),
        ("triplet_stdp", "nestml", 5.56),
    ],
)
def test_fit_errors_of_triplets_on_the_pairing_data(validated, rule, name, error):
    """Mean squared distance in standard errors: the sets fit the data, NESTML's does not."""
    judged = table(validated, rule)
    part = judged[(judged["induction"] == "frequency") & (judged["set"] == name)]
    model = part.set_index(["x", "curve"])["measured"]
    terms = [
        ((model[x, curve] - data) / sem) ** 2
        for x, (up, up_sem, down, down_sem) in PAIRING.items()
        for curve, data, sem in (("+10 ms", up, up_sem), ("-10 ms", down, down_sem))
    ]
    assert np.mean(terms) == pytest.approx(error, abs=0.01)


@pytest.mark.parametrize("name", RULES)
def test_the_program_and_python_agree(validated, tmp_path, name):
    """The same random spikes on cpp_standalone and on Brian2's runtime device."""
    rule = registry.get(name)
    first = inductions(rule)[0]
    other = {"cell": OTHER_CELL.get(name, first.cell), "readout": "difference"}
    induction = first.model_copy(update=other)
    cell, dt, (_, n) = cells.get(induction.cell), induction.dt, sizes(first)
    n_steps = 13_000 if name in SLOW else 2000
    rng = np.random.default_rng(5)
    pre, post = (spike_trains(rng, n, 40.0, n_steps, dt) for _ in range(2))
    values = rule.values(next(iter(rule.sets), ""), induction.parameters) | fixed_values(rule)
    program = program_of(rule, induction, n, validated / "results/validate/build")
    setting = Setting(program, rule, induction, values, n, rng, tmp_path)
    side = [
        Condition(0.0, "", *(times[where == k] * dt for where, times in (pre, post)), 0.0)
        for k in range(n)
    ]
    held = 0.0 if induction.cell == "clamped" else None
    got = final_weights(setting, side, 1, n_steps * dt, held)
    lead = round(cell.settle / dt) + max(round(cell.latency / dt), 1)
    expected = weights(
        rule,
        values,
        *((where, (times + lead) * dt) for where, times in (pre, post)),
        np.full(n, first.weight),
        first.w_max,
        duration=(lead + n_steps) * dt,
        dt=dt,
        cell=induction.cell,
    )
    if name not in STILL:
        assert np.abs(expected / first.weight - 1).max() > 1e-6
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)
