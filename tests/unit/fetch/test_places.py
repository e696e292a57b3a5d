"""Where files come from: S3 as moto serves it, DANDI's API, the warehouse's links, a mirror."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import requests
from misbehaving import Server, serving
from moto.server import ThreadedMotoServer

from spikedrift.config.fetch import Endpoints, FetchOptions
from spikedrift.core.errors import InputError
from spikedrift.fetch.registry import COLUMNS
from spikedrift.fetch.transfer import fetch

CONTENT = bytes(range(256)) * 30_000  # 7.68 MB, in two parts of an upload
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FIVE = 5 << 20


@pytest.fixture(autouse=True)
def nobody(monkeypatch, tmp_path) -> None:
    """No proxy, and no account: what is signed cannot be sent."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Address of an S3 server."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(CONTENT) as running:
        yield running


@pytest.fixture
def target(tmp_path) -> Path:
    return tmp_path / "raw" / "a" / "file.bin"


def fetched(target: Path, url: str, links: Path | None = None, **options: object) -> dict:
    """Fetch what is registered at `url` alone; return its record."""
    registry = target.parents[2] / "registry.tsv"
    row = ("set", "a/file.bin", url, "", "", "CC0", "A 2020")
    registry.write_text("\t".join(COLUMNS) + "\n" + "\t".join(row) + "\n")
    given = {"wait": 0.01, "attempts": 2, "timeout": 5.0} | options
    fetch("set", "a/file.bin", target, FetchOptions(**given), registry, links)
    assert target.read_bytes() == CONTENT
    assert sorted(path.name for path in target.parent.iterdir()) == ["file.bin", "file.bin.json"]
    return json.loads(target.with_name("file.bin.json").read_text())


def refused(target: Path, url: str, links: Path | None = None, **options: object) -> str:
    with pytest.raises(InputError) as error:
        fetched(target, url, links, **options)
    assert not target.exists()
    return str(error.value)


# S3


def test_a_public_object_without_an_account(s3, target):
    requests.put(f"{s3}/plain", timeout=5)
    public = {"x-amz-acl": "public-read"}
    requests.put(f"{s3}/plain/a/file.bin", data=CONTENT, headers=public, timeout=5)
    record = fetched(target, "s3://plain/a/file.bin", endpoints=Endpoints(s3=s3))
    assert record["place"] == "s3"
    assert record["url"] == f"{s3}/plain/a/file.bin"
    assert record["etag"] == f'"{hashlib.md5(CONTENT).hexdigest()}"'
    assert record["verified"] == "md5 (S3 ETag)"
    assert record["sha256"] == SHA256


def test_an_object_that_is_not_public_is_named(s3, target):
    requests.put(f"{s3}/private", timeout=5)
    requests.put(f"{s3}/private/file.bin", data=CONTENT, timeout=5)
    said = refused(target, "s3://private/file.bin", endpoints=Endpoints(s3=s3))
    assert "s3://private/file.bin (the server answers 403" in said


def uploaded_in_parts(s3: str, bucket: str) -> str:
    """Upload the file as large ones are; return its ETag."""
    client = boto3.client(
        "s3",
        endpoint_url=s3,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="one",
    )
    client.create_bucket(Bucket=bucket)
    at = {"Bucket": bucket, "Key": "file.bin"}
    upload = client.create_multipart_upload(**at, ACL="public-read")["UploadId"]
    parts = [
        {
            "PartNumber": number,
            "ETag": client.upload_part(
                **at, UploadId=upload, PartNumber=number, Body=CONTENT[begin : begin + FIVE]
            )["ETag"],
        }
        for number, begin in enumerate(range(0, len(CONTENT), FIVE), start=1)
    ]
    done = client.complete_multipart_upload(**at, UploadId=upload, MultipartUpload={"Parts": parts})
    return str(done["ETag"])


def test_the_etag_of_an_upload_in_parts_is_verified(s3, target):
    etag = uploaded_in_parts(s3, "parts")
    assert etag.endswith('-2"')
    record = fetched(target, "s3://parts/file.bin", endpoints=Endpoints(s3=s3))
    assert record["etag"] == etag
    assert record["verified"] == f"md5-{FIVE} (S3 ETag)"


@pytest.mark.parametrize("address", ["s3://plain/no/such.key", "s3://no-such-bucket/file.bin"])
def test_what_is_not_in_s3_is_named(s3, target, address):
    said = refused(target, address, endpoints=Endpoints(s3=s3))
    assert f"{address} (the server answers 404 NoSuch" in said


def test_an_s3_server_that_is_none_is_named(target):
    endpoints = Endpoints(s3="http://127.0.0.1:9")
    said = refused(target, "s3://plain/file.bin", endpoints=endpoints)
    assert "s3://plain/file.bin (the connection failed; try 2 of 2)" in said


# DANDI

PATH = "sub-1/sub-1_ses-7.nwb"
ASSET = "f00d"
ASSET_ID = "5b1d0f5a-0c1e-4f5b-9a64-2f7c3f1d9e55"


def dandi(server: Server, version: str | None = "0.1", **changes: object) -> Endpoints:
    """Pages of DANDI's API as its schema has them, the download behind a redirect."""
    published = version and {"version": version, "asset_count": 2}
    at = f"/api/dandisets/000021/versions/{version or 'draft'}/assets/"
    listed = [
        {"asset_id": ASSET, "path": PATH, "size": len(CONTENT)},
        {"asset_id": "beef", "path": "sub-1/sub-1_ses-7_probe-3_ecephys.nwb", "size": 3},
    ]
    asset = {
        "path": PATH,
        "contentSize": len(CONTENT),
        "digest": {"dandi:sha2-256": SHA256, "dandi:dandi-etag": "x-1"},
    } | changes
    pages = {
        "/api/dandisets/000021/": {
            "identifier": "000021",
            "most_recent_published_version": published,
            "draft_version": {"version": "draft"},
        },
        at: {"count": 2, "next": None, "results": listed},
        f"{at}{ASSET}/": asset,
    }
    server.pages = {path: json.dumps(page).encode() for path, page in pages.items()}
    server.pages[f"/api/assets/{ASSET}/download/"] = f"{server.root}/blobs/{ASSET}?signed=1"
    return Endpoints(dandi=f"{server.root}/api")


@pytest.mark.parametrize("version", ["0.1", None])
def test_an_asset_is_found_by_its_glob(server, target, version):
    server.answers = ["truncated", "whole"]
    record = fetched(target, "dandi://000021/*_ses-7.nwb", endpoints=dandi(server, version))
    assert record["verified"] == "sha256 (DANDI)"
    assert record["place"] == "dandi"
    assert record["url"] == f"{server.root}/blobs/{ASSET}"
    # The redirect kept the Range.
    assert server.log[1].path.startswith(f"/blobs/{ASSET}")
    assert server.log[1].start > 0
    assert server.log[1].status == 206


@pytest.mark.parametrize(
    ("glob", "changes", "words"),
    [
        ("*_ses-8.nwb", {}, "0 assets of version 0.1 match *_ses-8.nwb"),
        ("*_ses-7*", {}, "2 assets of version 0.1 match"),
        ("*_ses-7.nwb", {"contentSize": 5}, f"holds {len(CONTENT)} bytes, DANDI lists 5"),
        ("*_ses-7.nwb", {"contentSize": None}, "does not answer as the DANDI API does"),
        ("*_ses-7.nwb", {"digest": {"dandi:sha2-256": "0" * 64}}, f"{'0' * 64} is published"),
    ],
)
def test_an_asset_that_is_not_the_one_is_refused(server, target, glob, changes, words):
    endpoints = dandi(server, **changes)
    assert words in refused(target, f"dandi://000021/{glob}", endpoints=endpoints)


def of_asset(server: Server, **changes: object) -> Endpoints:
    """What DANDI's API answers of an asset by its id, in whatever dandiset and version it is."""
    asset = {
        "id": f"dandiasset:{ASSET_ID}",
        "identifier": ASSET_ID,
        "path": PATH,
        "contentSize": len(CONTENT),
        "digest": {"dandi:sha2-256": SHA256, "dandi:dandi-etag": "x-1"},
    } | changes
    server.pages = {
        f"/api/assets/{ASSET_ID}/": json.dumps(asset).encode(),
        f"/api/assets/{ASSET_ID}/download/": f"{server.root}/blobs/{ASSET}?signed=1",
    }
    return Endpoints(dandi=f"{server.root}/api")


def test_an_asset_is_found_by_its_id_and_no_version_is_asked_for(server, target):
    server.answers = ["truncated", "whole"]
    record = fetched(target, f"dandi://000021/{ASSET_ID}", endpoints=of_asset(server))
    assert record["verified"] == "sha256 (DANDI)" and record["place"] == "dandi"
    assert record["url"] == f"{server.root}/blobs/{ASSET}"
    assert not [one.path for one in server.log if "dandisets" in one.path]
    assert server.log[-1].start > 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"contentSize": 5}, f"holds {len(CONTENT)} bytes, DANDI lists 5"),
        ({"contentSize": "many"}, "does not answer as the DANDI API does"),
        ({"digest": None}, "does not answer as the DANDI API does"),
        ({"digest": {"dandi:sha2-256": "0" * 64}}, f"{'0' * 64} is published"),
    ],
)
def test_an_asset_of_an_id_that_is_not_what_is_listed_is_refused(server, target, changes, words):
    assert words in refused(
        target, f"dandi://000021/{ASSET_ID}", endpoints=of_asset(server, **changes)
    )


def test_an_id_that_dandi_does_not_know_is_named(server, target):
    endpoints = of_asset(server)
    server.answers = ["404"]
    other = ASSET_ID.replace("5", "6")
    said = refused(target, f"dandi://000021/{other}", endpoints=endpoints)
    assert f"dandi://000021/{other} (the server answers 404" in said


def test_an_unknown_dandiset_is_named(server, target):
    server.answers = ["404"]
    said = refused(target, "dandi://000099/*.nwb", endpoints=dandi(server))
    assert "dandi://000099/*.nwb (the server answers 404" in said


# The warehouse

ADDRESS = "warehouse://EcephysSession/EcephysNwb/7"


def table(tmp_path: Path, url: str, size: str = "", file: str = "a/file.bin") -> Path:
    path = tmp_path / "links.tsv"
    path.write_text(f"dataset\tfile\turl\tbytes\nset\t{file}\t{url}\t{size}\n")
    return path


@pytest.mark.parametrize("absolute", [True, False])
def test_a_link_is_absolute_or_of_the_warehouse(server, target, tmp_path, absolute):
    url = "/api/v2/well_known_file_download/7"
    links = table(tmp_path, f"{server.root}{url}" if absolute else url, str(len(CONTENT)))
    root = "http://127.0.0.1:9" if absolute else server.root
    record = fetched(
        target, ADDRESS, links, order=["warehouse"], endpoints=Endpoints(warehouse=root)
    )
    assert record["url"] == f"{server.root}{url}"
    assert record["place"] == "warehouse"
    assert record["verified"] is None


def test_a_file_without_a_link_is_named(server, target, tmp_path):
    said = refused(target, ADDRESS, order=["warehouse"])
    assert f"{ADDRESS} (there is no table of its links)" in said
    other = table(tmp_path, server.url, file="a/other.bin")
    assert "has no link of it" in refused(target, ADDRESS, other, order=["warehouse"])


def test_a_file_of_another_length_than_the_warehouse_lists_is_refused(server, target, tmp_path):
    links = table(tmp_path, server.url, "5")
    assert "the warehouse lists 5" in refused(target, ADDRESS, links, order=["warehouse"])


# A mirror


def mirrored(tmp_path: Path, record: str | None) -> str:
    path = tmp_path / "mirror" / "set" / "a" / "file.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    if record is not None:
        path.with_name("file.bin.json").write_text(record)
    return str(tmp_path / "mirror")


@pytest.mark.parametrize("known", [True, False])
def test_the_record_in_a_mirror_gives_the_digest(target, tmp_path, known):
    mirror = mirrored(tmp_path, json.dumps({"sha256": SHA256}) if known else None)
    record = fetched(target, "https://127.0.0.1:9/file.bin", mirror=mirror)
    assert record["place"] == "mirror"
    assert record["verified"] == ("sha256 (file.bin.json)" if known else None)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (json.dumps({"sha256": "0" * 64}), f"{'0' * 64} is published; mend or remove it"),
        ("{", "file.bin.json holds no sha256"),
    ],
)
def test_a_mirror_that_contradicts_its_record_is_refused(server, target, tmp_path, record, words):
    mirror = mirrored(tmp_path, record)
    assert words in refused(target, server.url, mirror=mirror)
    assert server.requests == 0


def test_a_fetched_directory_is_a_mirror(server, target, tmp_path):
    fetched(target, server.url)
    (tmp_path / "mirror").mkdir()
    target.parent.parent.rename(tmp_path / "mirror" / "set")
    server.answers = ["404"]
    record = fetched(target, server.url, mirror=str(tmp_path / "mirror"))
    assert record["verified"] == "sha256 (file.bin.json)"


def test_the_order_is_the_configured_one(server, target, tmp_path):
    mirror = mirrored(tmp_path, None)
    record = fetched(target, server.url, mirror=mirror, order=["https", "mirror"])
    assert record["place"] == "https"
    server.answers = ["404"]
    target.unlink()
    record = fetched(target, server.url, mirror=mirror, order=["https", "mirror"])
    assert record["place"] == "mirror"
