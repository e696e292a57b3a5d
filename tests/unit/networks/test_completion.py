"""Completion of planted responses, and sessions whose phases show cues."""

import numpy as np
import pytest
import xarray as xr
from small_network import CUED, DT, MODEL, SMALL, small

from spikedrift.config.overrides import override
from spikedrift.core.errors import InputError
from spikedrift.networks.completion import completion, measured
from spikedrift.networks.declaration import Phase, Protocol
from spikedrift.networks.models.pattern_network import PatternNetwork
from spikedrift.networks.simulate import simulate
from spikedrift.networks.timetable import lay_out

N_CELLS, N_PATTERNS = 200, 4


def responses(rng, mean, repeats):
    """Poisson counts of every pattern, and the patterns."""
    segment = np.tile(np.arange(len(mean)), repeats)
    return rng.poisson(mean[segment]), segment


def planted(rng):
    """Mean counts to patterns: rates of the cells that differ, and what patterns add."""
    base = rng.gamma(1.0, 1.0, N_CELLS)
    return base, base * rng.gamma(1.0, 1.0, (N_PATTERNS, N_CELLS))


@pytest.mark.parametrize(("size", "repeats"), [(0.0, 40), (0.5, 40), (1.0, 40), (1.0, 2)])
def test_what_was_planted_is_found_without_bias(size, repeats):
    found, truth = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        base, whole = planted(rng)
        base = whole.mean(axis=0)  # a cue of size 0 says nothing of its pattern
        cue = base + size * (whole - base)
        found.append(completion(*responses(rng, cue, repeats), *responses(rng, whole, repeats)))
        same = [np.cov(a, b)[0, 1] for a, b in zip(cue, whole, strict=True)]
        powers = [np.mean([np.var(row, ddof=1) for row in rows]) for rows in (cue, whole)]
        truth.append(np.mean(same) / np.sqrt(np.prod(powers)))
    same, other, sizes = np.array(found).T
    for value, expected in ((same, np.mean(truth)), (sizes, size)):
        error = value.std(ddof=1) / np.sqrt(value.size)
        assert error < 0.05 and abs(value.mean() - expected) < 4 * error + 0.01
    assert (same.mean() - other.mean() > 0.2) == (size > 0)
    if size == 1:
        assert same.mean() == pytest.approx(1, abs=0.05)


def test_shuffled_cells_and_other_patterns_are_at_chance():
    rng = np.random.default_rng(5)
    _, whole = planted(rng)
    known = responses(rng, whole, 20)
    counts, segment = responses(rng, whole, 20)
    shuffled = completion(counts[:, rng.permutation(N_CELLS)], segment, *known)
    assert abs(shuffled.same) < 0.2 and abs(shuffled.other) < 0.2 and abs(shuffled.size) < 0.2
    swapped = completion(counts, (segment + 1) % N_PATTERNS, *known)
    right = completion(counts, segment, *known)
    assert right.same > 0.95 and swapped.same < right.same - 0.3
    assert right.size == pytest.approx(1, abs=0.1) and swapped.size == pytest.approx(
        -1 / 3, abs=0.1
    )


def test_without_a_response_there_is_no_value():
    silent, segment = np.zeros((8, 5), int), np.tile(np.arange(4), 2)
    assert np.isnan(completion(silent, segment, silent, segment)).all()


def test_it_is_read_where_nothing_of_the_pattern_is_shown_any_more():
    """Cells say the pattern while it is shown and something else after the cue."""
    phases = (
        Phase("cue", repeats=20, label="whole"),
        Phase("cue", repeats=20, rest=0.4, label="onset 0.4"),
        Phase("cue", repeats=20, rest=0.4, label="onset 0.4"),
        Phase("cue", repeats=20, rest=0.0, label="afferents 0.5"),
        Phase("pause", duration=1.0),
    )
    rng = np.random.default_rng(2)
    timetable = lay_out(Protocol(phases, N_PATTERNS, 0.15, 0.25), DT, rng)
    _, rate = planted(rng)
    time, cell = [], []
    for start, segment, phase in zip(
        timetable.presentation_step, timetable.segment, timetable.presentation_phase, strict=True
    ):
        n = rng.poisson(rate[segment])
        at = rng.random(n.sum()) * 0.15
        who = np.repeat(np.arange(N_CELLS), n)
        if phase == 2:  # the response ends with the cue; those of another pattern follow
            kept = at < 0.06
            n = rng.poisson(rate[(segment + 1) % N_PATTERNS] * 0.6)
            at = np.append(at[kept], 0.06 + rng.random(n.sum()) * 0.09)
            who = np.append(who[kept], np.repeat(np.arange(N_CELLS), n))
        time.append(start * DT + at)
        cell.append(who)
    time, cell = np.concatenate(time), np.concatenate(cell)
    order = np.argsort(time)
    found = measured(phases, timetable, DT, (time[order], cell[order]), N_CELLS)
    assert found["cue"].values.tolist() == ["onset 0.4", "onset 0.4 (2)", "afferents 0.5"]
    np.testing.assert_allclose(found["completion_size"], [1, -1 / 3, 1], atol=0.15)
    np.testing.assert_allclose(found["cue_rate"], rate.mean() / 0.15, rtol=0.05)
    assert found["cue_rate"].attrs["units"] == "Hz"
    assert not measured(phases[4:], timetable, DT, (time, cell), N_CELLS)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"phases.0": {"kind": "pause", "repeats": 2, "cue": {"by": "onset", "share": 0.5}}},
         "only a phase of kind cue has one"),
        ({"phases.8.cue": {"by": "onset", "share": 1.0}},
         r"phases\[8\]\.cue\.share: .*less than 1"),
        ({"phases.8.cue": {"by": "offset", "share": 0.5}}, r"phases\[8\]\.cue\.by: .*'onset'"),
        ({"phases.7": {"kind": "cue", "duration": 3.0}}, "give 2 or more repeats"),
        ({"phases.7": {"kind": "cue", "repeats": 1}}, "give 2 or more repeats"),
        ({"phases.10": {"kind": "pause", "duration": 1.0, "lesion": ["recurent"]}},
         r"phases\[10\]\.lesion: no projection 'recurent'; there are afferent, recurrent"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_one_line(changes, said):
    with pytest.raises(InputError, match=said) as error:
        override(small(phases=CUED), changes, "here")
    assert "\n" not in str(error.value)


def test_sessions_without_cues_keep_their_names():
    """A point's id is a digest of its options."""
    assert all({"cue", "lesion"}.isdisjoint(one) for one in PatternNetwork().model_dump()["phases"])


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    """Sessions of the small network with some phases."""
    folder = tmp_path_factory.mktemp("cued")

    def run(phases, **parameters):
        return simulate(
            MODEL, small(phases=phases), parameters, recording="x.patterns", seed=1, instance=0,
            build_dir=folder / "programs", scratch_dir=folder / "scratch",
        )  # fmt: skip

    return run


LEARNING = {"plasticity.afferent.eta": 0.05, "plasticity.recurrent.eta": 0.05,
            "plasticity.recurrent.noise": 0.03}  # fmt: skip


@pytest.mark.compiles
def test_showings_of_cues_are_in_the_traces_and_are_no_trials(sessions):
    cued = sessions(CUED, **LEARNING)
    assert cued.traces["cue"].values.tolist() == ["onset 0.4", "onset 0.4 (2)"]
    assert cued.traces["pause"].values.tolist() == ["silence", "background"]
    for name in ("cue_rate", "pause_rate"):
        assert (cued.traces[name] > 0).all()
    assert set(cued.trials["phase"].values) == {"naive", "train", "block"}
    as_pauses = [{**phase, "kind": "pause"} for phase in CUED[7:] if "cue" not in phase]
    parts = CUED[:7]
    pauses = sessions([*parts, as_pauses[0], *CUED[9:10]], **LEARNING)
    whole = sessions([*parts, CUED[7], *CUED[9:10]], **LEARNING)
    for name, variable in pauses.trials.variables.items():
        xr.testing.assert_identical(variable, whole.trials[name].variable)
    assert "cue" not in pauses.traces.dims and "pause" not in pauses.traces.dims
    assert "cue" not in whole.traces.dims and whole.traces["pause"].values.tolist() == ["silence"]
    stages = sessions(SMALL["phases"]).traces["stage"].values.tolist()
    assert cued.traces["stage"].values.tolist() == stages


@pytest.mark.compiles
def test_a_lesion_takes_the_weights_of_a_projection_for_good(sessions):
    traces = sessions(CUED, **LEARNING).traces
    weight = traces["recurrent_weight"].values
    assert (weight[10] > 0).any() and not weight[11:].any()
    assert (traces["afferent_weight"].values[12] != traces["afferent_weight"].values[10]).any()
    at = traces["time"].values > traces["edge"].values[10]
    assert not traces["mean_weight"].sel(projection="recurrent").values[at].any()
