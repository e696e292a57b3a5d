"""A recording with all that is awkward to hand on, cut from the spike trains of a session."""

from types import ModuleType
from unittest import mock

import numba
import numpy as np
import xarray as xr

from spikedrift import trials
from spikedrift.exchange.timeline import from_trains

N_TRIALS, N_UNITS = 12, 5
BEGIN = 3000.0  # s
DURATION = np.where(np.arange(N_TRIALS) % 3 == 2, 0.7, 0.5)  # of unequal length
# Trials of one block follow each other without a pause, apart from rounding.
START = BEGIN + np.concatenate([[0], np.cumsum(DURATION)[:-1]]) + 600.0 * (
    np.arange(N_TRIALS) >= 6
)  # fmt: skip


def session_trains(seed: int = 0) -> list[np.ndarray]:
    """Spike times of every unit, s: unit 2 has none, unit 1 a spike at the start of every trial."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(N_UNITS):  # some of them outside of all trials
        since = np.where(rng.random(rng.poisson(200)) < 0.5, START[0], START[6]) - 1
        out.append(np.sort(since + rng.uniform(0, 6, since.size)))
    out[1] = np.sort(np.append(out[1], START))
    out[2] = np.empty(0)
    return out


def awkward(seed: int = 0, *, start: np.ndarray = START, observed: bool = True) -> xr.Dataset:
    """Trials of unequal length, some of a simulation's kind, with units of all kinds.

    Parameters
    ----------
    seed : int
        Of the spikes.
    start : float64, shape (N_TRIALS,), s
    observed : bool
        Whether all units were observed throughout; otherwise unit 3 misses two trials and unit 4
        all.
    """
    seen = np.ones((N_TRIALS, N_UNITS), bool)
    if not observed:
        seen[4:6, 3] = seen[:, 4] = False
    number = np.arange(N_TRIALS)
    speed = np.where(number == 3, np.nan, number + 0.25)
    return from_trains(
        session_trains(seed),
        recording="mouse-q.movie",
        kind="model",
        trial={
            "stimulus": "movie",
            "segment": number % 3 * 5,  # neither from 0 nor without a gap
            "segment_name": np.array(["élan", "90", ""])[number % 3],
            "repeat": 10 + number // 3,
            "block": number // 6,
            "session": number // 6,
            "phase": np.where(number < 3, "train", "block"),
            "plasticity_on": number < 3,
            "presentation_index": number,
            "start_time": start,
            "duration": DURATION,
            "running_speed": speed,
        },
        unit={
            "unit_id": ["7", "b", "03", "-1", "1.5"],
            "population": ["VISp", "VISp", "LGd", "E", "I"],
        },
        quality={
            "presence_ratio": np.array([0.5, np.nan, 1.0, 0.25, 0.1]),
            "peak_channel": np.arange(N_UNITS) * 3,
            "good": np.arange(N_UNITS) % 2 == 0,
            "sorter-label": np.array(["good", "mua", "", "good", "noise"]),
            "segment": np.arange(N_UNITS) + 0.5,  # a name that trials have as well
        },
        observed=seen,
        attributes={
            "source": "tests.exchanging",
            "citation": "Someone (2026)",
            "licence": "CC0",
            "parameters": {"a": [1, 2.5]},
            "subject": "animal q",
            "assumptions": "none",
            "shown_before": '{"0": 0.5}',
        },
    )


def pynapple() -> ModuleType:
    """Import pynapple without compiling its loops, which takes longer than running them here."""
    with mock.patch.object(numba.config, "DISABLE_JIT", True):
        import pynapple
    return pynapple


def same(found: xr.Dataset, expected: xr.Dataset, atol: float = 0.0) -> None:
    """Hold trials against others: all is equal, and spike times to within `atol`, s."""
    trials.check(found)
    assert set(found.variables) == set(expected.variables)
    for name in expected.variables:
        one, other = found[name], expected[name]
        assert one.dims == other.dims and one.dtype.kind == other.dtype.kind, name
        if name == "spike_time":
            np.testing.assert_allclose(one.values, other.values, rtol=0, atol=atol)
        else:
            np.testing.assert_array_equal(one.values, other.values, err_msg=str(name))
    assert found.attrs == expected.attrs
