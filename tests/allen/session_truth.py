"""A synthetic Neuropixels session whose truth is known: numpy only, the same from every Python.

It is laid out like a Visual Coding session, with fewer frames a movie: two probes, units in and
outside the analyzed areas, units that fail each quality limit, two movies in two blocks each, the
frame times of a real monitor, and what goes wrong in real sessions. Between the two blocks of a
movie the rates of half of the units are redrawn; the times of events within the movie are not.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

FRAMES = 90  # a movie, 900 to 3600 in the data
PERIOD = 0.03336  # s, nominal frame
JITTER = 5e-5  # s, SD of a frame's length
TRUNCATED = 0.004  # s, length of the last frame of the session's last block
EVENTS = 6  # a movie: moments at which units answer
EVENT_SD = 0.015  # s
BACKGROUND = 0.5  # Hz, between movies
MEAN_COUNT = 6.0  # spikes of a unit in a second of a movie
REDRAWN = 0.5  # fraction of units whose rates change between blocks

PROBES = ("probeA", "probeB")
CHANNELS = 40  # a probe

# In the order of the session: (stimulus, block, showings), and rest in s after each.
SCHEDULES: dict[str, list[tuple[str, int, int, float]]] = {
    "brain_observatory_1.1": [
        ("natural_movie_three", 1, 5, 3.0),
        ("natural_movie_one", 2, 10, 6.0),
        ("natural_movie_three", 3, 5, 3.0),
        ("natural_movie_one", 4, 10, 0.0),
    ],
    "functional_connectivity": [
        ("natural_movie_one_more_repeats", 1, 6, 2.0),
        ("natural_movie_one_shuffled", 2, 4, 4.0),
        ("natural_movie_one_more_repeats", 3, 6, 0.0),
    ],
}

# Metrics that pass AllenSDK's default limits; a unit just on the limits passes too.
GOOD = {"isi_violations": 0.05, "presence_ratio": 0.99, "amplitude_cutoff": 0.01}
ON_LIMIT = {"isi_violations": 0.5, "presence_ratio": 0.95, "amplitude_cutoff": 0.1}
# (area, probe, number of units, quality, metrics that differ from GOOD, channel is valid)
UNITS: list[tuple[str, str, int, str, dict[str, float], bool]] = [
    ("VISp", "probeA", 23, "good", {}, True),
    ("VISp", "probeA", 1, "good", ON_LIMIT, True),
    ("VISp", "probeA", 1, "good", {"isi_violations": 0.8}, True),
    ("VISp", "probeA", 1, "good", {"amplitude_cutoff": 0.2}, True),
    ("VISp", "probeA", 2, "good", {"presence_ratio": 0.92}, True),  # kept at 0.9
    ("VISp", "probeA", 1, "good", {"presence_ratio": 0.5}, True),
    ("VISp", "probeA", 1, "good", {"amplitude_cutoff": float("nan")}, True),
    ("VISp", "probeA", 2, "noise", {}, True),
    ("VISp", "probeA", 1, "good", {}, False),  # on a channel without valid data
    ("CA1", "probeA", 4, "good", {}, True),
    ("", "probeA", 2, "good", {}, True),  # outside the brain
    ("VISl", "probeB", 22, "good", {}, True),
    ("VISl", "probeB", 1, "good", {"isi_violations": 0.6}, True),
    ("LP", "probeB", 16, "good", {}, True),
    ("VISam", "probeB", 8, "good", {}, True),  # fewer than an analysis takes
]


@dataclass(frozen=True)
class Session:
    """What a session is made from.

    Attributes
    ----------
    session : int
        Id of the session, and seed of its draws.
    kind : str
        Session type, a key of `SCHEDULES`.
    eye_tracking : bool
        Whether the pupil was filmed.
    """

    session: int
    kind: str = "brain_observatory_1.1"
    eye_tracking: bool = True


DATA_SET = "visual-coding-neuropixels"
# What tests/allen/conftest.py writes, once a run.
SESSIONS = (
    Session(715093703),
    Session(719161530, eye_tracking=False),
    Session(766640955, "functional_connectivity"),
)


def truth(of: Session) -> dict[str, Any]:
    """Everything that the session's file has to say, as arrays by name; times in s."""
    stream = {
        name: np.random.default_rng([of.session, index])
        for index, name in enumerate(("frames", "units", "rates", "spikes", "behavior"))
    }
    shown = _presentations(SCHEDULES[of.kind], stream["frames"])
    end = float(shown["stop"].max()) + 5.0
    units = _units(of.session, stream["units"])
    spikes = _spikes(shown, units["redrawn"], end, stream["rates"], stream["spikes"])
    return {
        "session": of.session,
        "session_type": of.kind,
        "specimen": of.session % 1_000_000 + 700_000_000,
        "probe_name": np.array(PROBES),
        "probe_id": probe_ids(of.session),
        **units,
        **spikes,
        **{f"shown_{key}": value for key, value in shown.items()},
        **_invalid(of, shown),
        **_behavior(end, of.eye_tracking, stream["behavior"]),
    }


def probe_ids(session: int) -> np.ndarray:
    """Ids of the probes, the session's own."""
    return session * 10 + np.arange(len(PROBES))


def _presentations(
    schedule: list[tuple[str, int, int, float]], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Rows of the stimulus table in order; `frame` is -1 and `block` -1 where there is none."""
    rows: list[tuple[float, float, str, int, int]] = []
    now = 10.0
    for _ in range(20):
        rows.append((now, now + 0.25, "gabors", 0, -1))
        now += 0.25
    rows.append((now, now + 3.0, "spontaneous", -1, -1))
    now += 3.0
    for index, (name, block, showings, rest) in enumerate(schedule):
        length = PERIOD + JITTER * rng.standard_normal(showings * FRAMES)
        if index == 1:
            length[FRAMES + 17] += PERIOD  # a frame that stayed on for two
        if index == len(schedule) - 1:
            length[-1] = TRUNCATED
        start = now + np.concatenate([[0.0], np.cumsum(length)[:-1]])
        order = np.tile(np.arange(FRAMES), showings)
        if name.endswith("shuffled"):
            order = np.tile(np.random.default_rng(1).permutation(FRAMES), showings)
        stop = start + length
        rows += [
            (a, b, name, block, int(frame)) for a, b, frame in zip(start, stop, order, strict=True)
        ]
        now = float(stop[-1])
        if rest:
            rows.append((now, now + rest, "spontaneous", -1, -1))
            now += rest
    start_, stop_, stimulus, block_, frame_ = zip(*rows, strict=True)
    return {
        # Whole microseconds come through a CSV as they are.
        "start": np.round(start_, 6),
        "stop": np.round(stop_, 6),
        "stimulus": np.array(stimulus),
        "block": np.array(block_),
        "frame": np.array(frame_),
    }


def _units(session: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Units, and the channels that they are on: one area a stretch of channels."""
    table: dict[str, list[Any]] = {
        key: [] for key in ("unit_id", "area", "probe", "quality", "unit_channel_id", *GOOD)
    }
    channels: dict[str, list[Any]] = {
        key: [] for key in ("id", "probe", "index", "area", "vertical", "valid")
    }
    free = dict.fromkeys(PROBES, 0)
    for area, probe, number, quality, metrics, valid in UNITS:
        index = free[probe]
        free[probe] += 1
        channel = (session % 100_000) * 10_000 + PROBES.index(probe) * 1000 + index
        for key, value in zip(
            channels, (channel, probe, index, area, 20 * index, valid), strict=True
        ):
            channels[key].append(value)
        for _ in range(number):
            table["unit_id"].append(950_000_000 + (session % 100_000) * 200 + len(table["unit_id"]))
            for key, value in (
                ("area", area),
                ("probe", probe),
                ("quality", quality),
                ("unit_channel_id", channel),
                *(GOOD | metrics).items(),
            ):
                table[key].append(value)
    for probe in PROBES:  # the rest of the probe is outside the brain
        for index in range(free[probe], CHANNELS):
            channel = (session % 100_000) * 10_000 + PROBES.index(probe) * 1000 + index
            for key, value in zip(
                channels, (channel, probe, index, "", 20 * index, True), strict=True
            ):
                channels[key].append(value)
    found = {key: np.array(value) for key, value in table.items()}
    on = dict(zip(channels["id"], channels["valid"], strict=True))
    found["default"] = (
        (found["quality"] == "good")
        & (found["area"] != "")
        & np.array([on[channel] for channel in found["unit_channel_id"]])
        & (found["isi_violations"] <= 0.5)
        & (found["amplitude_cutoff"] <= 0.1)
        & (found["presence_ratio"] >= 0.95)
    )
    found["redrawn"] = rng.permutation(np.arange(found["area"].size) < REDRAWN * found["area"].size)
    return found | {f"channel_{key}": np.array(value) for key, value in channels.items()}


def _spikes(
    shown: dict[str, np.ndarray],
    redrawn: np.ndarray,
    end: float,
    rates: np.random.Generator,
    draw: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Spike times of each unit, ragged: `spike_time` cut at `spike_offset`.

    In movie time, a unit answers to each event with a Poisson number of spikes around a moment of
    its own. Numbers are redrawn between blocks in `redrawn` units; moments never are.
    """
    n_units = redrawn.size
    movies = sorted({name for name in shown["stimulus"] if name.startswith("natural_movie")})
    times: list[list[np.ndarray]] = [[] for _ in range(n_units)]
    found: dict[str, np.ndarray] = {}
    length = FRAMES * PERIOD
    for movie in movies:
        # One moment a unit and event, inside the third of a second that the event owns.
        edges = np.linspace(0.0, length, EVENTS + 1)[:-1] + 0.06
        moment = edges + rates.uniform(0.0, length / EVENTS - 0.12, (n_units, EVENTS))
        mean = MEAN_COUNT * length / EVENTS
        rows = shown["stimulus"] == movie
        blocks = np.unique(shown["block"][rows])
        count = np.empty((blocks.size, n_units, EVENTS))
        count[0] = mean * rates.gamma(2.0, 0.5, (n_units, EVENTS))
        other = mean * rates.gamma(2.0, 0.5, (n_units, EVENTS))
        for index in range(1, blocks.size):
            count[index] = np.where(redrawn[:, None], other, count[0])
        found |= {f"{movie}_moment": moment, f"{movie}_count": count}
        for index, block in enumerate(blocks):
            here = np.flatnonzero(rows & (shown["block"] == block))
            order = shown["frame"][here].reshape(-1, FRAMES)
            for showing, frames in zip(here.reshape(-1, FRAMES), order, strict=True):
                place = np.argsort(frames)  # which presentation shows frame 0, 1, ...
                for unit in range(n_units):
                    n_spikes = draw.poisson(count[index, unit])
                    at = np.repeat(moment[unit], n_spikes)
                    at = at + EVENT_SD * draw.standard_normal(at.size)
                    at = at[(at >= 0) & (at < length)]
                    frame, part = np.divmod(at / PERIOD, 1.0)
                    row = showing[place[frame.astype(int)]]
                    start, stop = shown["start"][row], shown["stop"][row]
                    times[unit].append(start + part * (stop - start))
    for unit in range(n_units):
        # Not during movies: where rates change, its share of the spikes would change with them, and
        # so would the temporal profile.
        background = draw.uniform(0.0, end, draw.poisson(BACKGROUND * end))
        row = np.searchsorted(shown["start"], background, side="right") - 1
        times[unit].append(background[(row < 0) | (shown["frame"][row] < 0)])
    # Down to the 30 kHz clock of the probes, apart by at least one sample.
    trains = [np.unique(np.round(np.concatenate(t) * 30_000)) / 30_000 for t in times]
    offset = np.concatenate([[0], np.cumsum([train.size for train in trains])])
    return found | {"spike_time": np.concatenate(trains), "spike_offset": offset}


def _invalid(of: Session, shown: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Intervals without valid data: on a probe, on all, and (one kind) of the stimulus."""
    movie = np.flatnonzero(np.char.startswith(shown["stimulus"], "natural_movie_one"))
    at = shown["start"][movie]
    rows = [
        # 1.5 s on one probe, within the first showings of the movie
        ("EcephysProbe", probe_ids(of.session)[1], PROBES[1], at[FRAMES + 30], at[FRAMES + 75]),
        ("EcephysSession", of.session, "all_probes", at[3 * FRAMES + 5], at[3 * FRAMES + 20]),
    ]
    if of.kind == "functional_connectivity":
        rows.append(
            ("EcephysSession", of.session, "stimulus", at[5 * FRAMES + 40], at[5 * FRAMES + 44])
        )
    kind, id_, label, start, stop = zip(*rows, strict=True)
    return {
        "invalid_type": np.array(kind),
        "invalid_id": np.array(id_),
        "invalid_label": np.array(label),
        "invalid_start": np.array(start) + 0.001,
        "invalid_stop": np.array(stop) - 0.001,
    }


def _behavior(end: float, eye_tracking: bool, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Running speed (cm/s) at the monitor's rate and pupil area (pixels^2) at the camera's."""
    edge = np.arange(8.0, end, 1 / 60)
    speed = np.maximum(0.0, 10 * np.sin(edge / 9) + rng.standard_normal(edge.size))
    speed = np.round(speed, 4)  # sines differ in the last bit between versions of numpy
    found = {"running_start": edge[:-1], "running_stop": edge[1:], "running_speed": speed[:-1]}
    if not eye_tracking:
        return found
    time = np.arange(5.0, end, 1 / 30)
    area = 1500 + 400 * np.sin(time / 11) + 30 * rng.standard_normal(time.size)
    for blink in range(15, int(end), 13):
        area[(time > blink) & (time < blink + 0.3)] = np.nan
    return found | {"pupil_time": time, "pupil_area": np.round(area, 2)}
