"""Whether runs that are disturbed, or made elsewhere, end with the results of an undisturbed one.

    python benchmarks/disturbed.py killed FOLDER [--moments 20] [--seed 1]
    python benchmarks/disturbed.py repeated FOLDER [--configfile FILE]

Both work in copies of the project that they make in FOLDER, and compare numbers bit by bit
(`same_results.py`). The exit code is 1 where something differs, is damaged or leaves a traceback.
`SPIKEDRIFT_PROGRAMS` spares them compiling the same networks again.

`killed` takes the small configuration of the tests and ends each run at a random moment, as
`DISTURBANCES` says: a whole run or Snakemake alone by `kill -9`, a random job by `kill -9`, Ctrl-C,
SIGTERM. After each, no file under its final name may be damaged; then the run is unlocked and begun
again as the documentation says. A run that comes to its end is compared, and a new one is begun.

`repeated` takes the embedded default, or what `--configfile` names: with one core, with two cores
in another folder, and with the second project moved, where nothing may be left to do and half of
its results are made again.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil
import same_results

from spikedrift.core.seal import damage

ROOT = Path(__file__).resolve().parents[1]
SMALL = ROOT / "tests" / "pipeline" / "small.yaml"
FINDINGS = ("Traceback", "Segmentation fault")


class Project:
    """A copy of the project, in which Snakemake runs.

    Attributes
    ----------
    folder : where it lies
    said : all that its runs put on the screen
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, check=True, capture_output=True, text=True,
        )  # fmt: skip
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        (folder / ".venv").symlink_to(sys.prefix, target_is_directory=True)
        self.said = folder.with_name(f"{folder.name}.said")

    def start(self, *arguments: str) -> psutil.Popen:
        """Start Snakemake as the leader of a group of processes."""
        with self.said.open("a") as said:
            return psutil.Popen(
                [".venv/bin/snakemake", *arguments],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                start_new_session=True,
            )  # fmt: skip

    def run(self, *arguments: str) -> None:
        """Run Snakemake to its end; leave where it fails."""
        if self.start(*arguments).wait():
            sys.exit(f"failed, see {self.said}")

    def lines(self) -> list[str]:
        return self.said.read_text(errors="replace").splitlines() if self.said.exists() else []

    def unlock(self) -> None:
        """Unlock as documented: once no job of a killed run works here any more."""
        while subprocess.run(
            [".venv/bin/python", "workflow/unlock.py", "--quiet"],
            cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ).returncode:  # fmt: skip
            time.sleep(0.5)

    def damaged(self) -> list[str]:
        """Results under their final names that are not whole."""
        found = [path for path in self.results.rglob("*.nc") if not path.name.startswith(".")]
        return [str(path) for path in found if damage(path)]

    @property
    def results(self) -> Path:
        return self.folder / "results"


def jobs(run: psutil.Process) -> list[psutil.Process]:
    """Processes of a run that work on a script of the workflow."""
    found = []
    for child in run.children(recursive=True):
        try:
            if any(".snakemake/scripts/" in word for word in child.cmdline()[:3]):
                found.append(child)
        except psutil.Error:  # ended meanwhile
            continue
    return found


def group(number: signal.Signals) -> Callable[[psutil.Process, random.Random], None]:
    return lambda run, chance: os.killpg(run.pid, number)


def alone(number: signal.Signals) -> Callable[[psutil.Process, random.Random], None]:
    return lambda run, chance: run.send_signal(number)


def one_job(run: psutil.Process, chance: random.Random) -> None:
    """Kill a job, and ask Snakemake to stop, which would go on with all others."""
    while run.is_running() and run.status() != psutil.STATUS_ZOMBIE:
        if found := jobs(run):
            chance.choice(found).kill()
            break
        time.sleep(0.02)
    run.send_signal(signal.SIGTERM)


DISTURBANCES = {
    "kill -9 of the run": group(signal.SIGKILL),
    "kill -9 of Snakemake alone": alone(signal.SIGKILL),
    "kill -9 of a job": one_job,
    "Ctrl-C": group(signal.SIGINT),
    "SIGTERM of the run": group(signal.SIGTERM),
    "SIGTERM of Snakemake alone": alone(signal.SIGTERM),
}


def disturbed(project: Project, what: str, chance: random.Random) -> bool:
    """Start a run and disturb it at a random moment; whether it had not ended before."""
    more, delay, before = chance.randint(0, 4), chance.uniform(0, 1.5), len(project.lines())
    run = project.start("--cores", "2", "--configfile", str(SMALL))
    while run.poll() is None:
        said = project.lines()[before:]
        begun = any(line.startswith(("rule ", "localrule ")) for line in said)
        if begun and sum(line.startswith("Finished jobid") for line in said) >= more:
            break
        time.sleep(0.05)
    time.sleep(delay)
    if run.poll() is not None:
        return False
    DISTURBANCES[what](run, chance)
    run.wait()
    return True


def killed(folder: Path, moments: int, seed: int) -> int:
    chance = random.Random(seed)
    undisturbed, project = Project(folder / "undisturbed"), Project(folder / "killed")
    undisturbed.run("--cores", "2", "--configfile", str(SMALL))
    plan = [what for what in DISTURBANCES for _ in range(-(-moments // len(DISTURBANCES)))]
    chance.shuffle(plan)
    tried, damaged, compared, different = Counter[str](), 0, 0, 0

    def finished() -> None:
        nonlocal compared, different
        project.unlock()
        project.run("--cores", "2", "--configfile", str(SMALL))
        different += same_results.main(undisturbed.results, project.results)
        compared += 1

    for what in plan[:moments]:
        while not disturbed(project, what, chance):
            finished()
            shutil.rmtree(project.results)
            shutil.rmtree(project.folder / ".snakemake")
        tried[what] += 1
        project.unlock()
        damaged += len(project.damaged())
        print(f"{what}: {len(list(project.results.rglob('*.nc')))} files", flush=True)
    finished()
    strange = words(project)
    print(*(f"{count} x {what}" for what, count in tried.items()), sep="\n")
    print(f"{damaged} files damaged, {compared} runs compared, {different} differ")
    return int(bool(damaged or different or strange))


def repeated(folder: Path, *config: str) -> int:
    one, two = Project(folder / "one"), Project(folder / "two")
    one.run("--cores", "1", *config)
    two.run("--cores", "2", *config)
    different = same_results.main(one.results, two.results)
    two.folder = two.folder.rename(folder / "moved")
    two.run("--cores", "2", *config)
    if not any("Nothing to be done" in line for line in two.lines()[-20:]):
        print("after the move there was something to do")
        different += 1
    files = [path for path in sorted(two.results.rglob("*.nc")) if path.parts[-2] != "trials"]
    for path in files[::2]:
        path.unlink()
    two.run("--cores", "2", *config)
    different += same_results.main(one.results, two.results)
    return int(bool(different) or any([words(one), words(two)]))


def words(project: Project) -> list[str]:
    """Lines on the screen that no user should see."""
    found = [line for line in project.lines() if any(word in line for word in FINDINGS)]
    print(*found, f"{project.folder.name}: {len(found)} tracebacks", sep="\n")
    return found


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("what", choices=["killed", "repeated"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--configfile", type=Path)
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True)  # a new one
    folder = given.folder.resolve()
    if given.what == "repeated":
        file = given.configfile
        return repeated(folder, *(["--configfile", str(file.resolve())] if file else []))
    return killed(folder, given.moments, given.seed)


if __name__ == "__main__":
    sys.exit(main())
