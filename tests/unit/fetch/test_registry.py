"""The data registry: rows, families of files, and what is refused."""

from pathlib import Path

import pytest

from spikedrift.core.errors import InputError
from spikedrift.fetch.registry import COLUMNS, find, read_registry

PROJECT = Path(__file__).parents[3] / "resources" / "data-registry.tsv"
ROW = {
    "dataset": "set",
    "file": "a/{id}/b_{id}.nwb",
    "url": "s3://bucket/{id}.nwb https://host/{id}/{id} dandi://000021/*_ses-{id}.nwb",
    "bytes": "",
    "sha256": "",
    "licence": "CC0",
    "citation": "A 2020",
}


def written(path: Path, **changes: str) -> Path:
    row = ROW | changes
    path.write_text("\t".join(COLUMNS) + "\n" + "\t".join(row[name] for name in COLUMNS) + "\n")
    return path


def test_a_member_of_a_family_gets_its_id_everywhere(tmp_path):
    rows = read_registry(written(tmp_path / "r.tsv"))
    row = find(rows, "set", "a/12/b_12.nwb")
    assert row is not None
    assert str(row) == "set/a/12/b_12.nwb"
    assert row.at("s3") == ["s3://bucket/12.nwb"]
    assert row.at("https") == ["https://host/12/12"]
    assert row.at("dandi") == ["dandi://000021/*_ses-12.nwb"]
    assert row.at("warehouse") == []
    assert (row.bytes, row.sha256) == (None, None)


@pytest.mark.parametrize(
    "file", ["a/12/b_13.nwb", "a/x/b_x.nwb", "a/12/b_12.nwb.json", "xa/1/b_1.nwb", "a//b_.nwb"]
)
def test_what_is_no_member_is_not_found(tmp_path, file):
    rows = read_registry(written(tmp_path / "r.tsv"))
    assert find(rows, "set", file) is None
    assert find(rows, "other", "a/12/b_12.nwb") is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"licence": ""}, "line 2: column 'licence' is missing or empty"),
        ({"file": "x", "url": "https://h/x", "bytes": "3 MB"}, "bytes '3 MB' is no whole number"),
        ({"file": "x", "url": "https://h/x", "sha256": "abc"}, "'abc' is not 64 hex digits"),
        ({"url": "ftp://host/{id}"}, "url 'ftp://host/{id}' starts with none of https"),
        ({"file": "x"}, r"url 's3://bucket/{id}\.nwb' holds {id}, but file 'x' does not"),
        ({"bytes": "7"}, "a family of files has no bytes"),
    ],
)
def test_a_bad_row_is_named(tmp_path, changes, words):
    with pytest.raises(InputError, match=words):
        read_registry(written(tmp_path / "r.tsv", **changes))


def test_the_registry_of_the_project_is_sound():
    rows = read_registry(PROJECT)
    assert len({(row.dataset, row.file) for row in rows}) == len(rows)
    for row in rows:
        assert row.urls
        if "{id}" not in row.file:
            assert all(url.startswith("https://") for url in row.urls)
            assert len(bytes.fromhex(row.sha256)) == 32
            assert row.bytes > 0


@pytest.mark.parametrize(
    ("dataset", "file", "key"),
    [
        (
            "visual-coding-neuropixels",
            "session_715093703/session_715093703.nwb",
            "visual-coding-neuropixels/ecephys-cache/session_715093703/session_715093703.nwb",
        ),
        (
            "visual-coding-2p",
            "ophys_experiment_data/501794235.nwb",
            "visual-coding-2p/ophys_experiment_data/501794235.nwb",
        ),
        (
            "visual-coding-2p",
            "ophys_experiment_events/501794235_events.npz",
            "visual-coding-2p/ophys_experiment_events/501794235_events.npz",
        ),
    ],
)
def test_the_visual_coding_files_are_registered(dataset, file, key):
    row = find(read_registry(PROJECT), dataset, file)
    assert row is not None
    assert row.at("s3") == [f"s3://allen-brain-observatory/{key}"]
    assert len(row.at("warehouse")) == 1
    assert "doi 10.1038/" in row.citation
    assert "non-commercial" in row.licence
