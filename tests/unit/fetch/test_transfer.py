"""Fetching, against a real server on loopback and a mirror directory."""

import hashlib
import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from misbehaving import Server, serving

from spikedrift.config.fetch import FetchOptions
from spikedrift.core.errors import DiskError, InputError
from spikedrift.fetch.registry import read_registry
from spikedrift.fetch.transfer import fetch

CONTENT = np.random.default_rng(0).bytes(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
QUICK = {"wait": 0.01, "timeout": 2.0}


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    """A server that knows no ranges and no ETags: every try starts over."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(CONTENT, ranges=False, etags=False) as running:
        yield running


@pytest.fixture
def registry(tmp_path, server) -> Path:
    path = tmp_path / "registry.tsv"
    columns = ("dataset", "file", "url", "bytes", "sha256", "licence", "citation")
    row = ("set", "file.bin", server.url, len(CONTENT), SHA256, "CC0", "A 2020")
    path.write_text("\t".join(columns) + "\n" + "\t".join(map(str, row)) + "\n")
    return path


@pytest.fixture
def target(tmp_path) -> Path:
    return tmp_path / "made" / "file.bin"


def left(target: Path) -> list[str]:
    """Files in the place of the target."""
    return sorted(p.name for p in target.parent.iterdir()) if target.parent.exists() else []


def test_a_file_comes_from_the_network(server, registry, target, caplog):
    caplog.set_level("INFO")
    fetch("set", "file.bin", target, FetchOptions(**QUICK), registry)
    assert target.read_bytes() == CONTENT
    assert left(target) == ["file.bin", "file.bin.json"]
    assert server.requests == 1
    assert server.url in caplog.text
    assert "verified" in caplog.text


@pytest.mark.parametrize("trouble", ["500", "503", "429", "truncated", "unannounced", "short"])
def test_trouble_that_passes_is_waited_out(server, registry, target, trouble):
    server.answers = [trouble, trouble, "whole"]
    fetch("set", "file.bin", target, FetchOptions(**QUICK), registry)
    assert target.read_bytes() == CONTENT
    assert server.requests == 3


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ("500", "answers 500"),
        ("truncated", "broke off"),
        ("unannounced", "holds 1500000 bytes, 3000000 are registered"),
        ("short", "holds 1000 bytes, 3000000 are registered"),
    ],
)
def test_trouble_that_stays_ends_after_the_last_try(server, registry, target, trouble, reason):
    server.answers = [trouble]
    with pytest.raises(InputError) as error:
        fetch("set", "file.bin", target, FetchOptions(attempts=3, **QUICK), registry)
    message = str(error.value)
    assert server.requests == 3
    # What came is kept for the next try.
    cut = trouble in ("truncated", "unannounced")
    assert left(target) == (["file.bin.part", "file.bin.part.json"] if cut else [])
    assert all(word in message for word in (reason, server.url, "fetch.mirror", "set/file.bin"))
    assert "\n" not in message


def test_a_server_that_stalls_is_given_up(server, registry, target):
    server.answers = ["stall"]
    with pytest.raises(InputError, match=r"fetch\.mirror"):
        fetch("set", "file.bin", target, FetchOptions(attempts=2, wait=0, timeout=0.2), registry)
    assert server.requests == 2
    assert left(target) == []


@pytest.mark.parametrize("status", ["403", "404"])
def test_a_lasting_refusal_is_not_tried_again(server, registry, target, status):
    server.answers = [status, "whole"]
    with pytest.raises(InputError, match=rf"answers {status}.*fetch\.mirror"):
        fetch("set", "file.bin", target, FetchOptions(**QUICK), registry)
    assert server.requests == 1
    assert left(target) == []


def test_no_server_names_the_address_and_the_mirror(registry, target, server):
    server.http.socket.close()
    url = server.url
    with pytest.raises(InputError) as error:
        fetch("set", "file.bin", target, FetchOptions(attempts=2, **QUICK), registry)
    assert url in str(error.value)
    assert "fetch.mirror" in str(error.value)
    assert left(target) == []


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("corrupt", f"{SHA256} is registered"),
        ("long", f"more than the {len(CONTENT)} bytes registered"),
    ],
)
def test_a_wrong_download_is_refused_by_name(server, registry, target, answer, found):
    server.answers = [answer]
    with pytest.raises(InputError) as error:
        fetch("set", "file.bin", target, FetchOptions(**QUICK), registry)
    assert found in str(error.value)
    assert "set/file.bin" in str(error.value)
    assert left(target) == []


def test_a_wrong_download_leaves_the_old_file(server, registry, target):
    target.parent.mkdir()
    target.write_text("old")
    server.answers = ["corrupt"]
    with pytest.raises(InputError):
        fetch("set", "file.bin", target, FetchOptions(**QUICK), registry)
    assert target.read_text() == "old"
    assert left(target) == ["file.bin"]


def test_a_file_larger_than_the_disk_is_refused(server, registry, target):
    registry.write_text(registry.read_text().replace("3000000", str(10**18)))
    server.answers = ["unannounced"]
    with pytest.raises(InputError, match=r"1000000000\.00 GB to fetch, .* free in"):
        fetch("set", "file.bin", target, FetchOptions(**QUICK), registry)
    assert server.requests == 1
    assert left(target) == []


@pytest.mark.fault("disk", "a disk that fills while a file is fetched")
def test_a_disk_that_fills_is_one_line(registry, target):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with pytest.raises(DiskError, match=r"file\.bin: cannot be written: the disk at .* again$"):
            fetch("set", "file.bin", target, FetchOptions(**QUICK), registry)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not target.exists()


def mirrored(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "mirror" / "set" / "file.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_the_mirror_comes_before_the_network(tmp_path, server, registry, target):
    mirrored(tmp_path, CONTENT)
    options = FetchOptions(mirror=str(tmp_path / "mirror"), **QUICK)
    fetch("set", "file.bin", target, options, registry)
    assert target.read_bytes() == CONTENT
    assert server.requests == 0


def test_a_relative_mirror_starts_at_the_working_directory(
    tmp_path, server, registry, target, monkeypatch
):
    mirrored(tmp_path, CONTENT)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    fetch("set", "file.bin", target, FetchOptions(mirror="../mirror", **QUICK), registry)
    assert target.read_bytes() == CONTENT
    assert server.requests == 0


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (CONTENT[:-1], f"holds {len(CONTENT) - 1} bytes, {len(CONTENT)} are registered"),
        (CONTENT + b"x", f"more than the {len(CONTENT)} bytes registered"),
        (CONTENT[:-1] + b"\0", hashlib.sha256(CONTENT[:-1] + b"\0").hexdigest()),
        (b"", "holds 0 bytes"),
    ],
)
def test_a_corrupt_mirror_file_is_refused_by_name(
    tmp_path, server, registry, target, content, found
):
    path = mirrored(tmp_path, content)
    with pytest.raises(InputError) as error:
        fetch("set", "file.bin", target, FetchOptions(mirror=str(tmp_path / "mirror")), registry)
    assert found in str(error.value)
    assert str(path) in str(error.value)
    assert left(target) == []
    assert server.requests == 0


def test_a_mirror_without_the_file_leaves_it_to_the_network(tmp_path, server, registry, target):
    (tmp_path / "mirror").mkdir()
    options = FetchOptions(mirror=str(tmp_path / "mirror"), **QUICK)
    fetch("set", "file.bin", target, options, registry)
    assert server.requests == 1


def test_a_mirror_that_is_no_directory_is_named(tmp_path, registry, target):
    with pytest.raises(InputError, match=r"fetch\.mirror: no directory 'nowhere'"):
        fetch("set", "file.bin", target, FetchOptions(mirror="nowhere"), registry)


def test_an_unregistered_file_is_named(registry, target):
    with pytest.raises(InputError, match=r"set/other\.bin is not in .*registry\.tsv"):
        fetch("set", "other.bin", target, FetchOptions(), registry)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda text: text.replace("sha256", "sha"), "line 2: column 'sha256' is missing"),
        (lambda text: text.replace("CC0", ""), "line 2: column 'licence' is missing or empty"),
        (lambda text: text.replace("3000000", "3 MB"), "line 2: bytes '3 MB' is no whole number"),
    ],
)
def test_a_bad_registry_is_named(registry, edit, words):
    registry.write_text(edit(registry.read_text()))
    with pytest.raises(InputError, match=words):
        read_registry(registry)
    registry.unlink()
    with pytest.raises(InputError, match="no such data registry"):
        read_registry(registry)


@pytest.mark.mirror
def test_the_mirror_holds_what_is_registered(mirror, tmp_path):
    registry = Path(__file__).parents[3] / "resources" / "data-registry.tsv"
    for row in read_registry(registry):
        if "{id}" in row.file:
            continue
        target = tmp_path / row.dataset / row.file
        fetch(row.dataset, row.file, target, FetchOptions(mirror=str(mirror)), registry)
        assert target.stat().st_size == row.bytes
