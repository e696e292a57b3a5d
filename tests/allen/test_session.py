"""The synthetic session through AllenSDK, pynwb and our reader: all find its known truth."""

import subprocess
from pathlib import Path

import numpy as np
import pynwb
import pytest
from session_truth import FRAMES, PERIOD, SESSIONS, truth

from spikedrift.config.sources import NeuropixelsOptions
from spikedrift.sources.allen_neuropixels import read

pytestmark = pytest.mark.allen

ROOT = Path(__file__).resolve().parents[2]
LIMITS = {
    "default": {"isi_violations": 0.5, "amplitude_cutoff": 0.1, "presence_ratio": 0.95},
    "0.9": {"isi_violations": 0.5, "amplitude_cutoff": 0.1, "presence_ratio": 0.9},
    "unfiltered": {"isi_violations": np.inf, "amplitude_cutoff": np.inf, "presence_ratio": 0.0},
}


def second_reading(python, session, output, limits="default", intervals=None):
    """What AllenSDK reads, by workflow/allensdk/read_session.py."""
    command = [
        *(str(python), str(ROOT / "workflow/allensdk/read_session.py")),
        *(str(session), str(output), "--limits", limits),
    ]
    if intervals is not None:
        np.save(output.with_suffix(".npy"), intervals)
        command += ["--intervals", str(output.with_suffix(".npy"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(output) as held:
        return dict(held)


@pytest.fixture(scope="module")
def ours(neuropixels):
    """What our reader makes of both movies of the first session, before any limit."""
    session = neuropixels[715093703]
    return {
        movie: read(session.path, NeuropixelsOptions(), f"715093703.{movie}")
        for movie in ("natural_movie_one", "natural_movie_three")
    }


@pytest.fixture(scope="module")
def intervals(ours):
    """Start and end of our trials, of both movies."""
    start = np.concatenate([one["start_time"].values for one in ours.values()])
    return np.stack([start, start + np.concatenate([x["duration"] for x in ours.values()])], axis=1)


@pytest.fixture(scope="module")
def readings(allen_python, neuropixels, intervals, tmp_path_factory):
    """AllenSDK's readings of the first session, by limits."""
    folder = tmp_path_factory.mktemp("readings")
    path = neuropixels[715093703].path
    return {
        name: second_reading(allen_python, path, folder / f"{name}.npz", name, intervals)
        for name in LIMITS
    }


def kept(held, limits):
    """Units of a truth that pass limits, by AllenSDK's documented rules."""
    valid = held["channel_valid"][np.searchsorted(held["channel_id"], held["unit_channel_id"])]
    good = (held["quality"] == "good") & (held["area"] != "") & valid
    with np.errstate(invalid="ignore"):
        good &= held["isi_violations"] <= limits["isi_violations"]
        good &= held["amplitude_cutoff"] <= limits["amplitude_cutoff"]
        good &= held["presence_ratio"] >= limits["presence_ratio"]
    return held["unit_id"][good]


@pytest.mark.parametrize("made_from", SESSIONS, ids=lambda one: str(one.session))
def test_truth_is_the_same_from_every_python(neuropixels, made_from):
    """Written by numpy 1.23 on Python 3.11, drawn again here."""
    again = truth(made_from)
    held = neuropixels[made_from.session].truth
    assert held.keys() == again.keys()
    for name, value in again.items():
        np.testing.assert_array_equal(held[name], value, err_msg=name)


@pytest.mark.parametrize("limits", LIMITS)
def test_allensdk_keeps_the_units_that_pass(readings, neuropixels, limits):
    held = neuropixels[715093703].truth
    np.testing.assert_array_equal(readings[limits]["unit_id"], np.sort(kept(held, LIMITS[limits])))


def test_limits_tell_units_apart(readings):
    sizes = [readings[name]["unit_id"].size for name in ("default", "0.9", "unfiltered")]
    assert sizes[0] < sizes[1] < sizes[2]
    area, count = np.unique(readings["default"]["area"], return_counts=True)
    assert dict(zip(area.tolist(), count.tolist(), strict=True)) == {
        "CA1": 4,
        "LP": 16,
        "VISam": 8,
        "VISl": 22,
        "VISp": 24,
    }


def test_allensdk_reads_every_spike(readings, neuropixels):
    found = readings["unfiltered"]
    for row, unit in enumerate(found["unit_id"]):
        train = found["spike_time"][slice(*found["spike_offset"][row : row + 2])]
        np.testing.assert_array_equal(train, neuropixels[715093703].spikes(unit))


def test_allensdk_reads_presentations_and_invalid_times(readings, neuropixels):
    held, found = neuropixels[715093703].truth, readings["default"]
    for name in ("start", "stop", "stimulus", "frame", "block"):
        np.testing.assert_array_equal(found[f"shown_{name}"], held[f"shown_{name}"], err_msg=name)
    np.testing.assert_array_equal(found["invalid_start"], held["invalid_start"])
    np.testing.assert_array_equal(found["invalid_stop"], held["invalid_stop"])
    assert found["invalid_tags"].tolist() == [
        "EcephysProbe 7150937031 probeB",
        "EcephysSession 715093703 all_probes",
    ]


def test_allensdk_masks_frames_of_an_invalid_stimulus(allen_python, neuropixels, tmp_path):
    written = neuropixels[766640955]
    found = second_reading(allen_python, written.path, tmp_path / "fc.npz")
    held = written.truth
    (row,) = np.flatnonzero(held["invalid_label"] == "stimulus")
    inside = (held["shown_start"] <= held["invalid_stop"][row]) & (
        held["shown_stop"] >= held["invalid_start"][row]
    )
    assert inside.sum() == 4
    np.testing.assert_array_equal(found["shown_stimulus"] == "invalid_presentation", inside)


@pytest.mark.parametrize("session", [715093703, 719161530, 766640955])
def test_pynwb_reads_the_file(neuropixels, session):
    held = neuropixels[session].truth
    with pynwb.NWBHDF5IO(neuropixels[session].path, "r", load_namespaces=True) as io:
        nwb = io.read()
        assert nwb.identifier == str(session)
        assert nwb.stimulus_notes == str(held["session_type"])
        np.testing.assert_array_equal(nwb.units.id[:], held["unit_id"])
        np.testing.assert_array_equal(nwb.units["spike_times"].target.data[:], held["spike_time"])
        np.testing.assert_array_equal(
            nwb.units["amplitude_cutoff"].data[:], held["amplitude_cutoff"]
        )
        speed = nwb.processing["running"]["running_speed"]
        np.testing.assert_array_equal(speed.data[:], held["running_speed"])
        np.testing.assert_array_equal(speed.timestamps[:], held["running_start"])
        assert ("raw_gaze_mapping" in nwb.processing) == ("pupil_time" in held)
        if "pupil_time" in held:
            pupil = nwb.processing["filtered_gaze_mapping"]["pupil_area"]
            np.testing.assert_array_equal(pupil.data[:], held["pupil_area"])
            np.testing.assert_array_equal(pupil.timestamps[:], held["pupil_time"])


def test_movies_have_what_goes_wrong_in_real_ones(neuropixels):
    held = neuropixels[715093703].truth
    length = held["shown_stop"] - held["shown_start"]
    movie = held["shown_frame"] >= 0
    assert (length[movie] > 1.9 * PERIOD).sum() == 1  # a long frame
    (cut,) = np.flatnonzero(movie & (length < 0.5 * PERIOD))  # a truncated one, the last
    assert cut == np.flatnonzero(movie)[-1]
    for name, showings in (("natural_movie_one", 10), ("natural_movie_three", 5)):
        rows = held["shown_stimulus"] == name
        _, frames = np.unique(held["shown_block"][rows], return_counts=True)
        assert frames.tolist() == [showings * FRAMES] * 2


@pytest.mark.parametrize("movie", ["natural_movie_one", "natural_movie_three"])
def test_rates_drift_and_moments_do_not(neuropixels, movie):
    """Counts by block follow the truth's; units that were not redrawn keep theirs."""
    written = neuropixels[715093703]
    held = written.truth
    rows = np.flatnonzero(held["shown_stimulus"] == movie)
    first = rows[held["shown_frame"][rows] == 0]
    block = held["shown_block"][first]
    edges = np.stack([held["shown_start"][first], held["shown_stop"][first + FRAMES - 1]])
    count = np.array(
        [
            np.diff(np.searchsorted(written.spikes(unit), edges), axis=0)[0]
            for unit in held["unit_id"]
        ]
    )
    rate = np.stack([count[:, block == one].mean(1) for one in np.unique(block)], axis=1)
    expected = held[f"{movie}_count"].sum(2).T
    showings = (block == block[0]).sum()
    # Poisson: the error of a mean over showings, at 5 SD.
    assert (abs(rate - expected) < 5 * np.sqrt((expected + 2) / showings)).all()
    change = abs(held[f"{movie}_count"][1] - held[f"{movie}_count"][0]).sum(1)
    assert (change[held["redrawn"]] > 0).all() and (change[~held["redrawn"]] == 0).all()
    assert held["redrawn"].sum() == pytest.approx(held["redrawn"].size / 2, abs=1)


@pytest.mark.parametrize("limits", LIMITS)
def test_our_reader_agrees_with_allensdk(readings, ours, limits):
    """Units under each limit, and their spikes in every trial, of both movies."""
    other = readings[limits]
    shown = np.isin(other["area"], NeuropixelsOptions().areas)
    first = masked = 0
    for trials in ours.values():
        passes = (
            (trials["quality_isi_violations"].values <= LIMITS[limits]["isi_violations"])
            & (trials["quality_amplitude_cutoff"].values <= LIMITS[limits]["amplitude_cutoff"])
            & (trials["quality_presence_ratio"].values >= LIMITS[limits]["presence_ratio"])
        )
        units = trials["unit_id"].values[passes].astype(np.int64)
        assert units.tolist() == other["unit_id"][shown].tolist()
        assert trials["population"].values[passes].tolist() == other["area"][shown].tolist()
        observed = trials["observed"].values[:, passes]
        count = trials["spike_count"].values[:, passes]
        theirs = other["spike_count"][first : first + count.shape[0], shown]
        first += count.shape[0]
        np.testing.assert_array_equal(count[observed], theirs[observed])
        assert (count[~observed] == 0).all()
        masked += theirs[~observed].sum()
    assert masked > 0  # what is not observed was not silent
    assert first == other["spike_count"].shape[0]


def test_our_trials_start_with_frames_that_allensdk_reads(readings, ours):
    other = readings["default"]
    for movie, trials in ours.items():
        frames = (other["shown_stimulus"] == movie) & (other["shown_frame"] % 30 == 0)
        assert set(trials["start_time"].values) <= set(other["shown_start"][frames])


def test_a_file_that_is_none_is_one_line(allen_python, tmp_path):
    path = tmp_path / "session_1.nwb"
    path.write_text("not found")
    done = subprocess.run(
        [
            *(str(allen_python), str(ROOT / "workflow/allensdk/read_session.py")),
            *(str(path), str(tmp_path / "out.npz")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1 and str(path) in done.stderr
    assert not (tmp_path / "out.npz").exists()


def test_presentations_follow_each_other(neuropixels):
    """Each starts where the one before ended, as on a monitor."""
    held = neuropixels[715093703].truth
    np.testing.assert_array_equal(held["shown_start"][1:], held["shown_stop"][:-1])
