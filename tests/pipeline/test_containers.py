"""Container definitions, which cannot be built here, and the workflow as others deploy it."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from forks import dry_run

ROOT = Path(__file__).resolve().parents[2]
INSIDE = "/opt/spikedrift"
SHELL = ("post", "runscript", "test")


def logical(text: str) -> list[str]:
    """Lines of a Dockerfile without comments, joined where they go on."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [line for line in "\n".join(lines).replace("\\\n", "").splitlines() if line.strip()]


def docker_copies() -> dict[str, str]:
    """Path in the project -> path in the image."""
    found, here = {}, "/"
    for line in logical((ROOT / "Dockerfile").read_text(encoding="utf-8")):
        word, _, rest = line.partition(" ")
        if word == "WORKDIR":
            here = rest
        elif word == "COPY":
            *sources, target = shlex.split(rest)
            for source in sources:
                inside = Path(here, target, source) if target == "./" else Path(here, target)
                found[source] = str(inside)
    return found


def sections() -> dict[str, str]:
    """Sections of the Apptainer definition by name."""
    text = (ROOT / "apptainer.def").read_text(encoding="utf-8")
    _, *parts = re.split(r"^%(\w+)\n", text, flags=re.M)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_both_copy_the_same_to_the_same_place():
    copied = docker_copies()
    assert copied == {name: f"{INSIDE}/{name}" for name in copied}
    files = dict(line.split() for line in sections()["files"].splitlines() if line.strip())
    assert files == copied
    assert all((ROOT / name).exists() for name in copied)
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == copied.keys()


def test_both_begin_with_the_same_image_and_call_what_there_is():
    docker = logical((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    definition = (ROOT / "apptainer.def").read_text(encoding="utf-8")
    (image,) = (line.split()[1] for line in docker if line.startswith("FROM "))
    assert f"\nFrom: {image}\n" in definition
    (entry,) = (line for line in docker if line.startswith("ENTRYPOINT "))
    words = re.findall(r'"([^"]+)"', entry)
    assert words == [f"{INSIDE}/.venv/bin/snakemake", "--snakefile", f"{INSIDE}/Snakefile"]
    assert shlex.join(words) in sections()["runscript"]
    made = re.findall(r"make(?: -C \S+)? (\w+)", "\n".join([*docker, sections()["post"]]))
    assert made == ["env", "env"]
    assert re.search(r"^env:", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M)
    for section in SHELL:
        done = subprocess.run(["sh", "-n"], input=sections()[section], text=True, check=False)
        assert done.returncode == 0, section


@pytest.fixture
def image(tmp_path) -> Path:
    """What an image holds of the project, alone in a folder."""
    folder = tmp_path / "image"
    folder.mkdir()
    for name in docker_copies():
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def jobs(output: str) -> int:
    totals = set(re.findall(r"^total +(\d+)$", output, flags=re.M))  # before the jobs and after
    (total,) = totals
    return int(total)


def test_an_image_holds_all_that_a_run_is_planned_from(image, tmp_path):
    """Also as snakedeploy has it: a workflow that takes all rules of this one as a module."""
    call = ("--cores", "2", "--quiet", "rules")
    work = tmp_path / "work"
    work.mkdir()
    done = dry_run(work, "--snakefile", str(image / "Snakefile"), *call)
    assert done.returncode == 0, done.stdout

    deployed = tmp_path / "deployed"
    (deployed / "workflow").mkdir(parents=True)
    shutil.copytree(image / "config", deployed / "config")
    (deployed / "workflow" / "Snakefile").write_text(
        'configfile: "config/config.yaml"\n\n\nmodule spikedrift:\n    snakefile:\n'
        f'        "{image}/workflow/Snakefile"\n    config:\n        config\n\n\n'
        "use rule * from spikedrift\n"
    )
    again = dry_run(deployed, *call)
    assert again.returncode == 0, again.stdout
    assert jobs(again.stdout) == jobs(done.stdout) > 50
