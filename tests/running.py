"""Snakemake in a clone, as a user would run it."""

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from forks import dry_run, snakemake

ROOT = Path(__file__).resolve().parents[1]
SMALL = Path(__file__).parent / "pipeline" / "small.yaml"


def said(output: str) -> list[str]:
    """Lines of ours, without the notice of the figures that a configuration cannot carry.

    And without the notes at the end of a run that failed, which say again what its jobs said.
    """
    lines = [line for line in output.splitlines() if line.startswith("spikedrift: ")]
    notes = "spikedrift: failed"
    return [line for line in lines if "final figures left out" not in line and notes not in line]


def small(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the small configuration."""
    return snakemake(directory, "--cores", "2", "--configfile", str(SMALL), *arguments)


class Job(NamedTuple):
    """A job of a dry run."""

    rule: str
    input: tuple[str, ...]
    output: tuple[str, ...]
    changed: bool
    """Its params are not those of its last run."""


def jobs(directory: Path, *arguments: str) -> list[Job]:
    """Jobs that a dry run would run."""
    # The profile leaves out the reasons of jobs.
    done = dry_run(directory, "--quiet", "progress", *arguments)
    assert done.returncode == 0, done.stdout[-5000:]
    starts = re.split(r"^(?:local)?rule (\w+):$", done.stdout, flags=re.MULTILINE)[1:]
    return [
        Job(rule, _files("input", block), _files("output", block), "Params have changed" in block)
        for rule, block in zip(starts[::2], starts[1::2], strict=True)
    ]


def _files(kind: str, block: str) -> tuple[str, ...]:
    listed = re.search(rf"^    {kind}: (.*)$", block, flags=re.MULTILINE)
    return tuple(listed[1].split(", ")) if listed else ()
