"""Movies shown again and again: from single frames to segments, repeats and blocks."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spikedrift.core.errors import InputError


@dataclass(frozen=True)
class Showings:
    """Segments of a movie in their order of showing; arrays of shape (n_trials,).

    Attributes
    ----------
    segment, repeat, block : int64
        Repeats are counted over the whole recording, blocks from 0.
    start, stop : float64, s
        Start of the segment's first and end of its last frame, as they were on the screen.
    whole : bool
        Whether every frame of the segment was shown, none was cut short, to less than half of the
        median, and no pause made the segment last more than one and a half times as long as most.
    """

    segment: np.ndarray
    repeat: np.ndarray
    block: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    whole: np.ndarray


def showings(
    start: npt.ArrayLike,
    stop: npt.ArrayLike,
    frame: npt.ArrayLike,
    block: npt.ArrayLike,
    segment_frames: int,
    where: str,
    first_frame: int | None = None,
) -> Showings:
    """Join the frames of a movie into segments of `segment_frames` frames each.

    A new repeat starts where a new block does, and where the movie starts again: where the frame
    number falls or, in a movie whose frames are shuffled, where its first frame comes back. Frames
    at the end of the movie that do not fill a segment are not used.

    Parameters
    ----------
    start, stop : array, shape (n_frames,), s
        When each frame was shown, in that order.
    frame : array of int, shape (n_frames,)
        Its number in the movie.
    block : array of int, shape (n_frames,)
        Any number that tells the runs of uninterrupted repeats apart.
    segment_frames : int
    where : str
        What an error starts with: file and stimulus.
    first_frame : int, optional
        Number of the movie's first frame; frames whose numbers are not shown are then missing.
        Default: the movie's frames are those that are shown at all, in the order of their numbers,
        which may start anywhere and have gaps.

    Raises
    ------
    InputError
        Where frames are not in the order of showing, have no number or one before the first, a
        segment is longer than the movie, or a shuffled movie is not in the same order in every
        repeat.
    """
    start, stop = np.asarray(start, dtype=np.float64), np.asarray(stop, dtype=np.float64)
    number, run = np.asarray(frame, dtype=np.float64), np.asarray(block, dtype=np.float64)
    if start.size == 0:
        raise InputError(f"{where}: no frame was shown")
    for bad, problem in (
        (~np.isfinite(start + stop), "has no start or end"),
        (np.diff(start, prepend=-np.inf) < 0, "is earlier than the one before it"),
        (stop < start, "ends before it starts"),
        (~(np.mod(number, 1) == 0), "has no whole frame number"),
        (number < (first_frame or 0), f"has frame number {{:g}}, below {first_frame or 0}"),
        (~np.isfinite(run), "belongs to no block"),
    ):
        if bad.any():
            at = int(np.argmax(bad))
            raise InputError(f"{where}: presentation {at} {problem.format(number[at])}")
    change = np.flatnonzero(np.diff(run)) + 1
    in_order = np.mean(np.diff(number) < 0) < 0.25
    block_of = np.searchsorted(change, np.arange(start.size), side="right")
    again = np.zeros(start.size, dtype=bool)
    again[1:] = np.diff(number) < 0 if in_order else number[1:] == number[block_of[0]]
    again[change] = True
    repeat_of = np.cumsum(again)
    if not in_order:
        position = _shuffled(number, repeat_of, where)
    elif first_frame is None:
        position = np.unique(number, return_inverse=True)[1]
    else:
        position = number.astype(np.int64) - first_frame
    movie_frames = int(position.max()) + 1
    if segment_frames > movie_frames:
        raise InputError(
            f"{where}: segment_frames {segment_frames} is more than the {movie_frames} frames of "
            "the movie"
        )
    segment_of = position // segment_frames
    used = np.flatnonzero(segment_of < movie_frames // segment_frames)
    # Within a repeat the position never falls, so the frames of a segment are neighbors.
    key = np.stack([repeat_of, segment_of])[:, used]
    first = np.flatnonzero(np.diff(key, prepend=-1).any(axis=0))
    last = np.append(first[1:], used.size) - 1
    shown = np.diff(position[used], prepend=-1) != 0
    frames = np.add.reduceat(shown.astype(np.int64), first)
    length = (stop - start)[used]
    shortest = np.minimum.reduceat(length, first)
    whole = (frames == segment_frames) & (shortest > 0.5 * np.median(length))
    lasted = stop[used[last]] - start[used[first]]
    if whole.any():
        whole &= lasted < 1.5 * np.median(lasted[whole])
    return Showings(
        segment=segment_of[used[first]],
        repeat=repeat_of[used[first]],
        block=block_of[used[first]],
        start=start[used[first]],
        stop=stop[used[last]],
        whole=whole,
    )


def _shuffled(number: np.ndarray, repeat_of: np.ndarray, where: str) -> np.ndarray:
    """Place of each frame in the order of a shuffled movie, which is the same in every repeat."""
    longest = np.argmax(np.bincount(repeat_of))
    order = number[repeat_of == longest]
    place = {value: index for index, value in enumerate(order.tolist())}
    position = np.array([place.get(value, -1) for value in number.tolist()])
    falls = (np.diff(position) <= 0) & (np.diff(repeat_of) == 0)
    if len(place) < order.size or (position < 0).any() or falls.any():
        raise InputError(
            f"{where}: frames come neither in the order of the movie nor in one shuffled order "
            "that repeats"
        )
    return position
