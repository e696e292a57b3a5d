"""A network that fires above its limit ends there, as an outcome in words and never as trials."""

import re
from dataclasses import replace

import numpy as np
import pytest

from spikedrift.config.networks import NetworkOptions
from spikedrift.config.simulation import Simulation
from spikedrift.core.errors import DiskError, InputError
from spikedrift.networks.catalog import Model
from spikedrift.networks.declaration import (
    Network,
    Phase,
    Population,
    Projection,
    Protocol,
    Recording,
    constant,
    probability,
)
from spikedrift.networks.lost import Diverged, RanAway
from spikedrift.networks.session_plan import NetworkRun, plan
from spikedrift.networks.simulate import program, record_batch, simulate, simulate_batch
from spikedrift.simulation.run import session

pytestmark = pytest.mark.compiles

N, CALM, SETTLED, LIMIT = 40, 20.0, 2.5, 100.0  # cells, Hz, s, Hz
PIECE = 0.1  # s of simulated time between two looks, where no run is shorter


class LimitOptions(NetworkOptions):
    """What the runs differ in: the rate after settling, Hz, and the step of the rule."""

    simulation: Simulation = Simulation(jobs=1)
    rate: float = CALM
    first: float = CALM
    weight: float = 0.02
    limit: float | None = LIMIT


def declare(options: LimitOptions) -> Network:
    """Poisson cells, whose rate is set when they have settled, and cells that they excite."""
    noisy = Population("E", N, "poisson", {"rate": options.first})
    stdp = {"pair_stdp": {"eta": 0.01}}
    joined = Projection("EtoI", "E", "I", "excitatory", probability(0.5),
                        constant(options.weight), 2 * options.weight, plasticity=stdp)  # fmt: skip
    return Network(
        populations=(noisy, Population("I", 10, "conductance_lif")),
        projections=(joined,),
        protocol=Protocol(
            (
                Phase("settle", duration=SETTLED),
                Phase("pause", duration=1.5, set={"E.rate": options.rate}),
                Phase("block", repeats=8),
            ),
            n_segments=2,
            duration=0.13,
            gap=0.12,
        ),
        recording=Recording("E", trace_interval=10.0, limit=options.limit),
    )


MODEL = Model("limited", "a network with a limit", "none", LimitOptions, declare)
ESCAPING = NetworkRun("escaping.limited", {"rate": 400.0}, 1, 0)
UNLIMITED = LimitOptions(limit=None)


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """All batches are of three, and share a program."""
    folder = tmp_path_factory.mktemp("limited")
    return {"build_dir": folder / "programs", "scratch_dir": folder / "scratch"}


@pytest.fixture(scope="module")
def to_the_end(places):
    """Times of the spikes of E in the network that ran away, and that was let run."""
    ((_, recorded, _),) = record_batch(MODEL, UNLIMITED, [ESCAPING], **places)
    time = recorded.spike_time[recorded.spike_cell < N]
    assert time[-1] > 7.9
    return time


def fired(time, start, stop):
    """Spikes of a cell, on average, in a stretch."""
    return np.sum((time > start - 1e-6) & (time < stop - 1e-6)) / N


def test_it_ends_soon_after_its_spikes_pass_what_a_second_may_have(places, to_the_end):
    (error,) = record_batch(MODEL, LimitOptions(), [ESCAPING], **places)
    assert isinstance(error, RanAway)
    away = error.away
    assert (away.population, away.start, away.limit) == ("E", 2.0, LIMIT)
    assert SETTLED < away.stop < 3.0, "before the second is over"
    n = fired(to_the_end, 2.0, away.stop)
    assert n > LIMIT >= fired(to_the_end, 2.0, away.stop - PIECE)
    assert away.rate == pytest.approx(n / (away.stop - 2.0), rel=1e-9)
    assert str(error) == (
        f"escaping.limited: the network ran away: E fired at {n / (away.stop - 2.0):.4g} Hz from "
        f"2 to {away.stop:g} s, more spikes than 100 Hz has in a second"
    )
    with pytest.raises(RanAway, match=re.escape(str(error))):
        simulate(MODEL, LimitOptions(), ESCAPING.parameters, recording=ESCAPING.recording,
                 seed=1, instance=0, **places)  # fmt: skip


def test_nothing_is_run_or_saved_after_it(places, to_the_end):
    planned = plan(MODEL, LimitOptions(), ESCAPING)
    built = program(planned.network, planned.options.simulation, places["build_dir"])
    with session(
        built, parameters=planned.parameters, inputs={}, steps=planned.steps,
        scratch_dir=places["scratch_dir"], label="x",
    ) as output:  # fmt: skip
        time = output.array("E.spikes.t")
        stop = output.away[0].stop
        np.testing.assert_array_equal(time, to_the_end[: time.size])
        assert stop - PIECE < time[-1] < stop < to_the_end[time.size]
        with pytest.raises((DiskError, ValueError)):
            output.saved("EtoI.w", len(planned.save_time))


@pytest.mark.parametrize("together", [False, True], ids=["alone", "together"])
def test_one_that_stays_below_has_the_same_bits_as_without_a_limit(together, places):
    calm = [NetworkRun("calm.limited", {}, 1, 0), NetworkRun("other.limited", {"rate": 85.0}, 2, 1)]
    runs = [calm[0], ESCAPING, calm[1]]
    expected = simulate_batch(MODEL, UNLIMITED, calm, **places)
    first, error, last = simulate_batch(MODEL, LimitOptions(), runs, together=together, **places)
    (alone,) = record_batch(MODEL, LimitOptions(), [ESCAPING], **places)
    assert isinstance(error, RanAway) and str(error) == str(alone)
    for one, other in zip((first, last), expected, strict=True):
        assert one.trials.sizes["spike"] > 1000
        assert list(one.trials) == list(other.trials) and list(one.traces) == list(other.traces)
        for name in one.trials.variables:
            np.testing.assert_array_equal(one.trials[name], other.trials[name])
        for name in one.traces.variables:
            np.testing.assert_array_equal(one.traces[name], other.traces[name])


def test_a_batch_ends_when_all_have_run_away(places):
    """The first goes on until the others have run away, too; each is told as if it were alone."""
    early = {"first": 300.0, "rate": 0.0}
    runs = [ESCAPING, *(NetworkRun(f"early-{k}.limited", early, k, 0) for k in (1, 2))]
    together = record_batch(MODEL, LimitOptions(), runs, together=True, **places)
    alone = record_batch(MODEL, LimitOptions(), runs, together=False, **places)
    assert [str(one) for one in together] == [str(one) for one in alone]
    assert [one.away.stop < 1 for one in together] == [False, True, True]


def test_a_second_that_runs_cut_short_is_whole_before_it_is_judged(places):
    """In blocks runs end with each showing: what is too much for a second is not for 1.25 s."""
    block = (Phase("block", repeats=20, set={"E.rate": 85.0}),)

    def shown(options):
        network = declare(options)
        cues = ({"E.rate": (85.0, 85.0)},) * 2
        return replace(network, protocol=replace(network.protocol, phases=block, cues=cues))

    model = replace(MODEL, declare=shown)
    (kept,) = record_batch(model, LimitOptions(), [NetworkRun("a", {}, 1, 0)], **places)
    assert not isinstance(kept, Exception), kept
    (error,) = record_batch(model, LimitOptions(limit=80.0), [NetworkRun("a", {}, 1, 0)], **places)
    assert isinstance(error, RanAway)
    of_e = kept[1].spike_time[kept[1].spike_cell < N]
    stretch = error.away.stop - error.away.start
    n = fired(of_e, error.away.start, error.away.stop)
    assert n > 80.0 * max(1.0, stretch) and error.away.rate == pytest.approx(n / stretch)


def test_one_that_diverges_as_well_ran_away_first(places):
    """The weights of all are infinite in single precision, and I fires as often as it can."""
    rates = CALM, 900.0, 800.0
    runs = [NetworkRun(f"{rate:g}", {"weight": 1e39, "rate": rate}, 1, 0) for rate in rates]
    for together in (True, False):
        diverged, *away = record_batch(
            MODEL, LimitOptions(limit=250.0), runs, together=together, **places
        )
        assert isinstance(diverged, Diverged), diverged
        assert all(isinstance(one, RanAway) and one.away.population == "E" for one in away)


def test_runs_of_one_batch_have_one_limit(tmp_path):
    runs = [NetworkRun("a", {}, 1, 0), NetworkRun("b", {"limit": 50.0}, 1, 0)]
    with pytest.raises(InputError, match="b: differs from a in limit"):
        record_batch(MODEL, LimitOptions(), runs, build_dir=tmp_path, scratch_dir=tmp_path)
