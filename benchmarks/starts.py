"""Processor time that a job spends before its first line of science.

`python benchmarks/starts.py sweep_points:sweep=regimes --configfile config/regimes.yaml`

A job on a cluster starts Snakemake twice, with its rule and its wildcards. This is one such start,
as a dry run; what Snakemake takes without this workflow; and a dry run of the whole study, which
the user's call begins with. The least of several, in turns. Files that the job reads have to be
there.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
SNAKEMAKE = [sys.executable, "-m", "snakemake"]
# As executors start a job; `-n` ends it where its script would begin.
JOB = "--mode remote --cores all --force --force-use-threads --nolock --no-hooks"
EMPTY = 'rule nothing:\n    output: "nothing"\n    shell: "touch {output}"\n'


def seconds(command: list[str], cwd: Path) -> float:
    """Processor time of a command, s."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def started(job: str) -> list[str]:
    """Command that starts a job, `rule:wildcard=value,...`."""
    allowed = ["--target-jobs", job, "--allowed-rules", job.partition(":")[0]]
    return [*SNAKEMAKE, "-n", *allowed, *JOB.split()]


def main() -> None:
    """Print the three times."""
    parser = argparse.ArgumentParser()
    parser.add_argument("job", help="rule:wildcard=value,...; rule: for none")
    parser.add_argument("--configfile", type=Path)
    parser.add_argument("--directory", type=Path, default=HERE, help="folder of the results")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    ours = ["--snakefile", str(HERE / "Snakefile")]
    if given.configfile:
        ours += ["--configfile", str(given.configfile.resolve())]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Snakefile").write_text(EMPTY)
        commands = {
            "Snakemake alone": (started("nothing:"), Path(folder)),
            "a job": ([*started(given.job), *ours], given.directory),
            "the whole study": ([*SNAKEMAKE, "-n", "--nolock", *ours], given.directory),
        }
        found: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(given.repeats):
            for name, command in commands.items():
                found[name].append(seconds(*command))
    for name, times in found.items():
        print(f"{name:16} {min(times):5.1f} s")


if __name__ == "__main__":
    main()
