"""What public targets ask for: their files, and all that these stand on."""

import re
from pathlib import Path

import pytest
from running import ROOT, Job, jobs

EVERYTHING = str(Path(__file__).parent / "everything.yaml")
TARGETS = (
    "all",
    "analyses",
    "balance",
    "compare",
    "drift",
    "figures",
    "ground_truth",
    "inference",
    "posterior",
    "predictions",
    "reproduce",
    "reproduce_full",
    "sensitivity",
    "survey",
    "sweep",
    "validate",
)
# Downloads are kept until they are deleted: what was made from them may outlive them.
DOWNLOADS = {
    "allensdk_env",
    "catalogue",
    "catalogue_tables",
    "download_sizes",
    "fetch",
    "fetch_file",
    "read_session",
    "stream_trials",
    "warehouse_links",
}

PRINTS = {"check_config"}  # and asks for nothing


@pytest.fixture(scope="module")
def planned() -> dict[str, list[Job]]:
    """Every job of every target, by rule; one dry run."""
    found: dict[str, list[Job]] = {}
    arguments = ("--configfile", EVERYTHING, "--forceall", "--", *TARGETS)
    for job in jobs(ROOT, *arguments):
        found.setdefault(job.rule, []).append(job)
    return found


def test_every_rule_is_looked_at(planned):
    files = [ROOT / "Snakefile", *(ROOT / "workflow/rules").glob("*.smk")]
    rules = {
        name
        for path in files
        for name in re.findall(
            r"^(?:use rule \w+ as|rule) (\w+)", path.read_text(), flags=re.MULTILINE
        )
    }
    assert rules - planned.keys() == DOWNLOADS | PRINTS
    without_output = {rule for rule, found in planned.items() if not found[0].output}
    assert without_output == set(TARGETS)


@pytest.mark.fault("stale", "a job fails and what was made of its older results is there")
@pytest.mark.parametrize("target", TARGETS)
def test_a_target_asks_for_all_that_its_files_stand_on(planned, target):
    """A missing file is made anew only where the target asks for it."""
    makers = {path: job for found in planned.values() for job in found for path in job.output}
    (asked,) = planned[target]
    queue, walked = list(asked.input), set()
    while queue:
        job = makers.get(queue.pop())
        if job is not None and job.output not in walked:
            walked.add(job.output)
            queue += job.input
            assert not set(job.output).isdisjoint(asked.input), job
    assert walked
