"""Every rule through a real Slurm, with the documented command: same results as here."""

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from comparing import assert_same, assert_same_results
from forks import dry_run
from running import SMALL

pytestmark = pytest.mark.slurm

# The documented command; its second line is what a cluster without accounting takes.
COMMAND = [".venv/bin/snakemake", "--workflow-profile", "profiles/slurm"]
NO_ACCOUNTING = ["--slurm-status-command", "squeue"]
# A job in Slurm starts Snakemake twice. So every rule runs there and not every job: these in an
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
# Jobs here last seconds, not hours.
IMPATIENT = ["--slurm-init-seconds-before-status-checks", "2"]


@pytest.fixture(scope="module")
def begun(
    slurm: dict[str, str], new_clone: Callable[[], Path], finished: Path
) -> tuple[Path, list[Path], str]:
    """Copy in which Slurm began: its directory, files to look at, what Snakemake said."""
    tree = new_clone()
    config, surveyed = (yaml.safe_load(path.read_text()) for path in (SMALL, SURVEY))
    (sweep,) = surveyed["sweeps"]
    sweep["name"] = "surveyed"
    sweep["variants"], sweep["axes"] = sweep["variants"][:1], []
    config["sweeps"].append(sweep)
    (tree / "both.yaml").write_text(yaml.safe_dump(config))
    network = next(finished.glob("results/trials/tiny-*.nc")).relative_to(finished)
    made = [*RECORDED, str(network)]
    said = through_slurm(slurm, tree, ["--configfile", "both.yaml", "--", *made, SURVEYED])
    return tree, [Path(name) for name in made], said


@pytest.fixture(scope="module")
def completed(
    slurm: dict[str, str], finished: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """Copy of the undisturbed run that Slurm completed, and what Snakemake said."""
    tree = tmp_path_factory.mktemp("completed") / "spikedrift"
    shutil.copytree(finished, tree, symlinks=True)
    said = []
    for lacking, targets in ((PAGES, ["all"]), (BENEATH_FIGURES, BENEATH_FIGURES)):
        for name in lacking:
            (tree / name).unlink()
        said.append(through_slurm(slurm, tree, ["--configfile", str(SMALL), "--", *targets]))
    return tree, "".join(said)


def through_slurm(slurm: dict[str, str], tree: Path, arguments: list[str]) -> str:
    """Run a configuration as documented; what Snakemake said."""
    done = subprocess.run(
        COMMAND + NO_ACCOUNTING + IMPATIENT + arguments,
        cwd=tree,
        env=slurm,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        logs = [log.read_text() for log in tree.glob(".snakemake/slurm_logs/**/*.log")]
        pytest.fail("\n".join([done.stdout[-5000:], *logs[:3]]), pytrace=False)
    return done.stdout


def test_every_job_ran_in_slurm(
    slurm: dict[str, str], begun: tuple[Path, list[Path], str], completed: tuple[Path, str]
) -> None:
    said = begun[-1] + completed[-1]
    shown = subprocess.run(
        ["scontrol", "show", "jobs", "--oneliner"],
        env=slurm,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    jobs = [dict(re.findall(r"(\w+)=(\S+)", line)) for line in shown.splitlines()]
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    in_slurm = Counter(re.sub(r"^rule_|_wildcards_.*", "", job["Comment"]) for job in jobs)
    # "rule x:" heads a job that is sent, "localrule x:" one that stays: a target without output.
    assert in_slurm == Counter(re.findall(r"^rule (\w+):$", said, flags=re.MULTILINE))
    assert set(re.findall(r"^localrule (\w+):$", said, flags=re.MULTILINE)) <= TARGETS
    assert sum(in_slurm.values()) > 0


def test_results_equal_the_local_run(
    begun: tuple[Path, list[Path], str], completed: tuple[Path, str], finished: Path
) -> None:
    tree, made, _ = begun
    for name in made:
        assert_same(tree / name, finished / name)
    assert_same_results(completed[0] / "results", finished / "results")
    for name in (*PAGES, *BENEATH_FIGURES):  # made anew, not copied
        assert (completed[0] / name).stat().st_mtime > (finished / name).stat().st_mtime


def test_no_rule_of_the_embedded_default_is_left_out(
    begun: tuple[Path, list[Path], str], completed: tuple[Path, str], clone: Path
) -> None:
    planned = dry_run(clone)
    assert planned.returncode == 0, planned.stdout
    rules = r"^(?:local)?rule (\w+):$"
    # A recovery test takes three instances of every network, which is many more jobs.
    assert set(re.findall(rules, planned.stdout, flags=re.MULTILINE)) - {"recover"} <= set(
        re.findall(rules, begun[-1] + completed[-1], flags=re.MULTILINE)
    )
