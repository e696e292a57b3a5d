"""Notes at the end of a run: what was made and what to open, or what failed, why, and how to go on.

The module is imported where a run ends, and at no start.
"""

import re
import shlex
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from spikedrift.fetch.progress import span

MOST = 5  # failed jobs that are named, a line each
# Lines of logs begin with time and place (`core.job`); the last one of a job that held says `done`.
_WHEN = re.compile(r"^[\d-]+ [\d:,]+ spikedrift[\w.]*: ")
_DONE = re.compile(r"done in [\d.]+ s$")


@dataclass(frozen=True)
class Failed:
    """A job that failed.

    Attributes
    ----------
    rule : str
    wildcards : tuple of str
        Their values.
    log : path, optional
    """

    rule: str
    wildcards: tuple[str, ...]
    log: Path | None

    @property
    def last(self) -> str:
        """What the last line of its log says; empty where there is none."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace") if self.log else ""
        except OSError:
            return ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return _WHEN.sub("", lines[-1]) if lines else ""

    @property
    def line(self) -> str:
        """What failed, its last word, and where its log is."""
        what = ", ".join([_words(self.rule), *self.wildcards])
        if self.log is None:
            return what
        return f"{what}: {self.last or 'its log is empty'} ({self.log})"


@dataclass(frozen=True)
class Run:
    """What one call of Snakemake did.

    Attributes
    ----------
    made : mapping of rule -> number of jobs
    failed : sequence of Failed
    left : int
        Jobs that were not begun.
    seconds : float, s
    """

    made: Mapping[str, int]
    failed: Sequence[Failed]
    left: int
    seconds: float

    @classmethod
    def of(cls, workflow: Any) -> "Run":
        """Return what a workflow did, after its last job; targets, which make no file, are no jobs.

        Parameters
        ----------
        workflow : snakemake.workflow.Workflow
        """
        dag = workflow.dag
        asked = [job for job in dag.needrun_jobs(exclude_finished=False) if job.output]
        made = [job for job in asked if dag.finished(job)]
        # A group of jobs fails as one; what its other jobs made is lost with it.
        failed = [one for job in workflow.scheduler.failed for one in getattr(job, "jobs", [job])]
        return cls(
            Counter(job.rule.name for job in made),
            _to_blame([_failed(job) for job in failed]),
            len(asked) - len(made) - len(failed),
            (datetime.now() - workflow.start_time).total_seconds(),
        )

    def success(self, folder: Path) -> list[str]:
        """Lines on what was made, and where."""
        rules = sorted(self.made.items(), key=lambda one: (-one[1], one[0]))
        counted = ", ".join(f"{_words(rule)} {n}" for rule, n in rules)
        n = sum(self.made.values())
        return [f"made by {_jobs(n)} in {span(self.seconds)}: {counted}", f"results: {folder}/"]

    def failure(self, call: Sequence[str]) -> list[str]:
        """Lines on what failed and how to go on; none where nothing did, as at Ctrl-C.

        Parameters
        ----------
        call : sequence of str
            Command line of this run.
        """
        if not self.failed:
            return []
        n, made = len(self.failed), sum(self.made.values())
        more = n - MOST
        return [
            f"failed: {_jobs(n)} after {span(self.seconds)}; {made} made, {self.left} not begun",
            *(f"failed: {one.line}" for one in self.failed[:MOST]),
            *([f"failed: and {more} more"] if more > 0 else []),
            f"failed and left jobs are made by the same command: {_typed(call)}",
        ]


def _failed(job: Any) -> Failed:
    logs = [Path(str(path)) for path in job.log]
    return Failed(job.rule.name, tuple(map(str, job.wildcards)), logs[0] if logs else None)


def _to_blame(failed: Iterable[Failed]) -> list[Failed]:
    """Failed jobs but those that came to their end and were lost with others of their group."""
    every = sorted(failed, key=lambda one: (one.rule, one.wildcards))
    return [one for one in every if not _DONE.match(one.last)] or every


def _typed(call: Sequence[str]) -> str:
    program, *arguments = call
    # `python -m snakemake` is told by its file.
    words = [sys.executable, "-m", "snakemake"] if program.endswith(".py") else [program]
    return shlex.join([*words, *arguments])


def _words(rule: str) -> str:
    return rule.replace("_", " ")


def _jobs(n: int) -> str:
    return f"{n} job" + "s" * (n != 1)
