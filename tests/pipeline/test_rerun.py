"""What a second call makes: nothing, or what an edit touches and nothing else."""

from pathlib import Path

import pytest
from running import SMALL, jobs, small


def planned(directory: Path) -> list[str]:
    """Outputs that a dry run would make."""
    found = jobs(directory, "--configfile", str(SMALL))
    return [path for job in found for path in job.output]


class Edited:
    """A file of the clone, changed inside a `with` and put back after it."""

    def __init__(self, path: Path, addition: str) -> None:
        self.path, self.addition = path, addition

    def __enter__(self) -> None:
        self.before = self.path.read_text()
        self.path.write_text(self.before + self.addition)

    def __exit__(self, *_: object) -> None:
        self.path.write_text(self.before)


def test_second_call_does_nothing(finished):
    done = small(finished)
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout
    assert planned(finished) == []


def test_edited_measure_reruns_what_depends_on_it_and_nothing_else(finished):
    measure = finished / "src/spikedrift/similarity/measures/rate_correlation.py"
    with Edited(measure, "\nADDED = 1\n"):
        made = planned(finished)
    assert made
    assert {Path(name).stem for name in made} == {"rate_correlation"}
    recordings = {Path(name).parts[2] for name in made}
    assert "mouse-s.movie" in recordings
    assert {Path(name).parts[1] for name in made} == {"similarity", "drift"}


def test_edited_plasticity_rule_reruns_simulations_and_leaves_recordings_alone(finished):
    with Edited(finished / "src/spikedrift/plasticity/rules/pair_stdp.py", "\nADDED = 1\n"):
        made = planned(finished)
    assert any(name.startswith("results/trials/tiny-") for name in made)
    assert not any("mouse-s" in name for name in made)


def test_edited_comment_reruns_nothing(finished):
    with Edited(finished / "src/spikedrift/trials.py", "\n# a remark\n"):
        assert planned(finished) == []


# A change of the configuration -> rules whose params it changes, and rules that it leaves alone.
CHANGES = {
    "seed: 4": (
        {"prepare_trials", "similarity_matrix", "drift_curves", "drift_index", "profile"},
        {"simulate_point", "induce_shown"},
    ),
    "drift: {curves: {confidence: 0.9}}": ({"drift_curves"}, {"profile", "drift_index"}),
    "drift: {curves: {bootstrap: 30}}": ({"drift_curves", "profile", "drift_index"}, set()),
    "drift: {index: {flips: 199}}": ({"drift_index"}, {"drift_curves", "profile"}),
    "compare: {bootstrap: 150}": ({"compare_sweep"}, {"compare_structure", "figure_learning"}),
    "compare: {structure: {halves: 3}}": ({"compare_structure"}, {"compare_sweep"}),
    "figures: {raster_units: 9}": ({"figure_raster", "figure_final"}, {"figure_matrices"}),
    "fetch: {timeout: 9}": (set(), set()),
}
SAYS = {"provenance", "supplement", "all"}  # what was configured


@pytest.mark.fault("digests", "an option is another one: what reads it is made again, nothing else")
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_option_reruns_what_reads_it(finished, change):
    changed, alone = CHANGES[change]
    key, _, value = change.partition(": ")
    found = jobs(finished, "--configfile", str(SMALL), "--config", f"{key}={value}")
    rerun = {job.rule for job in found}
    assert {job.rule for job in found if job.changed} == changed | {"provenance"}
    assert rerun.isdisjoint(alone) and rerun >= SAYS
    if not changed:
        assert rerun == SAYS


@pytest.mark.fault("digests", "the project is copied to another place")
def test_a_copied_project_is_the_same_project(copied):
    assert planned(copied) == []
