"""Unlock a directory after a killed run, unless a process still works in it.

    .venv/bin/python workflow/unlock.py [DIRECTORY]

The directory is the present one, or what `--directory` named. After `kill -9` of Snakemake its lock
stays, and so may its jobs. `make demo` runs this first: with no live process the lock is taken off
(`snakemake --unlock`), otherwise their ids are named.
"""

import subprocess
import sys
from pathlib import Path

import psutil


def holders(directory: Path) -> list[int]:
    """Ids of the Snakemake processes and jobs that work in `directory`, but for our own."""
    own = {process.pid for process in (psutil.Process(), *psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        try:
            inside = Path(process.cwd()) == directory
            if inside and process.pid not in own and "snakemake" in " ".join(process.cmdline()):
                found.append(process.pid)
        except psutil.Error:  # ended meanwhile, or another user's
            continue
    return found


def main() -> int:
    """Unlock the directory where that is safe; exit code 1 where it is not."""
    directory = Path(*sys.argv[1:2]).absolute().resolve()
    if not any((directory / ".snakemake" / "locks").glob("*.lock")):
        return 0
    if pids := holders(directory):
        named = " ".join(map(str, pids))
        print(f"another run works in this directory (process {named}): wait or end it first")
        return 1
    print("unlocking after an interrupted run")
    command = [sys.executable, "-m", "snakemake", "--unlock", "--directory", str(directory)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        print(done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
