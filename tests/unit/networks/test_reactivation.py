"""Reactivations that were planted are found, and cells that fire by themselves give chance."""

import numpy as np
import pytest

from spikedrift.networks.declaration import Phase, Protocol
from spikedrift.networks.reactivation import QUANTILE, measured, reactivation
from spikedrift.networks.timetable import lay_out

N_CELLS, N_BINS, DT = 120, 200, 0.0002


def network(rng):
    """Mean counts in a bin at rest, of cells that differ, and in four patterns."""
    base = rng.gamma(1.0, 0.6, N_CELLS)
    return base, base * rng.gamma(1.0, 1.0, (4, N_CELLS))


def test_planted_reactivations_are_found():
    rng = np.random.default_rng(0)
    base, template = network(rng)
    mean = np.tile(base, (N_BINS, 1))
    back = rng.random(N_BINS) < 0.3
    mean[back] = template[rng.integers(4, size=back.sum())]
    found = reactivation(rng.poisson(mean), template, rng)
    assert 0.25 < found.share < 0.4 and found.p_value < 0.005 and found.match > 0.05
    shuffled = reactivation(rng.poisson(mean)[:, rng.permutation(N_CELLS)], template, rng)
    assert shuffled.share < 0.15 and shuffled.match < 0.05


def test_without_reactivations_there_is_chance():
    """Cells of unlike rates by themselves, and with a common pattern that is no template."""
    found, common = [], []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        base, template = network(rng)
        found.append(reactivation(rng.poisson(base, (N_BINS, N_CELLS)), template, rng))
        other = base * rng.gamma(1.0, 1.0, N_CELLS)
        mean = np.where(rng.random((N_BINS, 1)) < 0.3, other, base)
        common.append(reactivation(rng.poisson(mean), template, rng))
    for values in (found, common):
        _, p_value, match = np.array(values).T
        assert np.mean(p_value <= 0.05) <= 0.15
        assert 0.3 < p_value.mean() < 0.75
        assert abs(match.mean()) < 0.006
    assert np.mean([one.share for one in found]) == pytest.approx(1 - QUANTILE, abs=0.01)


def test_what_hardly_fires_has_no_value():
    rng = np.random.default_rng(0)
    _, template = network(rng)
    assert np.isnan(reactivation(np.zeros((50, N_CELLS)), template, rng)).all()


def test_pauses_after_whole_patterns_are_looked_at():
    phases = (
        Phase("pause", duration=30.0, label="background"),
        Phase("cue", repeats=10, label="whole"),
        Phase("cue", repeats=10, rest=0.5, label="onset 0.5"),
        Phase("pause", repeats=2),
        Phase("pause", duration=60.0, label="silence"),
        Phase("pause", duration=60.0, label="background"),
    )
    rng = np.random.default_rng(1)
    timetable = lay_out(Protocol(phases, 4, 0.15, 0.25), DT, rng)
    base, template = network(rng)
    shown = [
        (start * DT, template[segment])
        for start, segment in zip(timetable.presentation_step, timetable.segment, strict=True)
    ]
    first, last = (edge * DT for edge in (timetable.phase_start, timetable.phase_stop))
    shown += [(first[4] + 0.15 * k, template[k % 4] if k % 5 == 0 else base) for k in range(400)]
    shown += [(first[5] + 0.15 * k, base) for k in range(400)]
    time, cell = [], []
    for start, mean in shown:
        n = rng.poisson(mean)
        time.append(start + rng.random(n.sum()) * 0.15)
        cell.append(np.repeat(np.arange(N_CELLS), n))
    time, cell = np.concatenate(time), np.concatenate(cell)
    order = np.argsort(time)
    found = measured(phases, timetable, DT, (time[order], cell[order]), N_CELLS, rng)
    assert found["pause"].values.tolist() == ["silence", "background"]
    silence, background = found["reactivation"].values
    assert 0.18 < silence < 0.32 and background < 0.1
    assert found["reactivation_p"].values[0] < 0.005
    rate = template.mean() * 0.2 + base.mean() * 0.8
    assert found["pause_rate"].values[0] == pytest.approx(rate / 0.15, rel=0.1)
    assert last[4] - first[4] == pytest.approx(60.0)
