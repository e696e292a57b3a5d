"""What a user sees where Snakemake does not come to its first job."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOOD = "recordings: [{name: a.movie, source: synthetic}]\npredictions: null\n"


def start(directory: Path, config: str, *arguments: str) -> tuple[int, list[str]]:
    """Exit code of a dry run, and its lines after those of Snakemake on its profile."""
    (directory / "mine.yaml").write_text(config)
    done = subprocess.run(
        [
            *(Path(sys.executable).parent / "snakemake", "--snakefile", ROOT / "Snakefile"),
            *("--configfile", "mine.yaml", "--dry-run", "--quiet", *arguments),
        ],
        cwd=directory,
        env={**os.environ, "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = [line for line in done.stdout.splitlines() if line]
    return done.returncode, [line for line in lines if "workflow specific profile" not in line]


@pytest.mark.fault("config", "a key that stands twice, as the user sees it")
def test_a_key_that_stands_twice(tmp_path: Path) -> None:
    code, lines = start(tmp_path, GOOD + "seed: 1\nseed: 2\n")
    assert code != 0
    assert lines == [f"spikedrift: {tmp_path}/mine.yaml, line 4: the key 'seed' stands twice"]


@pytest.mark.fault("config", "a word for a number on the command line")
def test_a_word_on_the_command_line(tmp_path: Path) -> None:
    code, (line,) = start(tmp_path, GOOD, "--config", "seed=no")
    assert code != 0
    assert line.startswith("spikedrift: config: seed: input should be a valid integer")
