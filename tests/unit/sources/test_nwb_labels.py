"""Labels of trials and units in NWB files: of every type, missing, objects, restarting."""

import json

import h5py
import numpy as np
import pytest
from nwb_base import N_TRIALS, SEGMENT, START, changed, counts, damaged, options, values

from spikedrift.core.errors import InputError
from spikedrift.sources import nwb
from spikedrift.sources.labels import as_text, in_order


def parameters(data) -> dict:
    return json.loads(data.attrs["parameters"])


@pytest.mark.fault("nwb", "objects as labels, whose text changes with every run", cases=2)
def test_an_object_is_a_label_by_its_name(tmp_path):
    path = damaged(tmp_path / "m.nwb")
    data = nwb.read(path, options(segment="group", population="electrode_group"), "m.grating")
    assert data["population"].values.tolist() == ["VISp", "VISl"] * 3
    assert data["segment_name"].values.tolist() == ["VISp", "VISl"] * 10
    data = nwb.read(path, options(population="group"), "m.grating")  # of the electrodes
    assert data["population"].values.tolist() == ["VISp", "VISl"] * 3


def _text(labels, missing: str) -> np.ndarray:
    return np.array([missing if np.isnan(x) else f"n{x:.0f}" for x in labels], dtype="S")


@pytest.mark.fault("nwb", "labels of trials that are missing")
@pytest.mark.parametrize("missing", [None, "", "nan", " "])
@pytest.mark.parametrize("key", ["segment", "repeat", "block"])
def test_a_trial_without_a_label_is_left_out_and_counted(tmp_path, key, missing):
    lost = [3, 8]
    label = (np.arange(N_TRIALS) // 4 if key != "segment" else SEGMENT).astype(float)
    label[lost] = np.nan
    if missing is not None and key != "repeat":
        label = _text(label, missing)
    path = damaged(tmp_path / "m.nwb", values("intervals/trials/rep", label))
    data = nwb.read(path, options(**{key: "rep"}), "m.grating")
    kept = np.setdiff1d(np.arange(N_TRIALS), lost)
    np.testing.assert_array_equal(data["start_time"], START[kept])
    np.testing.assert_array_equal(data["spike_count"], counts()[kept])
    np.testing.assert_array_equal(data["segment"], SEGMENT[kept])
    assert parameters(data)["trials_unlabeled"] == 2
    if key != "segment":
        np.testing.assert_array_equal(data[key], kept // 4)


@pytest.mark.fault("nwb", "labels of units that are missing")
@pytest.mark.parametrize(
    ("labels", "kept"),
    [
        (np.array([b"a", b"", b"b", b"a", b"nan", b"b"]), [0, 2, 3, 5]),
        (np.array([1, np.nan, 2, 1, np.nan, 2.0]), [0, 2, 3, 5]),
    ],
)
def test_a_unit_without_a_population_is_left_out_and_counted(tmp_path, labels, kept):
    path = damaged(tmp_path / "m.nwb", values("units/area", labels))
    data = nwb.read(path, options(), "m.grating")
    assert data["unit_id"].values.tolist() == [str(unit) for unit in kept]
    np.testing.assert_array_equal(data["spike_count"], counts()[:, kept])
    names = ["1", "2"] if labels.dtype.kind == "f" else ["a", "b"]
    assert data["population"].values.tolist() == names * 2
    assert parameters(data)["units_unlabeled"] == 2


def test_a_unit_without_an_electrode_has_no_population(tmp_path):
    ends = values("units/electrodes_index", np.array([1, 2, 2, 3, 4, 5]))
    path = damaged(tmp_path / "m.nwb", ends, changed("units/electrodes", lambda v: v[:5]))
    data = nwb.read(path, options(population="location"), "m.grating")
    assert data["unit_id"].values.tolist() == ["0", "1", "3", "4", "5"]
    assert parameters(data)["units_unlabeled"] == 1


@pytest.mark.parametrize(
    ("at", "more", "reason"),
    [
        ("intervals/trials/rep", {"segment": "rep"}, "is missing in all 20"),
        ("intervals/trials/rep", {"block": "rep"}, "is missing in all 20"),
        ("units/presence_ratio", {"population": "presence_ratio"}, "is missing in all 6 units"),
    ],
)
def test_labels_that_are_all_missing_are_refused(tmp_path, at, more, reason):
    path = damaged(tmp_path / "m.nwb", changed(at, lambda v: v * np.nan))
    with pytest.raises(InputError, match=reason):
        nwb.read(path, options(**more), "m.grating")


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float32, np.float64, "S"])
def test_a_number_is_the_same_label_in_any_type(tmp_path, kind):
    path = damaged(tmp_path / "m.nwb", changed("intervals/trials/seg", lambda v: v.astype(kind)))
    data = nwb.read(path, options(), "m.grating")
    np.testing.assert_array_equal(data["segment"], SEGMENT)
    assert data["segment_name"].values.tolist() == [str(one) for one in SEGMENT]
    for wanted in (2, 2.0, "2", ["2", "none"]):
        part = nwb.read(path, options(where={"seg": wanted}), "m.grating")
        np.testing.assert_array_equal(part["start_time"], START[SEGMENT == 2])


def test_where_takes_bools_and_says_what_a_column_holds(tmp_path):
    even = changed("intervals/trials/rep", lambda v: v % 2 == 0)
    path = damaged(tmp_path / "m.nwb", even)
    first = START[(np.arange(N_TRIALS) // 4) % 2 == 0]
    for wanted in (True, "true", 1):
        data = nwb.read(path, options(where={"rep": wanted}), "m.grating")
        np.testing.assert_array_equal(data["start_time"], first)
    with pytest.raises(InputError, match=r"has \{'word': 'e'\}; word holds a, b, c, d"):
        nwb.read(path, options(where={"word": "e"}), "m.grating")
    with pytest.raises(InputError, match=r"word holds a, b"):  # text is text, in its own case
        nwb.read(path, options(where={"word": "A"}), "m.grating")


def test_labels_as_text():
    assert as_text(np.array([1.0, 2.5, -3.0, np.nan])).tolist() == ["1", "2.5", "-3", "nan"]
    assert as_text(np.array([True, False])).tolist() == ["True", "False"]
    assert as_text(np.array([10**15, 7])).tolist() == ["1000000000000000", "7"]


@pytest.mark.fault("nwb", "repeats that start again in every block", cases=2)
@pytest.mark.parametrize("given", [True, False])
def test_repeats_count_through_the_blocks(tmp_path, given):
    """Two blocks of two repeats, then one of one: of the last, segment 3 was not shown."""
    block = np.array([0] * 8 + [1] * 8 + [2] * 4)
    repeat = np.array([0] * 4 + [1] * 4 + [0] * 4 + [1] * 4 + [0] * 4)

    def blocks(file: h5py.File) -> None:
        values("intervals/trials/rep", repeat)(file)
        values("intervals/trials/word", block[::-1])(file)  # numbered as they came, not by value

    path = damaged(tmp_path / "m.nwb", blocks)
    more = {"repeat": "rep"} if given else {}
    data = nwb.read(path, options(block="word", where={"seg": [0, 1, 2]}, **more), "m.grating")
    kept = SEGMENT < 3
    came = np.array([0] * 4 + [1] * 8 + [2] * 8)  # by the reversed labels
    assert data["block"].values.tolist() == came[kept].tolist()
    if not given:
        assert data["repeat"].values.tolist() == (np.arange(N_TRIALS) // 4)[kept].tolist()
    else:
        pairs = sorted(set(zip(came[kept], repeat[kept], strict=True)))
        expected = [pairs.index(one) for one in zip(came[kept], repeat[kept], strict=True)]
        assert data["repeat"].values.tolist() == expected


def test_a_block_that_comes_back_is_another_one(tmp_path):
    label = np.array([b"A"] * 8 + [b"B"] * 4 + [b"A"] * 8)
    path = damaged(tmp_path / "m.nwb", values("intervals/trials/word", label))
    data = nwb.read(path, options(block="word"), "m.grating")
    assert data["block"].values.tolist() == [0] * 8 + [1] * 4 + [2] * 8
    assert data["repeat"].values.tolist() == (np.arange(N_TRIALS) // 4).tolist()


def test_repeats_that_count_through_stay_as_they_are(tmp_path):
    path = damaged(tmp_path / "m.nwb", changed("intervals/trials/rep", lambda v: v + 5))
    data = nwb.read(path, options(repeat="rep", block_gap=3.0), "m.grating")
    assert data["repeat"].values.tolist()[:4] == [0, 1, 2, 3]  # a block each trial
    data = nwb.read(path, options(repeat="rep"), "m.grating")
    assert data["repeat"].values.tolist() == (np.arange(N_TRIALS) // 4).tolist()


@pytest.mark.parametrize(
    "names",
    [
        ["-1.5", "2", "10", "100"],
        ["clip 2", "clip 10", "clip 10b"],
        ["ori 0.25", "ori 0.5", "ori 10"],
        ["10 Hz", "a", "b"],
    ],
)
def test_numbers_in_names_count_as_numbers(names):
    shuffled = np.random.default_rng(3).permutation(np.repeat(names, 3))
    found, place = in_order(shuffled)
    assert found.tolist() == names
    np.testing.assert_array_equal(found[place], shuffled)


def test_segments_named_by_numbers_as_text_are_those_of_the_numbers(tmp_path):
    label = 9.0 + np.arange(N_TRIALS) % 3  # 9, 10, 11
    one, other = (
        nwb.read(damaged(tmp_path / f"{name}.nwb", values("intervals/trials/rep", column)),
                 options(segment="rep"), "m.grating")
        for name, column in (("number", label), ("text", label.astype(int).astype("S")))
    )  # fmt: skip
    np.testing.assert_array_equal(one["segment"], other["segment"])
    np.testing.assert_array_equal(one["segment_name"], other["segment_name"])
