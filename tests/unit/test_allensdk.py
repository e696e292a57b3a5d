"""The AllenSDK environment and its programs, with a uv and programs that note what is asked."""

import hashlib
import sys
from pathlib import Path

import pytest

from spikedrift import allensdk
from spikedrift.allensdk import LOCK, AllenSdk, build, run_program
from spikedrift.core.errors import InputError


@pytest.fixture
def uv(tmp_path, monkeypatch):
    """A uv beside the running Python: notes its calls; `venv` and `sync` say what they do here."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setattr(sys, "executable", str(folder / "python"))

    def make(venv="", sync=""):
        (folder / "uv").write_text(
            f'#!/bin/sh\necho "$PWD: $*" >>{tmp_path}/calls\n'
            f'case "$1" in venv) {venv or ":"} ;; pip) {sync or ":"} ;; esac\n'
        )
        (folder / "uv").chmod(0o755)

    make()
    return make


@pytest.fixture
def calls(tmp_path):
    return lambda: (tmp_path / "calls").read_text().splitlines()


def test_directory_carries_the_digest_of_the_lock():
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    assert AllenSdk().directory == f".snakemake/envs/allensdk-{digest[:12]}"
    assert AllenSdk().python == f"{AllenSdk().directory}/bin/python"


@pytest.mark.process
def test_build_asks_for_the_locked_packages_then_marks(uv, calls, tmp_path):
    marker = tmp_path / "envs" / "allensdk-1" / "made"
    build(LOCK, marker)
    venv, sync = calls()
    # From the repository, where .python-version names both Pythons.
    assert venv.startswith(f"{LOCK.parents[1]}: venv --clear")
    assert "--python 3.11" in venv and venv.endswith(str(marker.parent))
    assert "pip sync --require-hashes" in sync and sync.endswith(str(LOCK))
    assert f"--python {marker.parent}/bin/python" in sync
    assert marker.is_file()


@pytest.mark.process
def test_a_build_that_ends_early_has_no_marker_and_is_made_again(uv, calls, tmp_path):
    marker = tmp_path / "allensdk-1" / "made"
    marker.parent.mkdir()
    marker.write_text("of an older build")
    uv(sync="echo '  x Failed to fetch wheel' >&2; echo '  ╰─▶ no route to host' >&2; exit 2")
    with pytest.raises(InputError) as error:
        build(LOCK, marker)
    assert "Failed to fetch wheel; no route to host" in str(error.value)
    assert "connect to the network" in str(error.value)
    assert not marker.exists()
    uv()
    build(LOCK, marker)
    assert marker.is_file()
    assert len(calls()) == 4


@pytest.mark.process
def test_without_python_one_line_says_which(uv, tmp_path):
    uv(venv="echo 'error: No interpreter found for Python 3.11' >&2; exit 2")
    with pytest.raises(InputError, match=r"needs Python 3\.11.*pyenv install 3\.11"):
        build(LOCK, tmp_path / "allensdk-1" / "made")
    assert not (tmp_path / "allensdk-1" / "made").exists()


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Write a program of workflow/allensdk; it runs on this Python."""
    monkeypatch.setattr(allensdk, "PROGRAMS", tmp_path)

    def write(text):
        (tmp_path / "one.py").write_text(f"import sys\n{text}\n")
        return "one"

    return write


@pytest.mark.process
def test_program_gets_arguments_options_and_input(program, tmp_path):
    name = program("open(sys.argv[1], 'w').write(' '.join(sys.argv[2:]) + sys.stdin.read())")
    run_program(sys.executable, name, str(tmp_path / "out"), given="[1]", timeout=2.5)
    assert (tmp_path / "out").read_text() == "--timeout 2.5[1]"


@pytest.mark.process
def test_programs_own_line_is_the_error(program):
    name = program("print('asking', file=sys.stderr); sys.exit('allensdk: no such session')")
    with pytest.raises(InputError, match=r"^no such session$"):
        run_program(sys.executable, name)


@pytest.mark.process
def test_a_program_that_breaks_is_no_bad_input(program):
    with pytest.raises(RuntimeError, match=r"one ended with exit code 1: ZeroDivisionError"):
        run_program(sys.executable, program("1 / 0"))


def test_digest_follows_the_program_and_what_surrounds_it(program, tmp_path):
    (tmp_path / "program.py").write_text("a")
    program("pass")
    before = AllenSdk.digest("one")
    (tmp_path / "program.py").write_text("b")
    assert AllenSdk.digest("one") != before
    (tmp_path / "program.py").write_text("a")
    assert AllenSdk.digest("one") == before
    program("pass  # more")
    assert AllenSdk.digest("one") != before


def test_every_program_stands_alone():
    for path in sorted(Path(allensdk.PROGRAMS).glob("*.py")):
        assert "spikedrift" not in path.read_text().partition('"""\n\n')[2], path.name
