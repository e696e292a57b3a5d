"""Unlock a directory after a killed run, unless a process still works in it.

    .venv/bin/python workflow/unlock.py [DIRECTORY]

The directory is the present one, or what `--directory` named. After `kill -9` of Snakemake its lock
stays, and so may its jobs. With no live process the lock is taken off (`snakemake --unlock`),
otherwise their ids are named. `make demo` runs this first, `--quiet` where there is no lock.
"""

import argparse
import os
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
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("directory", nargs="?", default=Path(), type=Path)
    parser.add_argument("--quiet", action="store_true", help="no word where there is no lock")
    given = parser.parse_args()
    directory = given.directory.absolute().resolve()
    if not directory.is_dir():
        print(f"{directory}: no such directory; name the one that `--directory` named")
        return 1
    if not any((directory / ".snakemake" / "locks").glob("*.lock")):
        if not given.quiet:
            print(
                f"no lock in {directory}: nothing to take off; after a run with --directory, "
                "name that directory"
            )
        return 0
    if pids := holders(directory):
        named = " ".join(map(str, pids))
        print(f"another run works in this directory (process {named}): wait or end it first")
        return 1
    print("unlocking after an interrupted run")
    # The lock is the directory's: no workflow and no configuration has to be read for it.
    command = [sys.executable, "-m", "snakemake", "--snakefile", os.devnull, "--unlock"]
    command += ["--directory", str(directory)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        print(done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
