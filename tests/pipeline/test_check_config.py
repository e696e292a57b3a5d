"""`check_config` prints what there is to make, and makes nothing of it."""

import re
from pathlib import Path

from forks import dry_run, snakemake
from running import SMALL

ROOT = Path(__file__).resolve().parents[2]


def test_it_counts_the_jobs_and_makes_nothing(tmp_path):
    call = ("--snakefile", str(ROOT / "Snakefile"), "--configfile", str(SMALL), "--cores", "2")
    done = snakemake(tmp_path, *call, "--quiet", "all", "--", "check_config")
    assert done.returncode == 0, done.stdout
    assert [path.name for path in tmp_path.iterdir()] == [".snakemake"]
    lines = re.findall(r"^spikedrift: (.*)$", done.stdout, flags=re.M)
    assert lines[0].endswith("small.yaml makes")
    (jobs,) = (line for line in lines if line.startswith("jobs: "))
    total, by_rule = re.fullmatch(r"jobs: (\d+) from nothing, .* \((.*)\)", jobs).groups()
    counted = dict(re.findall(r"(\w+) (\d+)", by_rule))

    planned = dry_run(tmp_path, *call, "--quiet", "rules").stdout
    table = dict(re.findall(r"^(\w+) +(\d+)$", planned.partition("Job stats:")[2], flags=re.M))
    assert int(table.pop("total")) == int(total) + int(table.pop("all"))
    assert counted == table
