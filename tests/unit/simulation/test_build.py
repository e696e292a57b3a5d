"""What a program depends on, and what a build does where the disk or the compiler fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from disks import small_disk

from spikedrift.config.simulation import Simulation
from spikedrift.core.errors import DiskError, InputError
from spikedrift.simulation import build as building
from spikedrift.simulation.build import build

pytestmark = pytest.mark.compiles

MODEL = f"{__name__}:define"


def define(standalone, structure):
    """One cell that counts its input spikes."""
    import brian2 as b

    relay = b.SpikeGeneratorGroup(1, [], [] * b.second, name="relay", sorted=True)
    cell = b.NeuronGroup(1, "x : 1\nweight : 1 (shared, constant)", name="cell")
    synapse = b.Synapses(relay, cell, on_pre="x_post += weight", name="synapse")
    standalone.read_session({"relay": relay})
    synapse.connect(j="i")
    standalone.run_session(b.Network(relay, cell, synapse), {})
    standalone.keep("x", cell, "x")


def made(folder):
    return build(MODEL, {}, Simulation(), folder).directory


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Compile without optimizing: nothing runs here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "FLAGS", ("-w", "-O0", "-std=c++17"))
        yield


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return made(tmp_path_factory.mktemp("plain"))


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "build.log"
    }


def test_projects_may_share_their_programs(plain, tmp_path, monkeypatch):
    monkeypatch.setenv(building.SHARED, str(plain.parent))
    assert made(tmp_path) == plain
    assert list(tmp_path.iterdir()) == []


def test_a_program_names_no_place_of_its_project(plain):
    """A project elsewhere may run it, and would have made the same."""
    program = (plain / "main").read_bytes()
    for place in (building.PACKAGE, plain):
        assert str(place).encode() not in program


@pytest.mark.fault("digests", "Brian2's preferences in the working directory and in the home")
def test_a_users_brian2_preferences_change_no_byte_of_a_program(plain, tmp_path, monkeypatch):
    home, here = tmp_path / "home", tmp_path / "here"
    for file in (home / ".brian" / "user_preferences", here / "brian_preferences"):
        file.parent.mkdir(parents=True)
        file.write_text("core.default_float_dtype = float32\ncodegen.cpp.headers = ['<none.h>']\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(here)
    other = made(tmp_path / "programs")
    assert other.name == plain.name
    assert "main" in contents(plain) and contents(other) == contents(plain)


@pytest.mark.fault("digests", "Brian2's preferences that cannot be read")
def test_preferences_are_not_even_read(tmp_path):
    (tmp_path / "brian_preferences").write_text("no preference\n")
    code = "import spikedrift.plasticity, brian2; print(brian2.prefs.core.default_float_dtype)"
    source = str(Path(building.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": source},
    )  # fmt: skip
    assert "numpy.float64" in done.stdout


@pytest.mark.process
def test_brian2_comes_without_matplotlib_and_keeps_nobody_from_it():
    code = (
        "import sys, spikedrift.simulation, brian2; assert 'matplotlib' not in sys.modules;"
        "print(brian2.exp(0)); from pylab import plot"
    )
    source = str(Path(building.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": source},
    )  # fmt: skip
    assert done.stdout == "1.0\n" and "ERROR" not in done.stderr


@pytest.mark.fault("digests", "a variable that compilers heed", cases=len(building.HEEDED))
def test_what_compilers_heed_makes_another_program(monkeypatch):
    def digest():
        asked = {"model": "spikedrift.networks.engine:define", "compiler": ["g++"]}
        return building._digest(asked, ())

    for name in building.HEEDED:
        monkeypatch.delenv(name, raising=False)
    found = {digest()}
    for name in building.HEEDED:
        with monkeypatch.context() as patch:
            patch.setenv(name, "/opt/other")
            found.add(digest())
    assert len(found) == 1 + len(building.HEEDED)


# 100 KiB take no more than a part of the code, 500 KiB no more than a part of what is compiled.
@pytest.mark.fault("disk", "full while a program is built")
@pytest.mark.parametrize("kib", [100, 500])
def test_a_build_on_a_full_disk_says_so_in_one_line(kib, tmp_path):
    with small_disk(tmp_path / "disk", kib) as disk:
        with pytest.raises(DiskError) as refused:
            made(disk / "programs")
        told = str(refused.value)
        assert told.startswith(f"building {MODEL} failed: {disk}/programs/")
        assert f"the disk at {disk} is full" in told and "No space left on device" in told
        assert [path.suffix for path in (disk / "programs").iterdir()] == [".lock"]


@pytest.mark.fault("disk", "read-only where programs are kept")
def test_a_build_on_a_read_only_disk_says_so_in_one_line(tmp_path):
    with small_disk(tmp_path / "disk", 100) as disk:
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(DiskError, match=f"the disk at {disk} is read-only"):
            build("spikedrift.networks.engine:define", {}, Simulation(), disk / "programs")


@pytest.mark.fault("compiler", "one that ends well and writes nothing")
def test_a_program_that_is_not_there_is_not_believed(tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", "true")
    with pytest.raises(InputError, match=f"building {MODEL} failed: the compiler wrote no program"):
        made(tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


@pytest.mark.fault("compiler", "CXX names no compiler")
def test_what_is_no_compiler_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", "false")
    with pytest.raises(InputError, match="false --version tells nothing: let CXX name a C"):
        build("spikedrift.networks.engine:define", {}, Simulation(), tmp_path)


@pytest.mark.fault("killed", "a build, which leaves its directory")
def test_what_a_killed_build_left_is_removed_by_the_next(tmp_path):
    target = tmp_path / "0123456789abcdef"
    gone = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True)
    with building._partial(target) as own:
        dead = own.with_name(own.name.replace(str(os.getpid()), gone.stdout.strip()))
        live = own.with_name(own.name.replace(str(os.getpid()), str(os.getppid())))
        elsewhere = tmp_path / f".{target.name}.other-host.{gone.stdout.strip()}.partial"
        another = tmp_path / dead.name.replace(target.name, "f" * 16)
    left = (dead, live, elsewhere, another)
    for folder in left:
        (folder / "code_objects").mkdir(parents=True)
    with building._partial(target) as own:
        assert sorted(tmp_path.iterdir()) == sorted([live, elsewhere, another, own])
    assert sorted(tmp_path.iterdir()) == sorted([live, elsewhere, another])
