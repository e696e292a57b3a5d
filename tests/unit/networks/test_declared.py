"""What a program does of a declaration: wiring, delays, drives and cues, against NumPy."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_network import (
    CLUSTERS,
    DEGREES,
    DT,
    ENDS,
    MODEL,
    N_E,
    N_I,
    N_S,
    RING,
    TICKS,
    TinyOptions,
    declare,
    draws,
    joined,
    spikes_of,
)

from spikedrift import trials
from spikedrift.core.atomic import write_netcdf
from spikedrift.networks.declaration import Phase
from spikedrift.networks.session_plan import NetworkRun
from spikedrift.networks.simulate import record_batch, simulate
from spikedrift.simulation import streams

pytestmark = pytest.mark.compiles

RUNS = [
    NetworkRun("a.tiny", {}, 1, 0),
    NetworkRun("b.tiny", {"noise": 700.0, "degree": 9}, 2, 1),
]


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    folder = tmp_path_factory.mktemp("declared")
    return {"build_dir": folder / "programs", "scratch_dir": folder / "scratch"}


@pytest.fixture(scope="module")
def alone(places):
    """Plan and record of either run."""
    outcomes = record_batch(MODEL, TinyOptions(), RUNS, together=False, **places)
    assert not any(isinstance(one, Exception) for one in outcomes), outcomes
    return [(plan, recorded) for plan, recorded, _ in outcomes]


@pytest.mark.parametrize("name", ENDS)
def test_cells_are_joined_as_their_draws_say(name, alone):
    for plan, recorded in alone:
        pre, post = recorded.ends[name]
        pairs = sorted(zip(post.tolist(), pre.tolist(), strict=True))
        assert pairs == [tuple(pair) for pair in np.argwhere(joined(plan, name))]


def test_degrees_are_exact_and_no_cell_is_joined_to_itself(alone):
    for plan, recorded in alone:
        for name, degree in (*DEGREES.items(), ("fixed_in", plan.options.degree)):
            pre, post = recorded.ends[name]
            _, n_pre, n_post = ENDS[name]
            if name == "fixed_in" and degree != plan.options.degree:
                continue
            side, size = (pre, n_pre) if name == "fixed_out" else (post, n_post)
            assert np.bincount(side, minlength=size).tolist() == [degree] * size
            assert len({*zip(pre, post, strict=True)}) == pre.size, "none twice"
        for name in ("fixed_in", "in_clusters"):
            pre, post = recorded.ends[name]
            assert (pre != post).all()


def test_wiring_follows_distance_and_clusters(alone):
    """What the conditions mean, over both runs: near cells, and those of a cluster, are joined."""
    near, same = [], []
    for _, recorded in alone:
        pre, post = recorded.ends["on_ring"]
        apart = np.abs((pre + 0.5) / N_E - (post + 0.5) / N_I)
        near += [*np.minimum(apart, 1 - apart)]
        pre, post = recorded.ends["in_clusters"]
        same += [*(pre * 3 // N_I == post * 3 // N_I)]
    assert np.mean(near) == pytest.approx(RING[1] * np.sqrt(2 / np.pi), abs=0.03)  # half-normal
    within, between = CLUSTERS[1] * 5 * 4 * 3, CLUSTERS[2] * 10 * 15  # expected numbers
    assert np.mean(same) == pytest.approx(within / (within + between), abs=0.15)


def test_a_disc_has_a_place_of_the_cell_s_own_in_its_middle(alone):
    """On a torus all discs are alike; where a sheet ends, a disc does."""
    for plan, recorded in alone:
        sizes = {}
        for name in ("on_sheet", "on_torus"):
            pre, post = recorded.ends[name]
            sizes[name] = np.bincount(post, minlength=N_I)
            (one,) = (one for one in plan.network.projections if one.name == name)
            assert one.wiring.p * N_S * N_I == pytest.approx(pre.size, rel=0.2)
            heard = {tuple(np.sort(pre[post == cell])) for cell in range(N_I)}
            assert len(heard) > 5, "places differ"
        assert set(sizes["on_torus"]) == {9}
        assert set(sizes["on_sheet"]) <= {4, 6, 9}


def test_first_weights_are_their_draws(alone):
    laws = {
        "fixed_in": lambda plan: 0.01 + 0.02 * draws(plan, "fixed_in", "w"),
        "fixed_out": lambda plan: 0.05 * (0.5 + draws(plan, "fixed_out", "w")),
        "on_ring": lambda plan: np.minimum(
            0.02 * np.exp(0.5 * draws(plan, "on_ring", "w", streams.normal)), 0.1
        ),
        "in_clusters": lambda plan: np.full((N_I, N_I), 0.02),
    }
    for plan, recorded in alone:
        for name, law in laws.items():
            pre, post = recorded.ends[name]
            np.testing.assert_allclose(recorded.weights[name][0], law(plan)[post, pre], rtol=1e-6)


def test_every_synapse_has_a_delay_of_its_own(alone):
    """A cell of R fires in the step after a spike of its one source has arrived."""
    for plan, recorded in alone:
        delay = np.round((0.001 + 0.002 * draws(plan, "relay", "delay")) / DT).astype(int)
        pre, post = recorded.ends["relay"]
        source, step = plan.spikes["S"]
        arriving = {
            (int(cell), int(at + delay[cell, one] + 1))
            for one, cell in zip(pre, post, strict=True)
            for at in step[source == one]
        }
        assert len(np.unique(delay[post, pre])) > 5
        assert spikes_of(plan, recorded, "R") == {
            (cell, at) for cell, at in arriving if at < plan.timetable.stop
        }


def rates(plan):
    """Rate of the drive of C in every time step, (step, cell), as the protocol sets it."""
    timetable = plan.timetable
    found = np.tile(TICKS, (timetable.stop, 1))
    found[timetable.phase_start[2] : timetable.phase_stop[2]] = 0.0
    for onset, segment in zip(timetable.presentation_step, timetable.segment, strict=True):
        shown = slice(onset, onset + timetable.segment_steps)
        found[shown] = 2 * TICKS if segment == 0 else 0.0
    return found


def test_a_drive_is_poisson_and_cues_change_it_while_a_segment_is_shown(alone):
    """A cell of C fires in the step after a spike of its drive, and after two in a step once."""
    for plan, recorded in alone:
        rate = rates(plan)
        key = streams.branch(plan.parameters["C.key"], streams.purpose("ticks.input"), 0)
        steps = np.arange(plan.timetable.stop)[:, None]
        step, cell = np.nonzero(streams.arrivals(key, steps, rate * DT))
        told = {*zip(cell.tolist(), (step + 1).tolist(), strict=True)}
        fired = spikes_of(plan, recorded, "C")
        assert fired == {(cell, at) for cell, at in told if at < plan.timetable.stop}
        # The law itself: some spikes in a step with a probability of 1 - exp(-rate dt).
        p = -np.expm1(-rate * DT)
        shown = np.zeros(plan.timetable.stop, dtype=bool)
        for onset in plan.timetable.presentation_step[plan.timetable.segment == 0]:
            shown[onset : onset + plan.timetable.segment_steps] = True
        for inside in (shown, ~shown):
            n = sum(inside[at - 1] for _, at in fired)
            mean, variance = p[inside].sum(), (p * (1 - p))[inside].sum()
            assert abs(n - mean) < 4 * np.sqrt(variance)
        assert p[shown].mean() > 2 * p[~shown].mean()
    one, other = (spikes_of(*both, "C") for both in alone)
    assert one != other


def test_variables_of_cells_are_kept_with_the_weights(alone):
    for plan, recorded in alone:
        assert recorded.states.keys() == {"E.v", "I.v"}
        for name, size in (("E.v", N_E), ("I.v", N_I)):
            assert recorded.states[name].shape == (len(plan.save_time), size)
            assert np.ptp(recorded.states[name], axis=0).any()
        assert (recorded.states["I.v"][0] == np.float32(plan.parameters["I.reset"])).all()
        assert (recorded.states["E.v"] <= np.float32(plan.parameters["E.threshold"])).all()


def test_a_copy_in_a_batch_is_the_network_alone_bit_by_bit(alone, places):
    outcomes = record_batch(MODEL, TinyOptions(), RUNS, together=True, **places)
    for (plan, recorded), outcome in zip(alone, outcomes, strict=True):
        assert not isinstance(outcome, Exception), outcome
        _, copy, _ = outcome
        assert recorded.finite and copy.finite
        assert all(len(spikes_of(plan, recorded, name)) > 50 for name in "EIRC")
        np.testing.assert_array_equal(copy.spike_cell, recorded.spike_cell)
        np.testing.assert_array_equal(copy.spike_time, recorded.spike_time)
        for name in ENDS:
            np.testing.assert_array_equal(copy.weights[name], recorded.weights[name])
            np.testing.assert_array_equal(copy.ends[name], recorded.ends[name])
        for name, values in recorded.states.items():
            np.testing.assert_array_equal(copy.states[name], values)
        moved = {one for one in ENDS if np.ptp(recorded.weights[one], axis=0).any()}
        assert moved == ENDS.keys() - {"relay"}, "a rate of 0 leaves weights as they are"


def test_trials_and_traces_of_any_populations(places, tmp_path):
    run = RUNS[0]

    def simulated(model):
        return simulate(model, TinyOptions(), {}, recording=run.recording, seed=1, instance=0,
                        **places)  # fmt: skip

    found = simulated(MODEL)
    trials.check(found.trials)
    assert found.trials.sizes["unit"] == N_E and found.trials.sizes["trial"] == 16
    assert found.trials["unit_id"].values.tolist() == [f"e{cell}" for cell in range(N_E)]
    assert found.traces["population"].values.tolist() == ["E", "I", "R", "C"]
    rate = found.traces["stage_rate"].sel(population="C").values
    assert found.traces["stage"].values.tolist() == ["block 0", "block 1"] and (rate > 100).all()
    write_netcdf(found.traces, tmp_path / "traces.nc")

    # The protocol is not compiled in. One segment alone distinguishes nothing, and without any
    # there are no stages.
    def with_protocol(**others):
        def declared(options):
            network = declare(options)
            return replace(network, protocol=replace(network.protocol, cues=(), **others))

        return replace(MODEL, declare=declared)

    single = simulated(with_protocol(n_segments=1)).traces
    assert np.isnan(single["selectivity"]).all() and np.isfinite(single["detection"]).all()
    quiet = simulated(with_protocol(phases=(Phase("settle", duration=0.3),)))
    assert quiet.trials.sizes["trial"] == 0 and quiet.traces.sizes["stage"] == 0
    assert quiet.traces.attrs["status"] == "ok"
    write_netcdf(quiet.traces, tmp_path / "quiet.nc")
