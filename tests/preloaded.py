"""Jobs of the workflow, each in a fork of one process that has imported what most of them import.

More than half of the time of a small job goes into the imports of pandas, xarray and pydantic. The
process imports nothing of spikedrift, and of other packages nothing but what every job that names
them would: each fork reads the script and the library of its own project anew. Jobs start as users'
do where a run is killed or its disk is full, through Slurm, in the undisturbed run that these are
compared with, and where no test asks for this.
"""

import atexit
import gc
import json
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path

CLIENT = Path(__file__).with_name("preloading")
COMMON = (
    *("h5netcdf", "jinja2", "matplotlib.backends.backend_pdf", "matplotlib.figure", "numba"),
    *("pandas", "pydantic.main", "scipy.stats", "sympy", "xarray"),
)
"""Of what Brian2 imports, two; its own import depends on what was imported of spikedrift before."""


@contextmanager
def jobs(anew: bool = False) -> Iterator[None]:
    """Let the jobs of Snakemake that start meanwhile be forks of a process that has these modules.

    It lives as long as the tests. With `anew` there is another one for these jobs alone: text is
    hashed otherwise in it, as between runs of users.
    """
    import pytest  # the process needs none

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPIKEDRIFT_PRELOADED", _started() if anew else _server())
        patch.setenv("PYTHONPATH", str(CLIENT), prepend=os.pathsep)
        yield


def _started() -> str:
    """Start the process, which ends when this one does; its socket."""
    place = str(Path(tempfile.mkdtemp(), "socket"))
    process = subprocess.Popen(
        [sys.executable, "-P", __file__, place, *COMMON],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    atexit.register(process.communicate)
    return place


_server = cache(_started)


def _serve(place: str, modules: list[str]) -> None:
    """Fork for every request; the fork becomes what was asked for and ends as that does."""
    for module in modules:
        import_module(module)
    assert "spikedrift" not in sys.modules
    gc.set_threshold(10_000)  # as `workflow/start` says
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # forks need not be waited for
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place)
        listening.listen()
        print("ready", flush=True)
        while sys.stdin not in select.select([listening, sys.stdin], [], [])[0]:
            asked, _ = listening.accept()
            if os.fork():
                asked.close()
                continue
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _, descriptors, _, _ = socket.recv_fds(asked, 1, 3)
            with asked.makefile("rb") as request:
                command, path, directory, environment = json.load(request)
            if job := os.fork():
                code = os.waitstatus_to_exitcode(os.waitpid(job, 0)[1])
                asked.sendall(str(code if code >= 0 else 128 - code).encode())
                os._exit(0)
            asked.close()
            break
        else:
            shutil.rmtree(Path(place).parent)
            return
    for number, opened in enumerate(descriptors):
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:], tempfile.tempdir = path, None
    _run(command)


def _run(command: list[str]) -> None:
    """Do what `python` does with these arguments: a script, or -P -m and a module."""
    if command[0] == "-P":
        _, _, module, *sys.argv[1:] = command
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    else:
        sys.argv[:] = command
        sys.path.insert(0, str(Path(command[0]).parent))
        runpy.run_path(command[0], run_name="__main__")


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2:])
