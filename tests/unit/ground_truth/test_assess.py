"""Judgments of the ground truth: intervals, false alarms, Holm, and what they say in words."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from spikedrift.analyses.contract.analysis import analyze
from spikedrift.config.check import checked
from spikedrift.config.drift import DriftOptions
from spikedrift.config.ground_truth import GroundTruth, TruthCase
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.signal.recording import drift_values
from spikedrift.figures import style
from spikedrift.ground_truth import verdicts
from spikedrift.ground_truth.assess import assess, dataset, false_alarms, shift
from spikedrift.report.tables import index_table, statistics_table
from spikedrift.sources.synthetic import record

N = 200
OPTIONS = GroundTruth(
    cases=(
        TruthCase(name="none", title="no drift"),
        TruthCase(name="rate-drift", title="rates redrawn", set={"rate_drift": 1.0}),
        TruthCase(name="gain", title="gain x1.5", set={"gain": 1.5}),
        TruthCase(name="matched", title="gain, matched", set={"gain": 1.5}, match_state=True),
    ),
    power=(),
)


def rows(case, p, value=None, measure="made", statistic="drop", code="rate", no_drift=0.0):
    n = len(p)
    return pd.DataFrame(
        {
            "measure": measure,
            "statistic": statistic,
            "code": code,
            "seed": np.arange(n),
            "value": np.zeros(n) if value is None else value,
            "p_value": p,
            "no_drift": no_drift,
            "refused": "",
            "case": case,
        }
    )


def holds(n=N):
    """P values of a test that rejects 5 %, exactly."""
    return (np.arange(n) + 0.5) / n


def of(table, case, statistic="drop"):
    return table[(table["case"] == case) & (table["statistic"] == statistic)].iloc[0]


def test_a_test_that_holds_its_level_is_not_marked_and_one_that_does_not_is():
    table = assess(
        pd.concat(
            [
                rows("none", holds()),
                rows("rate-drift", np.full(N, 0.01)),
                rows("gain", holds() ** 2),
            ]
        ),
        OPTIONS,
    )
    assert list(table["biased"]) == [False, False, True]
    # What it is meant to see is not held against it.
    assert of(table, "rate-drift")["rate"] == 1.0
    assert np.isnan(of(table, "rate-drift")["p"])
    gain = of(table, "gain")
    k = int((holds() ** 2 <= 0.05).sum())
    assert gain["rejections"] == k
    assert gain["p"] == pytest.approx(stats.binom.sf(k - 1, N, 0.05))
    low, high = proportion_confint(k, N, method="beta")
    assert (gain["rate_low"], gain["rate_high"]) == pytest.approx((low, high))


def test_holm_counts_every_judged_row():
    """One rate that alone would be marked is not among fifty."""
    found = holds() ** 1.25
    p = false_alarms(pd.Series(found), 0.05)
    assert 0.05 / 51 < p < 0.05
    alone = assess(rows("none", found), OPTIONS)
    assert bool(alone["biased"].iloc[0])
    others = [rows("none", holds(), statistic=f"s{index}") for index in range(50)]
    table = assess(pd.concat([rows("none", found), *others]), OPTIONS)
    assert not table["biased"].any()
    assert of(table, "none")["p_holm"] == pytest.approx(51 * p)


def test_a_statistic_without_a_test_is_judged_by_its_mean():
    rng = np.random.default_rng(4)
    none, gain = rng.normal(0, 1, N), rng.normal(1, 1, N)
    nothing = np.full(N, np.nan)
    table = assess(pd.concat([rows("none", nothing, none), rows("gain", nothing, gain)]), OPTIONS)
    assert list(table["biased"]) == [False, True]
    row = of(table, "gain")
    expected = stats.ttest_1samp(gain, 0.0)
    interval = expected.confidence_interval(0.95)
    assert row["p"] == pytest.approx(expected.pvalue)
    assert (row["bias_low"], row["bias_high"]) == pytest.approx((interval.low, interval.high))
    assert np.isnan(row["rejections"])


def test_without_a_stated_value_cases_are_compared_with_no_drift_seed_by_seed():
    rng = np.random.default_rng(5)
    none = rng.normal(3, 5, N)
    nothing = np.full(N, np.nan)
    gain = none + rng.normal(0.5, 0.1, N)
    found = [rows("none", nothing, none, no_drift=np.nan)]
    table = assess(pd.concat([*found, rows("gain", nothing, gain, no_drift=np.nan)]), OPTIONS)
    row = of(table, "gain")
    assert row["reference"] == pytest.approx(none.mean())
    interval = stats.ttest_rel(gain, none).confidence_interval(0.95)
    assert (row["bias_low"], row["bias_high"]) == pytest.approx((interval.low, interval.high))
    assert table["p"].isna().all()


def test_shut_gates_are_no_tests():
    p = holds()
    p[:150] = np.nan
    value = np.where(np.isnan(p), np.nan, 0.0)
    row = of(assess(rows("none", p, value), OPTIONS), "none")
    assert (row["n"], row["refused"], row["tested"]) == (N, 150, 50)


def test_a_measure_that_is_refused_everywhere_in_a_case_is_not_judged_there():
    refused = rows("gain", np.full(N, np.nan), statistic="", code="", no_drift=np.nan)
    table = assess(pd.concat([rows("none", holds()), refused]), OPTIONS)
    row = of(table, "gain")
    assert (row["refused"], row["tested"]) == (N, 0)
    assert np.isnan(row["p"])
    with pytest.raises(InputError, match="no statistic was measured"):
        assess(refused, OPTIONS)


def test_a_knob_that_changes_no_bit_has_no_bias():
    assert shift(pd.Series(np.zeros(5))) == 1.0
    assert shift(pd.Series(np.full(5, 0.1))) == 0.0


def test_the_data_set_holds_every_seed():
    seeds = pd.concat([rows("none", holds()), rows("gain", holds(50))])
    table = assess(seeds, OPTIONS)
    data = dataset(seeds, table, OPTIONS, {"spikedrift": "0"})
    assert data["p_value"].shape == (2, N)
    np.testing.assert_array_equal(data["p_value"].values[0], holds())
    assert np.isnan(data["p_value"].values[1, 50:]).all()


@pytest.mark.parametrize(
    ("options", "rate", "timing"),
    [
        ({}, False, False),
        ({"rate_drift": 0.1}, True, False),
        ({"event_time_drift_within": 0.1}, False, True),
        ({"event_gain_drift": 0.5}, False, True),
        ({"gain": 2.0, "background": 1.0, "burstiness": 0.3, "unit_loss": 0.5}, False, False),
        ({"flat_code": True, "event_time_drift": 1.0, "rate_drift": 1.0}, True, False),
    ],
)
def test_what_each_code_is_meant_to_see(options, rate, timing):
    case = TruthCase(name="x", set=options)
    recorded = OPTIONS.recorded(case)
    assert (case.moves(recorded, "rate"), case.moves(recorded, "timing")) == (rate, timing)


def test_words_come_from_what_was_written(tmp_path):
    seeds = pd.concat(
        [
            rows("none", holds()),
            rows("gain", np.full(N, 0.01)),
            rows("matched", holds()),
            rows("none", np.full(N, np.nan), statistic="bare", no_drift=np.nan),
        ]
    )
    path = tmp_path / "ground_truth.tsv"
    verdicts.write(assess(seeds, OPTIONS), path, {"options": OPTIONS.model_dump_json()})
    judgments = verdicts.read(path)

    def say(*asked, **more):
        return verdicts.verdict(*asked, **more, judgments=judgments)

    assert say("made", "drop") == "biased in the ground truth: gain x1.5"
    assert say("made", "drop", matched=True) == "no bias found in the ground truth (1 case)"
    assert say("made", "bare") == verdicts.UNJUDGED
    assert say("made", "other") == say("other", "drop") == "not in the ground truth"
    assert verdicts.notes("made", judgments=judgments) == [
        "In simulations without drift of the code that is read, drift can be reported by made "
        "when all rates change by one factor (table: docs/ground-truth.md)."
    ]
    assert verdicts.notes("other", judgments=judgments) == [
        "Not tried in simulated recordings: other."
    ]
    assert verdicts.read(tmp_path / "absent.tsv").empty


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"cases": [{"name": "a", "set": {"gian": 2}}]}, "gian"),
        ({"cases": [{"name": "a", "set": {"gain": -1}}]}, "case a: gain: "),
        ({"cases": [{"name": "a"}, {"name": "a"}]}, "'a' is used twice"),
        ({"power": [{"knob": "drift"}]}, "'drift' is no knob"),
    ],
)
def test_a_wrong_case_is_said_in_one_line(raw, said):
    with pytest.raises(InputError, match=said) as caught:
        checked(GroundTruth, raw, "config: ground_truth")
    assert "\n" not in str(caught.value)


def test_points_of_power_curves_are_cases_once():
    options = GroundTruth()
    cases = {case.name: case for case in options.every_case()}
    assert len(cases) == len(options.every_case())
    for knob in ("rate_drift", "event_time_drift"):
        amounts = [options.knob(case) for case in cases.values()]
        assert sorted(a for k, a in filter(None, amounts) if k == knob) == [
            0.05, 0.1, 0.2, 0.4, 0.7, 1.0,
        ]  # fmt: skip


def test_tables_and_footnotes_say_it(monkeypatch):
    judgments = assess(
        pd.concat(
            [
                rows("none", holds(), measure="template_reliability"),
                rows("gain", np.full(N, 0.01), measure="template_reliability"),
                rows("gain", np.full(N, 0.01), measure="signal_drift", statistic="rate.index"),
                rows("matched", holds(), measure="signal_drift", statistic="rate.index"),
            ]
        ),
        OPTIONS,
    )
    monkeypatch.setattr(verdicts, "_shipped", lambda: judgments)
    recording = record(SyntheticOptions(segments=3, repeats=6, units=12), "made.movie", 1)
    result = analyze(recording, "template_reliability", {"surrogates": 19})
    table = statistics_table([({"recording": "made.movie"}, result)]).set_index("statistic")
    assert table.loc["drop", "ground_truth"] == "biased in the ground truth: gain x1.5"
    assert table.loc["contrast_within", "ground_truth"] == "not in the ground truth"
    said = "drift can be reported by template reliability when all rates change by one factor"
    assert any(said in note for note in style.notes_of(result.attrs))
    found = drift_values(recording, DriftOptions(index={"flips": 99, "bootstrap": 99}), 0)
    table = index_table([({"recording": "made.movie"}, found)]).set_index(["code", "matching"])
    assert table.loc[("rate", "none"), "ground_truth"] == "biased in the ground truth: gain x1.5"
    assert table.loc[("rate", "state"), "ground_truth"].startswith("no bias found")
    assert table.loc[("timing", "none"), "ground_truth"] == "not in the ground truth"
