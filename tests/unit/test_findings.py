"""What the opening page says is what the files hold, and never more than the tests behind it."""

import json
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from test_recovery import COMPARE, FEW, comparison, gaussian

from spikedrift.comparison.recovery import attempt, recover
from spikedrift.findings import Compared, findings
from spikedrift.page import write_article, write_markdown

TITLES = {"a": "all frozen", "b": "A→E STDP"}


def scored(seed, n, apart, recording, **attributes):
    """Two rules `apart` standard deviations, and a recording with the distance to each."""
    values = gaussian(seed, n, apart)
    out = comparison(values, ["a", "b"], recording=recording)
    distance = ((np.asarray(recording) - values.mean(axis=1)) ** 2).mean(axis=1)
    out["score"] = "condition", distance
    return out.assign_attrs(
        titles=json.dumps(TITLES), conclusion="The ceiling is reached.", inference="One recording.",
        assumptions="simulated", **attributes,
    )  # fmt: skip


def said(scores, truth=None, outsiders=None):
    tested = recover(scores, outsiders, compare=COMPARE, options=FEW)
    (part,) = findings([Compared(scores, tested, truth)])
    return part, tested


@pytest.mark.parametrize(
    ("condition", "judged"),
    [("b", "That is right."), ("a", "That is wrong."), ("c", "none of the tested rules")],
)
def test_the_rule_found_is_held_against_the_truth(condition, judged):
    truth = {"condition": condition, "title": "the truth"}
    part, _ = said(scored(3, 12, 6.0, [6.1, 0.2]), truth)
    assert part.answer.startswith("The rule found is A→E STDP: the nearest one, and not rejected.")
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


def test_rejections_and_outsiders_are_those_of_the_check():
    part, tested = said(
        scored(5, 12, 8.0, [8.0, 0.0]),
        outsiders={"stranger": np.array([4.0, 30.0]), "twin": np.array([0.1, 0.1])},
    )
    text = " ".join(part.points)
    p = tested["check_p_holm"].sel(subject="mouse.movie").values
    assert p[0] < 0.05 < p[1]
    assert f"Rejected as one more draw: all frozen (p {p[0]:.2g})" in text
    assert f"not rejected: A→E STDP (p {p[1]:.2g})" in text
    assert "stranger, of a generator that is none of the tested rules, is noticed" in text
    assert "twin, of a generator that is none of the tested rules, is not noticed" in text


def test_a_recording_that_is_like_none_has_no_rule():
    part, _ = said(scored(6, 12, 6.0, [3.0, 40.0]))
    assert part.answer.startswith("No tested rule is compatible with it; the nearest is")


def test_without_power_nothing_is_excluded():
    part, tested = said(scored(7, 12, 1.0, [0.5, 0.0]))
    assert (tested["compatible"].sel(subject="mouse.movie") == 1).all()
    assert "none is rejected, so that none is excluded" in part.answer


def test_a_comparison_without_a_recovery_test_says_that_its_errors_are_not_known():
    scores = scored(8, 12, 6.0, [6.0, 0.0])
    (part,) = findings([Compared(scores)])
    assert part.answer == "The nearest tested rule is A→E STDP."
    assert "How often that is wrong is not known" in part.points[0]
    scores["instance_value"][:] = np.nan
    refused = attempt(scores, {}, COMPARE, FEW, 1)
    (part,) = findings([Compared(scores, refused)])
    assert refused.attrs["refused"] in part.points[0]
    scores["score"][:] = np.nan
    (part,) = findings([Compared(scores, refused)])
    assert "none is scored" in part.answer


def indices():
    row = {"selection": "all", "matching": "none", "gate_note": ""}
    return pd.DataFrame(
        [
            {**row, "recording": "m.x", "code": "rate", "index": 0.5, "p_value": 0.01,
             "gate_passed": True},
            {**row, "recording": "m.x", "code": "timing", "index": np.nan, "p_value": np.nan,
             "gate_passed": False, "gate_note": "no timing code"},
            {**row, "recording": "n.x", "code": "rate", "index": 0.1, "p_value": 0.2,
             "gate_passed": True},
            {**row, "recording": "n.x", "code": "rate", "index": 0.9, "p_value": 0.01,
             "gate_passed": True, "matching": "state"},
        ]
    )  # fmt: skip


def test_drift_of_recordings_alone():
    (part,) = findings([], indices())
    assert (
        "rate code is shown to drift in 1 and the timing code in 0 of 2 recordings" in part.answer
    )
    assert part.points == (
        "m.x, all: rate drifts (index 0.5, p 0.01); timing not measured (no timing code).",
        "n.x, all: rate no drift shown (index 0.1, p 0.2).",
    )
    assert "nothing is inferred about animals" in " ".join(part.basis)


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
    parts = [("Which <b>?", "a & b", ("one", "two"), ("p < 1",)), ("Next", "c", (), ())]
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
    write_markdown(parts, tmp_path / "f.md", "Found")
    text = (tmp_path / "f.md").read_text(encoding="utf-8")
    assert text.startswith("# Found\n\n## Which <b>?\n\n**a & b**\n\n- one\n- two\n\np < 1\n")
