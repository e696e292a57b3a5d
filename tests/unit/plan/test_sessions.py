"""Cohorts: recordings by a table of sessions."""

from pathlib import Path

import pytest
import yaml
from planning import Wildcards, plan_for, words

from spikedrift.config.check import checked
from spikedrift.config.recordings import Cohort
from spikedrift.config.root import Config
from spikedrift.core.errors import InputError
from spikedrift.plan.plan import ROOT
from spikedrift.plan.sessions import sessions

TABLE = """\
session\tstimuli\tVISp\tVISl\trate_drift
101\tone,three\t40\t9\t0.5
102\tone\t\t30\t
103\tmore\t12\t50\t0.1
"""


@pytest.fixture
def table(tmp_path) -> Path:
    path = tmp_path / "mine.tsv"
    path.write_text(TABLE)
    return path


def cohort(table, **more) -> Cohort:
    given = {"sessions": "all", "stimuli": ["one", "three"]} | more
    return Cohort(name="mine", source="synthetic", table=str(table), **given)


def config(table, **more) -> Config:
    given = {"sessions": "all", "stimuli": ["one", "three"]}
    areas = {"populations": ["VISp", "VISl", "LP"]}
    one = {"name": "mine", "source": "synthetic", "table": str(table), "options": areas, **given}
    return checked(Config, {"cohorts": [one], **more})


def test_sessions_that_showed_the_stimulus_become_recordings(table):
    found = sessions(cohort(table, options={"units": 20}), ROOT, "here")
    assert [entry.recording.name for entry in found] == ["101.one", "101.three", "102.one"]
    counts = [(entry.units["VISp"], entry.units["VISl"]) for entry in found]
    assert counts == [(40, 9), (40, 9), (None, 30)]
    assert found[0].recording.options["units"] == 20
    # The table knows an option of the source; where it is empty the default holds.
    assert [entry.recording.options["rate_drift"] for entry in found] == [0.5, 0.5, 0.0]


def test_chosen_sessions_may_be_numbers(table):
    found = sessions(cohort(table, sessions=[102, "101"], stimuli=["one"]), ROOT, "here")
    assert [entry.recording.name for entry in found] == ["102.one", "101.one"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sessions": [104]}, "sessions: not in .*mine.tsv: session '104'; did you mean"),
        ({"stimuli": ["on"]}, "stimuli: no chosen session showed 'on'; did you mean 'one'"),
        ({"table": "nowhere.tsv"}, f"table: no such file nowhere.tsv; looked in {Path.cwd()} "),
    ],
)
def test_what_the_table_lacks_is_one_line(table, change, reason):
    with pytest.raises(InputError, match=f"cohorts\\[0\\].{reason}"):
        sessions(cohort(change.pop("table", table), **change), ROOT, "cohorts[0]")


BAD_TABLES = {
    "a session twice": (TABLE + "101\tone\t1\t1\t0\n", "line 5: session 101 stands there twice"),
    "commas": ("id,stimuli\n1,one\n", "needs columns session and stimuli"),
    "nothing": ("", "needs columns session and stimuli"),
    "a column twice": (TABLE.replace("VISl", "VISp"), "line 1: the column 'VISp' stands twice"),
    "a cell too many": (TABLE.replace("0.5", "0.5\t7"), "line 2: 6 cells under 5 columns"),
    "no session": (TABLE.replace("102", ""), "line 3: has no session"),
    "no value of an option": (
        TABLE.replace("0.5", "half"),
        "session 101: options.rate_drift: input should be a valid number",
    ),
    "a session that is no name": (TABLE.replace("101", "a b"), "session a b: name: .*pattern"),
    "latin letters": (TABLE + "\xe9", "line 5: is not UTF-8"),
}


@pytest.mark.fault("config", "a table of sessions that does not hold")
@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_bad_table_is_refused(name, table):
    content, reason = BAD_TABLES[name]
    table.write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError, match=rf"mine.tsv.*{reason}") as refused:
        sessions(cohort(table), ROOT, "cohorts[0]")
    assert "\n" not in str(refused.value)


def test_lines_may_end_as_on_windows(table):
    table.write_bytes(b"\xef\xbb\xbf" + TABLE.replace("\n", "\r\n").encode() + b"\r\n")
    assert [entry.recording.name for entry in sessions(cohort(table), ROOT, "here")] == [
        "101.one", "101.three", "102.one",
    ]  # fmt: skip


@pytest.mark.fault("config", "a table of sessions in another encoding")
def test_a_table_in_another_encoding_is_one_line(table):
    table.write_bytes(TABLE.replace("VISl", "Größe").encode("latin-1"))
    with pytest.raises(InputError, match=r"mine.tsv, line 1: is not UTF-8"):
        sessions(cohort(table), ROOT, "cohorts[0]")


def test_areas_with_too_few_units_are_not_analyzed(table):
    selections = [{"name": "all"}] + [
        {"name": area, "population": [area], "min_units": 15} for area in ("VISp", "VISl")
    ]
    plan = plan_for(config(table, selections=selections))
    assert plan.study.analyzed("101.one") == ["all", "VISp"]
    # The table is empty for VISp: nothing is asked of it, and the user hears so.
    assert plan.study.analyzed("102.one") == ["all", "VISl"]
    hidden, left_out = plan.notices
    assert hidden == (
        f"{table} does not say how many units 1 recordings have for the selections VISp: left "
        "out; fill in the table (snakemake catalogue makes that of the Allen data sets)"
    )
    assert left_out == (
        "final figures left out: 2 (plasticity rules): figures.rules names no protocol; "
        "3 (networks) and 4 (drift in models): figures.learning names no sweep; "
        "5 (comparison) and 6 (sweep maps): comparisons names no recording and sweep"
    )
    # A population without a column is taken as there: the selection will find out.
    other = [{"name": "LP", "population": ["LP"]}]
    assert plan_for(config(table, selections=other)).study.analyzed("102.one") == ["LP"]


def test_a_selection_may_name_a_cohort(table):
    selections = [{"name": "a", "recordings": ["mine"]}, {"name": "b", "recordings": ["102.one"]}]
    plan = plan_for(config(table, selections=selections))
    assert plan.study.analyzed("101.one") == ["a"]
    assert plan.study.analyzed("102.one") == ["a", "b"]


def test_sensitivity_is_a_target_of_its_own(table):
    selections = [{"name": "all"}, {"name": "loose", "sensitivity": True}]
    plan = plan_for(config(table, selections=selections))
    assert plan.study.analyzed("101.one") == ["all"]
    assert not any("loose" in words(made) for made in plan.results)
    assert [entry["selection"] for entry in plan.study.indexed("sensitivity")] == [
        "all",
        "loose",
    ] * 3
    assert [entry["selection"] for entry in plan.study.indexed("indices")] == ["all"] * 3


def test_a_pool_joins_a_cohort_by_stimulus(table):
    plan = plan_for(config(table, pools=[{"name": "pooled.one", "cohort": "mine"}]))
    assert plan.study.pools == {"pooled.one": ["101.one", "102.one"]}
    assert plan.study.pooled(Wildcards(recording="pooled.one")) == ["101.one", "102.one"]
    assert any("pooled.one" in words(made) for made in plan.study.drifts)
    with pytest.raises(InputError, match=r"pools\[0\]: pooled.three joins 1 recordings"):
        plan_for(config(table, pools=[{"name": "pooled.three", "cohort": "mine"}]))
    with pytest.raises(InputError, match=r"pools\[0\].recordings: no recording '101.on'"):
        plan_for(config(table, pools=[{"name": "a.one", "recordings": ["101.on", "102.one"]}]))
    with pytest.raises(InputError, match=r"pools\[0\].cohort: not among cohorts: 'mien'"):
        config(table, pools=[{"name": "a.one", "cohort": "mien"}])


def test_a_recording_of_a_cohort_may_be_compared(table):
    more = yaml.safe_load("""
        sweeps: [{name: s, variants: [{name: a}]}]
        comparisons: [{name: c, recording: 101.on, sweep: s}]
    """)
    with pytest.raises(InputError, match=r"comparisons\[0\].recording: not among recordings"):
        plan_for(config(table, **more))
    more["comparisons"][0]["recording"] = "101.one"
    assert plan_for(config(table, **more)).comparisons.entries["c"].recording == "101.one"


def test_a_config_needs_something_to_look_at():
    with pytest.raises(InputError, match="recordings: missing, and there are no cohorts"):
        checked(Config, {})
