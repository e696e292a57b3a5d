"""Every option of the stimulus does what it says, and nothing to the spikes of the others."""

import numpy as np
import pytest
from tests.unit.networks.test_pattern_network import DT, drawn

from spikedrift import trials
from spikedrift.config.networks import PatternNetwork, Phase
from spikedrift.config.overrides import override
from spikedrift.core.errors import InputError
from spikedrift.networks import pattern_model

PHASES = [
    {"kind": "naive", "repeats": 30},
    {"kind": "pause", "duration": 20},
    {"kind": "block", "repeats": 30},
]
STILL = {
    "phases": PHASES,
    "patterns.jitter": 0.0,
    "patterns.noise_rate": 0.0,
    "patterns.background_rate": 0.0,
}


def showings(found):
    """Spikes of every showing, as a set of (afferent, step within the pattern)."""
    _, timetable, index, step = found
    shown = []
    for onset in timetable.presentation_step:
        first, last = np.searchsorted(step, [onset, onset + timetable.pattern_steps])
        shown.append(set(zip(index[first:last], step[first:last] - onset, strict=True)))
    return shown


def spikes(found):
    return set(zip(found[2].tolist(), found[3].tolist(), strict=True))


def in_patterns(timetable):
    mask = np.zeros(timetable.stop, dtype=bool)
    for onset in timetable.presentation_step:
        mask[onset : onset + timetable.pattern_steps] = True
    return mask


def test_deleted_spikes_are_missing_and_nothing_else_changes():
    whole, thinned = drawn({"phases": PHASES}), drawn({"phases": PHASES, "patterns.deletion": 0.3})
    assert spikes(thinned) < spikes(whole)
    a, b = (showings(drawn({**STILL, "patterns.deletion": p})) for p in (0.0, 0.3))
    n = sum(map(len, a))
    assert sum(map(len, b)) / n == pytest.approx(0.7, abs=4 * np.sqrt(0.21 / n))
    assert b[0] != b[next(k for k in range(1, 8) if a[k] == a[0])], "drawn anew at every showing"
    assert not any(showings(drawn({**STILL, "patterns.deletion": 1.0})))


def test_afferents_that_take_no_part_go_on_as_outside_the_pattern():
    some = {**STILL, "patterns.participation": 0.4}
    taking = [{cell for cell, _ in shown} for shown in showings(drawn(some))]
    label = drawn(some)[1].pattern
    by_pattern = [set.union(*(taking[k] for k in np.flatnonzero(label == p))) for p in range(4)]
    assert all(0.6 * 120 < len(cells) <= 120 for cells in by_pattern)
    assert len(set(map(frozenset, by_pattern))) == 4
    everybody = showings(drawn(STILL))
    assert all(a <= b for a, b in zip(showings(drawn(some)), everybody, strict=True))

    found = drawn({**some, "patterns.rate": 0.0, "patterns.background_rate": 20.0})
    inside = in_patterns(found[1])
    for mask, n_cells in ((inside, 180), (~inside, 300)):
        expected = 20.0 * n_cells * mask.sum() * DT
        assert mask[found[3]].sum() == pytest.approx(expected, abs=4 * np.sqrt(expected))
    silent = {"phases": [{**phase, "background": False} for phase in PHASES]}
    found = drawn({**some, **silent, "patterns.rate": 0.0, "patterns.background_rate": 20.0})
    assert not inside[found[3]].any()


def test_scrambled_patterns_never_repeat_but_keep_their_rate_and_labels():
    plain, scrambled = drawn(STILL), drawn({**STILL, "patterns.scrambled": True})
    assert (scrambled[1].pattern == plain[1].pattern).all()
    shown = showings(scrambled)
    assert len({frozenset(spikes) for spikes in shown}) == len(shown)
    expected = 10.0 * 300 * 0.150
    mean = np.mean([len(spikes) for spikes in shown])
    assert mean == pytest.approx(expected, abs=4 * np.sqrt(expected / len(shown)) + 5)  # merged
    # Two showings share what two independent draws share: almost nothing.
    shared = np.mean([len(a & b) for a, b in zip(shown[::2], shown[1::2], strict=True)])
    assert shared == pytest.approx(300 * 750 * (10.0 * DT) ** 2, rel=0.4)


def test_gaps_of_random_length():
    even, uneven = (drawn({**STILL, "patterns.gap_jitter": j})[1] for j in (0.0, 0.1))
    assert (even.pattern == uneven.pattern).all() and (even.repeat == uneven.repeat).all()
    assert (even.phase_stop == uneven.phase_stop).all() and even.stop == uneven.stop
    earlier = (even.presentation_step - uneven.presentation_step) * DT
    assert earlier.min() >= 0 and earlier.max() <= 0.1 + DT / 2
    assert earlier.std() == pytest.approx(0.1 / np.sqrt(12), rel=0.15)
    gap = (np.diff(uneven.presentation_step[:120]) - uneven.pattern_steps) * DT
    assert gap.min() >= 0.150 - DT / 2 and gap.max() <= 0.350 + DT / 2
    assert gap.std() == pytest.approx(0.1 / np.sqrt(6), rel=0.2)  # of a difference of two draws


def test_a_movie_has_no_pauses_and_its_trials_tile_it():
    movie = {**STILL, "patterns.gap": 0.0, "patterns.order": "fixed"}
    _, timetable, index, step = found = drawn(movie)
    onset = timetable.presentation_step[:120]
    assert onset[0] == 0 and (np.diff(onset) == timetable.pattern_steps).all()
    assert onset[-1] + timetable.pattern_steps == timetable.phase_stop[0]
    assert showings(found)[:4] == showings(found)[4:8], "the movie repeats"
    start = timetable.presentation_step * DT
    _, count = trials.cut((step + 0.5) * DT, index, start, np.full(start.size, 0.150), 300)
    assert count.sum() == step.size, "every spike in one trial and in one only"


@pytest.mark.slow
def test_the_state_input_adds_to_everything_in_its_phase():
    def with_state(number):
        return {"phases": [{**p, "state_rate": 5.0 * (k == number)} for k, p in enumerate(PHASES)]}

    plain, stirred = drawn({"phases": PHASES}), drawn(with_state(1))
    assert spikes(plain) < spikes(stirred)
    added = np.array([step for _, step in spikes(stirred) - spikes(plain)])
    start, stop = plain[1].phase_start[1], plain[1].phase_stop[1]
    assert added.min() >= start and added.max() < stop
    expected = 5.0 * 300 * (stop - start) * DT
    assert added.size == pytest.approx(expected, abs=4 * np.sqrt(expected) + 0.01 * expected)
    shown = drawn({**STILL, **with_state(0), "patterns.rate": 0.0})
    inside = in_patterns(shown[1])
    expected = 5.0 * 300 * 120 * 0.150
    assert inside[shown[3]].sum() == pytest.approx(expected, abs=4 * np.sqrt(expected))


def test_turnover_may_act_alone():
    options = override(
        PatternNetwork(),
        {"plasticity.afferent.eta": 0.3, "plasticity.afferent.noise": 0.1},
        "test",
    )
    for phase, eta, noise, inhibitory in (
        (Phase(kind="pause", duration=1, plasticity=False, turnover=True), 0, 0.1, 0),
        (Phase(kind="pause", duration=1, turnover=False), 0.3, 0, 0.002),
        (Phase(kind="settle", duration=1, turnover=True), 0, 0, 0.002),
    ):
        found = pattern_model.rates(options, phase)
        assert found["afferent.eta"] == eta and found["afferent.noise"] == noise
        assert found["inhibitory.eta"] == inhibitory


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"patterns.duration": 1e-4}, r"patterns\.duration: 0\.0001 s is shorter than a time step"),
        ({"simulation.dt": 5e-4, "phases.2.duration": 3e-4}, r"phases\[2\]\.duration: 0\.0003 s"),
        ({"phases.0.duration": 1e6}, r"phases: 1e\+06 s are more than 2147483648 time steps"),
        ({"patterns.gap_jitter": 0.3}, r"gap_jitter: 0\.3 s is longer than the gap \(0\.25 s\)"),
        ({"recording.tail": 0.3}, r"recording\.tail: 0\.3 s is longer than the shortest gap"),
        ({"cells.threshold": -0.06}, r"threshold: -0\.06 V is not above rest"),
        ({"patterns.rate": -1}, r"patterns\.rate: .*greater than or equal to 0; got -1"),
        ({"phases.0.state_rate": -1}, r"phases\[0\]\.state_rate: .*or equal to 0; got -1"),
        ({"patterns.deletion": 1.1}, r"patterns\.deletion: .*less than or equal to 1; got 1\.1"),
        ({"patterns.participation": 0}, r"patterns\.participation: .*greater than 0; got 0"),
        ({"patterns.scrambeld": True}, r"unknown option.*did you mean 'scrambled'"),
        ({"cells.synapses": "currents"}, r"cells\.synapses: .*'conductance' or 'current'"),
    ],
)
def test_what_cannot_be_is_one_line(changes, match):
    with pytest.raises(InputError, match=match) as told:
        override(PatternNetwork(), changes, "a.yaml")
    assert "\n" not in str(told.value) and str(told.value).startswith("a.yaml: ")
