"""Every rule through a Slurm of three nodes, with the documented command: same results as here."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from clusters import Cluster
from comparing import assert_same, assert_same_results
from forks import dry_run
from running import SMALL

pytestmark = pytest.mark.slurm

# A job in Slurm starts Snakemake once more. So every rule runs there and not every job: these in an
# empty copy, with the survey; then those that a copy of the undisturbed run lacks.
SURVEY = SMALL.with_name("survey.yaml")
SURVEYED = "results/surveys/surveyed.nc"
RECORDED = (
    "results/trials/mouse-s.movie.nc",
    "results/similarity/mouse-s.movie/all/spikeship.nc",
    "results/drift/mouse-s.movie/all/spikeship.nc",
    "results/drift/mouse-s.movie/all/index.nc",
    "results/profiles/mouse-s.movie/all.nc",
    "results/figures/raster.mouse-s.movie.all.png",
)
PAGES = (
    "results/provenance.json",
    "results/recordings.tsv",
    "results/drift/indices.tsv",
    "results/predictions.tsv",
    "results/findings.html",
    "results/supplement.tsv",
)
# Six figures stand on these. They are made after the pages, by name, so that the figures are not
# asked for.
BENEATH_FIGURES = (
    "results/validate/shown.tsv",
    "results/structure/s.nc",
    "results/compare/s.nc",
)
# Targets that only collect files stay with Snakemake.
TARGETS = {"all"}


@pytest.fixture(scope="module")
def begun(
    slurm: Cluster, new_clone: Callable[[], Path], finished: Path
) -> tuple[Path, list[Path], str]:
    """Copy in which Slurm began: its directory, files to look at, what Snakemake said."""
    tree = new_clone()
    config, surveyed = (yaml.safe_load(path.read_text()) for path in (SMALL, SURVEY))
    (sweep,) = surveyed["sweeps"]
    sweep["name"] = "surveyed"
    sweep["variants"], sweep["axes"] = sweep["variants"][:2], []  # a chunk of each: an array
    config["sweeps"].append(sweep)
    (tree / "both.yaml").write_text(yaml.safe_dump(config))
    network = next(finished.glob("results/trials/tiny-*.nc")).relative_to(finished)
    made = [*RECORDED, str(network)]
    said = slurm.ran(tree, "--configfile", "both.yaml", "--", *made, SURVEYED)
    return tree, [Path(name) for name in made], said


@pytest.fixture(scope="module")
def completed(
    slurm: Cluster, finished: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """Copy of the undisturbed run that Slurm completed, and what Snakemake said."""
    tree = tmp_path_factory.mktemp("completed") / "spikedrift"
    shutil.copytree(finished, tree, symlinks=True)
    compiler = tree.with_name("compiler")
    compiler.write_text('#!/bin/sh\necho "of ${SLURM_JOB_ID:+a node of }the cluster"\n')
    compiler.chmod(0o755)

    def made(lacking: tuple[str, ...], targets: tuple[str, ...]) -> str:
        for name in lacking:
            (tree / name).unlink()
        return slurm.ran(tree, "--configfile", str(SMALL), "--", *targets)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(slurm.env, "CXX", str(compiler))  # nothing is compiled
        said = made(PAGES, ("all",))
    return tree, said + made(BENEATH_FIGURES, BENEATH_FIGURES)


def test_every_job_ran_in_slurm(
    slurm: Cluster, begun: tuple[Path, list[Path], str], completed: tuple[Path, str]
) -> None:
    said = begun[-1] + completed[-1]
    jobs = slurm.jobs()
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    # "rule x:" heads a job that is sent, "localrule x:" one that stays: a target without output.
    # Jobs of a group are indented beneath its head, and sent together.
    alone = re.findall(r"^rule (\w+):$", said, flags=re.MULTILINE)
    groups = re.findall(r"^.* Group job (\w+) ", said, flags=re.MULTILINE)
    names = [re.sub(r"^rule_|_wildcards_.*", "", job["Comment"]) for job in jobs]
    # A group's name is followed by those of its rules.
    sent = [next((one for one in groups if name.startswith(f"{one}_")), name) for name in names]
    assert Counter(sent) == Counter(alone + groups)
    assert set(re.findall(r"^localrule (\w+):$", said, flags=re.MULTILINE)) <= TARGETS
    assert {"analyses", "tables", "pages"} <= set(groups)
    assert any("ArrayTaskId" in job for job in jobs if "survey_chunk" in job["Comment"])


def test_results_equal_the_local_run(
    begun: tuple[Path, list[Path], str], completed: tuple[Path, str], finished: Path
) -> None:
    tree, made, _ = begun
    for name in made:
        assert_same(tree / name, finished / name)
    assert_same_results(completed[0] / "results", finished / "results")
    for name in (*PAGES, *BENEATH_FIGURES):  # made anew, not copied
        assert (completed[0] / name).stat().st_mtime > (finished / name).stat().st_mtime


def test_provenance_names_the_nodes(completed: tuple[Path, str], finished: Path) -> None:
    """As machines with another compiler, of which one says that a job of Slurm asks it."""
    before, after = (
        [one["compiler"] for one in json.loads((tree / PAGES[0]).read_text())["machines"]]
        for tree in (finished, completed[0])
    )
    assert sorted(after) == sorted([*before, "of the cluster", "of a node of the cluster"])


def test_no_rule_of_the_embedded_default_is_left_out(
    begun: tuple[Path, list[Path], str], completed: tuple[Path, str], clone: Path
) -> None:
    planned = dry_run(clone)
    assert planned.returncode == 0, planned.stdout
    rules = r"^ *(?:local)?rule (\w+):$"
    # A recovery test takes three instances of every network, which is many more jobs.
    assert set(re.findall(rules, planned.stdout, flags=re.MULTILINE)) - {"recover"} <= set(
        re.findall(rules, begun[-1] + completed[-1], flags=re.MULTILINE)
    )
