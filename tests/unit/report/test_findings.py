"""What the opening page says is what the files hold, and never more than the tests behind it."""

import json
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from tests.unit.comparison.recovery.test_recovery import COMPARE, FEW, comparison, gaussian

from spikedrift.comparison.conclusions import of_scores
from spikedrift.comparison.recovery.recovery import attempt, recover
from spikedrift.ground_truth import verdicts
from spikedrift.report.findings import Compared, findings
from spikedrift.report.page import write_article, write_markdown

TITLES = {"a": "all frozen", "b": "A→E STDP"}


def scored(seed, n, apart, recording, **attributes):
    """Two variants `apart` standard deviations, and a recording with the distance to each."""
    values = gaussian(seed, n, apart)
    out = comparison(values, ["a", "b"], recording=recording)
    distance = ((np.asarray(recording) - values.mean(axis=1)) ** 2).mean(axis=1)
    out["score"] = "point", distance
    out["instances_given"] = out["instances_scored"] = "point", [n, n]
    out["ceiling_high"] = 2.0
    out["baseline_score"] = "baseline", [90.0, 91.0, 92.0]
    out["trait_difference"] = ("point", "compared_trait"), [[1.0], [1.0]]
    out = out.assign_coords(
        baseline=["lag_only", "block_only", "no_drift"], compared_trait=["local_variation"]
    )
    return out.assign_attrs(
        titles=json.dumps(TITLES), conclusion="The ceiling is reached.", inference="One recording.",
        assumptions="simulated", options=COMPARE.model_dump_json(), **attributes,
    )  # fmt: skip


def said(scores, truth=None, out_of_model=None):
    tested = recover(scores, out_of_model, compare=COMPARE, options=FEW)
    (part,) = findings([Compared(scores, tested, truth)])
    return part, tested


@pytest.mark.parametrize(
    ("variants", "judged"),
    [(["b"], "That is right."), (["a"], "That is wrong."), ([], "none of the tested variants")],
)
def test_the_variant_found_is_held_against_the_truth(variants, judged):
    truth = {"variants": variants, "title": "the truth"}
    part, _ = said(scored(3, 12, 6.0, [6.1, 0.2]), truth)
    assert part.answer.startswith(
        "The variant found is A→E STDP: the nearest, and the only one not rejected."
    )
    assert part.points[0].startswith("The truth is known: the truth")
    assert judged in part.points[0]


def test_the_error_rate_is_that_of_the_recovery_test():
    part, tested = said(scored(4, 12, 2.0, [2.0, 0.0]))
    one = tested.sel(held_out="instances", classifier="score")
    confusion = (one["confusion"] * one["runs_scored"]).values
    wrong = round(confusion[0, 1] + confusion[1, 0])
    assert 0 < wrong < 12
    assert f"of 24 simulated networks that took the recording's place, {wrong} were" in part.answer
    low, high = 100 * (1 - one["accuracy_high"].item()), 100 * (1 - one["accuracy_low"].item())
    assert f"{100 * (1 - one['accuracy'].item()):.0f} % [{low:.0f}, {high:.0f}]" in part.answer
    right, times = round(confusion[1, 1]), round(confusion[:, 1].sum())
    assert f"this answer was right in {right} of the {times} times" in part.answer


def test_the_check_names_variants_by_their_titles():
    _, tested = said(scored(5, 12, 8.0, [8.0, 0.0]))
    assert "one more draw of A→E STDP (power" in tested.attrs["verdict"]
    _, tested = said(scored(7, 12, 0.0, [0.5, 0.0]))
    (told,) = json.loads(tested.attrs["indistinguishable"])
    assert told.startswith("all frozen and A→E STDP are not distinguishable")


def test_rejections_and_out_of_model_controls_are_those_of_the_check():
    part, tested = said(
        scored(5, 12, 8.0, [8.0, 0.0]),
        out_of_model={"stranger": np.array([4.0, 30.0]), "twin": np.array([0.1, 0.1])},
    )
    text = " ".join(part.points)
    p = tested["check_p_holm"].sel(checked="mouse.movie").values
    assert p[0] < 0.05 < p[1]
    assert f"Rejected as one more draw: all frozen (p {p[0]:.2g})" in text
    assert f"not rejected: A→E STDP (p {p[1]:.2g})" in text
    assert "stranger, an out-of-model control, is noticed" in text
    assert "twin, an out-of-model control, is not noticed" in text


def test_a_recording_that_is_like_none_has_no_variant():
    part, _ = said(scored(6, 12, 6.0, [3.0, 40.0]))
    assert part.answer.startswith("No tested variant is compatible with it; the nearest is")


@pytest.mark.fault("findings", "a check that cannot reject is read as compatible")
def test_a_check_without_power_says_nothing_of_the_variants_in_the_words_of_the_figure():
    part, tested = said(scored(7, 3, 6.0, [6.1, 0.2]), {"variants": ["b"], "title": "the truth"})
    assert not tested["check_power"] >= 0.5
    assert "no power" in tested.attrs["verdict"]
    assert tested.attrs["verdict"].removesuffix(".") in part.answer
    assert "none is rejected" not in part.answer
    assert "Rejected as one more draw: all frozen (p 0.00" in part.points[1]
    assert "A→E STDP (p" not in part.points[1]
    part, tested = said(scored(7, 3, 1.0, [0.5, 0.2]))
    assert (tested["compatible"].sel(checked="mouse.movie") == 1).all()
    assert tested.attrs["verdict"].removesuffix(".") in part.answer
    assert "none is rejected" not in part.answer
    assert "so that a variant that is not rejected is no finding" in part.points[0]


@pytest.mark.fault("findings", "chance that hit the truth is called right")
def test_the_truth_hit_by_a_comparison_that_is_no_better_than_chance_is_no_evidence():
    part, tested = said(scored(12, 12, 0.0, [0.4, 0.1]), {"variants": ["a"], "title": "the truth"})
    p = tested["p_value"].sel(held_out="instances", classifier="score").item()
    assert p > 0.05
    assert f"It is not shown that variants are found more often than by chance (p {p:.2g})." in (
        part.against
    )
    assert "That is right" not in part.points[0]
    assert "nearest variant as well, which is not shown to be more than chance" in part.points[0]


@pytest.mark.fault("findings", "lag or block alone is nearer than every variant")
def test_a_baseline_nearer_than_every_variant_stands_beside_the_answer_and_once():
    scores = scored(3, 12, 6.0, [6.1, 0.2])
    scores["baseline_score"][:] = [1e-3, 0.5 * float(scores["score"].min()), 90.0]
    scores.attrs["conclusion"] = " ".join(of_scores(scores.assign_attrs(dropped="{}")
                                                    .assign(ceiling_low=1.0)))  # fmt: skip
    part, _ = said(scores)
    assert part.against[0].startswith("The lag alone explains it (0.001)")
    assert part.against[1].startswith("The block alone explains it")
    assert len(part.against) == 2
    assert part.against[0] not in " ".join(part.points)
    far = scored(3, 12, 6.0, [6.1, 0.2])
    assert not any("alone explains" in one for one in said(far)[0].against)


@pytest.mark.fault("findings", "mean rates find the variant as often as drift does")
def test_rates_that_do_as_well_as_drift_stand_beside_the_answer():
    scores = scored(3, 12, 6.0, [6.1, 0.2])
    rate = np.zeros((2, 12, 1)) + np.array([0.0, 9.0])[:, None, None]
    rate += np.random.default_rng(1).normal(size=rate.shape)
    scores["instance_trait"] = ("point", "instance", "trait"), rate
    scores["recording_trait"] = "trait", [0.0]
    scores = scores.assign_coords(trait=["log_rate"])
    compare = COMPARE.model_copy(update={"comparable_on": ["log_rate"]})
    tested = recover(scores, None, compare=compare, options=FEW)
    one = tested["accuracy"].sel(held_out="instances")
    assert one.sel(classifier="rates") == one.sel(classifier="score") == 1
    (part,) = findings([Compared(scores, tested)])
    assert part.against == (
        "By statistics of drift 1.00 of the networks are given their variant (balanced over "
        "variants), by mean rates alone 1.00: drift tells nothing of the variant that rates do not "
        "tell.",
    )
    tested["accuracy"].loc[{"classifier": "rates"}] = 0.5
    for p, shown in ((0.01, 0), (0.2, 1)):
        tested["difference_p"].loc[{"classifier": "score"}] = p
        (part,) = findings([Compared(scores, tested)])
        assert len(part.against) == shown
    assert "not shown that drift tells more than rates do (p 0.2)" in part.against[0]


@pytest.mark.fault("findings", "points that are no match for the recording")
def test_points_that_are_not_comparable_stand_beside_the_answer():
    scores = scored(3, 12, 6.0, [6.1, 0.2])
    scores["trait_difference"][:, 0] = [5.0, 1.0]
    part, _ = said(scores)
    assert part.against[-1] == (
        "1 of 2 points are more than 3 SD from the recording in local variation (1): their "
        "drift is not compared at equal terms."
    )


def test_points_without_a_run_are_not_among_those_that_could_be_comparable():
    scores = scored(3, 12, 6.0, [6.1, 0.2])
    scores["trait_difference"][:, 0] = [5.0, np.nan]
    part, _ = said(scores)
    assert part.against[-1].startswith("1 of 1 points with runs that are compared (2 in all) are")


def test_points_that_lack_what_is_compared_do_not_pass_for_comparable():
    scores = scored(3, 12, 6.0, [6.1, 0.2]).drop_vars(["trait_difference", "compared_trait"])
    scores["trait_difference"] = ("point", "compared_trait"), [[1.0, np.nan], [5.0, 2.0]]
    scores = scores.assign_coords(compared_trait=["local_variation", "rate_reliability"])
    part, _ = said(scores)
    assert part.against[-1] == (
        "1 of 2 points are more than 3 SD from the recording in local variation (1): their drift "
        "is not compared at equal terms. Of 1 of 2 points it is not known whether they are like "
        "the recording in rate: reliability (1)."
    )


@pytest.mark.fault("findings", "an illustration without its label")
def test_an_illustration_says_so_first():
    scores = scored(8, 2, 6.0, [6.0, 0.0])
    scores.attrs["inference"] += " Fewer than 10 instances: an illustration, no interval."
    (part,) = findings([Compared(scores)])
    assert part.answer == (
        "An illustration (2 instances a point), no result. The nearest tested variant is A→E STDP."
    )


def drawn(n, variants=2, draws=6):
    """Comparison of variants with several draws each, the first of the second one the nearest."""
    values = gaussian(5, n, 4.0, variants * draws)
    names = [f"v{k // draws}" for k in range(variants * draws)]
    out = comparison(values, names, axis=range(variants * draws))
    score = np.arange(1.0, variants * draws + 1)
    score[draws] = 0.5
    out["score"] = "point", score
    out["instances_given"] = out["instances_scored"] = "point", [n] * len(names)
    out["ceiling_low"], out["ceiling_high"] = 0.4, 20.0
    out["baseline_score"] = "baseline", [90.0, 91.0, 92.0]
    out["trait_difference"] = ("point", "compared_trait"), [[1.0]] * len(names)
    titles = {str(p): f"{v} words, draw {k % draws + 1}"
              for k, (p, v) in enumerate(zip(out["point"].values, names, strict=True))}  # fmt: skip
    out = out.assign_coords(
        baseline=["lag_only", "block_only", "no_drift"],
        compared_trait=["local_variation"],
        variant_title=("point", [f"{name} words" for name in names]),
    ).assign_attrs(titles=json.dumps(titles), options=COMPARE.model_dump_json(), inference="One.")
    return out.assign_attrs(conclusion=" ".join(of_scores(out)))


@pytest.mark.fault("findings", "a list of all points of a survey that nobody reads")
def test_of_many_points_the_nearest_of_every_variant_is_said_and_the_rest_counted():
    scores = drawn(3)
    (part,) = findings([Compared(scores)])
    assert part.answer == "The nearest tested variant is v1 words, draw 1."
    said = " ".join(part.points)
    assert (
        "that were simulated): v1 words, draw 1: 0.5 (6 of 6); v0 words, draw 1: 1 (6 of 6). "
        "The table of figure 5 has every point." in said
    )
    assert "reached by 12 of 12 points with a score; the nearest is v1 words, draw 1, 0.5." in said
    assert "Values of v1 words, draw 1: rate 6; the table of figure 5" in said
    assert "draw 3" not in said
    scores["axis_rate"].attrs["factor"] = 1
    told = " ".join(findings([Compared(scores)])[0].points)
    assert "Values of v1 words, draw 1: rate × 6; the table of figure 5" in told
    few = scores.isel(point=[0, 1, 6])
    few = few.assign_attrs(conclusion=" ".join(of_scores(few)))
    said = " ".join(findings([Compared(few)])[0].points)
    assert "v1 words, draw 1 0.5; v0 words, draw 1 1; v0 words, draw 2 2." in said
    assert "v0 words, draw 1; v0 words, draw 2 and v1 words, draw 1." in said


def test_a_point_that_is_called_by_its_values_has_them_once():
    scores = drawn(3)
    titles = {name: name.replace("@rate=", ", rate ") for name in scores["point"].values.tolist()}
    (part,) = findings([Compared(scores.assign_attrs(titles=json.dumps(titles)))])
    assert not any(one.startswith("Values of") for one in part.points)


@pytest.mark.fault("findings", "the nearest point rests on one instance, and nothing says so")
def test_lost_instances_of_the_nearest_point_and_variants_without_any_are_said():
    scores = drawn(3)
    assert not any("rests on" in one for one in findings([Compared(scores)])[0].against)
    scores["instances_scored"][6] = 1
    scores["score"][:6] = np.nan
    (part,) = findings([Compared(scores)])
    assert (
        "The nearest point rests on 1 of its 3 instances: the others have no score." in part.against
    )
    assert "Not tested, since none of its runs has a score: v0 words." in part.points


def test_variants_of_drawn_points_are_called_by_their_titles():
    tested = recover(drawn(4), None, compare=COMPARE, options=FEW)
    titles = json.loads(tested.attrs["titles"])
    assert titles["v0"] == "v0 words" and titles["v1@rate=6"] == "v1 words, draw 1"


@pytest.mark.fault("findings", "one of several variants that pass is called the one that is found")
def test_a_variant_is_found_only_where_all_others_are_rejected():
    scores = drawn(4, variants=4)
    tested = recover(scores, None, compare=COMPARE, options=FEW)
    tested["check_power"][...] = 0.9
    for values, said_of_others in (
        ([0, 1, 0, 0], "The variant found is v1 words, draw 1: the nearest, and the only"),
        ([1, 1, 0, 0], "draw 1. It is not rejected, and neither is v0 words."),
        ([0, 1, 1, 1], "draw 1. It is not rejected, and neither are v2 words and v3 words."),
    ):
        tested["compatible"][:] = [values] * tested.sizes["checked"]
        (part,) = findings([Compared(scores, tested)])
        assert said_of_others in part.answer


def test_with_power_and_no_rejection_nothing_is_excluded():
    part, tested = said(scored(7, 12, 1.0, [0.5, 0.0]))
    assert (tested["compatible"].sel(checked="mouse.movie") == 1).all()
    assert "none is rejected, so that none is excluded" in part.answer


def test_a_comparison_without_a_recovery_test_says_that_its_errors_are_not_known():
    scores = scored(8, 12, 6.0, [6.0, 0.0])
    (part,) = findings([Compared(scores)])
    assert part.answer == "The nearest tested variant is A→E STDP."
    assert "How often that is wrong is not known" in part.against[0]
    scores["instance_value"][:] = np.nan
    refused = attempt(scores, {}, COMPARE, FEW, 1)
    (part,) = findings([Compared(scores, refused)])
    assert refused.attrs["refused"] in part.against[0]
    scores["score"][:] = np.nan
    (part,) = findings([Compared(scores, refused)])
    assert "none is scored" in part.answer


def indices():
    row = {"selection": "all", "matching": "none", "gate_note": "", "gate": "open",
           "difference": np.nan, "difference_p_value": np.nan}  # fmt: skip
    table = pd.DataFrame(
        [
            {**row, "recording": "m.x", "code": "rate", "index": 0.5, "p_value": 0.01,
             "gate_passed": True},
            {**row, "recording": "m.x", "code": "timing", "index": np.nan, "p_value": np.nan,
             "gate_passed": False, "gate_note": "no timing code", "gate": "no code detected"},
            {**row, "recording": "n.x", "code": "rate", "index": 0.1, "p_value": 0.2,
             "gate_passed": True},
            {**row, "recording": "n.x", "code": "rate", "index": 0.9, "p_value": 0.01,
             "gate_passed": True, "matching": "state"},
        ]
    )  # fmt: skip
    ends = {f"{of}{end}": table[name] + shift for of, name in (("", "index"), ("difference_",
            "difference")) for end, shift in (("low", -0.1), ("high", 0.1))}  # fmt: skip
    return table.assign(**ends)


def test_drift_of_recordings_alone():
    (part,) = findings([], indices())
    assert part.answer == (
        "Between blocks the rate code is shown to change in 1 of 2 recordings (index 0.5); the "
        "temporal profile of responses could be compared in none of 2 recordings (p <= 0.05; "
        "index: 0 kept, 1 drawn anew)."
    )
    assert part.against == tuple(verdicts.notes("signal_drift"))
    assert part.points == (
        "m.x, all: rate drifts (index 0.5 [0.4, 0.6], p 0.01); timing not measured (no timing "
        "code).",
        "n.x, all: rate no drift shown (index 0.1 [0, 0.2], p 0.2).",
    )
    assert "nothing is inferred about animals" in " ".join(part.basis)


def test_timing_less_rate_is_the_paired_difference_and_an_imprecise_index_is_no_absence():
    table = indices()[:3].copy()
    table.loc[1, ["index", "low", "high", "p_value", "gate_passed", "gate"]] = [
        0.2, -0.3, 0.7, 0.4, True, "too imprecise",
    ]  # fmt: skip
    paired = ["difference", "difference_low", "difference_high", "difference_p_value"]
    table.loc[:1, paired] = [-0.3, -0.5, -0.1, 0.004]
    (part,) = findings([], table)
    assert (
        "timing is shown to change less than rate in 1 and more in 0 of 1 recording" in part.answer
    )
    assert (
        "timing no drift shown, too imprecise to say that there is none (index 0.2 [-0.3, 0.7], "
        "p 0.4); timing less rate -0.3 [-0.5, -0.1], p 0.004." in part.points[0]
    )
    assert "1 of 2 are too imprecise to say that nothing drifts." in part.against[0]
    table.loc[:1, "difference_p_value"] = 0.3
    (part,) = findings([], table)
    assert "less than rate in 0 and more in 0 of 1" in part.answer


@pytest.mark.fault("findings", "selections and codes not measured are counted as recordings")
def test_recordings_are_counted_once_and_only_where_they_were_measured():
    table = indices()[:3]
    again = table.assign(selection="VISp")
    (part,) = findings([], pd.concat([table, again]))
    assert "the rate code is shown to change in 1 of 2 recordings (index 0.5);" in part.answer
    again.loc[again["code"] == "rate", "p_value"] = [0.3, 0.3]
    (part,) = findings([], pd.concat([table, again]))
    assert "to change in 0 of 2 recordings, in 1 more in some selections only" in part.answer
    again.loc[1, ["index", "p_value", "gate_passed"]] = [0.007, 0.02, True]
    (part,) = findings([], pd.concat([table, again]))
    assert (
        "the temporal profile of responses is shown to change in 1 of 1 recording (index 0.007) "
        "(1 not measured)" in part.answer
    )


@pytest.mark.fault("findings", "a changed temporal profile is told as timing")
def test_a_changed_profile_is_not_called_timing_and_its_biases_stand_beside_it():
    table = indices()[:3].copy()
    table.loc[1, ["index", "p_value", "gate_passed"]] = [0.007, 0.02, True]
    table.loc[1, ["low", "high"]] = [-0.093, 0.107]
    (part,) = findings([], table)
    assert "timing code" not in part.answer
    assert part.against[0].startswith("A changed temporal profile does not say that spikes moved")
    assert list(part.against[1:]) == verdicts.notes("signal_drift")
    assert "timing profile changes (index 0.007 [-0.093, 0.11], p 0.02)" in part.points[0]


def test_a_configuration_without_either_says_so():
    (part,) = findings([], None)
    assert part.heading == "Nothing was compared"


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_one_element_with_its_picture_and_nothing_unescaped(tmp_path):
    parts = [
        ("Which <b>?", "a & b", ("no < yes",), ("one", "two"), ("p < 1",)),
        ("Next", "c", (), (), ()),
    ]
    picture = tmp_path / "5_comparison.png"
    picture.write_bytes(b"\x89PNG")
    write_article(parts, tmp_path / "f.html", "Found", picture)
    page = (tmp_path / "f.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    assert "b" not in tags.seen
    assert tags.seen.count("img") == 1
    assert "p &lt; 1" in page
    assert page.index("a &amp; b") < page.index("no &lt; yes") < page.index("one")
    assert ".answer, .findings .against { font-size" in page  # in the same size
    write_markdown(parts, tmp_path / "f.md", "Found")
    text = (tmp_path / "f.md").read_text(encoding="utf-8")
    assert text.startswith(
        "# Found\n\n## Which <b>?\n\n**a & b**\n\n**What speaks against it:**\n\n- **no < yes**\n\n"
        "- one\n- two\n\np < 1\n"
    )
