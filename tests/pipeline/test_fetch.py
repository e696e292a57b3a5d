"""Downloads through the rules, from a loopback server: sizes first, then files, then trials."""

import hashlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import preloaded
import pytest
import yaml
from forks import dry_run, snakemake
from misbehaving import Server, serving
from running import said

RAW = Path("results/raw/own")
NAMES = ("spike_times.npy", "ii_spike_times.npy", "stim_label.npy")


def arrays() -> dict[str, bytes]:
    """Three arrays in the layout of the source `arrays`: 8 epochs, 3 units, 4 spikes each."""
    starts = np.arange(0, 96, 4).reshape(8, 3)
    values = {
        "spike_times.npy": np.sort(np.random.default_rng(0).random((24, 4)) * 0.1, 1).ravel(),
        "ii_spike_times.npy": np.stack([starts, starts + 4], axis=2),
        "stim_label.npy": np.tile([0.0, 1.0], 4),
    }
    streams = {name: io.BytesIO() for name in values}
    for name, stream in streams.items():
        np.save(stream, values[name])
    return {name: stream.getvalue() for name, stream in streams.items()}


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(b"") as running:
        yield running


def configured(clone: Path, server: Server, size: str = "") -> None:
    """Register the arrays as a family at an S3 server, and a recording made from them."""
    registry = clone / "resources" / "data-registry.tsv"
    lines = [("own", name, f"s3://bucket/own/{name}", size, "", "CC0", "A 2020") for name in NAMES]
    with registry.open("a") as out:
        out.writelines("\t".join(line) + "\n" for line in lines)
    config = {
        "fetch": {"endpoints": {"s3": server.root}, "attempts": 2, "wait": 0.01, "timeout": 5},
        "recordings": [{"name": "own.gratings", "source": "arrays", "options": {"dataset": "own"}}],
    }
    (clone / "own.yaml").write_text(yaml.safe_dump(config))


def run(clone: Path, *arguments: str):
    with preloaded.jobs():
        return snakemake(clone, "--configfile", "own.yaml", "--cores", "2", *arguments)


def planned(clone: Path, *arguments: str) -> set[str]:
    done = dry_run(clone, *arguments, "--configfile", "own.yaml")
    assert done.returncode == 0, done.stdout
    return set(re.findall(r"^(?:local)?rule (\w+):$", done.stdout, flags=re.MULTILINE))


def test_files_come_through_the_rules_and_only_once(clone, server):
    configured(clone, server)
    content = arrays()
    server.by_path = {f"/bucket/own/{name}": body for name, body in content.items()}
    trials = "results/trials/own.gratings.nc"
    done = run(clone, trials)
    assert done.returncode == 0, done.stdout
    # What it will take is said before anything is fetched.
    said = re.search(r"^3 files, [0-9.]+ kB to fetch, [0-9.]+ GB free$", done.stdout, re.MULTILINE)
    assert said is not None, done.stdout
    assert said.start() < done.stdout.index("localrule fetch_file:")
    for name, body in content.items():
        assert (clone / RAW / name).read_bytes() == body
        record = json.loads((clone / RAW / f"{name}.json").read_text())
        assert record["sha256"] == hashlib.sha256(body).hexdigest()
        assert record["verified"] == "md5 (S3 ETag)"
    assert (clone / trials).is_file()

    # Fetched once: neither a new time-out nor an edited engine brings them again.
    assert planned(clone, trials) == set()
    assert planned(clone, trials, "--config", "fetch={timeout: 7}") == set()
    engine = clone / "src/spikedrift/fetch/transfer.py"
    engine.write_text(engine.read_text() + "\nADDED = 1\n")
    script = clone / "workflow/scripts/fetch_file.py"
    script.write_text(script.read_text() + "\nADDED = 1\n")
    assert planned(clone, trials) == set()

    # A file that is gone is missed only where it is needed, and then fetched, and no other.
    (clone / RAW / "stim_label.npy").unlink()
    assert planned(clone, trials) == set()
    server.log.clear()
    done = run(clone, "fetch")
    assert done.returncode == 0, done.stdout
    assert "\n1 files, 192 B to fetch" in done.stdout
    assert {entry.path for entry in server.log} == {"/bucket/own/stim_label.npy"}


def test_a_disk_that_is_too_small_stops_before_the_first_byte(clone, server):
    configured(clone, server, size=str(10**17))
    done = run(clone, "fetch")
    assert done.returncode != 0
    lines = said(done.stdout)
    assert lines and " lacks " in lines[0]
    assert server.requests == 0
    assert not (clone / RAW).exists() or not list((clone / RAW).iterdir())


def test_a_download_that_fails_is_resumed_by_the_next_call(clone, server):
    configured(clone, server)
    content = arrays()
    server.by_path = {f"/bucket/own/{name}": body for name, body in content.items()}
    server.answers = ["404"]
    done = run(clone, "fetch")
    assert done.returncode != 0
    lines = set(said(done.stdout))
    lines = {line for line in lines if "final figures left out" not in line}
    assert len(lines) == 3
    assert all("answers 404" in line for line in lines)
    assert not list((clone / RAW).glob("*.npy"))
    server.answers = ["whole"]
    done = run(clone, "fetch")
    assert done.returncode == 0, done.stdout
    assert {path.name for path in (clone / RAW).glob("*.npy")} == set(NAMES)


@pytest.mark.parametrize(("arguments", "allowed"), [((), 2), (("--resources", "downloads=1"), 1)])
def test_downloads_at_once_are_limited(clone, server, arguments, allowed):
    """The profile's limit holds; one of the command line replaces it."""
    configured(clone, server)
    server.by_path = {f"/bucket/own/{name}": body for name, body in arrays().items()}
    server.answers, server.crowd = ["crowd"], allowed
    done = run(clone, "fetch", "--cores", "4", *arguments)
    assert done.returncode == 0, done.stdout
    assert server.requests == len(NAMES)
    assert server.most_at_once == allowed
