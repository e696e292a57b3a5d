"""Slow excitability in the program: the process of the theory, each cell's own; and it acts."""

from dataclasses import replace

import numpy as np
import pytest
from in_python import of_one_population

from spikedrift.config.networks import NetworkOptions
from spikedrift.config.simulation import Simulation
from spikedrift.networks.catalog import Model
from spikedrift.networks.declaration import Phase
from spikedrift.networks.session_plan import NetworkRun
from spikedrift.networks.simulate import record_batch
from spikedrift.simulation import streams

pytestmark = pytest.mark.compiles

CELL, SIZE, TAU, SECONDS, HELD = "excitable_conductance_lif", 1500, 4.0, 60, 0.1
DT = 1e-3
OPTIONS = NetworkOptions(simulation=Simulation(dt=DT, jobs=1))


def declare(options):
    """Cells that noise makes fire; their excitability acts in the first half of the time."""
    cell = {"excitability": 0.002, "tau_excitability": TAU, "rest": -0.052, "membrane_noise": 0.004}
    whole = of_one_population(CELL, SIZE, SECONDS, parameters=cell)
    halves = (
        Phase("pause", duration=SECONDS / 2, set={"cells.excitability": 0.002}),
        Phase("pause", duration=SECONDS / 2, set={"cells.excitability": 0.0}),
    )
    recording = replace(whole.recording, states=("cells.slow",), trace_interval=1.0)
    return replace(whole, protocol=replace(whole.protocol, phases=halves), recording=recording)


MODEL = Model("excitable", "", "", NetworkOptions, declare)
RUNS = [NetworkRun(f"excitable-{k}.run", {}, 1, k) for k in range(2)]


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    root = tmp_path_factory.mktemp("excitable")
    return {"build_dir": root / "programs", "scratch_dir": root / "scratch"}


@pytest.fixture(scope="module")
def alone(programs):
    return record_batch(MODEL, OPTIONS, RUNS, **programs)


@pytest.fixture
def slow(alone):
    """State of every cell once a second, shape (seconds + 1, cells)."""
    plan, recorded, _ = alone[0]
    np.testing.assert_allclose(plan.save_time, np.arange(SECONDS + 1.0))
    return recorded.states["cells.slow"].astype(float)


def test_it_is_an_ornstein_uhlenbeck_process_from_the_first_moment(slow):
    """Bounds are five standard errors over independent cells; every second by itself."""
    assert (abs(slow.mean(axis=1)) < 5 / np.sqrt(SIZE)).all()
    assert (abs(slow.var(axis=1) - 1) < 5 * np.sqrt(2 / SIZE)).all()
    for lag in (1, 2, 4, 8, 16):
        expected = np.exp(-lag / TAU)
        found = (slow[:-lag] * slow[lag:]).mean(axis=1)
        assert (abs(found - expected) < 5 * np.sqrt((1 + expected**2) / SIZE)).all(), lag
        # Of all seconds together, of which one in 2 tau counts.
        n = SIZE * (SECONDS - lag) / (2 * TAU)
        assert abs(found.mean() - expected) < 5 * np.sqrt((1 + expected**2) / n), lag


def test_it_is_the_counted_draws_of_the_cell(alone, slow):
    keys = alone[0][0].parameters["cells.key"]
    expected = streams.normal(streams.branch(keys, streams.purpose("slow"), 0), 0)
    np.testing.assert_allclose(slow[0], expected, atol=1e-6)
    own = streams.branch(keys, streams.purpose("excitability"), 0)
    kept, n_steps = np.exp(-HELD / TAU), round(HELD / DT)
    for step in range(0, round(5 / DT), n_steps):
        expected = kept * expected + np.sqrt(1 - kept**2) * streams.normal(own, step)
    np.testing.assert_allclose(slow[5], expected, atol=1e-6)


def test_excitable_cells_fire_more_while_it_acts(alone, slow):
    _, recorded, _ = alone[0]
    second = recorded.spike_time.astype(int)

    def correlation(at):
        count = np.bincount(recorded.spike_cell[second == at], minlength=SIZE)
        assert count.mean() > 1
        return np.corrcoef(count, slow[at])[0, 1]

    assert correlation(SECONDS // 2 - 1) > 0.5
    assert abs(correlation(SECONDS - 1)) < 5 / np.sqrt(SIZE)


def test_instances_differ_and_a_batch_has_the_same_bits(alone, programs):
    together = record_batch(MODEL, OPTIONS, RUNS, **programs, together=True)
    for (_, one, _), (_, other, _) in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.states["cells.slow"], other.states["cells.slow"])
        np.testing.assert_array_equal(one.spike_time, other.spike_time)
        np.testing.assert_array_equal(one.spike_cell, other.spike_cell)
    first, second = (one.states["cells.slow"] for _, one, _ in alone)
    assert abs(np.corrcoef(first[0], second[0])[0, 1]) < 5 / np.sqrt(SIZE)
