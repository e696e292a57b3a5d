"""How tests are shared out among the workers of pytest-xdist: file by file.

A worker makes fixtures of its own. Files that look at one expensive thing therefore run in one
worker, one after another, and nothing that tests edit is seen by two workers.
"""

import pytest
from xdist.scheduler import LoadFileScheduling

# Fixture -> files that ask for it. The longest are first, so that none is left over at the end.
TOGETHER = {
    "finished": (
        "tests/pipeline/test_clock.py",
        "tests/pipeline/test_failed.py",
        "tests/pipeline/test_interrupted.py",
        "tests/pipeline/test_killed.py",
        "tests/pipeline/test_opened.py",
        "tests/pipeline/test_own_files.py",
        "tests/pipeline/test_provenance.py",
        "tests/pipeline/test_rerun.py",
        "tests/slurm/test_slurm.py",
    ),
    "demo": (
        "tests/browser/test_report.py",
        "tests/pipeline/test_catalog.py",
        "tests/pipeline/test_demo.py",
        "tests/pipeline/test_notebooks.py",
        "tests/pipeline/test_pictures.py",
    ),
    "neuropixels_mirror": (
        "tests/allen/test_bad_session.py",
        "tests/allen/test_catalogue.py",
        "tests/allen/test_pipeline.py",
        "tests/allen/test_session.py",
    ),
}
FIRST = [
    "finished",
    "tests/pipeline/test_validate.py",
    "demo",
    "neuropixels_mirror",
    "tests/slurm/test_slurm_faults.py",
    "tests/pipeline/test_docs.py",
    "tests/pipeline/test_survey.py",
    "tests/pipeline/test_allen_gratings.py",
    "tests/test_ground_truth.py",
    "tests/pipeline/test_tutorial.py",
    "tests/unit/networks/test_declared.py",
    "tests/unit/networks/test_copies.py",
    "tests/pipeline/test_fetch.py",
    "tests/pipeline/test_compared_cohort.py",
    "tests/unit/plasticity/test_rules.py",
    "tests/unit/plasticity/rules/test_calcium.py",
    "tests/pipeline/test_config_errors.py",
    "tests/gpu/test_cuda.py",
]


def group(nodeid: str) -> str:
    """Fixture that the file of a test shares with other files, or else the file."""
    file = nodeid.partition("::")[0]
    return next((fixture for fixture, files in TOGETHER.items() if file in files), file)


def strange(item: pytest.Item) -> set[str]:
    """Shared fixtures that a test asks for and its file may not: they would be made twice."""
    return TOGETHER.keys() & {*getattr(item, "fixturenames", ())} - {group(item.nodeid)}


def arrange(items: list[pytest.Item]) -> None:
    """Put the longest groups first."""
    order = {name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(group(item.nodeid), len(FIRST)))


class Scheduler(LoadFileScheduling):
    """Gives the next group, in the order of the tests, to the worker that is done first."""

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # it counts tests, and the longest are few

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
