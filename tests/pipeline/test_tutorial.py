"""docs/tutorial.md, performed as written: every block of code, in its order."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pandas as pd
import preloaded
import pytest
import yaml
from forks import snakemake
from running import ROOT, said

PAGE = ROOT / "docs" / "tutorial.md"
QUICK = {
    "drift": {
        "curves": {"bootstrap": 20, "halves": 4},
        "index": {"flips": 199, "bootstrap": 99},
    }
}
"""Fewer resamples than a reader's run takes, so that the walk takes no minutes."""


def blocks() -> list[tuple[str, str, str]]:
    """File that a block is to be written to, its language, its text; in their order."""
    found = re.findall(
        r"(?:^`([^`\n]+)`:\n\n)?^```(\w+)\n(.*?)^```$",
        PAGE.read_text(encoding="utf-8"),
        re.M | re.S,
    )
    assert found and all(language in ("sh", "python", "yaml") for _, language, _ in found)
    return found


def quicker(clone: Path) -> None:
    """Fewer points of the sweep; all else is as shipped."""
    path = clone / "config/minimal-sweep.yaml"
    text = path.read_text(encoding="utf-8")
    few = re.sub(r"^( +n: )5$", r"\g<1>2", text, flags=re.M)
    assert few != text
    path.write_text(few, encoding="utf-8")
    (clone / "quick.yaml").write_text(yaml.safe_dump(QUICK))


def test_every_block_of_the_tutorial_runs(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quicker(clone)
    monkeypatch.setenv("PYTHONPATH", str(clone / "src"))  # .venv is installed from elsewhere
    seen = []
    with preloaded.jobs():
        for file, language, text in blocks():
            if file:
                (clone / file).write_text(text)
            elif language == "python":
                run(clone, [".venv/bin/python", "-c", text], "144 trials of 100 units")
            else:
                seen += [command(clone, shlex.split(line)) for line in text.splitlines()]
    assert seen == ["make", "python", "listed", "made", "made", "made"]
    drift_of_the_recording(clone)
    named = re.findall(r"`(results/[^`]+\.\w+)`", PAGE.read_text(encoding="utf-8"))
    assert len(named) >= 5
    assert [name for name in named if not (clone / name).is_file()] == []


def command(clone: Path, words: list[str]) -> str:
    """Run a line of the tutorial's shell."""
    program, *arguments = words
    if program == "make":  # .venv is there: tests/test_environment.py looks at what this does
        assert f"\n{arguments[0]}: " in (ROOT / "Makefile").read_text()
        return "make"
    if program == ".venv/bin/python":
        run(clone, words, "100 units, 144 trials")
        return "python"
    assert program == ".venv/bin/snakemake"
    last = max(k for k, word in enumerate(arguments) if word.endswith(".yaml"))
    arguments.insert(last + 1, "quick.yaml")
    done = snakemake(clone, *arguments)
    assert done.returncode == 0, done.stdout[-5000:]
    assert ("spikedrift: made by " in done.stdout) == ("--dry-run" not in arguments)
    if "--dry-run" in arguments:
        assert "prepare_trials" in done.stdout and not (clone / "results/trials").exists()
        return "listed"
    # The recording is read once, and the networks are simulated once.
    assert ("rule prepare_trials" in done.stdout) == (not any("sweep" in word for word in words))
    assert ("rule survey_chunk" in done.stdout) == ("survey" in words)
    return "made"


def run(clone: Path, words: list[str], told: str) -> None:
    done = subprocess.run(words, cwd=clone, capture_output=True, text=True, env={**os.environ})
    assert done.returncode == 0 and told in done.stdout, done.stdout + done.stderr


def drift_of_the_recording(clone: Path) -> None:
    """What the page says of its figures holds."""
    found = pd.read_csv(clone / "results/drift/indices.tsv", sep="\t")
    one = found.query("selection == 'all' and matching == 'none'").set_index("code")
    assert one["index"]["rate"] > 0.5 and one["p_value"]["rate"] < 0.05
    assert abs(one["index"]["timing"]) < 0.05 and one["p_value"]["timing"] > 0.05
    findings = (clone / "results/findings.md").read_text(encoding="utf-8")
    assert "An illustration (2 instances a point), no result." in findings
    assert "The block alone explains it" in findings


def test_a_wrong_key_is_answered_in_one_line(clone: Path) -> None:
    path = clone / "config/minimal-nwb.yaml"
    path.write_text(path.read_text().replace("block_gap: 60 ", "blok_gap: 60 "))
    done = snakemake(clone, "--dry-run", "--configfile", str(path))
    (line,) = said(done.stdout)
    assert done.returncode != 0 and "blok_gap" in line and "block_gap" in line
