"""Environments beside the core's, with a uv and programs that note what is asked."""

import hashlib
import sys
from dataclasses import replace

import pytest

from spikedrift.allensdk import AllenSdk
from spikedrift.bayesflow import BAYESFLOW
from spikedrift.core.errors import InputError

EVERY = pytest.mark.parametrize("of", [AllenSdk(), BAYESFLOW], ids=["allensdk", "bayesflow"])


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


@EVERY
def test_directory_carries_the_digest_of_the_lock(of):
    digest = hashlib.sha256(of.lock.read_bytes()).hexdigest()
    assert of.directory == f".snakemake/envs/{of.name}-{digest[:12]}"
    assert of.python == f"{of.directory}/bin/python"


@EVERY
@pytest.mark.process
def test_build_asks_for_the_locked_packages_then_marks(of, uv, calls, tmp_path):
    marker = tmp_path / "envs" / "one-1" / "made"
    of.build(marker)
    venv, sync = calls()
    # From the repository, where .python-version names both Pythons.
    assert venv.startswith(f"{of.root}: venv --clear")
    assert f"--python {of.version}" in venv and venv.endswith(str(marker.parent))
    assert "pip sync --require-hashes" in sync and sync.endswith(str(of.lock))
    assert f"--python {marker.parent}/bin/python" in sync
    assert marker.is_file()


@EVERY
@pytest.mark.process
def test_a_build_that_ends_early_has_no_marker_and_is_made_again(of, uv, calls, tmp_path):
    marker = tmp_path / "one-1" / "made"
    marker.parent.mkdir()
    marker.write_text("of an older build")
    uv(sync="echo '  x Failed to fetch wheel' >&2; echo '  ╰─▶ no route to host' >&2; exit 2")
    with pytest.raises(InputError) as error:
        of.build(marker)
    assert f"the {of.title} environment" in str(error.value)
    assert "Failed to fetch wheel; no route to host" in str(error.value)
    assert "connect to the network" in str(error.value)
    assert not marker.exists()
    uv()
    of.build(marker)
    assert marker.is_file()
    assert len(calls()) == 4


@EVERY
@pytest.mark.process
def test_without_python_one_line_says_which(of, uv, tmp_path):
    uv(venv="echo 'error: No interpreter found' >&2; exit 2")
    words = rf"{of.title} needs Python {of.version}.*pyenv install {of.version}"
    with pytest.raises(InputError, match=words):
        of.build(tmp_path / "one-1" / "made")
    assert not (tmp_path / "one-1" / "made").exists()


@pytest.fixture
def program(tmp_path):
    """Write a program; the environment that finds it, whose Python is this one, and its name."""
    of = replace(AllenSdk(), root=tmp_path)
    of.programs.mkdir(parents=True)

    def write(text):
        (of.programs / "one.py").write_text(f"import sys\n{text}\n")
        return of, "one"

    return write


@pytest.mark.process
def test_program_gets_arguments_options_and_input(program, tmp_path):
    of, name = program("open(sys.argv[1], 'w').write(' '.join(sys.argv[2:]) + sys.stdin.read())")
    of.run(sys.executable, name, str(tmp_path / "out"), given="[1]", timeout=2.5)
    assert (tmp_path / "out").read_text() == "--timeout 2.5[1]"


@pytest.mark.process
def test_programs_own_line_is_the_error(program):
    of, name = program("print('asking', file=sys.stderr); sys.exit('allensdk: no such session')")
    with pytest.raises(InputError, match=r"^no such session$"):
        of.run(sys.executable, name)


@pytest.mark.process
def test_a_program_that_breaks_is_no_bad_input(program):
    of, name = program("1 / 0")
    with pytest.raises(RuntimeError, match=r"one ended with exit code 1: ZeroDivisionError"):
        of.run(sys.executable, name)


def test_digest_follows_the_program_and_what_surrounds_it(program):
    of, name = program("pass")
    around = of.programs / "program.py"
    around.write_text("a")
    before = of.digest(name)
    around.write_text("b")
    assert of.digest(name) != before
    around.write_text("a")
    assert of.digest(name) == before
    program("pass  # more")
    assert of.digest(name) != before


@EVERY
def test_every_program_stands_alone(of):
    found = sorted(of.programs.glob("*.py"))
    assert found
    for path in found:
        assert "spikedrift" not in path.read_text().partition('"""\n\n')[2], path.name
