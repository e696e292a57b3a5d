"""The catalogue and the links through Snakemake, from a warehouse on loopback."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from forks import snakemake
from running import said as lines_of
from session_truth import DATA_SET
from warehouse import CONTAINER, EXPERIMENTS

pytestmark = pytest.mark.allen

HERE = Path(__file__).parent
SESSION = 715093703


def run(directory, warehouse, *targets, timeout=30.0, attempts=1):
    """Run targets with a configuration of one Allen recording."""
    fetch = {
        "order": ["warehouse"],
        "endpoints": {"warehouse": warehouse.address},
        "timeout": timeout,
        "attempts": attempts,
    }
    recording = {"name": f"{SESSION}.natural_movie_one", "source": "allen_neuropixels"}
    config = directory / "allen.json"
    config.write_text(json.dumps({"fetch": fetch, "recordings": [recording]}))
    return snakemake(directory, "--cores", "2", "--configfile", str(config), "--", *targets)


def table(directory, name):
    path = directory / "results/catalogue" / f"{name}.tsv"
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)


def said(done):
    """Lines that the user is told by a failed run."""
    return lines_of(done.stdout)


@pytest.fixture
def catalogued(clone, warehouse):
    """A clone with the catalogue, and a table of sessions in use that differs from it."""
    used = clone / "config/sessions/neuropixels.tsv"
    used.parent.mkdir(exist_ok=True)
    used.write_text(
        "session\tsession_type\tanimal\tbytes\n"
        f"{SESSION}\tbrain_observatory_1.1\t1\t\n"
        "5\tbrain_observatory_1.1\t6\t7\n"
    )
    done = run(clone, warehouse, "catalogue")
    assert done.returncode == 0, done.stdout
    return clone


def test_catalogue(catalogued, neuropixels, allen_python):
    summary = table(catalogued, "neuropixels").set_index("session")
    assert sorted(map(int, summary.index)) == sorted(neuropixels)
    assert summary.columns.tolist() == [
        *("session_type", "animal", "stimuli", "VISp", "VISl", "VISal", "VISpm", "VISrl"),
        *("VISam", "LGd", "LP", "bytes", "id_source"),
    ]
    row = summary.loc[str(SESSION)]
    # One more in VISp than in the session: the warehouse's channels do not say which are valid.
    assert row[["VISp", "VISl", "VISam", "LP", "LGd"]].tolist() == ["25", "22", "8", "16", "0"]
    assert row["stimuli"] == "natural_movie_one,natural_movie_three"
    assert row["animal"] == str(neuropixels[SESSION].truth["specimen"])
    assert summary.loc["766640955", "stimuli"] == (
        "natural_movie_one_more_repeats,natural_movie_one_shuffled"
    )
    # AllenSDK keeps units outside the brain in this table; one without a metric is in none.
    held = [written.truth for written in neuropixels.values()]
    outside = [(one["area"] == "") & (one["quality"] == "good") for one in held]
    invalid = [~one["channel_valid"] for one in held]
    kept = sum(map(np.sum, [one["default"] for one in held] + outside + invalid))
    assert len(table(catalogued, "neuropixels-units")) == kept
    whole = sum(np.isfinite(one["amplitude_cutoff"]).sum() for one in held)
    assert len(table(catalogued, "neuropixels-units-unfiltered")) == whole
    assert {"isi_violations", "amplitude_cutoff", "presence_ratio", "quality"} <= set(
        table(catalogued, "neuropixels-units-unfiltered").columns
    )
    assert len(table(catalogued, "neuropixels-channels")) == 3 * 80

    containers = table(catalogued, "two-photon")
    assert containers.to_dict("records") == [
        {
            "session": str(CONTAINER),
            "animal": "510736",
            "area": "VISp",
            "depth_um": "275",
            "cre_line": "Cux2-CreERT2",
            "stimuli": "natural_movie_one",
            "experiments": ",".join(str(EXPERIMENTS[i][0]) for i in (2, 0, 1)),
            "id_source": containers["id_source"][0],
        }
    ]

    log = (catalogued / "results/logs/catalogue/neuropixels.log").read_text()
    assert "719161530 is new" in log
    assert "5 is not in the warehouse" in log
    assert f"{SESSION}: animal is {row['animal']}, was 1" in log
    assert "bytes is" not in log

    # The cache opens in a notebook without a network, once the session was fetched.
    raw = catalogued / "results/raw"
    fetched = raw / DATA_SET / f"session_{SESSION}"
    fetched.mkdir()
    (fetched / f"session_{SESSION}.nwb").symlink_to(neuropixels[SESSION].path)
    done = subprocess.run(
        [
            *(str(allen_python), str(HERE / "open_cache.py")),
            *(str(raw / DATA_SET), str(raw / "visual-coding-2p"), str(SESSION)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    held = neuropixels[SESSION].truth
    assert sorted(found["sessions"]) == sorted(neuropixels)
    assert found["session"] == SESSION
    assert found["session_units"] == np.sort(held["unit_id"][held["default"]]).tolist()
    for unit, count in found["spikes"].items():
        assert count == neuropixels[SESSION].spikes(int(unit)).size
    assert CONTAINER in found["containers"]
    assert not list(raw.rglob(".catalogue*"))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("hang", "sent nothing for 1 s"),
        ("500", "500"),
        ("refuse", "not with what AllenSDK expects"),
        ("html", "JSON"),
    ],
)
def test_fault_is_one_line_and_leaves_the_cache(clone, warehouse, fault, words):
    cache = clone / "results/raw" / DATA_SET
    cache.mkdir(parents=True)
    (cache / "units.csv").write_text("of an earlier day")
    warehouse.fault = fault
    done = run(clone, warehouse, "results/catalogue/neuropixels.tsv", timeout=1.0)
    assert done.returncode != 0
    (line,) = said(done)
    assert words in line and warehouse.address in line
    assert [path.name for path in cache.iterdir()] == ["units.csv"]
    assert (cache / "units.csv").read_text() == "of an earlier day"
    assert not (clone / "results/catalogue/neuropixels.tsv").exists()


def test_a_server_that_trickles_is_given_up(allen_python, warehouse, tmp_path):
    """Bytes keep coming, so no read times out: the whole has a limit."""
    warehouse.fault = "trickle"
    done = subprocess.run(
        [
            *(str(allen_python), str(HERE.parents[1] / "workflow/allensdk/catalogue.py")),
            *("neuropixels", "--warehouse", warehouse.address, "--timeout", "5", "--limit", "4"),
            *("--cache", str(tmp_path / "cache"), "--output", str(tmp_path / "table.tsv")),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"allensdk: {warehouse.address} took longer than 4 s; try again later"
    )
    assert not list(tmp_path.rglob("*.tsv")) and not list((tmp_path / "cache").iterdir())


def test_links(clone, warehouse, neuropixels):
    done = run(clone, warehouse, "warehouse_links")
    assert done.returncode == 0, done.stdout
    (row,) = table(clone, "warehouse-links").to_dict("records")
    path = neuropixels[SESSION].path
    assert row["dataset"] == DATA_SET
    assert row["file"] == f"session_{SESSION}/session_{SESSION}.nwb"
    assert row["url"].startswith(f"{warehouse.address}/api/v2/well_known_file_download/")
    assert row["bytes"] == str(path.stat().st_size)
    assert warehouse.files[int(row["url"].rpartition("/")[2])] == path


def test_fetch_from_the_warehouse(clone, warehouse, neuropixels):
    """AllenSDK says where, our download brings it: without a catalogue, whole, from there only."""
    done = run(clone, warehouse, "fetch")
    assert done.returncode == 0, done.stdout
    path = neuropixels[SESSION].path
    fetched = clone / "results/raw" / DATA_SET / f"session_{SESSION}" / path.name
    assert fetched.read_bytes() == path.read_bytes()
    assert any(line.startswith("GET /api/v2/well_known_file") for line in warehouse.asked)


def test_link_of_a_file_that_the_warehouse_lacks(clone, warehouse):
    warehouse.rows["WellKnownFile"].clear()
    done = run(clone, warehouse, "warehouse_links")
    (line,) = said(done)
    assert f"warehouse://EcephysSession/EcephysNwb/{SESSION}" in line
    assert not (clone / "results/catalogue/warehouse-links.tsv").exists()
