"""The whole path, from servers on loopback to figures, for sessions whose truth is known."""

import json
from collections.abc import Iterator

import boto3
import numpy as np
import pandas as pd
import preloaded
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from forks import snakemake
from moto.server import ThreadedMotoServer
from session_truth import DATA_SET, FRAMES

from spikedrift import trials

pytestmark = pytest.mark.allen

SESSIONS = (715093703, 719161530)
MOVIE = "natural_movie_one"
POOL = f"pooled.{MOVIE}"
RECORDED = ["movie", POOL]
SEGMENT_FRAMES = 15  # one event of each unit
BUCKET, PREFIX = "allen-brain-observatory", "visual-coding-neuropixels/ecephys-cache"
QUALITY = {
    "isi_violations": {"max": 0.5},
    "amplitude_cutoff": {"max": 0.1},
    "presence_ratio": {"min": 0.95},
}


@pytest.fixture
def bucket(neuropixels, monkeypatch) -> Iterator[str]:
    """S3 on loopback that holds the sessions under the names of the public bucket."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-west-2",
        aws_access_key_id="owner",
        aws_secret_access_key="owner",
    )
    client.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    for session in SESSIONS:
        key = f"{PREFIX}/session_{session}/session_{session}.nwb"
        client.upload_file(
            str(neuropixels[session].path), BUCKET, key, ExtraArgs={"ACL": "public-read"}
        )
    anonymous = boto3.client(
        "s3", endpoint_url=address, config=Config(signature_version=UNSIGNED), region_name="x"
    )
    assert anonymous.head_object(Bucket=BUCKET, Key=key)["ContentLength"] > 0
    yield address
    server.stop()


def run(clone, fetch, table, *targets):
    """Everything for a cohort, its pool, and two areas of which one has too few units."""
    cohort = {
        "name": "movie",
        "source": "allen_neuropixels",
        "table": table,
        "sessions": list(SESSIONS),
        "stimuli": [MOVIE],
        "options": {"segment_frames": SEGMENT_FRAMES},
    }
    config = {
        "fetch": fetch,
        "cohorts": [cohort],
        "pools": [{"name": POOL, "cohort": "movie"}],
        "selections": [
            {"name": "visual", "quality": QUALITY, "min_population": 15, "recordings": RECORDED},
            {"name": "VISam", "quality": QUALITY, "population": ["VISam"], "recordings": ["movie"]},
            {"name": "unfiltered", "sensitivity": True, "recordings": ["movie"]},
        ],
        "drift": {
            "curves": {"bootstrap": 20},
            "index": {"flips": 199, "bootstrap": 99},
        },
    }
    (clone / "allen.json").write_text(json.dumps(config))
    arguments = ("--cores", "2", "--configfile", "allen.json")
    done = snakemake(clone, *arguments, *(["--", *targets] if targets else []))
    assert done.returncode == 0, done.stdout
    return done.stdout


def check_trials(clone, written) -> None:
    """Spikes of every unit in every trial are those drawn, cut at the frames shown."""
    session, held = written.made_from.session, written.truth
    data = trials.read(clone / f"results/trials/{session}.{MOVIE}.nc")
    shown = np.flatnonzero(held["shown_stimulus"] == MOVIE)
    first, last = shown[::SEGMENT_FRAMES], shown[SEGMENT_FRAMES - 1 :: SEGMENT_FRAMES]
    start, stop = held["shown_start"][first], held["shown_stop"][last]
    invalid = dict(zip(held["invalid_type"], zip(held["invalid_start"], held["invalid_stop"],
                                                 strict=True), strict=True))  # fmt: skip
    begin, end = invalid["EcephysSession"]
    kept = ~((start < end) & (stop > begin))
    kept[-1] = False  # its last frame is cut short
    np.testing.assert_array_equal(data["start_time"], start[kept])
    np.testing.assert_array_equal(data["duration"], (stop - start)[kept])
    place = np.arange(start.size)
    per_movie = FRAMES // SEGMENT_FRAMES
    np.testing.assert_array_equal(data["segment"], (place % per_movie)[kept])
    np.testing.assert_array_equal(data["repeat"], (place // per_movie)[kept])
    np.testing.assert_array_equal(data["block"], (place >= start.size // 2)[kept])
    begin, end = invalid["EcephysProbe"]
    touched = ((start < end) & (stop > begin))[kept]
    offsets = trials.offsets(data)
    for unit, unit_id in enumerate(data["unit_id"].values.astype(int)):
        probe = str(held["probe"][held["unit_id"] == unit_id][0])
        lost = touched & (probe == "probeB")
        np.testing.assert_array_equal(data["observed"].values[:, unit], ~lost)
        train = written.spikes(unit_id)
        for trial in np.flatnonzero(~lost):
            bounds = np.searchsorted(train, [start[kept][trial], stop[kept][trial]])
            cell = trial * data.sizes["unit"] + unit
            np.testing.assert_array_equal(
                data["spike_time"].values[offsets[cell] : offsets[cell + 1]],
                train[slice(*bounds)] - start[kept][trial],
            )
    assert data.attrs["subject"].startswith("animal ")
    assert "Siegle" in data.attrs["citation"] and "terms" in data.attrs["licence"]


def check_drift(clone, name: str) -> None:
    """Half of the units have other rates in the second block; no event moved."""
    table = pd.read_csv(clone / f"results/drift/{name}.tsv", sep="\t")
    chosen = table[(table["selection"] != "VISam") & (table["matching"] == "none")]
    assert chosen["gate_passed"].all(), table.to_string()
    rate, timing = chosen[chosen["code"] == "rate"], chosen[chosen["code"] == "timing"]
    assert (rate["p_value"] == 1 / 200).all(), table.to_string()  # the least of 199 random signs
    assert ((rate["low"] < 0.5) & (rate["high"] > 0.5)).all(), table.to_string()
    assert rate["index"].between(0.25, 0.75).all(), table.to_string()
    assert (timing["index"].abs() < 0.02).all(), table.to_string()
    assert (timing["p_value"] > 0.01).all(), table.to_string()


def sessions_table(clone, neuropixels) -> str:
    """A table of sessions as config/sessions/ has it, with the units of the truth."""
    lines = ["session\tstimuli\tVISam\n"]
    for session in SESSIONS:
        held = neuropixels[session].truth
        count = int((held["default"] & (held["area"] == "VISam")).sum())
        lines.append(f"{session}\t{MOVIE}\t{count}\n")
    (clone / "sessions.tsv").write_text("".join(lines))
    return "sessions.tsv"


def test_from_s3_to_the_known_truth(clone, bucket, neuropixels):
    fetch = {"order": ["s3"], "endpoints": {"s3": bucket}, "attempts": 2, "wait": 0.01}
    table = sessions_table(clone, neuropixels)
    with preloaded.jobs():
        said = run(clone, fetch, table)
    assert (clone / "results/figures/final/1_recordings.png").is_file()
    assert "2 files" in said  # how much there is to fetch, before it is fetched
    for session in SESSIONS:
        path = neuropixels[session].path
        folder = clone / "results/raw" / DATA_SET / f"session_{session}"
        assert (folder / path.name).read_bytes() == path.read_bytes()
        assert json.loads((folder / f"{path.name}.json").read_text())["place"] == "s3"
        check_trials(clone, neuropixels[session])
    check_drift(clone, "indices")
    pooled = trials.read(clone / f"results/trials/{POOL}.nc")
    assert pooled.attrs["pseudo_population"] == 1
    assert pooled.sizes["unit"] == 2 * 77
    for recording in (f"{SESSIONS[0]}.{MOVIE}", POOL):
        for figure in ("raster", "matrices", "drift_curves"):
            assert (clone / f"results/figures/{figure}.{recording}.visual.png").is_file()
    assert not list((clone / "results/drift").rglob("VISam"))  # eight units
    cited = pd.read_csv(clone / "results/recordings.tsv", sep="\t")
    assert cited["citation"].str.contains("Siegle").all()
    with preloaded.jobs():
        run(clone, fetch, table, "sensitivity")
    check_drift(clone, "sensitivity")
    looser = pd.read_csv(clone / "results/drift/sensitivity.tsv", sep="\t")
    units = looser.groupby("selection")["n_units"].first()
    assert units["unfiltered"] > units["visual"]


def test_from_the_warehouse_through_allensdk(clone, warehouse, neuropixels):
    """AllenSDK tells which sessions there are, how many units they have, and where files are."""
    fetch = {"order": ["warehouse"], "endpoints": {"warehouse": warehouse.address}}
    table = sessions_table(clone, neuropixels)
    run(clone, fetch, table, "results/catalogue/neuropixels.tsv")
    with preloaded.jobs():
        run(clone, fetch, "results/catalogue/neuropixels.tsv", "results/drift/indices.tsv")
    for session in SESSIONS:
        check_trials(clone, neuropixels[session])
    check_drift(clone, "indices")
    assert not list((clone / "results/drift").rglob("VISam"))
