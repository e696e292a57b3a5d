"""The balanced network: spike by spike like a plain loop, in balance, and learning."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from spikedrift.networks.balanced import Balance, Balanced, Push, Times, chances
from spikedrift.networks.integrators.balanced import draw_targets, exact
from spikedrift.training.rls import RecursiveLeastSquares

DT = 1e-4
SMALL = Balance(n_cells=300, k=40)
TIMES = Times(stimulus=300, outside=500, stop=2500, learn_every=200)
CELLS = np.array([7, 3, 140, 20, 55, 90])


def trained(options=SMALL, times=TIMES, n_outside=5, key=5, seed=1):
    """A network of which six cells hear plastic synapses."""
    rng = np.random.default_rng(seed)
    n = options.n_cells
    pre = [
        np.concatenate([rng.choice(np.setdiff1d(CELLS, cell), 4, replace=False),
                        rng.choice(np.arange(n // 2, n), 6, replace=False)])
        for cell in CELLS
    ]  # fmt: skip
    rls = RecursiveLeastSquares(
        pre,
        [rng.uniform(0, 4, 4).tolist() + rng.uniform(-4, 0, 6).tolist() for _ in CELLS],
        n + n_outside,
        ridge=np.repeat([0.04, 1.0], [n, n_outside]),
        row_sum=[8.0, 8.0, 0.0],
        group=np.repeat([0, 1, 2], [n // 2, n // 2, n_outside]),
        common=np.arange(n, n + n_outside),
        common_weights=rng.uniform(-5, 5, (CELLS.size, n_outside)),
    )
    network = Balanced(options, DT, times, key)
    network.train(CELLS, pre, rls)
    return network, pre, rls


def chance(rng, network, rate=40.0):
    times = network.times
    return chances(network.n_outside, times.stop - times.outside, rate, DT, rng)


def plain(network, pre, rls, seed, stimulus, chance, push):
    """The same in a loop over steps, with dense matrices and the equations as they are written."""
    options, times, rng = network.options, network.times, np.random.default_rng(seed)
    n = options.n_cells
    # Onto each cell, from each cell.
    static = np.zeros((n, n))
    for one in range(n):
        of = options.weights[int(one >= n // 2)]
        for other in network.wiring.target[one]:
            static[other, one] = of[int(other >= n // 2)] / (1000 * options.tau_static)
    plastic = np.zeros((n, n))
    for unit, cell in enumerate(CELLS):
        plastic[cell, pre[unit]] = rls.weights(unit)
    common = np.zeros((n, network.n_outside))
    common[CELLS] = rls.state.common_weights
    v, x, y = rng.random(n), np.zeros(n), np.zeros(n)
    fired_outside = rng.random(chance.shape, np.float32) < chance
    keep = [np.exp(-DT / tau) for tau in (options.tau, options.tau_static, options.tau_plastic)]
    ratio = [
        tau / (tau - options.tau) * (of - keep[0])
        for tau, of in zip((options.tau_static, options.tau_plastic), keep[1:], strict=True)
    ]
    mean = [tau / DT * (1 - of) for tau, of in
            zip((options.tau_static, options.tau_plastic), keep[1:], strict=True)]  # fmt: skip
    jump, found, inputs = 1 / (1000 * options.tau_plastic), [], []
    for step in range(times.stop):
        inputs.append(mean[0] * x + mean[1] * y)
        bias = options.bias + stimulus * (times.stimulus <= step < times.outside)
        bias = bias + push.input * (push.first <= step < push.last)
        v = keep[0] * v + (1 - keep[0]) * bias + ratio[0] * x + ratio[1] * y
        fired = np.flatnonzero(v > 1)
        v[fired] = 0
        x, y = keep[1] * x, keep[2] * y
        for cell in fired:
            x += static[:, cell]
            y += jump * plastic[:, cell]
            found.append((step, cell))
        if step >= times.outside:
            for cell in np.flatnonzero(fired_outside[step - times.outside]):
                y += jump * common[:, cell]
    return np.array(found), np.array(inputs)


def test_spikes_are_those_of_a_plain_loop():
    network, pre, rls = trained()
    rng = np.random.default_rng(2)
    of_stimulus, outside = rng.uniform(-0.5, 0.5, SMALL.n_cells), chance(rng, network)
    push = Push(900, 1400, rng.uniform(-0.5, 0.5, SMALL.n_cells))
    expected, inputs = plain(network, pre, rls, 3, of_stimulus, outside, push)
    found, with_inputs = (
        network.trial(np.random.default_rng(3), stimulus=of_stimulus, chance=outside,
                      spikes=not one, inputs=one, push=push)
        for one in (False, True)
    )  # fmt: skip
    np.testing.assert_array_equal(np.stack([found.step, found.cell], axis=1), expected)
    assert len(expected) > 300
    count = np.bincount(expected[:, 1], minlength=SMALL.n_cells)
    np.testing.assert_array_equal(found.spikes, count)
    np.testing.assert_array_equal(with_inputs.spikes, count)
    after = inputs[TIMES.outside :]
    binned = after.reshape(-1, 100, SMALL.n_cells).mean(axis=1)
    np.testing.assert_allclose(with_inputs.total, binned, rtol=0, atol=1e-10)
    np.testing.assert_allclose(with_inputs.sd, after.std(axis=0), rtol=0, atol=1e-8)


def test_at_rest_nothing_comes_from_outside():
    network, _, _ = trained()
    found = network.rest(np.random.default_rng(3), TIMES.stop)
    alone = network.trial(np.random.default_rng(3))
    np.testing.assert_array_equal(found.spikes, alone.spikes)
    shorter = network.rest(np.random.default_rng(3), 100)
    assert 0 < shorter.spikes.sum() < 0.2 * found.spikes.sum()


def test_a_step_is_the_solution_of_the_equations():
    step = exact(2e-4, 0.01, 0.003, 0.15)
    v, x, y, bias = 0.2, -1.3, 0.7, 2.0
    done = solve_ivp(
        lambda _, s: [(-s[0] + bias + s[1] + s[2]) / 0.01, -s[1] / 0.003, -s[2] / 0.15],
        (0, 2e-4), [v, x, y], rtol=1e-12, atol=1e-14,
    ).y[:, -1]  # fmt: skip
    found = step.membrane * v + step.constant * bias + step.static * x + step.plastic * y
    assert found == pytest.approx(done[0], abs=1e-11)
    assert step.keep_static * x == pytest.approx(done[1], abs=1e-11)
    assert step.keep_plastic * y == pytest.approx(done[2], abs=1e-11)
    # Means over the step, of which that of the input is what a spike's jumps sum up to.
    assert step.mean_static == pytest.approx((1 - np.exp(-2e-4 / 0.003)) * 15, rel=1e-12)
    assert step.mean_plastic == pytest.approx((1 - np.exp(-2e-4 / 0.15)) * 750, rel=1e-12)


def test_every_cell_has_its_number_of_targets_and_none_twice():
    target = draw_targets(11, 200, 40)
    assert (np.diff(target, axis=1) > 0).all()
    assert target.min() == 0 and target.max() == 199
    assert not (target == np.arange(200)[:, None]).any()
    # Each of the other cells is as likely: in-degrees are binomial.
    assert np.bincount(target.ravel()).std() == pytest.approx(np.sqrt(200 * 0.2 * 0.8), rel=0.2)
    np.testing.assert_array_equal(draw_targets(11, 200, 40), target)
    assert (draw_targets(12, 200, 40) != target).any()


def test_strong_input_is_balanced_and_is_what_the_rates_make_of_the_weights():
    options = Balance(n_cells=1500, k=150)
    times = Times(9000, 10_000, 20_000, 200)
    network = Balanced(options, DT, times, 3)
    found = network.trial(np.random.default_rng(1), spikes=True, inputs=True)
    n_e = options.n_e
    late = found.cell[found.step >= times.outside]
    count = np.bincount(late, minlength=options.n_cells) / 1000  # per ms
    mean = found.total.mean(axis=0).reshape(2, n_e).mean(axis=1)
    onto_e = (network.wiring.target < n_e).sum(axis=1)
    reached = np.stack([onto_e, 2 * options.k - onto_e], axis=1)
    weights = np.repeat(options.weights, n_e, axis=0)
    np.testing.assert_allclose(
        mean, (count[:, None] * reached * weights).sum(axis=0) / n_e, rtol=0.005
    )
    rate = count.reshape(2, n_e).mean(axis=1)
    # What is left is of the order of the threshold, of parts that are several times as large.
    total, bias = mean + options.bias[[0, n_e]], options.bias[[0, n_e]]
    assert (np.abs(total) < 1).all() and (bias > 1.4).all()
    # With strong weights the rates follow from the balance alone, up to the order of 1 / sqrt(k).
    balance = 1000 * np.linalg.solve(options.k * options.weights.T, -bias)
    assert (np.abs(1000 * rate / balance - 1) < 0.3).all()


def test_rates_are_those_of_the_published_network():
    found = Balanced(Balance(), DT, Times(0, 0, 10_000, 200), 1).trial(np.random.default_rng(1))
    excitatory, inhibitory = found.spikes.reshape(2, 2500).mean(axis=1)
    assert excitatory == pytest.approx(6.607, rel=0.03)
    assert inhibitory == pytest.approx(11.986, rel=0.03)


def test_it_learns_at_the_times_and_what_it_hears_otherwise_is_taken_off(monkeypatch):
    network, _, rls = trained()
    outside = chance(np.random.default_rng(2), network)
    target = np.random.default_rng(4).random((10, CELLS.size))
    seen = []

    def update(activity, wanted):
        seen.append((activity.copy(), wanted.copy()))
        return np.zeros(CELLS.size)

    monkeypatch.setattr(rls, "update", update)
    options = {"chance": outside, "spikes": True}
    found = network.trial(np.random.default_rng(3), target=target, **options)
    frozen = network.trial(np.random.default_rng(3), **options)
    np.testing.assert_array_equal(found.step, frozen.step)
    assert len(seen) == 10
    # Traces are the spikes before, through the kernel of plastic synapses.
    at = TIMES.outside + 200 * np.arange(1, 11)
    fired = np.zeros((TIMES.stop, SMALL.n_cells))
    fired[found.step, found.cell] = 1
    keep = np.exp(-DT / SMALL.tau_plastic)
    for (activity, _), stop in zip(seen, at, strict=True):
        decay = keep ** (stop - 1 - np.arange(stop))
        trace = (fired[:stop] * decay[:, None]).sum(axis=0) / (1000 * DT) * (1 - keep)
        np.testing.assert_allclose(activity[: SMALL.n_cells], trace, rtol=1e-9, atol=1e-15)
        assert (activity[SMALL.n_cells :] >= 0).all()
    # Static input, from the spikes, and the constant one are not the plastic synapses' to make.
    keep = np.exp(-DT / SMALL.tau_static)
    for k, stop in enumerate(at):
        decay = keep ** (stop - 1 - np.arange(stop))
        traces = (fired[:stop] * decay[:, None]).sum(axis=0)
        of = (network.wiring.target[:, :, None] == CELLS).any(axis=1)
        jump = np.repeat(SMALL.weights[:, 0], SMALL.n_e) / (1000 * DT) * (1 - keep)
        known = (traces * jump) @ of + SMALL.bias[CELLS]
        np.testing.assert_allclose(seen[k][1], target[k] - known, rtol=0, atol=1e-9)


def test_learning_brings_input_to_the_targets_and_keeps_the_sums():
    times = Times(300, 500, 8500, 200)
    network, _, rls = trained(times=times, n_outside=16)
    rng = np.random.default_rng(5)
    # Cells outside fire one after the other, so that any course can be made of them.
    step = np.arange(8000)[:, None]
    outside = 200 * DT * (step // 500 == np.arange(16)).astype(np.float32)
    at = np.arange(1, 41) / 40
    target = 0.45 + 0.3 * np.sin(2 * np.pi * (at[:, None] + rng.random(CELLS.size)))
    start = rls.matrix()

    def fit(seeds):
        trials = [
            network.trial(np.random.default_rng(seed), chance=outside, inputs=True).total
            for seed in seeds
        ]
        course = np.mean(trials, axis=0)[:, CELLS].reshape(40, 2, -1).mean(axis=1)
        return [np.corrcoef(course[:, k], target[:, k])[0, 1] for k in range(CELLS.size)]

    assert np.mean(fit(range(12))) < 0.5
    for seed in range(100, 130):
        network.trial(np.random.default_rng(seed), chance=outside, target=target)
    after = fit(range(12))
    assert min(after) > 0.5 and np.mean(after) > 0.75
    moved = rls.matrix() - start
    assert np.abs(moved).max() > 1
    sums = moved[:, : SMALL.n_cells].reshape(CELLS.size, 2, -1).sum(axis=2)
    assert np.abs(sums).max() < 0.1 * np.abs(moved[:, : SMALL.n_cells]).max()


def test_rates_from_outside_are_not_negative_and_relax_about_their_mean():
    found = chances(400, 20_000, 5.0, DT, np.random.default_rng(1)) / DT
    assert found.shape == (20_000, 400) and found.min() == 0
    late = chances(400, 20_000, 50.0, DT, np.random.default_rng(2))[10_000:] / DT
    assert late.mean() == pytest.approx(50, abs=0.5)
    # An average over 100 ms of a process of SD 0.2 sqrt(400 / 2) that relaxes in 400 ms.
    share = 2 * 4 * (1 - 4 * (1 - np.exp(-0.25)))
    assert late.std() == pytest.approx(2.83 * np.sqrt(share), rel=0.07)


def test_a_network_that_fires_all_the_time_is_one_line():
    network = Balanced(Balance(n_cells=20, k=2, drive=1e4), DT, TIMES, 1)
    with pytest.raises(RuntimeError, match="more often than every second millisecond"):
        network.trial(np.random.default_rng(1), spikes=True)
