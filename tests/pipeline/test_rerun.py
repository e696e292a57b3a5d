"""What a second call makes: nothing, or what an edit touches and nothing else."""

import shutil
from pathlib import Path

import preloaded
import pytest
from running import SMALL, Job, jobs, small

ANALYZED = ("--config", "analyses=[{analysis: template_reliability}]")


def planned(directory: Path, *arguments: str) -> list[Job]:
    """Jobs that a dry run would run."""
    return jobs(directory, "--configfile", str(SMALL), *arguments)


def named(job: Job) -> str:
    """Rule of a job; of a figure, its name without recordings, sweeps and comparisons."""
    if job.rule != "figure":
        return job.rule
    return f"figure {Path(job.output[0]).relative_to('results/figures').as_posix().split('.')[0]}"


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


@pytest.fixture(scope="module")
def analyzed(finished, tmp_path_factory):
    """The small configuration with an analysis, made in a copy."""
    copy = tmp_path_factory.mktemp("analyzed") / "spikedrift"
    shutil.copytree(finished, copy, symlinks=True)
    with preloaded.jobs():
        done = small(copy, *ANALYZED)
    assert done.returncode == 0, done.stdout[-5000:]
    return copy


FIGURES = {
    "figure comparators",
    "figure drift_curves",
    "figure final/1_recordings",
    "figure final/2_plasticity_rules",
    "figure final/3_network",
    "figure final/4_model_drift",
    "figure final/5_comparison",
    "figure final/6_sweep_map",
    "figure learning",
    "figure matrices",
    "figure raster",
    "figure scores",
    "figure template_reliability",
}
TABLES = {"index_table", "recordings_table", "score_predictions", "statistics"}
# A module of each kind -> what is made with it.
MODULES = {
    "analyses/template_reliability.py": {"analysis"},
    "cells/models/clamped.py": {"induce_shown"},
    "cells/models/conductance_lif.py": {"build_network", "simulate_point", "induce_shown"},
    "core/job.py": set(),
    "figures/analyses/template_reliability.py": {"figure template_reliability"},
    "figures/final/network.py": {"figure final/3_network"},
    "figures/raster.py": {"figure raster", "figure final/1_recordings"},
    "figures/registry.py": FIGURES,
    "networks/models/pattern_network.py": {"build_network", "simulate_point"},
    "plan/figures.py": set(),
    "plasticity/protocols/pairing.py": {"induce_shown"},
    "plasticity/rules/pair_stdp.py": {"build_network", "simulate_point", "induce_shown"},
    # The supplement, whose inputs are ancient, follows with the next call.
    "report/page.py": {*TABLES, "findings"},
    "rsa/comparators/cka.py": {"compare_structure"},
    "similarity/measures/rate_correlation.py": {"similarity_matrix", "drift_curves"},
    "sources/synthetic.py": {"prepare_trials"},
}


@pytest.mark.fault("digests", "a module of any kind is edited: what is made with it, nothing else")
@pytest.mark.parametrize("module", MODULES)
def test_an_edited_module_reruns_what_is_made_with_it(analyzed, module):
    with Edited(analyzed / "src/spikedrift" / module, "\nADDED = 1\n"):
        found = planned(analyzed, *ANALYZED)
    # Snakemake does not look at the params of a job whose input is made again.
    changed = {named(job) for job in found if job.changed}
    assert changed <= MODULES[module] <= {named(job) for job in found}
    if not MODULES[module]:
        assert not found


def test_an_edited_measure_reruns_its_own_files_alone(finished):
    measure = finished / "src/spikedrift/similarity/measures/rate_correlation.py"
    with Edited(measure, "\nADDED = 1\n"):
        found = [job for job in planned(finished) if job.rule not in SAYS]
    made = [Path(path) for job in found for path in job.output]
    assert {path.stem for path in made} == {"rate_correlation"}
    assert "mouse-s.movie" in {path.parts[2] for path in made}


def test_an_edited_plasticity_rule_leaves_recordings_alone(finished):
    with Edited(finished / "src/spikedrift/plasticity/rules/pair_stdp.py", "\nADDED = 1\n"):
        made = [path for job in planned(finished) for path in job.output]
    assert any(name.startswith("results/trials/tiny-") for name in made)
    assert not any("mouse-s" in name for name in made)


def test_edited_comment_reruns_nothing(finished):
    with Edited(finished / "src/spikedrift/trials.py", "\n# a remark\n"):
        assert planned(finished) == []


# A change of the configuration -> rules whose params it changes, and rules that it leaves alone.
CHANGES = {
    "seed: 4": (
        {"prepare_trials", "similarity_matrix", "drift_curves", "signal_index", "profile"},
        {"simulate_point", "induce_shown"},
    ),
    "drift: {curves: {confidence: 0.9}}": ({"drift_curves"}, {"profile", "signal_index"}),
    "drift: {curves: {bootstrap: 30}}": ({"drift_curves", "profile", "signal_index"}, set()),
    "drift: {index: {flips: 199}}": ({"signal_index"}, {"drift_curves", "profile"}),
    "compare: {bootstrap: 150}": ({"compare_sweep"}, {"compare_structure", "figure learning"}),
    "compare: {structure: {halves: 3}}": ({"compare_structure"}, {"compare_sweep"}),
    "figures: {raster_units: 9}": (
        {"figure raster", "figure final/1_recordings"},
        {"figure matrices"},
    ),
    "fetch: {timeout: 9}": (set(), set()),
}
SAYS = {"provenance", "supplement", "all"}  # what was configured


@pytest.mark.fault("digests", "an option is another one: what reads it is made again, nothing else")
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_option_reruns_what_reads_it(finished, change):
    changed, alone = CHANGES[change]
    key, _, value = change.partition(": ")
    found = jobs(finished, "--configfile", str(SMALL), "--config", f"{key}={value}")
    rerun = {named(job) for job in found}
    assert {named(job) for job in found if job.changed} - SAYS == changed
    assert rerun.isdisjoint(alone) and rerun >= SAYS
    if not changed:
        assert rerun == SAYS


@pytest.mark.fault("digests", "the project is copied to another place")
def test_a_copied_project_is_the_same_project(copied):
    assert planned(copied) == []
