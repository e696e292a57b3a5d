"""Disks that are full, read-only or lead nowhere: one line with file, disk and what to do."""

import errno
import io
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from tests.unit.similarity.test_store import recording

from spikedrift import trials
from spikedrift.core import atomic, disk
from spikedrift.core.errors import DiskError
from spikedrift.figures.save import save
from spikedrift.ground_truth import verdicts
from spikedrift.report.page import write_page
from spikedrift.similarity.matrix import similarity, write

ROOM = 150_000  # bytes
OLD = b"what was there before"


@pytest.fixture(scope="module")
def data() -> xr.Dataset:
    return recording(800)


@pytest.fixture(params=["full", "limited"])
def small(request, tmp_path) -> Iterator[Path]:
    """A folder on a disk that takes little; where files may not be large, without root."""
    if request.param == "limited":
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM // 2, before[1]))
        yield tmp_path
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        return
    if os.geteuid() != 0:
        pytest.skip("mounting a disk takes root")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", tmp_path]
    subprocess.run(mount, check=True)
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def noise(n: int) -> pd.DataFrame:
    return pd.DataFrame({"value": np.random.default_rng(0).random(n)})


def drawn(n: int) -> Figure:
    figure = Figure(figsize=(6, 6))
    figure.subplots().imshow(np.random.default_rng(0).random((n, n)), interpolation="nearest")
    return figure


def printed(figure: Figure, path: Path) -> None:
    """What `save` does for the PNG: its PDF would be the first not to fit."""
    with atomic.writing(path) as file:
        figure.savefig(file, format="png", dpi=150)


WRITERS: dict[str, tuple[str, Callable[[xr.Dataset, Path], None]]] = {
    "trials": ("a.nc", lambda data, path: trials.write(data, path)),
    "matrix": ("a.nc", lambda data, path: atomic.write_netcdf(similarity(data, "spikeship"), path)),
    "pieces": (
        "a.nc",
        lambda data, path: write(data, "rate_correlation", {}, path, whole=1, side=512),
    ),
    "table": ("a.tsv", lambda data, path: atomic.write_tsv(noise(20_000), path)),
    "verdicts": ("a.tsv", lambda data, path: verdicts.write(noise(40_000), path, {"what": "x"})),
    "page": ("a.html", lambda data, path: write_page(noise(10_000), path, "Noise")),
    "figure's PDF": ("a.pdf", lambda data, path: save(drawn(500), noise(1), path.with_suffix(""))),
    "figure's PNG": (
        "a.png",
        lambda data, path: printed(drawn(300), path),
    ),
    "figure's TSV": (
        "a.tsv",
        lambda data, path: save(drawn(3), noise(20_000), path.with_suffix(""), dpi=30),
    ),
}


@pytest.mark.fault("disk", "a full disk, and a limit on the size of files")
@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.process
def test_a_full_disk_is_one_line(small, data, kind, capfd, monkeypatch):
    name, writer = WRITERS[kind]
    unraisable: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    path = small / name
    path.write_bytes(OLD)
    with pytest.raises(DiskError) as raised:
        writer(data, path)
    line = str(raised.value)
    file, _, rest = line.partition(": cannot be written: ")
    assert Path(file).parent in (small, *small.glob(".a.nc.blocks/*"))
    assert rest.startswith("the disk at ") and str(disk.mount(small)) in rest
    assert rest.endswith("; make room there, then run the same command again")
    assert path.read_bytes() == OLD
    assert not list(small.rglob("*.partial*"))
    assert not unraisable
    assert capfd.readouterr() == ("", "")


@pytest.mark.fault("disk", "a full disk while what is too large for memory is added")
@pytest.mark.process
def test_a_disk_that_fills_in_pieces_is_one_line(small, data, capfd, monkeypatch):
    unraisable: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    monkeypatch.setattr("spikedrift.similarity.matrix.CHUNK", 16)
    # Blocks are written elsewhere, so that it is the file itself that does not fit.
    (small / "out").mkdir()
    few = trials.select(data, trials=np.arange(160))
    monkeypatch.setattr(
        "spikedrift.similarity.store.Store._path",
        lambda store, row, column: Path("/dev/shm") / f"{os.getpid()}.{row}-{column}.npz",
    )
    try:
        with pytest.raises(DiskError, match=r"out/a\.nc: cannot be written: the disk at"):
            write(few, "rate_correlation", {}, small / "out/a.nc", whole=1, side=32)
    finally:
        for left in Path("/dev/shm").glob(f"{os.getpid()}.*.npz"):
            left.unlink()
    assert not list((small / "out").iterdir())
    assert not unraisable
    assert capfd.readouterr() == ("", "")


@pytest.mark.fault("disk", "a place that takes no file")
@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EROFS, "is read-only"),
        (errno.EDQUOT, "your quota on the disk at"),
        (errno.EACCES, "you have no right to write there"),
        (errno.EIO, "fails"),
    ],
)
@pytest.mark.parametrize("at", ["mkdir", "open", "fsync", "replace"])
def test_what_the_disk_says_is_one_line(tmp_path, monkeypatch, number, words, at):
    def failing(*arguments: object, **options: object) -> None:
        raise OSError(number, os.strerror(number))

    place = {
        "mkdir": "pathlib.Path.mkdir",
        "open": "io.FileIO",
        "fsync": "os.fsync",
        "replace": "pathlib.Path.replace",
    }[at]
    monkeypatch.setattr(place, failing)
    with pytest.raises(DiskError, match=words) as raised:
        atomic.write_text("x", tmp_path / "a.txt")
    monkeypatch.undo()
    assert str(raised.value).startswith(f"{tmp_path / 'a.txt'}: cannot be written: ")
    assert not list(tmp_path.iterdir())


@pytest.mark.fault("disk", "a folder that is a file, or a link to nothing")
@pytest.mark.parametrize("link", [False, True])
@pytest.mark.parametrize("below", ["", "trials"])
def test_a_folder_that_is_none_is_one_line(tmp_path, link, below):
    if link:
        (tmp_path / "results").symlink_to(tmp_path / "nowhere")
    else:
        (tmp_path / "results").write_text("")
    with pytest.raises(DiskError, match="remove or rename what stands there"):
        atomic.write_text("x", tmp_path / "results" / below / "a.txt")


STEPS = st.lists(
    st.tuples(st.sampled_from(["write", "read", "seek", "end"]), st.integers(0, 300)), max_size=30
)


@pytest.mark.fault("disk", "HDF5 that reads back what a full disk did not take, and crashes")
@settings(max_examples=200, deadline=None)
@example(steps=[("seek", 1), ("write", 1), ("seek", 0), ("read", 1)], room=0)
@given(steps=STEPS, room=st.integers(0, 400))
def test_what_a_full_disk_did_not_take_is_read_back_until_the_error_is_told(steps, room):
    kept = io.BytesIO()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with tempfile.TemporaryDirectory() as folder, atomic._Lasting(Path(folder) / "a") as file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
        try:
            for turn, (step, number) in enumerate(steps):
                for one in (file, kept):
                    if step == "write":
                        assert one.write(bytes([turn + 1]) * number) == number
                    elif step == "seek":
                        one.seek(number)
                    elif step == "end":
                        one.seek(0, os.SEEK_END)
                if step == "read":
                    assert file.read(number) == kept.read(number)
                assert file.tell() == kept.tell()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        if len(kept.getvalue()) > room:
            with pytest.raises(OSError, match="File too large"):
                file.tell_error()
        else:
            file.tell_error()


JOB = """
import sys
from pathlib import Path
import numpy as np
from spikedrift.core import atomic
from spikedrift.core.job import job

log, output, what = sys.argv[1:]
with job(log):
    if what == "interrupt":
        import os, signal
        os.kill(os.getpid(), signal.SIGINT)
    if what == "warn":
        import warnings
        warnings.warn("did not converge", RuntimeWarning)
    atomic.write_text("x" * 1_000_000, output)
"""


def job(log: Path, output: Path, what: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", JOB, log, output, what], capture_output=True, text=True, check=False
    )


@pytest.mark.fault("disk", "a disk that is full for results and logs alike")
@pytest.mark.process
def test_a_job_on_a_full_disk_says_one_line(small):
    (small / "filler").write_bytes(bytes(60_000))
    done = job(small / "logs/a.log", small / "a.txt")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"spikedrift: {small / 'a.txt'}: cannot be written: the disk at ")


@pytest.mark.fault("disk", "a log that cannot be opened")
@pytest.mark.process
def test_a_log_that_cannot_be_opened_is_one_line(tmp_path):
    (tmp_path / "logs").symlink_to(tmp_path / "nowhere")
    done = job(tmp_path / "logs/a.log", tmp_path / "a.txt")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith(f"spikedrift: {tmp_path / 'logs/a.log'}: cannot be written: ")
    assert not (tmp_path / "a.txt").exists()


@pytest.mark.fault("kill", "Ctrl-C in a job")
@pytest.mark.process
def test_an_interrupted_job_says_one_line(tmp_path):
    done = job(tmp_path / "a.log", tmp_path / "a.txt", "interrupt")
    assert done.returncode == 128 + signal.SIGINT == 130
    assert (done.stdout, done.stderr) == ("", "spikedrift: interrupted\n")
    assert (tmp_path / "a.log").read_text().endswith(" spikedrift: interrupted\n")
    assert not (tmp_path / "a.txt").exists()


@pytest.mark.fault("logs", "a warning of another library in a job")
@pytest.mark.process
def test_warnings_go_to_the_log(tmp_path):
    done = job(tmp_path / "a.log", tmp_path / "a.txt", "warn")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    log = (tmp_path / "a.log").read_text()
    assert "RuntimeWarning: did not converge" in log and "done in" in log


@pytest.mark.parametrize(
    ("program", "line"),
    [
        ("from spikedrift.core.job import job\nwith job('a.log'):\n    raise KeyboardInterrupt",
         b"spikedrift: interrupted\n"),
        ("from spikedrift.fetch.progress import say\nsay('3 files')", b"3 files\n"),
    ],
)  # fmt: skip
@pytest.mark.process
def test_a_line_is_one_write(tmp_path, program, line):
    """Jobs that end together share one standard error; a pipe keeps writes apart, not lines."""
    reading, writing = os.pipe2(os.O_DIRECT)  # a read gives what one write brought
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        with os.fdopen(writing, "wb", buffering=0) as end:
            subprocess.run(
                [sys.executable, "-c", program], stderr=end, cwd=tmp_path, check=False, timeout=60
            )
        assert pipe.read(1000) == line
