"""The codependent network: its declaration, its readout, and a short session."""

from types import SimpleNamespace

import numpy as np
import pytest

from spikedrift import trials
from spikedrift.config.overrides import override
from spikedrift.networks import checks
from spikedrift.networks.copies import Recorded
from spikedrift.networks.models.agnes_vogels_2024 import (
    MODEL,
    AgnesVogelsNetwork,
    readout,
    resting_weight,
)
from spikedrift.networks.session_plan import NetworkRun, plan
from spikedrift.networks.simulate import record_batch, simulate

SMALL = {
    "wiring.n_excitatory": 60,
    "wiring.n_inhibitory": 15,
    "wiring.from_e": 20,
    "wiring.from_i": 5,
    "warm_up": 0.5,
    "training": 2.0,
    "repeats": 2,
    "blocks": 2,
    "pause": 0.5,
}


def options(changes):
    one_compiler = {"simulation.jobs": 1}
    return override(AgnesVogelsNetwork(), one_compiler | changes, "agnes")


@pytest.mark.parametrize("changes", [{}, MODEL.experiments[0].quick, SMALL])
def test_what_is_declared_holds(changes):
    checks.check(MODEL.declare(options(changes)), "agnes")


def test_stimuli_drive_their_share_of_cells():
    planned = plan(MODEL, options(SMALL), NetworkRun("a", {}, 1, 0))
    other = plan(MODEL, options(SMALL), NetworkRun("a", {}, 1, 1))
    cues = planned.network.protocol.cues
    for cue in cues:
        shown, rest = cue["E.toE_rate"]
        assert (rest == 1000).all() and ((shown == 2000).sum(), (shown == 1000).sum()) == (6, 54)
    driven = [cue["E.toE_rate"][0] for cue in (*cues, *other.network.protocol.cues)]
    assert len({tuple(one) for one in driven}) == 4


@pytest.mark.parametrize("own", [0.0, 1.0])
def test_the_resting_weight_is_that_at_which_independent_spikes_change_nothing(own):
    """Against all events of Poisson trains in turn, at a constant E and an open gate."""
    declared = MODEL.declare(AgnesVogelsNetwork())
    rule = {**declared.projections[0].plasticity["codependent"], "own": own}
    (one,) = (each for each in declared.projections if each.name == "EtoE")
    made = SimpleNamespace(
        network=SimpleNamespace(
            projections=[SimpleNamespace(name=one.name, plasticity={"codependent": rule})]
        )
    )
    e, rate, rng = 0.1, 10.0, np.random.default_rng(2)
    w = resting_weight(made, e, rate)
    changes, taus = [], np.array([rule["tau_x"], rule["tau_y"], rule["tau_z"]])
    for _ in range(20):
        n = rng.poisson(2 * rate * 200)
        gaps, post = rng.exponential(1 / (2 * rate), n), rng.random(n) < 0.5
        x, y, z = np.zeros(3)
        total = 0.0
        for gap, fires in zip(gaps, post, strict=True):
            x, y, z = np.array([x, y, z]) * np.exp(-gap / taus)
            if fires:
                total += rule["A_LTP"] * x * e - rule["A_het"] * (z + own) * e**2
                y, z = y + 1, z + 1
            else:
                total -= rule["A_LTD"] * w * y
                x += 1
        changes.append(total)
    error = np.std(changes, ddof=1) / np.sqrt(len(changes))
    assert abs(np.mean(changes)) < 4 * error
    assert error < 0.05 * 200 * rate * rule["A_LTP"] * rule["tau_x"] * rate * e, "so is it told"


def test_the_readout_measures_what_was_recorded():
    planned = plan(MODEL, options(SMALL), NetworkRun("a", {}, 1, 0))
    n, saves = 60, len(planned.save_time)
    # The more a cell gets from E, the more it gets from I, and the less it gives.
    pre = np.arange(n)[::-1]
    w_e = np.tile(np.linspace(0.1, 0.4, n), (saves, 1)).astype(np.float32)
    w_i = 8 * w_e
    stop = planned.timetable.stop * 1e-4
    time = np.arange(0, stop, 0.02) + 0.01  # each of two cells at 25 Hz
    recorded = Recorded(
        np.arange(time.size) % 2,
        time,
        {"EtoE": w_e, "ItoE": w_i},
        {"EtoE": (pre, np.arange(n)), "ItoE": (np.zeros(n, int), np.arange(n))},
        True,
        states={
            "E.ItoE_E": np.full((saves, n), 0.186, np.float32),
            "E.ItoE_I": np.full((saves, n), 0.100, np.float32),
        },
    )
    found = readout(planned, recorded)
    assert found["balance"] == pytest.approx(2.0)
    assert found["excitation"] == pytest.approx(186)
    assert found["rate"] == pytest.approx(2 * 25 / n, rel=0.05)
    assert (found["weight_e"], found["weight_i"]) == pytest.approx((0.25, 2.0))
    assert (found["settled_e"], found["settled_i"], found["bound"]) == (0, 0, 0)
    assert (found["tuned"], found["opposed"]) == pytest.approx((1, -1))
    assert found["ratio"].y == pytest.approx(2.0) and found["ratio"].x[0] == pytest.approx(0)
    assert len(found["norm_before"].x) == len(found["norm_after"].x) == 10


@pytest.mark.compiles
def test_weights_move_while_it_learns_and_stay_in_their_bounds(tmp_path):
    places = {"build_dir": tmp_path / "programs", "scratch_dir": tmp_path / "scratch"}
    (outcome,) = record_batch(MODEL, options(SMALL), [NetworkRun("a", {}, 1, 0)], **places)
    assert not isinstance(outcome, Exception), outcome
    planned, recorded, _ = outcome
    at = np.searchsorted(planned.save_time, planned.timetable.phase_stop * 1e-4 - 1e-6)
    for name, w_max in (("EtoE", 1.0), ("ItoE", 10.0)):
        weights = recorded.weights[name]
        assert weights.min() >= 0 and weights.max() <= w_max
        assert not np.ptp(weights[: at[1] + 1], axis=0).any()
        assert np.ptp(weights[at[1] : at[2] + 1], axis=0).any()
        assert not np.ptp(weights[at[2] : at[3] + 1], axis=0).any()
    excitation, inhibition = (recorded.states[f"E.ItoE_{one}"] for one in "EI")
    assert (excitation[1:] > 0).all() and (inhibition >= 0).all() and inhibition[-1].any()
    found = readout(planned, recorded)
    assert {one.name for one in MODEL.targets} <= found.keys()
    made = simulate(MODEL, options(SMALL), {}, recording="a.small", seed=1, instance=0, **places)
    trials.check(made.trials)
    assert made.trials.sizes["trial"] == 3 * 2 * 2 and made.trials.sizes["unit"] == 60
