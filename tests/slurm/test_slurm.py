"""Every rule through a real Slurm, with the documented command: same results as here."""

import re
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from comparing import assert_same_results
from running import SMALL, small, snakemake

pytestmark = pytest.mark.slurm

# The documented command; its second line is what a cluster without accounting takes.
COMMAND = [".venv/bin/snakemake", "--workflow-profile", "profiles/slurm"]
NO_ACCOUNTING = ["--slurm-status-command", "squeue"]
# All rules of the embedded default but those of surveys, in fewer jobs; and these.
CONFIGURATION = ["--configfile", str(SMALL)]
SURVEY = SMALL.with_name("survey.yaml")
# A job in Slurm starts Snakemake twice. So every rule runs there and not every job: first these
# and a simulated network in Slurm, then those here, then all the rest in Slurm.
FIRST = (
    "results/validate/shown.tsv",
    "results/similarity/mouse-s.movie/all/spikeship.nc",
    "results/drift/mouse-s.movie/all/spikeship.nc",
    "results/drift/mouse-s.movie/all/index.nc",
    "results/profiles/mouse-s.movie/all.nc",
    "results/figures/raster.mouse-s.movie.all.png",
)
HERE = (
    "results/figures/drift_curves.mouse-s.movie.all.png",
    "results/figures/learning.tiny.png",
    "results/figures/matrices.mouse-s.movie.all.png",
    "results/figures/final/1_recordings.png",
    "results/figures/final/2_plasticity_rules.png",
    "results/figures/final/3_network.png",
    "results/figures/final/4_model_drift.png",
)
# Targets that only collect files stay with Snakemake.
TARGETS = {"all", "fetch", "drift", "sensitivity", "sweep", "compare", "figures", "validate"}
# Jobs here last seconds, not hours.
IMPATIENT = ["--slurm-init-seconds-before-status-checks", "2"]


@pytest.fixture(scope="module")
def sent(slurm: dict[str, str], new_clone: Callable[[], Path], finished: Path) -> tuple[Path, str]:
    """Directory in which the workflow ran through Slurm, and what Snakemake said of it."""
    tree = new_clone()
    network = next(finished.glob("results/trials/tiny-*.nc")).relative_to(finished)
    first = through_slurm(slurm, tree, [*CONFIGURATION, "--", *FIRST, str(network)])
    here = small(tree, "--", *HERE)
    assert here.returncode == 0, here.stdout[-5000:]
    return tree, first + through_slurm(slurm, tree, CONFIGURATION)


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


def test_every_job_ran_in_slurm(slurm: dict[str, str], sent: tuple[Path, str]) -> None:
    _, said = sent
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


def test_results_equal_the_local_run(sent: tuple[Path, str], finished: Path) -> None:
    assert_same_results(sent[0] / "results", finished / "results")


def test_no_rule_of_the_embedded_default_is_left_out(
    slurm: dict[str, str], sent: tuple[Path, str], clone: Path
) -> None:
    planned = snakemake(clone, "--dry-run")
    assert planned.returncode == 0, planned.stdout
    rules = r"^(?:local)?rule (\w+):$"
    config = yaml.safe_load(SURVEY.read_text())
    (sweep,) = config["sweeps"]
    sweep["variants"] = [one for one in sweep["variants"] if one["name"] != "diverging"]
    sweep["axes"][0]["values"] = [1]
    (clone / "survey.yaml").write_text(yaml.safe_dump(config))
    said = sent[1] + through_slurm(slurm, clone, ["--configfile", "survey.yaml", "--", "survey"])
    # A recovery test takes three instances of every network, which is many more jobs.
    assert set(re.findall(rules, planned.stdout, flags=re.MULTILINE)) - {"recover"} <= set(
        re.findall(rules, said, flags=re.MULTILINE)
    )
