"""What the workflow asks of a plan about files to fetch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from planning import plan_for, words

from spikedrift.core.errors import InputError
from spikedrift.fetch.registry import COLUMNS
from spikedrift.plan.plan import ROOT, Plan

NAMES = ("spike_times.npy", "ii_spike_times.npy", "stim_label.npy")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> None:
    """An empty working directory and a registry with one data set."""
    registry = tmp_path / "registry.tsv"
    lines = [
        ("own", name, f"https://host/{name} warehouse://Kind/Type/{number}", "5", "", "CC0", "A")
        for number, name in enumerate(NAMES)
    ]
    registry.write_text("".join("\t".join(line) + "\n" for line in [COLUMNS, *lines]))
    monkeypatch.setattr(Plan, "registry", registry)
    monkeypatch.chdir(tmp_path)


def plan(**fetch: object) -> Plan:
    options = {"dataset": "own"}
    recordings = [
        {"name": f"{name}.movie", "source": "arrays", "options": options} for name in "ab"
    ]
    return plan_for({"recordings": recordings, "fetch": fetch})


def test_a_file_that_is_there_is_not_to_be_fetched():
    folder = Path("results/raw/own")
    folder.mkdir(parents=True)
    (folder / NAMES[0]).write_bytes(b"12345")
    (folder / f"{NAMES[1]}.part").write_bytes(b"12")
    made = plan()
    assert [*map(words, made.downloads.made)] == [f"fetch_file.file own/{name}" for name in NAMES]
    assert made.downloads.missing == [f"own/{name}" for name in NAMES[1:]]
    assert made.downloads.received(None, None) == [["own", NAMES[1], 2], ["own", NAMES[2], 0]]


def test_links_are_needed_only_where_the_warehouse_may_be_asked():
    assert plan().downloads.links == []
    assert plan().downloads.in_warehouse() == []
    asked = plan(order=["https", "warehouse"])
    assert [*map(words, asked.downloads.links)] == ["warehouse_links.links"]
    assert asked.downloads.in_warehouse() == [
        ["own", name, f"warehouse://Kind/Type/{number}"] for number, name in enumerate(NAMES)
    ]


def test_nothing_to_fetch_needs_no_links():
    synthetic = {"name": "a.movie", "source": "synthetic"}
    made = plan_for({"recordings": [synthetic], "fetch": {"order": ["warehouse"]}})
    assert made.downloads.links == []
    assert made.downloads.missing == []


def test_a_file_that_is_not_registered_is_refused_before_anything_runs():
    text = Plan.registry.read_text()
    Plan.registry.write_text("".join(text.splitlines(keepends=True)[:-1]))
    with pytest.raises(InputError, match=r"recordings\[0\].*no file of own.*stim_label\.npy"):
        plan()


@pytest.mark.parametrize(
    ("fetch", "words"),
    [
        ({"order": ["s3", "s3"]}, "config: fetch.order: 's3' is named twice"),
        ({"order": ["ftp"]}, r"config: fetch.order\[0\]: .*'mirror', 's3', 'dandi'.*\"ftp\""),
        ({"order": []}, "config: fetch.order: .*at least 1"),
        ({"endpoints": {"s3": "bucket"}}, "config: fetch.endpoints.s3: .*bucket"),
    ],
)
def test_bad_options_are_named(fetch, words):
    with pytest.raises(InputError, match=words):
        plan(**fetch)


@pytest.mark.process
def test_a_start_of_snakemake_loads_no_client():
    code = (
        "import sys, spikedrift.plan.plan\n"
        "print([name for name in ('boto3', 'requests', 'h5py') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
