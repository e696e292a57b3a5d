"""The stimulus and the verdict of benchmarks/pattern_detection.py."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import pattern_detection as detection

N, HALF, DT, WINDOW = detection.N, detection.HALF, detection.DT, detection.WINDOW
STARTS = np.array([0.1, 0.3, 0.45])


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(detection, "SPAN", 6.0)
    return 6.0


def test_afferents_wander_about_54_hz_and_none_is_silent_beyond_50_ms(short):
    cell, time = detection.base(np.random.default_rng(1))
    assert cell.size / N / short == pytest.approx(54, abs=0.5)
    order = np.lexsort((time, cell))
    interval = np.diff(time[order])[np.diff(cell[order]) == 0]
    assert interval.max() <= detection.LONGEST + detection.BIN


@pytest.mark.slow
def test_a_quarter_of_the_windows_repeats_one_pattern_in_half_of_the_afferents(short):
    cell, step, starts = detection.stimulus(np.random.default_rng(1))
    shown = np.rint(starts / WINDOW).astype(int)
    assert shown.size == short / WINDOW / 4
    assert np.diff(shown).min() > 1
    assert np.unique(step * N + cell).size == step.size
    assert np.all(np.diff(step) >= 0)
    assert step.size / N / short == pytest.approx(64, abs=1)
    window = step // round(WINDOW / DT)
    counts = np.zeros((round(short / WINDOW), N))
    np.add.at(counts, (window, cell), 1)
    alike = [
        np.corrcoef(counts[shown, afferents])[np.triu_indices(shown.size, 1)].mean()
        for afferents in (slice(HALF), slice(HALF, N))
    ]
    # What the pattern does not explain is noise of 10 Hz and jitter across the edges.
    assert alike[0] > 0.8
    assert alike[1] < 0.1


def spikes_at(latency):
    return np.add.outer(detection.SPAN * np.arange(3), STARTS).ravel() + latency


def test_a_cell_that_fires_in_every_pattern_and_only_there_has_found_it():
    early = np.array([0.0, 0.2])  # before and between patterns of the first 150 s
    verdict = detection.judge(np.sort(np.r_[early, spikes_at(0.005)]), STARTS)
    assert verdict.found
    assert verdict.latency == pytest.approx(0.005)
    assert (verdict.hits, verdict.alarms) == (1, 0)
    assert (verdict.time, verdict.spikes) == (0.2, 3)


@pytest.mark.parametrize(
    "spikes",
    [
        spikes_at(0.005)[:-1],
        spikes_at(0.012),
        np.r_[spikes_at(0.005), 2 * detection.SPAN + 0.6],
        np.array([]),
    ],
    ids=["a pattern missed", "late", "a false alarm", "silent"],
)
def test_what_is_not_found(spikes):
    assert not detection.judge(spikes, STARTS).found
