"""Draws are a function of key, purpose, place and step: random enough, and the same in C++."""

import numpy as np
import pytest
from scipy import stats

from spikedrift.config.simulation import Simulation
from spikedrift.simulation import streams
from spikedrift.simulation.build import build
from spikedrift.simulation.run import Run, session

N, P, DT = 40, 0.3, 0.001
KEYS = streams.branch(77, streams.purpose("cell"), np.arange(N))
WIRING = streams.purpose("wiring")
MEAN = np.append(0.0, np.geomspace(1e-3, 50.0, N - 1))  # of cells
EVERY = streams.drawn("first = rand()\nx = randn()", "key", "every", "7")


def define(standalone, structure):
    """Cells that draw in every step, wired and weighted by draws."""
    import brian2 as b

    cells = b.NeuronGroup(N, "u = uniform(key, t_in_timesteps) : 1\nkey : integer (constant)\n"
                          "count = arrivals(key, t_in_timesteps, mean) : 1\n"
                          "mean : 1 (constant)\nx : 1\nfirst : 1",
                          dtype={"key": np.int64}, name="cells")  # fmt: skip
    synapses = b.Synapses(cells, cells, "w : 1", name="synapses")
    for group in (cells, synapses):
        group.namespace.update(streams.functions())
    cells.run_regularly(EVERY)
    drawn = b.StateMonitor(cells, ("u", "first", "x", "count"), record=True, when="end",
                           name="drawn")  # fmt: skip
    standalone.read_session({})
    synapses.connect(condition=f"uniform(branch(key_post, {WIRING}, i), 0) < {P}")
    synapses.w = f"normal(branch(key_post, {WIRING}, i), 1)"
    standalone.run_session(b.Network(cells, synapses, drawn), {})
    for variable in ("u", "first", "x", "count"):
        standalone.keep(variable, drawn, variable)
    for variable in ("w", "_synaptic_pre", "_synaptic_post"):
        standalone.keep(variable.strip("_"), synapses, variable)


@pytest.fixture(scope="module")
def in_cpp(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streams")
    program = build(f"{__name__}:define", {}, Simulation(dt=DT, jobs=1), folder / "programs")
    with session(
        program,
        parameters={"cells.key": KEYS, "cells.mean": MEAN},
        inputs={},
        steps=[Run(0.0, 0.05), Run(0.05, 0.05)],
        scratch_dir=folder / "scratch",
        label="streams",
    ) as output:
        return {name: output.array(name) for name in program.arrays}


def test_numbers_are_those_of_splitmix64():
    # Published for seed 1234567 (Rosetta Code, "Pseudo-random numbers/Splitmix64").
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423,
                 4593380528125082431, 16408922859458223821]  # fmt: skip
    assert streams.bits(1234567, np.arange(1, 6)).tolist() == published


@pytest.mark.compiles
def test_a_program_draws_what_numpy_draws(in_cpp):
    steps = np.arange(100)[:, np.newaxis]
    np.testing.assert_array_equal(in_cpp["u"].reshape(100, N), streams.uniform(KEYS, steps))
    count = streams.arrivals(KEYS, steps, MEAN)
    np.testing.assert_array_equal(in_cpp["count"].reshape(100, N), count)
    assert not count[:, 0].any() and count.max() > 50
    first, x = (streams.branch(KEYS, streams.purpose(f"every.{k}"), 7) for k in (0, 1))
    np.testing.assert_array_equal(in_cpp["first"].reshape(100, N), streams.uniform(first, steps))
    np.testing.assert_allclose(
        in_cpp["x"].reshape(100, N), streams.normal(x, steps), rtol=1e-12, atol=1e-14
    )
    pair = streams.branch(KEYS, WIRING, np.arange(N)[:, np.newaxis])
    pre, post = np.nonzero(streams.uniform(pair, 0) < P)
    np.testing.assert_array_equal(in_cpp["synaptic_pre"], pre)
    np.testing.assert_array_equal(in_cpp["synaptic_post"], post)
    np.testing.assert_allclose(in_cpp["w"], streams.normal(pair, 1)[pre, post], rtol=1e-12)


def grid(draw, seed=5):
    """Numbers by purpose, place and step."""
    purposes = np.array([streams.purpose(name) for name in ("a", "b")])[:, None, None]
    places = np.arange(500)[:, None]
    return draw(streams.branch(seed, purposes, places), np.arange(400))


@pytest.mark.parametrize(
    ("draw", "law", "variance"),
    [(streams.uniform, stats.uniform, 1 / 12), (streams.normal, stats.norm, 1.0)],
)
def test_numbers_have_their_law_and_do_not_depend_on_their_neighbors(draw, law, variance):
    numbers = grid(draw)
    for sample in (numbers[0, 0], numbers[0, :, 0], numbers[1].ravel()):
        assert stats.kstest(sample, law.cdf).pvalue > 1e-3
    of_seeds = draw(streams.branch(np.arange(1000), 1, 0), 0)  # seeds that follow each other
    assert stats.kstest(of_seeds, law.cdf).pvalue > 1e-3
    assert np.var(numbers) == pytest.approx(variance, rel=0.01)
    for one, other in (
        (numbers[:, :, 1:], numbers[:, :, :-1]),  # steps
        (numbers[:, 1:], numbers[:, :-1]),  # places
        (numbers[0], numbers[1]),  # purposes
        (numbers, grid(draw, seed=6)),  # seeds
        (numbers[:, 1:, :-1], numbers[:, :-1, 1:]),  # a step of one for a place of the other
    ):
        r = np.corrcoef(one.ravel(), other.ravel())[0, 1]
        assert abs(r) < 4 / np.sqrt(one.size)
        r = np.corrcoef(one.ravel() ** 2, other.ravel() ** 2)[0, 1]
        assert abs(r) < 4 / np.sqrt(one.size)


def test_arrivals_are_the_quantiles_of_scipys_distribution():
    mean = np.array([0.01, 0.3, 1.0, 4.0, 25.0, 200.0])[:, np.newaxis]
    key, n = np.int64(9), np.arange(20_000)
    found = streams.arrivals(key, n, mean)
    np.testing.assert_array_equal(found, stats.poisson.ppf(streams.uniform(key, n), mean))
    assert found.shape == (6, 20_000) and np.abs(found.mean(axis=1) - mean[:, 0]).max() < 1
    assert streams.arrivals(key, 3, 0.0) == 0


def test_cells_are_wired_with_their_probability_and_independently():
    keys = streams.branch(3, streams.purpose("cell"), np.arange(1500))
    pairs = streams.branch(keys, WIRING, np.arange(1500)[:, np.newaxis])
    wired = streams.uniform(pairs, 0) < P
    assert abs(wired.mean() - P) < 4 * np.sqrt(P * (1 - P) / wired.size)
    # In- and out-degrees are binomial, and pairs are as often reciprocal as by chance.
    for degree in (wired.sum(0), wired.sum(1)):
        expected = 1500 * P * (1 - P)
        assert degree.var() == pytest.approx(expected, rel=4 * np.sqrt(2 / 1500))
    upper = np.triu_indices(1500, 1)
    both = (wired & wired.T)[upper].mean()
    assert abs(both - P**2) < 4 * np.sqrt(P**2 * (1 - P**2) / upper[0].size)


def test_every_call_has_a_purpose_of_its_own():
    code = streams.drawn("a = rand() + randn()\nb = brand() + rand()", "key_post", "x", "i")
    numbers = {streams.purpose(f"x.{k}") for k in range(3)}
    assert len(numbers) == 3 and all(f"branch(key_post, {n}, i), t_in" in code for n in numbers)
    assert code.count("uniform(") == 2 and code.count("normal(") == 1 and "brand()" in code


def test_a_factor_goes_into_the_draw_and_an_operator_stays_outside():
    """Nothing is drawn where it is 0."""
    seen = {
        code: streams.drawn(code, "key", "x", "i").partition("branch")[0]
        for code in ("w + noise*w_max*randn()", "u/noise*randn()", "(a + b)*randn()", "p*rand()")
    }
    assert list(seen.values()) == [
        "w + normal_of(noise*w_max, ", "u/noise*normal(", "(a + b)*normal(", "p*uniform("
    ]  # fmt: skip
    keys = np.arange(5)
    np.testing.assert_array_equal(streams.normal_of(0.0, keys, 3), 0)
    np.testing.assert_array_equal(streams.normal_of(2.0, keys, 3), 2 * streams.normal(keys, 3))
