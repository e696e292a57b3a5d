"""Movie frames joined into segments, against presentations whose truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikedrift.core.errors import InputError
from spikedrift.sources.covariates import trial_means
from spikedrift.sources.movie import showings

FRAMES, REPEATS, PERIOD = 90, 4, 0.03336


def shown(frames=FRAMES, repeats=REPEATS, order=None, labels=(3.0, 9.0)):
    """Start, stop, frame and block of a movie shown in two blocks with an hour between them."""
    order = np.arange(frames) if order is None else order
    frame = np.tile(order, len(labels) * repeats)
    block = np.repeat(labels, repeats * frames)
    start = np.arange(frame.size) * PERIOD + 3600.0 * (block == labels[-1])
    return start, start + PERIOD, frame, block


def test_segments_repeats_and_blocks_are_counted():
    out = showings(*shown(), 30, "movie")
    assert out.segment.tolist() == [0, 1, 2] * 8
    assert out.repeat.tolist() == np.repeat(np.arange(8), 3).tolist()
    assert out.block.tolist() == np.repeat([0, 1], 12).tolist()
    assert out.whole.all()


def test_times_are_those_of_the_frames_and_not_of_a_nominal_rate():
    start, _, frame, block = shown()
    rng = np.random.default_rng(1)
    start = start + rng.uniform(0, 0.01, start.size)
    start[100:] += 0.05  # a frame that stood longer
    stop = np.append(start[1:], start[-1] + PERIOD)
    stop[359] = start[359] + PERIOD  # end of the first block
    out = showings(start, stop, frame, block, 30, "movie")
    np.testing.assert_array_equal(out.start, start[::30])
    np.testing.assert_array_equal(out.stop, stop[29::30])
    assert out.stop[3] - out.start[3] > 30 * PERIOD + 0.04
    assert out.whole.all()


def test_a_truncated_or_missing_frame_marks_its_segment():
    start, stop, frame, block = shown()
    stop[-1] = start[-1] + 0.2 * PERIOD
    keep = np.ones(start.size, dtype=bool)
    keep[[95, 359]] = False
    out = showings(start[keep], stop[keep], frame[keep], block[keep], 30, "movie")
    assert np.flatnonzero(~out.whole).tolist() == [3, 11, 23]
    assert out.segment.size == 24


@pytest.mark.parametrize("listed", ["between frames", "in a frame"])
def test_a_pause_within_a_segment_marks_it(listed):
    start, stop, frame, block = shown()
    start[100:] += 5.0
    stop[100:] += 5.0
    if listed == "in a frame":
        stop[99] = start[100]
    out = showings(start, stop, frame, block, 30, "movie")
    assert out.repeat.max() == 7
    assert np.flatnonzero(~out.whole).tolist() == [3]


def test_a_frame_that_was_never_on_the_screen_marks_its_segment():
    start, stop, frame, block = shown()
    stop[40] = start[41] = start[40]
    out = showings(start, stop, frame, block, 30, "movie")
    assert np.flatnonzero(~out.whole).tolist() == [1]


def test_a_frame_listed_twice_does_not_start_a_repeat():
    start, stop, frame, block = (np.insert(column, 40, column[40]) for column in shown())
    start[41] = stop[40] = start[40] + PERIOD / 2
    out = showings(start, stop, frame, block, 30, "movie")
    assert out.repeat.max() == 7
    assert out.segment.size == 24


def test_frames_beyond_the_last_whole_segment_are_left_out():
    out = showings(*shown(), 40, "movie")
    assert out.segment.tolist() == [0, 1] * 8
    assert out.whole.all()


@pytest.mark.fault("movie", "frames that are not numbered from 0", cases=4)
def test_frames_may_be_numbered_from_anywhere_and_with_gaps():
    start, stop, frame, block = shown()
    plain = showings(start, stop, frame, block, 30, "movie")
    for number in (frame + 1, frame + 100, 2 * frame, np.where(frame >= 50, frame + 7, frame)):
        out = showings(start, stop, number, block, 30, "movie")
        for name, values in vars(plain).items():
            np.testing.assert_array_equal(getattr(out, name), values)


def test_the_first_frame_may_be_said():
    start, stop, frame, block = shown()
    keep = frame != 0  # never on the screen
    out = showings(start[keep], stop[keep], frame[keep] + 1, block[keep], 30, "movie", 1)
    assert out.segment.tolist() == [0, 1, 2] * 8
    assert np.flatnonzero(~out.whole).tolist() == list(range(0, 24, 3))
    with pytest.raises(InputError, match="presentation 0 has frame number 0, below 1"):
        showings(start, stop, frame, block, 30, "movie", 1)
    with pytest.raises(InputError, match="presentation 0 has frame number -1, below 0"):
        showings(start, stop, frame - 1, block, 30, "movie")


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_shuffled_movie_is_cut_by_its_own_order(seed):
    order = np.random.default_rng(seed).permutation(FRAMES)
    if np.mean(np.diff(order) < 0) < 0.3:
        return
    shuffled, plain = showings(*shown(order=order), 30, "movie"), showings(*shown(), 30, "movie")
    np.testing.assert_array_equal(shuffled.segment, plain.segment)
    np.testing.assert_array_equal(shuffled.repeat, plain.repeat)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda columns: columns[0].__setitem__(5, np.nan), "presentation 5 has no start or end"),
        (lambda columns: columns[0].__setitem__(7, 0.0), "presentation 7 is earlier than the one"),
        (lambda columns: columns[1].__setitem__(8, 0.0), "presentation 8 ends before it starts"),
        (lambda columns: columns[2].__setitem__(9, np.nan), "presentation 9 has no whole frame"),
        (lambda columns: columns[3].__setitem__(2, np.nan), "presentation 2 belongs to no block"),
    ],
)
def test_bad_frames_are_refused_by_place(change, reason):
    columns = [np.array(column, dtype=float) for column in shown()]
    change(columns)
    with pytest.raises(InputError, match=f"file, movie: {reason}"):
        showings(*columns, 30, "file, movie")


def test_what_is_no_repeated_movie_is_refused():
    start, stop, _, block = shown()
    frame = np.random.default_rng(0).integers(0, FRAMES, start.size)
    with pytest.raises(InputError, match="neither in the order"):
        showings(start, stop, frame, block, 30, "movie")
    with pytest.raises(InputError, match="segment_frames 91 is more than the 90 frames"):
        showings(*shown(), 91, "movie")
    with pytest.raises(InputError, match="no frame was shown"):
        showings([], [], [], [], 30, "movie")


def test_covariates_are_averaged_over_finite_samples_of_each_trial():
    time = np.array([0.0, 0.5, 1.0, 1.5, 2.5])[::-1]
    value = np.array([1.0, 3.0, np.nan, 7.0, 9.0])[::-1]
    mean = trial_means(time, value, [0.0, 1.0, 2.0, 3.0, 0.5], [1.0, 2.0, 2.5, 4.0, 3.0])
    np.testing.assert_array_equal(mean, [2.0, 7.0, np.nan, np.nan, 19 / 3])
    assert np.isnan(trial_means([], [], [0.0], [1.0])).all()
