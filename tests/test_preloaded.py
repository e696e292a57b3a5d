"""A job in a fork of a process that has imported much ends as the job alone does."""

import json
import signal
import subprocess
import sys

import preloaded
import pytest

pytestmark = pytest.mark.process

SCRIPT = """
import json, os, signal, sys, tempfile
from pathlib import Path
from beside import WORD

if __name__ == "__main__":
    assert Path(__file__).name == "tmp1.job.py" and "spikedrift" not in sys.modules
    told = [WORD, "xarray" in sys.modules, os.getcwd(), os.environ["GIVEN"], tempfile.gettempdir()]
    print(json.dumps([*told, sys.path[0], sys.stdin.read()]))
    how = sys.argv[1]
    if how == "killed":
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "raises":
        raise ValueError("no such thing")
    sys.exit(int(how))
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("project") / ".snakemake/scripts/tmp1.job.py"
    path.parent.mkdir(parents=True)
    path.write_text(SCRIPT)
    path.with_name("beside.py").write_text("WORD = 'beside'\n")
    return path


@pytest.fixture(scope="module")
def forking():
    with preloaded.jobs():
        yield


@pytest.mark.parametrize("how", ["0", "3", "raises", "killed"])
def test_output_place_and_exit_code_are_those_of_the_job(
    script, forking, tmp_path, monkeypatch, how
):
    monkeypatch.setenv("GIVEN", "a word")
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def ended() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(script), how]
        return subprocess.run(command, cwd=tmp_path, input="said", capture_output=True, text=True)

    forked = ended()
    monkeypatch.delenv("SPIKEDRIFT_PRELOADED")
    alone = ended()
    killed = -signal.SIGKILL
    assert alone.returncode == {"0": 0, "3": 3, "raises": 1, "killed": killed}[how]
    assert forked.returncode == (128 - killed if how == "killed" else alone.returncode)
    place, folder = str(tmp_path), str(script.parent)
    for done, loaded in ((forked, True), (alone, False)):
        told = ["beside", loaded, place, "a word", place, folder, "said"]
        assert json.loads(done.stdout) == told
        assert ("ValueError: no such thing" in done.stderr) == (how == "raises")
