"""A session's file that is damaged, or another: one line with its name, and what is wrong."""

import shutil

import h5py
import pytest

from spikedrift.config.sources import NeuropixelsOptions
from spikedrift.core.errors import InputError
from spikedrift.sources.allen_neuropixels import read

pytestmark = pytest.mark.allen

SESSION = 715093703


def _half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _without_units(path):
    with h5py.File(path, "r+") as file:
        del file["units"]


def _units_on_no_channel(path):
    with h5py.File(path, "r+") as file:
        file["units/peak_channel_id"][3] = 5


@pytest.mark.parametrize(
    ("harm", "movie", "options", "reason"),
    [
        (_half, "natural_movie_one", {}, "truncated"),
        (lambda path: path.write_bytes(b""), "natural_movie_one", {}, "the file is empty"),
        (lambda path: path.write_text("<html>"), "natural_movie_one", {}, "no HDF5 file"),
        (lambda path: path.unlink(), "natural_movie_one", {}, "no such NWB file"),
        (_without_units, "natural_movie_one", {}, "no units or no electrodes"),
        (
            _units_on_no_channel,
            "natural_movie_one",
            {},
            "unit in row 3 is on channel 5, which is not there",
        ),
        (None, "natural_movie_two", {}, "no table of intervals 'natural_movie_two_presentations'"),
        (None, "natural_movie_one", {"areas": ["VISpor"]}, "no good unit in VISpor"),
        (None, "natural_movie_one", {"segment_frames": 91}, "more than the 90 frames"),
    ],
)
def test_a_bad_file_is_one_line(neuropixels, tmp_path, harm, movie, options, reason):
    path = tmp_path / f"session_{SESSION}.nwb"
    shutil.copy(neuropixels[SESSION].path, path)
    if harm is not None:
        harm(path)
    with pytest.raises(InputError, match=reason) as caught:
        read(path, NeuropixelsOptions(**options), f"{SESSION}.{movie}")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_session_under_the_name_is_refused(neuropixels, tmp_path):
    path = tmp_path / f"session_{SESSION}.nwb"
    shutil.copy(neuropixels[719161530].path, path)
    with pytest.raises(InputError, match=f"{path.name}: holds session 719161530, not {SESSION}"):
        read(path, NeuropixelsOptions(), f"{SESSION}.natural_movie_one")
