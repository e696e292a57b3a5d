"""Snakemake, each time in a fork of one process that has imported what it imports.

Half of the time of a dry run goes into those imports. The process imports nothing of spikedrift:
each fork reads the Snakefile, the configuration and the library of its own directory anew. The
command itself is started where a run is killed or its disk is full, through Slurm, and by make.
"""

import atexit
import gc
import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path


@cache
def _server() -> subprocess.Popen[str]:
    """Process that answers every request, a line of JSON, by the exit code of a fork."""
    # -P: a script's own folder is on the path of no Snakemake.
    process = subprocess.Popen(
        [sys.executable, "-P", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(process.communicate)
    return process


def snakemake(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Exit code and output of `snakemake` in a directory, in this environment."""
    server = _server()
    assert server.stdin is not None and server.stdout is not None
    with tempfile.NamedTemporaryFile("r") as said:
        request = (str(directory), arguments, dict(os.environ), said.name)
        print(json.dumps(request), file=server.stdin, flush=True)
        code = int(server.stdout.readline())
        return subprocess.CompletedProcess(arguments, code, said.read())


def dry_run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Exit code and output of `snakemake --dry-run`."""
    return snakemake(directory, "--dry-run", *arguments)


def _serve() -> None:
    """Fork for every request; the fork goes on as Snakemake and ends as it does."""
    import nbformat  # noqa: F401
    import smart_open  # noqa: F401
    import snakemake.cli
    import snakemake.profiles
    import snakemake.report.html_reporter

    snakemake.cli.get_argument_parser()  # lists and imports the plug-ins of Snakemake
    assert "spikedrift" not in sys.modules
    gc.freeze()  # or each fork looks through all of this again, a third of its time
    for line in sys.stdin:
        if (fork := os.fork()) == 0:
            _become(*json.loads(line))
            return snakemake.cli.main()
        print(os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1]), flush=True)


def _become(directory: str, arguments: list[str], environment: dict[str, str], said: str) -> None:
    """Take the place of a program that was started with these."""
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    for path, descriptors in ((os.devnull, (0,)), (said, (1, 2))):
        opened = os.open(path, os.O_RDWR)
        for descriptor in descriptors:
            os.dup2(opened, descriptor)
        os.close(opened)
    sys.argv[1:] = arguments


if __name__ == "__main__":
    _serve()
