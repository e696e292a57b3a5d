"""Every option of the stimulus does what it says, and nothing to the spikes of the others."""

import hashlib

import numpy as np
import pytest
from small_network import DT, drawn

from spikedrift import trials

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
        first, last = np.searchsorted(step, [onset, onset + timetable.segment_steps])
        shown.append(set(zip(index[first:last], step[first:last] - onset, strict=True)))
    return shown


def spikes(found):
    return set(zip(found[2].tolist(), found[3].tolist(), strict=True))


def in_patterns(timetable):
    mask = np.zeros(timetable.stop, dtype=bool)
    for onset in timetable.presentation_step:
        mask[onset : onset + timetable.segment_steps] = True
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
    label = drawn(some)[1].segment
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
    assert (scrambled[1].segment == plain[1].segment).all()
    shown = showings(scrambled)
    assert len({frozenset(spikes) for spikes in shown}) == len(shown)
    expected = 10.0 * 300 * 0.150
    mean = np.mean([len(spikes) for spikes in shown])
    assert mean == pytest.approx(expected, abs=4 * np.sqrt(expected / len(shown)) + 5)  # merged
    # Two showings share what two independent draws share: almost nothing.
    shared = np.mean([len(a & b) for a, b in zip(shown[::2], shown[1::2], strict=True)])
    assert shared == pytest.approx(300 * 750 * (10.0 * DT) ** 2, rel=0.4)


def test_a_movie_has_no_pauses_and_its_trials_tile_it():
    movie = {**STILL, "patterns.gap": 0.0, "patterns.order": "fixed"}
    _, timetable, index, step = found = drawn(movie)
    onset = timetable.presentation_step[:120]
    assert onset[0] == 0 and (np.diff(onset) == timetable.segment_steps).all()
    assert onset[-1] + timetable.segment_steps == timetable.phase_stop[0]
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


@pytest.mark.slow
def test_patterns_without_jitter_or_noise_are_frozen():
    _, timetable, index, step = drawn({"patterns.jitter": 0.0, "patterns.noise_rate": 0.0})
    shown = {}
    for onset, pattern in zip(timetable.presentation_step, timetable.segment, strict=True):
        inside = (step >= onset) & (step < onset + timetable.segment_steps)
        spikes = list(zip(index[inside], step[inside] - onset, strict=True))
        assert shown.setdefault(pattern, spikes) == spikes
    assert len({str(spikes) for spikes in shown.values()}) == 4


def test_rates_jitter_and_merging_are_as_asked():
    options, timetable, index, step = drawn({})
    assert (np.diff(step.astype(np.int64) * 300 + index) > 0).all(), "sorted, none twice"
    in_pattern = np.zeros(timetable.stop, bool)
    for onset in timetable.presentation_step:
        in_pattern[onset : onset + timetable.segment_steps] = True
    for mask, rate in ((in_pattern, 11.0), (~in_pattern, 10.0)):
        expected = rate * 300 * mask.sum() * DT
        # frozen draws repeat 112 times: four patterns' counts decide the rate inside patterns
        error = 4 * np.sqrt(expected) * (1 if rate == 10.0 else np.sqrt(112))
        assert abs(mask[step].sum() - expected) < error
    assert abs(np.bincount(index, minlength=300).std() / np.bincount(index).mean()) < 0.2
    assert options.patterns.jitter == 0.002


def test_jitter_moves_every_frozen_spike_by_a_normal_draw():
    changes = {"patterns.noise_rate": 0.0, "patterns.background_rate": 0.0, "patterns.rate": 1.0}
    still = drawn({**changes, "patterns.jitter": 0.0})
    moved = drawn(changes)
    shift = []
    for cell in range(300):
        a, b = (d[3][d[2] == cell].astype(np.int64) for d in (still, moved))
        if a.size == b.size and (np.diff(a) > 100).all():  # far apart: each keeps its place
            shift += list((b - a) * DT)
    assert len(shift) > 2000
    assert np.std(shift) == pytest.approx(0.002, rel=4 / np.sqrt(2 * len(shift)))
    assert abs(np.mean(shift)) < DT / 2 + 4 * 0.002 / np.sqrt(len(shift))


def test_a_silent_pause_is_silent_and_a_fixed_order_is_a_movie():
    _, timetable, _, step = drawn({"phases.6.background": False, "patterns.order": "fixed"})
    start, stop = timetable.phase_start[6], timetable.phase_stop[6]
    assert ((step >= start + 100) & (step < stop - 100)).sum() == 0
    assert timetable.segment[:8].tolist() == [0, 1, 2, 3, 0, 1, 2, 3]


# Whole patterns, and the first third, half of the afferents and half of the spikes of each.
CUES = [None, {"by": "onset", "share": 1 / 3}, {"by": "afferents", "share": 0.5},
        {"by": "deletion", "share": 0.5}]  # fmt: skip
CUED = [
    {"kind": "block", "repeats": 2},
    *({"kind": "cue", "repeats": 12, "cue": cue} for cue in CUES),
]
LENGTH = 750  # time steps of a pattern


def by_phase(found):
    """Spikes of every showing, as sets, and labels, by phase."""
    shown, timetable = showings(found), found[1]
    rows = [np.flatnonzero(timetable.presentation_phase == k) for k in range(len(CUED))]
    return [([shown[k] for k in of_phase], timetable.segment[of_phase]) for of_phase in rows]


def test_a_cue_is_the_part_of_the_pattern_that_it_says():
    _, whole, onset, afferents, deletion = by_phase(drawn({**STILL, "phases": CUED}))
    pattern = {int(k): spikes for spikes, k in zip(*whole, strict=True)}
    for spikes, k in zip(*onset, strict=True):
        assert spikes == {(cell, step) for cell, step in pattern[k] if step < LENGTH // 3}
    cells = {}
    for spikes, k in zip(*afferents, strict=True):
        showing = {cell for cell, _ in spikes}
        assert spikes == {(cell, step) for cell, step in pattern[k] if cell in showing}
        assert cells.setdefault(int(k), showing) == showing, "the same ones at every showing"
    for k, showing in cells.items():
        n = len({cell for cell, _ in pattern[k]})
        assert len(showing) == pytest.approx(n / 2, abs=4 * np.sqrt(n) / 2) and len(showing) <= 150
    assert len({frozenset(one) for one in cells.values()}) == 4, "others in every pattern"
    assert all(spikes < pattern[k] for spikes, k in zip(*deletion, strict=True))
    n = sum(len(pattern[k]) for k in deletion[1])
    assert sum(map(len, deletion[0])) / n == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / n))
    first, again = (deletion[0][row] for row in np.flatnonzero(deletion[1] == 0)[:2])
    assert first != again, "drawn anew at every showing"


def test_what_a_cue_leaves_out_is_as_outside_the_pattern():
    silent = {**STILL, "phases": CUED, "patterns.rate": 0.0}
    _, whole, onset, afferents, deletion = by_phase(
        drawn({**silent, "patterns.background_rate": 20.0})
    )
    assert not any(whole[0]) and not any(deletion[0])
    for (shown, _), share in ((onset, 2 / 3), (afferents, 1 / 2)):
        expected = 20.0 * 300 * 0.150 * share * 48
        assert sum(map(len, shown)) == pytest.approx(expected, abs=5 * np.sqrt(expected))
    assert min(step for spikes in onset[0] for _, step in spikes) >= LENGTH // 3
    resting = [{cell for cell, _ in spikes} for spikes in afferents[0]]
    by_pattern = [set.union(*(resting[k] for k in np.flatnonzero(afferents[1] == p)))
                  for p in range(4)]  # fmt: skip
    assert all(120 < len(cells) <= 150 for cells in by_pattern), "the other half"
    # The noise of a pattern is in what is shown of it, and nowhere else.
    noisy = by_phase(drawn({**silent, "patterns.noise_rate": 5.0}))
    for (shown, _), share in zip(noisy[1:], (1, 1 / 3, 1 / 2, 1), strict=True):
        expected = 5.0 * 300 * 0.150 * share * 48
        assert sum(map(len, shown)) == pytest.approx(expected, abs=5 * np.sqrt(expected))
    assert max(step for spikes in noisy[2][0] for _, step in spikes) < LENGTH // 3


def test_cues_change_no_spike_of_other_phases():
    around = [{"kind": "pause", "duration": 2}, {"kind": "block", "repeats": 2}]

    def shown(kind, cues):
        phases = [{"kind": kind, "repeats": 2, **cue} for cue in cues]
        return drawn({"patterns.jitter": 0.0, "phases": [*around, *phases, *around]})

    whole, cued = shown("cue", [{}] * 4), shown("cue", [{}, *({"cue": cue} for cue in CUES[1:])])
    a, b = spikes(whole), spikes(cued)
    start, stop = cued[1].phase_start[3], cued[1].phase_stop[5]
    during, others = (
        {one for one in a ^ b if (start <= one[1] < stop) == k} for k in (True, False)
    )
    assert during and not others
    # Whole patterns of a phase of kind cue are those of a pause, spike by spike.
    assert a == spikes(shown("pause", [{}] * 4))


def test_spikes_are_those_that_were_drawn_before_there_were_cues():
    _, _, index, step = drawn(
        {"phases": PHASES, "patterns.deletion": 0.1, "patterns.participation": 0.7}
    )
    found = hashlib.sha256(index.tobytes() + step.tobytes()).hexdigest()
    assert found == "7a2029fc33da5fc37c059c0f434af0cff67b1b2363887ab987a41e627e00f82a"


PAUSED = [
    {"kind": "naive", "repeats": 10},
    {"kind": "pause", "duration": 20},
    {"kind": "pause", "duration": 10},
    {"kind": "block", "repeats": 10},
]
SLOTS = 50  # of .4 s in the longer pause


def with_others(others, more=None, **changes):
    """Spikes where the pauses show other patterns."""
    phases = [dict(one) for one in PAUSED]
    phases[1]["others"] = others
    if more is not None:
        phases[2]["others"] = more
    return drawn({**STILL, "phases": phases, **changes})


def in_slots(found, phase=1):
    """What every slot of a pause shows, as frozenset of (afferent, step)."""
    _, timetable, index, step = found
    gap, length = round(0.25 / DT), timetable.segment_steps
    shown = []
    for onset in range(
        timetable.phase_start[phase] + gap, timetable.phase_stop[phase], gap + length
    ):
        first, last = np.searchsorted(step, [onset, onset + length])
        shown.append(frozenset(zip(index[first:last], step[first:last] - onset, strict=True)))
    return shown


def test_other_patterns_are_no_segments_and_each_is_shown_so_often():
    found = with_others({"showings": 8}, {"showings": 5})
    slots, later = in_slots(found), in_slots(found, 2)
    assert len(slots) == SLOTS and all(slots)
    different = list(dict.fromkeys(slots))
    assert [slots.count(one) for one in different] == [8] * 6 + [2]
    assert slots == [different[k // 8] for k in range(SLOTS)], "one after the other"
    assert len(set(later)) == 5 and not set(later) & set(different), (
        "those of later pauses are fresh"
    )
    segments = {frozenset(one) for one in showings(found)}
    assert len(segments) == 4 and not segments & {*different, *later}
    # They look like the segments: as many spikes, by as many afferents.
    n = [len(one) for one in {*different, *later}]
    assert abs(np.mean(n) - 450) < 5 * np.sqrt(450 / len(n))
    assert not np.array_equal(slots[0], slots[-1])


def test_other_patterns_are_no_trials_and_change_no_spike_of_other_phases():
    plain = drawn({"phases": PAUSED})
    phases = [dict(one) for one in PAUSED]
    phases[1]["others"] = {"showings": 5, "share": 0.6}
    shown = drawn({"phases": phases})
    for name in ("presentation_step", "presentation_phase", "segment", "repeat", "phase_start"):
        np.testing.assert_array_equal(getattr(plain[1], name), getattr(shown[1], name))
    start, stop = plain[1].phase_start[1], plain[1].phase_stop[1]
    # Jitter may take spikes of a pattern at the edge of a slot over the edge of the pause.
    edge = round(0.02 / DT)
    changed = [one for one in spikes(plain) ^ spikes(shown) if not start <= one[1] < stop]
    assert all(start - edge <= one[1] < stop + edge for one in changed)
    during = [one for one in spikes(plain) ^ spikes(shown) if start <= one[1] < stop]
    assert len(during) > 10_000


def test_a_smaller_share_shows_fewer_in_slots_of_the_larger_one():
    def filled(share):
        found = with_others({"showings": 1000, "share": share})
        return {k for k, shown in enumerate(in_slots(found)) if shown}

    every, half, few = filled(1.0), filled(0.5), filled(0.1)
    assert len(every) == SLOTS and len(half) == SLOTS // 2 and len(few) == SLOTS // 10
    assert few < half < every
    assert max(half) - min(half) > SLOTS // 2, "they lie anywhere in the pause"


def test_a_pause_with_other_patterns_has_the_background_and_the_rates_of_any():
    phases = [dict(one, duration=200) if one["kind"] == "pause" else one for one in PAUSED]
    phases[1] |= {"others": {"showings": 10, "share": 0.5}}
    _, timetable, _, step = drawn({"phases": phases})
    rates = []
    for phase in (1, 2):
        start, stop = timetable.phase_start[phase], timetable.phase_stop[phase]
        rates.append(((step >= start) & (step < stop)).sum() / 300 / 200)
    # 10 Hz of background; patterns have 1 Hz of noise more, in 3 of 8 parts of half of the slots.
    assert rates[1] == pytest.approx(10, abs=0.1)
    assert rates[0] == pytest.approx(10 + 0.5 * 3 / 8, abs=0.1)
    silent = with_others({"showings": 5, "share": 0.5}, **{"patterns.noise_rate": 0.0})
    shown = in_slots(silent)
    inside = sum(len(one) for one in shown)
    start, stop = silent[1].phase_start[1], silent[1].phase_stop[1]
    assert inside == ((silent[3] >= start) & (silent[3] < stop)).sum(), "nothing between them"


def test_scrambled_others_are_new_at_every_showing():
    found = with_others({"showings": 10}, **{"patterns.scrambled": True})
    assert len(set(in_slots(found))) == SLOTS
