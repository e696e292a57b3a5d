"""Each fault of a server, over http and as S3: a whole file in the end, or one line and no file."""

import fcntl
import hashlib
import io
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from misbehaving import Server, serving

from spikedrift.config.fetch import Endpoints, FetchOptions
from spikedrift.core.errors import InputError
from spikedrift.fetch import progress
from spikedrift.fetch.registry import COLUMNS
from spikedrift.fetch.reply import CHUNK
from spikedrift.fetch.transfer import fetch

FILE = "session_7/session_7.nwb"


def nwb(seed: int) -> bytes:
    """A HDF5 file of 4 MB."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file["spike_times"] = np.random.default_rng(seed).random(500_000)
    return stream.getvalue()


CONTENT = nwb(0)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(CONTENT) as running:
        yield running


@pytest.fixture
def target(tmp_path) -> Path:
    return tmp_path / "raw" / FILE


def left(target: Path) -> list[str]:
    return sorted(p.name for p in target.parent.iterdir()) if target.parent.exists() else []


class Fetching:
    """One file, registered at places of a server, published without length or digest."""

    def __init__(self, server: Server, target: Path, *places: str, sha256: str = "") -> None:
        self.target, self.places = target, places
        urls = {"https": f"{server.root}/{FILE}", "s3": f"s3://bucket/{FILE}"}
        self.registry = target.parents[2] / "registry.tsv"
        row = ("set", FILE, " ".join(urls[p] for p in places), "", sha256, "CC0", "A 2020")
        self.registry.write_text("\t".join(COLUMNS) + "\n" + "\t".join(row) + "\n")
        self.endpoints = Endpoints(s3=server.root)

    def __call__(self, attempts: int = 3, timeout: float = 0.5) -> None:
        options = FetchOptions(
            order=list(self.places),
            attempts=attempts,
            timeout=timeout,
            wait=0.01,
            endpoints=self.endpoints,
        )
        fetch("set", FILE, self.target, options, self.registry)

    def refused(self, **options: float) -> str:
        """One line, and no file under the final name."""
        with pytest.raises(InputError) as error:
            self(**options)
        assert "\n" not in str(error.value)
        assert not self.target.exists()
        assert not self.target.with_name(f"{self.target.name}.json").exists()
        return str(error.value)


@pytest.fixture(params=["https", "s3"])
def fetching(request, server, target) -> Fetching:
    return Fetching(server, target, request.param)


def assert_whole(target: Path, content: bytes = CONTENT) -> dict:
    assert target.read_bytes() == content
    assert left(target) == [target.name, f"{target.name}.json"]
    record = json.loads(target.with_name(f"{target.name}.json").read_text())
    assert record["sha256"] == hashlib.sha256(content).hexdigest()
    assert record["bytes"] == len(content)
    return record


@pytest.mark.parametrize("fault", ["stall-mid", "reset", "truncated"])
def test_a_broken_transfer_resumes_where_it_broke(server, fetching, target, fault):
    server.answers = [fault, fault, "whole"]
    fetching()
    assert_whole(target)
    first, second, third = server.log
    assert [first.start, first.status] == [None, 200]
    assert [second.status, third.status] == [206, 206]
    assert second.start > 0
    assert third.start > second.start
    # What was on its way when the transfer broke, less than a chunk, is all that is sent twice.
    assert first.sent - second.start < CHUNK
    assert sum(entry.sent for entry in server.log) - len(CONTENT) < 2 * CHUNK


@pytest.mark.parametrize("fault", ["500", "503", "429"])
def test_a_passing_status_is_waited_out(server, fetching, target, fault):
    server.answers = [fault, "truncated", fault, fault, "whole"]
    fetching(attempts=4)
    assert_whole(target)
    assert sum(entry.sent for entry in server.log) - len(CONTENT) < CHUNK


@pytest.mark.parametrize("fault", ["500", "503"])
def test_a_status_that_stays_is_given_up(server, fetching, target, fault):
    server.answers = [fault]
    assert f"answers {fault}" in fetching.refused()
    assert server.requests == 3
    assert left(target) == []


@pytest.mark.parametrize("fault", ["403", "404"])
def test_a_lasting_status_is_not_tried_again(server, fetching, target, fault):
    server.answers = [fault, "whole"]
    said = fetching.refused()
    assert f"answers {fault}" in said and "fetch.mirror" in said
    assert server.requests == 1
    assert left(target) == []


def test_a_stalled_server_is_given_up(server, fetching, target):
    server.answers = ["stall"]
    assert "no bytes within 0.2 s" in fetching.refused(timeout=0.2, attempts=2)
    assert server.requests == 2
    assert left(target) == []


def test_any_progress_starts_the_count_of_tries_anew(server, fetching, target):
    server.answers = [*["truncated"] * 4, "whole"]
    fetching(attempts=2)
    assert_whole(target)
    assert server.requests == 5


def test_what_was_given_up_is_resumed_by_the_next_run(server, fetching, target):
    server.answers = ["truncated", "500"]
    fetching.refused()
    received = target.with_name(f"{target.name}.part").stat().st_size
    assert 0 < received < len(CONTENT)
    server.log.clear()
    server.answers = ["whole"]
    fetching()
    assert_whole(target)
    assert [entry.start for entry in server.log] == [received]
    assert server.log[0].sent == len(CONTENT) - received


def test_a_server_that_ignores_range_starts_over(server, fetching, target):
    server.answers = ["truncated", "no-range"]
    fetching()
    assert_whole(target)
    assert server.log[1].start > 0
    assert server.log[1].status == 200


def test_a_wrong_content_range_is_refused(server, fetching, target):
    server.answers = ["truncated", "wrong-range", "whole"]
    fetching()
    assert_whole(target)
    assert server.log[1].status == 206
    assert server.log[2].start is None


def test_a_changed_object_is_not_mixed_in(server, fetching, target):
    server.answers = ["truncated", "500"]
    fetching.refused()
    server.content = nwb(1)
    server.log.clear()
    server.answers = ["whole"]
    fetching()
    assert len(server.content) == len(CONTENT)
    assert_whole(target, server.content)
    assert server.log[0].start > 0  # it asked for the rest, and did not get it
    assert server.log[0].status in (200, 412)


def test_without_etag_or_digest_nothing_is_resumed(target, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(CONTENT, etags=False) as server:
        server.answers = ["truncated", "whole"]
        Fetching(server, target, "https")()
        assert_whole(target)
        assert [entry.start for entry in server.log] == [None, None]


def test_a_registered_digest_vouches_for_a_part_without_etag(target, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(CONTENT, etags=False) as server:
        server.answers = ["truncated", "whole"]
        Fetching(server, target, "https", sha256=SHA256)()
        assert assert_whole(target)["verified"] == "sha256 (registry)"
        assert server.log[1].start > 0
        assert server.log[1].status == 206


def test_bytes_damaged_on_their_way_are_fetched_once_more(server, fetching, target):
    fetching = Fetching(server, target, fetching.places[0], sha256=SHA256)
    server.answers = ["corrupt", "whole"]
    fetching()
    assert_whole(target)
    assert [entry.start for entry in server.log] == [None, None]


def test_wrong_bytes_are_refused_after_one_more_try(server, fetching, target):
    fetching = Fetching(server, target, fetching.places[0], sha256=SHA256)
    server.answers = ["corrupt"]
    assert f"{SHA256} is registered" in fetching.refused()
    assert server.requests == 2
    assert left(target) == []


def test_the_etag_of_s3_is_verified(server, target):
    server.answers = ["corrupt"]
    said = Fetching(server, target, "s3").refused()
    assert f"{hashlib.md5(CONTENT).hexdigest()} is published" in said
    server.answers = ["whole"]
    Fetching(server, target, "s3")()
    assert assert_whole(target)["verified"] == "md5 (S3 ETag)"


@pytest.mark.parametrize(
    ("answer", "content", "words"),
    [
        ("short", CONTENT, "is no whole HDF5 file"),
        ("whole", CONTENT[:-5000], "truncated file"),
        ("whole", b"<html>Not today</html>", "is no whole HDF5 file"),
        ("whole", b"", "is no whole HDF5 file"),
    ],
)
def test_an_nwb_file_that_does_not_open_is_refused(server, target, answer, content, words):
    server.answers = [answer]
    server.content = content
    assert words in Fetching(server, target, "https").refused()
    assert left(target) == []


def test_bytes_sent_in_another_encoding_are_refused(server, target):
    server.answers = ["gzip"]
    assert "sent as gzip" in Fetching(server, target, "https").refused()


def test_a_transfer_without_a_length_is_refused(server, target):
    server.answers = ["unannounced"]
    assert "does not say how long" in Fetching(server, target, "https").refused()


@pytest.mark.parametrize("fault", ["403", "404", "503", "truncated", "short"])
def test_the_next_place_takes_over(server, target, fault, monkeypatch):
    """The first place fails in some way; its part is dropped and the second one's bytes count."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(nwb(1)) as failing:
        failing.answers = [fault, fault if fault != "truncated" else "404"]
        fetching = Fetching(server, target, "s3", "https")
        fetching.endpoints = Endpoints(s3=failing.root)
        fetching()
    assert assert_whole(target)["place"] == "https"
    assert server.log[0].start is None


def test_the_last_line_says_what_each_place_said(server, target):
    server.answers = ["403", "404"]
    said = Fetching(server, target, "s3", "https").refused()
    assert f"s3://bucket/{FILE} (the server answers 403" in said
    assert f"{server.root}/{FILE} (the server answers 404" in said
    assert f"set/{FILE}" in said and "fetch.mirror" in said


def test_a_file_that_no_place_knows_is_named(server, target):
    fetching = Fetching(server, target, "s3")
    fetching.places = ("dandi",)
    said = fetching.refused()
    assert "fetch.order (dandi)" in said
    assert server.requests == 0


@pytest.mark.process
def test_a_killed_download_resumes(server, fetching, target):
    """kill -9 in mid-body: the bytes counted at the server prove that nothing was sent twice."""
    script = (
        "import sys, json; from pathlib import Path\n"
        "from spikedrift.config.fetch import FetchOptions\n"
        "from spikedrift.fetch.transfer import fetch\n"
        "a = json.loads(sys.argv[1])\n"
        "fetch('set', a['file'], a['target'], FetchOptions(**a['options']), a['registry'])\n"
    )
    options = {"order": fetching.places, "endpoints": {"s3": server.root}}
    arguments = {"file": FILE, "options": options}
    paths = {"target": str(target), "registry": str(fetching.registry)}
    server.answers = ["slow"]
    process = subprocess.Popen([sys.executable, "-c", script, json.dumps(arguments | paths)])
    part = target.with_name(f"{target.name}.part")
    deadline = time.monotonic() + 60
    while not part.exists() or part.stat().st_size < len(CONTENT) // 3:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    received = part.stat().st_size
    assert not target.exists()
    server.answers = ["whole"]
    fetching()
    assert_whole(target)
    first, second = server.log
    assert second.start == received
    assert second.sent == len(CONTENT) - received
    assert first.sent < len(CONTENT)
    # Lost: the chunk not yet written, and what lay in the sockets.
    assert first.sent + second.sent - len(CONTENT) < 3 * CHUNK


def test_two_processes_never_write_one_part(server, fetching, target):
    target.parent.mkdir(parents=True)
    holder = target.with_name(f"{target.name}.part").open("ab")
    fcntl.flock(holder, fcntl.LOCK_EX)
    assert "another process is fetching it" in fetching.refused()
    assert server.requests == 0
    holder.close()
    fetching()
    assert_whole(target)


def test_a_part_that_is_whole_already_is_not_asked_for(server, fetching, target, monkeypatch):
    """Killed between the last byte and the rename."""
    with monkeypatch.context() as patched:
        patched.setattr("spikedrift.fetch.part.Part.finish", lambda part: sys.exit(1))
        with pytest.raises(SystemExit):
            fetching()
    assert not target.exists()
    assert server.requests == 1
    fetching()
    assert server.requests == 1
    assert_whole(target)


def test_a_place_that_cannot_be_written_to_is_one_line(fetching, target):
    target.parent.parent.mkdir(parents=True)
    target.parent.symlink_to("/dev/full")
    with pytest.raises(InputError, match=r"session_7\.nwb: "):
        fetching()


def test_progress_says_bytes_rate_and_time_left(server, fetching, monkeypatch, capsys, caplog):
    monkeypatch.setattr(progress, "EVERY", 0.0)
    caplog.set_level("INFO")
    fetching()
    shown = capsys.readouterr().err.splitlines()
    line = rf"set/{FILE}: [0-9.]+ [kM]B of 4\.00 MB \([0-9]+ %\), [0-9.]+ [kMG]B/s, [0-9]+ s left"
    assert all(re.fullmatch(line, each) for each in shown)
    assert len(shown) == -(-len(CONTENT) // CHUNK)
    assert shown[0] in caplog.text


@pytest.mark.parametrize(
    ("seconds", "shown"), [(3.4, "3 s"), (200, "3 min 20 s"), (3723, "1 h 02 min")]
)
def test_times_are_for_people(seconds, shown):
    assert progress.span(seconds) == shown
