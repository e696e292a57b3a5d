"""Files of the project that jobs open: each is an input of their rule or counts in its digest."""

import re
from pathlib import Path

import pytest
from running import SMALL, jobs

from spikedrift.core.provenance import carried

MADE = {".snakemake", ".venv", "results"}


def scripts(workflow: Path) -> dict[str, set[str]]:
    """Rules of every script."""
    found: dict[str, set[str]] = {}
    for path in workflow.glob("rules/*.smk"):
        starts = re.split(r"^rule (\w+):", path.read_text(), flags=re.MULTILINE)[1:]
        for rule, block in zip(starts[::2], starts[1::2], strict=True):
            for script in re.findall(r"scripts/(\w+)\.py", block):
                found.setdefault(script, set()).add(rule)
    return found


@pytest.mark.fault("digests", "a job opens a file that neither its inputs nor its digest name")
def test_what_a_job_opens_is_its_input_or_in_its_digest(finished):
    inputs: dict[str, set[str]] = {}
    for job in jobs(finished, "--configfile", str(SMALL), "--forceall"):
        inputs.setdefault(job.rule, set()).update(job.input)
    rules, of_project = scripts(finished / "workflow"), 0
    for log in (finished.parent / "opened").iterdir():
        opened = {Path(line) for line in log.read_text().splitlines()}
        opened = {path for path in opened if path.is_relative_to(finished)}
        code = {path for path in opened if path.is_relative_to(finished / "src")}
        modules = {path for path in code if path.suffix == ".py"} | {
            path.parents[1] / f"{path.name.partition('.')[0]}.py"
            for path in code
            if path.suffix == ".pyc"
        }
        known = {file.resolve() for path in modules if path.is_file() for file in carried(path)}
        known |= {
            finished / path
            for rule in rules[log.name.partition(".")[0]]
            for path in inputs.get(rule, ())
        }
        others = {
            path
            for path in opened
            if path.relative_to(finished).parts[0] not in MADE
            and path.suffix not in (".py", ".pyc", ".nbi", ".nbc")
            and path.is_file()
        }
        of_project += len(others)
        assert modules, log.name
        assert others <= known, (log.name, others - known)
    assert of_project
