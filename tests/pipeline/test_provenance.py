"""results/provenance.json holds what made the results, and is made again where that changes."""

import hashlib
import json
import re
import shutil
import subprocess
from importlib import metadata

import pytest
from forks import dry_run
from running import SMALL

from spikedrift.plan import surroundings


def test_it_names_code_versions_locks_machines_and_configuration(finished):
    record = json.loads((finished / "results/provenance.json").read_text())
    assert record["code"] == {"commit": None, "changed": {}}  # a copy without its repository
    assert record["versions"].items() >= {
        (name, metadata.version(name)) for name in ("numpy", "brian2", "snakemake", "spikedrift")
    }
    assert record["lock_sha256"] == {
        name: hashlib.sha256((finished / f"envs/{name}.lock.txt").read_bytes()).hexdigest()
        for name in ("core", "allensdk", "bayesflow")
    }
    assert record["machines"] == [surroundings.machine()]
    assert record["config"]["seed"] == 3 and record["config"]["sweeps"][0]["name"] == "tiny"


@pytest.mark.fault("provenance", "another compiler, another commit: it says so", cases=2)
def test_it_is_made_again_and_nothing_else_where_compiler_and_commit_change(
    finished, tmp_path, monkeypatch
):
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\necho another compiler\n")
    other.chmod(0o755)
    monkeypatch.setenv("CXX", str(other))
    try:
        git(finished, "init", "--quiet")
        git(finished, "commit", "--quiet", "--allow-empty", "--message", "one")
        commit = git(finished, "rev-parse", "HEAD")
        found = dry_run(finished, "--configfile", str(SMALL), "--quiet", "progress").stdout
    finally:
        shutil.rmtree(finished / ".git")
    begins = re.split(r"^(?:local)?rule (\w+):$", found, flags=re.MULTILINE)[1:]
    jobs = dict(zip(begins[::2], begins[1::2], strict=True))
    assert jobs.keys() == {"provenance", "supplement", "all"}
    assert {rule for rule, told in jobs.items() if "Params have changed" in told} == {"provenance"}
    assert commit in jobs["provenance"] and "another compiler" in jobs["provenance"]


def git(directory, *arguments):
    named = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(directory), *named, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
