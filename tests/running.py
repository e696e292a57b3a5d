"""Snakemake in a clone, as a user would run it."""

import subprocess
from pathlib import Path

SMALL = Path(__file__).parent / "pipeline" / "small.yaml"


def snakemake(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in a clone, as a user would."""
    return subprocess.run(
        [".venv/bin/snakemake", *arguments],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def said(output: str) -> list[str]:
    """Lines of ours, without the notice of the figures that a configuration cannot carry."""
    lines = [line for line in output.splitlines() if line.startswith("spikedrift: ")]
    return [line for line in lines if "final figures left out" not in line]


def small(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the small configuration."""
    return snakemake(directory, "--cores", "2", "--configfile", str(SMALL), *arguments)
