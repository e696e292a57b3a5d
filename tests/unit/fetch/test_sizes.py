"""What is to be fetched: its size, who says so, and whether the disk holds it."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from misbehaving import Server, serving

from spikedrift.config.fetch import Endpoints, FetchOptions
from spikedrift.core.errors import InputError
from spikedrift.fetch.registry import COLUMNS
from spikedrift.fetch.sizes import measure

CONTENT = b"x" * 1_500_000


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(CONTENT) as running:
        yield running


@pytest.fixture
def output(tmp_path) -> Path:
    return tmp_path / "raw" / "sizes.tsv"


def registry(tmp_path: Path, *rows: tuple[str, str, str]) -> Path:
    path = tmp_path / "registry.tsv"
    lines = [("set", file, url, size, "", "CC0", "A") for file, url, size in rows]
    path.write_text("".join("\t".join(line) + "\n" for line in [COLUMNS, *lines]))
    return path


def rows(path: Path) -> list[tuple[str, ...]]:
    with path.open(newline="") as stream:
        return [tuple(line) for line in csv.reader(stream, delimiter="\t")]


def test_sizes_come_from_the_registry_or_a_head(server, tmp_path, output, capsys):
    known = registry(
        tmp_path,
        ("a", "https://127.0.0.1:9/a", "2000000"),
        ("d/b", f"s3://bucket/b {server.url}", ""),
        ("c", server.url, ""),
    )
    options = FetchOptions(endpoints=Endpoints(s3=server.root))
    files = [("set", "a", 0), ("set", "d/b", 500_000), ("set", "c", 0)]
    measure(files, output, options, known)
    assert rows(output) == [
        ("dataset", "file", "bytes", "received", "place"),
        ("set", "a", "2000000", "0", "registry"),
        ("set", "d/b", "1500000", "500000", "s3"),
        ("set", "c", "1500000", "0", "https"),
    ]
    said = capsys.readouterr().err
    assert said.startswith("3 files, 4.50 MB to fetch, ")
    assert said.rstrip().endswith(" free")
    assert server.requests == 0  # nothing but HEAD
    assert server.heads == ["/bucket/b", "/file.bin"]


def test_a_mirror_says_how_large_its_files_are(tmp_path, output):
    copy = tmp_path / "mirror" / "set" / "a"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"12345")
    options = FetchOptions(mirror=str(tmp_path / "mirror"))
    measure([("set", "a", 0)], output, options, registry(tmp_path, ("a", "https://h/a", "")))
    assert rows(output)[1] == ("set", "a", "5", "0", "mirror")


def test_a_disk_that_is_too_small_is_refused(tmp_path, output):
    known = registry(tmp_path, ("a", "https://h/a", str(10**18)))
    with pytest.raises(InputError) as error:
        measure([("set", "a", 0)], output, FetchOptions(), known)
    said = str(error.value)
    assert said.startswith("1 files, 1000000000.00 GB to fetch, ")
    assert " lacks " in said and str(output.parent) in said
    assert not output.exists()


def test_what_was_received_needs_no_space(tmp_path, output):
    known = registry(tmp_path, ("a", "https://h/a", str(10**18)))
    measure([("set", "a", 10**18 - 5)], output, FetchOptions(), known)
    assert output.exists()


@pytest.mark.parametrize("answer", ["404", "503"])
def test_an_unknown_size_is_said_and_nothing_is_refused(server, tmp_path, output, capsys, answer):
    server.answers = [answer]
    known = registry(tmp_path, ("a", server.url, ""), ("b", server.url, ""))
    measure([("set", "a", 0), ("set", "b", 0)], output, FetchOptions(), known)
    assert rows(output)[1:] == [("set", "a", "", "0", ""), ("set", "b", "", "0", "")]
    assert "no place says how large 2 of them are" in capsys.readouterr().err
    # One that is down is not asked for every file.
    assert len(server.heads) == (2 if answer == "404" else 1)


def test_an_unregistered_file_is_named(tmp_path, output):
    with pytest.raises(InputError, match=r"set/b is not in .*registry\.tsv"):
        measure(
            [("set", "b", 0)], output, FetchOptions(), registry(tmp_path, ("a", "https://h", "1"))
        )
