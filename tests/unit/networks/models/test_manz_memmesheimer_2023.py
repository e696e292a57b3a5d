"""Linear Poisson cells with symmetric STDP: rates and mean drift are those of the theory."""

import numpy as np
import pytest

from spikedrift import trials
from spikedrift.config.drift import DriftOptions
from spikedrift.config.overrides import override
from spikedrift.drift.signal.recording import drift_values
from spikedrift.networks import simulate
from spikedrift.networks.integrators import hawkes
from spikedrift.networks.models import manz_memmesheimer_2023 as manz
from spikedrift.networks.session_plan import NetworkRun, plan

RULE = (0.08, 0.0533, 2.5, 5.0)  # in units of the decay of evoked rates
SMALL = {"n": 24, "warm_up": 10.0, "parts": [50.0, 50.0], "trace_interval": 20.0}
SHOWN = {
    "cues": {"groups": 3, "cells": 4, "repeats": 6, "pause": 200.0, "gap": 0.5, "duration": 0.3}
}


def run(weight, base, duration, mu=0.0, capacity=10**6, key=11, rule=RULE, hebb=0.0):
    """Run from rest; return the weights and the spikes."""
    weight, found, now, drawn = weight.copy(), [], 0.0, 0
    evoked, positive, negative = np.zeros((3, base.size))
    cells, times = hawkes.buffers(capacity)
    mu, hebb = (np.broadcast_to(step, weight.shape).astype(float) for step in (mu, hebb))
    while now < duration:
        now, drawn, n = hawkes.advance(
            weight, evoked, positive, negative, base, now, duration, rule, 1.0, mu, hebb, 1e9,
            key, drawn, cells, times,
        )  # fmt: skip
        found.append((cells[:n].copy(), times[:n].copy()))
    return weight, *(np.concatenate(column) for column in zip(*found, strict=True))


def expected_drift(weight, base):
    """Mean change of weights in a unit of time for mu = 1, from the covariance of a Hawkes process.

    With one exponential kernel the traces s of the spikes obey ds = -s dt + dN, dN of rate
    base + G s, so that their covariance V solves (G - 1) V + V (G - 1)' + D = 0, D the rates, and a
    spike of j is followed after u by one of i with the density, beside that of the rates,
    [G exp((G - 1) u) (V G' + D)]_ij (Hawkes 1971).
    """
    from scipy.linalg import solve_continuous_lyapunov

    effect, one = weight.T, np.eye(base.size)
    rate = np.linalg.solve(one - effect, base)
    variance = solve_continuous_lyapunov(effect - one, -np.diag(rate))
    after = variance @ effect.T + np.diag(rate)
    drift = np.zeros_like(weight)
    for amplitude, tau in ((RULE[0], RULE[2]), (-RULE[1], RULE[3])):
        evoked = effect @ np.linalg.solve((1 + 1 / tau) * one - effect, after)
        drift += amplitude * (2 * tau * np.outer(rate, rate) + evoked + evoked.T)
    return drift


def test_the_mean_rate_is_that_of_a_hawkes_process():
    n, w, rho, duration = 6, 0.1, 0.02, 2e5
    weight = w * (1 - np.eye(n))
    _, cell, time = run(weight, np.full(n, rho), duration)
    rate = rho / (1 - (n - 1) * w)
    # The variance of the count of all cells is that of a branching process.
    sd = np.sqrt(n * rate * duration) / (1 - (n - 1) * w)
    assert abs(cell.size - n * rate * duration) < 4 * sd
    assert (np.diff(time) > 0).all() and time[-1] < duration


def test_unequal_rates_are_those_of_the_linear_system():
    rng = np.random.default_rng(2)
    weight = 0.15 * rng.random((5, 5)) * (1 - np.eye(5))
    base = rng.uniform(0.01, 0.03, 5)
    _, cell, _ = run(weight, base, 4e5)
    expected = np.linalg.solve(np.eye(5) - weight.T, base)
    assert np.bincount(cell) / 4e5 == pytest.approx(expected, rel=0.04)


def test_independent_cells_depress_as_the_windows_say():
    n, rate, duration, mu = 40, 0.05, 2e5, 1e-9
    start = 1e-3 * (1 - np.eye(n))  # too weak to evoke anything, far from the lower bound
    weight, _, _ = run(start, np.full(n, rate), duration, mu)
    change = (weight - start)[~np.eye(n, dtype=bool)].mean() / mu / duration
    theory = 2 * rate**2 * (RULE[0] * RULE[2] - RULE[1] * RULE[3])
    weak = expected_drift(start, np.full(n, rate))[0, 1]
    assert theory < 0
    assert change == pytest.approx(weak, rel=0.05)
    assert weak == pytest.approx(theory, rel=0.2)  # the weights of 1e-3 do a little


def test_a_block_drifts_as_hawkes_theory_says():
    n, w, rho, duration, mu = 12, 0.05, 0.005, 1e6, 1e-12
    block = w * (1 - np.eye(n))
    weight, _, _ = run(block, np.full(n, rho), duration, mu)
    change = (weight - block)[~np.eye(n, dtype=bool)].mean() / mu / duration
    expected = expected_drift(block, np.full(n, rho))[0, 1]
    assert expected > 0, "an assembly of this size strengthens itself"
    assert change == pytest.approx(expected, rel=0.1)


def test_buffers_do_not_change_what_happens():
    weight = 0.05 * (1 - np.eye(8))
    whole = run(weight, np.full(8, 0.01), 1e4, 0.1)
    parts = run(weight, np.full(8, 0.01), 1e4, 0.1, capacity=7)
    for one, other in zip(whole, parts, strict=True):
        assert np.array_equal(one, other)


def test_weights_without_a_step_are_frozen():
    weight, mu = 0.05 * (1 - np.eye(8)), np.full((8, 8), 0.1)
    mu[:4, 4:] = 0.0
    moved = run(weight, np.full(8, 0.01), 1e4, mu)[0] != weight
    assert not moved[:4, 4:].any()
    np.fill_diagonal(moved, True)
    assert moved[:4, :4].all() and moved[4:].all()


def test_hebbian_steps_are_those_of_a_rule_without_depression():
    weight, base = 0.05 * (1 - np.eye(8)), np.full(8, 0.01)
    by_rule = run(weight, base, 1e3, 0.01, rule=(1.0, 0.0, 2.5, 5.0))[0]
    assert np.array_equal(by_rule, run(weight, base, 1e3, hebb=0.01)[0])
    assert by_rule.max() > 0.05


def test_activity_that_explodes_is_reported():
    with pytest.raises(RuntimeError, match="boom: activity exploded"):
        options = override(manz.ManzNetwork(), {**SMALL, "w_max": 50.0}, "boom")
        manz.integrate(plan(manz.MODEL, options, NetworkRun("boom", {}, 1, 0)))


@pytest.fixture
def simulated(tmp_path):
    def make(parameters, seed=1, instance=0):
        options = override(manz.ManzNetwork(), {**SMALL, **SHOWN}, "small")
        return simulate.simulate(
            manz.MODEL, options, parameters, recording="small.cues", seed=seed,
            instance=instance, build_dir=tmp_path, scratch_dir=tmp_path,
        )  # fmt: skip

    return make


def test_cues_become_trials_and_have_signal_indices(simulated):
    found = simulated({"cues.record_cued": True})
    data = found.trials
    trials.check(data)
    assert data.sizes["trial"] == 2 * 3 * 6 and data.sizes["unit"] == 24
    assert not data["plasticity_on"].any()
    assert np.unique(data["block"]).tolist() == [0, 1]
    cued = data["spike_count"].where(data["segment"] == 1, drop=True).mean("trial").values
    assert cued[4:8].min() > 2 * cued[12:].mean()
    # In blocks the weights rest; in the pauses they move, and all spikes are counted.
    weight = found.traces["recurrent_weight"].values
    at = {phase: np.flatnonzero(found.traces["phase"] == phase) for phase in ("pause", "block")}
    for edge in at["block"]:
        assert np.array_equal(weight[edge], weight[edge + 1])
    assert (weight[at["pause"][-1]] != weight[at["pause"][-1] + 1]).any()
    assert (found.traces["rate"].values > 0).all()
    values = drift_values(data, DriftOptions(), 1)
    assert np.isfinite(values["index"].sel(code="rate", matching="none"))


def test_same_seed_same_bits(simulated):
    one, again, other = simulated({}), simulated({}), simulated({}, instance=1)
    assert one.trials["unit_id"].values.tolist() == [f"e{cell}" for cell in range(12, 24)]
    assert one.trials.identical(again.trials) and one.traces.identical(again.traces)
    assert not one.trials["spike_count"].equals(other.trials["spike_count"])


def test_the_rule_may_act_while_cues_are_shown(simulated):
    found = simulated({"cues.plasticity": True})
    assert found.trials["plasticity_on"].all()


def test_the_rule_may_rest_in_the_pauses_between_blocks(simulated):
    found = simulated({"cues.pause_plasticity": False})
    weight, phase = found.traces["recurrent_weight"].values, found.traces["phase"].values
    pauses = np.flatnonzero(phase == "pause")
    assert (weight[pauses[1]] != weight[pauses[1] + 1]).any(), "before the first block"
    assert np.array_equal(weight[pauses[-1]], weight[pauses[-1] + 1])
    assert np.array_equal(weight[pauses[-1]], weight[-1])


def test_the_readout_of_a_frozen_session_is_1(tmp_path):
    options = override(manz.ManzNetwork(), {**SMALL, "frozen_from": 1}, "frozen")
    planned = plan(manz.MODEL, options, NetworkRun("frozen", {}, 1, 0))
    read = manz.readout(planned, manz.integrate(planned))
    assert read["last"] == 1.0 and read["rate"] > 0


def test_more_cued_cells_than_there_are_is_refused():
    with pytest.raises(ValueError, match="less than 2 of 24 cells"):
        override(manz.ManzNetwork(), {**SMALL, "cues": {"groups": 5, "cells": 5}}, "small")
