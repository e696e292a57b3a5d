"""Notes at the end of a run: what was made, what failed with the last line of its log."""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from spikedrift.plan.notes import MOST, Run

CALL = [".venv/bin/snakemake", "--cores", "2", "--config", "a=it's"]


def job(rule, *wildcards, log=None, made="x"):
    logs = [] if log is None else [log]
    return SimpleNamespace(
        rule=SimpleNamespace(name=rule),
        wildcards=wildcards,
        log=logs,
        output=[made] if made else [],
    )


def run_of(finished=(), failed=(), left=()):
    """A run as Snakemake's workflow tells it; failed jobs may be groups."""
    single = [one for job in failed for one in getattr(job, "jobs", [job])]
    asked = [*finished, *single, *left]
    dag = SimpleNamespace(
        needrun_jobs=lambda exclude_finished: iter(asked), finished=lambda one: one in finished
    )
    started = datetime.now() - timedelta(seconds=200)
    return Run.of(
        SimpleNamespace(dag=dag, scheduler=SimpleNamespace(failed=list(failed)), start_time=started)
    )


@pytest.fixture
def log(tmp_path):
    def written(name, text):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return written


def test_what_was_made_is_counted_by_rule_without_targets():
    finished = (job("figure", "a"), job("drift_curves"), job("figure", "b"), job("all", made=None))
    assert run_of(finished).success(Path("results")) == [
        "made by 3 jobs in 3 min 20 s: figure 2, drift curves 1",
        "results: results/",
    ]


def test_what_failed_is_named_with_its_last_word(log, tmp_path):
    told = log("a.log", "begun\n2026-11-30 20:00:00,000 spikedrift: r.nc is damaged\n\n")
    failed = [job("prepare_trials", "m.movie", log=told), job("figure", "b", log=tmp_path / "none")]
    lines = run_of([job("figure", "a")], failed, [job("figure", "c"), job("all", made=None)])
    assert lines.failure(CALL) == [
        "failed: 2 jobs after 3 min 20 s; 1 made, 1 not begun",
        f"failed: figure, b: its log is empty ({tmp_path}/none)",
        f"failed: prepare trials, m.movie: r.nc is damaged ({told})",
        "failed and left jobs are made by the same command: "
        """.venv/bin/snakemake --cores 2 --config 'a=it'"'"'s'""",
    ]


def test_where_nothing_failed_there_is_nothing_to_say():
    assert run_of(left=[job("figure", "a")]).failure(CALL) == []


def test_many_failed_jobs_are_counted():
    lines = run_of(failed=[job("figure", str(k)) for k in range(MOST + 3)]).failure(CALL)
    assert len(lines) == MOST + 3
    assert lines[0].startswith(f"failed: {MOST + 3} jobs ") and "failed: and 3 more" in lines


def test_of_a_group_those_are_named_that_did_not_come_to_their_end(log):
    done = log("done.log", "2026-11-30 20:00:00,000 spikedrift: done in 2.1 s\n")
    bad = log("bad.log", "ValueError: no trials\n")
    group = SimpleNamespace(jobs=[job("figure", "a", log=done), job("figure", "b", log=bad)])
    first, named, _ = run_of(failed=[group]).failure(CALL)
    assert first.startswith("failed: 1 job after")
    assert named == f"failed: figure, b: ValueError: no trials ({bad})"
    lost = SimpleNamespace(jobs=[job("figure", "a", log=done)])
    assert len(run_of(failed=[lost]).failure(CALL)) == 3


def test_a_call_of_a_module_is_one_that_can_be_typed():
    *_, last = run_of(failed=[job("figure", "a")]).failure(["/lib/snakemake/__main__.py", "-c2"])
    assert last.endswith(f": {sys.executable} -m snakemake -c2")
