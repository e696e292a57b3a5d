"""`snakemake validate`: every rule through its protocols, in C++, against published values."""

import numpy as np
import pandas as pd
import pytest
from inducing import cell_of, fixed_spikes, in_python
from running import snakemake

from spikedrift.plasticity import registry
from spikedrift.plasticity.induce import SIZES, inductions

RULES = registry.names()


def table(validated, rule):
    read = pd.read_csv(validated / f"results/validate/{rule}.tsv", sep="\t", keep_default_na=False,
                       na_values={name: [""] for name in ("measured", "predicted", "target")})  # fmt: skip
    return read


@pytest.mark.parametrize("rule", RULES)
def test_targets_are_met(validated, rule):
    """What is published, computed by other programs, or known in closed form."""
    judged = table(validated, rule)
    assert len(judged) and np.isfinite(judged["measured"]).all()
    missed = judged[judged["pass"] == "no"]
    columns = ["induction", "set", "curve", "x", "measured", "target", "tolerance", "source"]
    assert missed.empty, missed[columns].to_string()


def test_all_sets_and_conditions_are_drawn(validated):
    for name in RULES:
        rule, drawn = registry.declared(name), table(validated, name)
        assert set(drawn["set"]) == set(rule.sets or {""}), name
        for suffix in ("pdf", "png", "tsv"):
            assert (validated / f"results/figures/induction.{name}.{suffix}").stat().st_size > 500


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


def test_a_second_call_does_nothing(validated):
    done = snakemake(validated, "--cores", "1", "--dry-run", "--", "validate")
    assert "Nothing to be done" in done.stdout, done.stdout[-2000:]


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
    """The same spikes on cpp_standalone and on Brian2's runtime device."""
    rule = registry.get(name)
    induction = inductions(rule)[0]
    size = min(size for size in SIZES if size >= induction.replicates)
    pre, post, start = fixed_spikes(cell_of(rule), dt=induction.dt)
    expected = in_python(rule, pre, post, start, induction.dt)
    got = in_program(rule, induction, size, pre, post, start, validated, tmp_path)
    assert np.ptp(expected - start) > 1e-4 or name in ("weight_noise",)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)
