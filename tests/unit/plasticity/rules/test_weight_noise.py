"""Noise of weights that leaves their mean where it is, alone and beside STDP."""

from itertools import pairwise

import brian2 as b
import numpy as np
import pytest
from driving import driven, poisson
from in_python import of_one_population, run
from inducing import set_up

from spikedrift.networks.declaration import Distribution, Projection, all_to_all
from spikedrift.plasticity import registry
from spikedrift.plasticity.bench import assemble
from spikedrift.plasticity.rules.weight_noise_lognormal import mean
from spikedrift.plasticity.rules.weight_noise_multiplicative import lost

W_MAX = 0.5
# Noise that is strong, so that few steps show what it does.
NOISE = {
    "weight_noise_multiplicative": {"relative_noise": 0.05},
    "weight_noise_lognormal": {"log_sd": 0.4, "tau_log": 10.0},
    "weight_noise_bounded": {"bounded_noise": 0.15, "restoring": 0.1},
}


def weights_at(name, parameters, start, rounds, off=()):
    """Weights after numbers of rounds, (time, synapse); noise is off in the stretches of `off`."""
    rule = registry.get(name)
    b.prefs.codegen.target = "numpy"
    b.start_scope()
    b.seed(3)
    b.defaultclock.dt = 1 * b.second
    none = np.zeros(0, dtype=int), np.zeros(0)
    bench = assemble([rule], "forced", len(start), none, none)
    set_up(bench, rule, parameters, start, W_MAX)
    found = []
    for number, (first, last) in enumerate(pairwise((0, *rounds))):
        setattr(bench.synapses, rule.rate, 0.0 if number in off else parameters[rule.rate])
        bench.network.run((last - first) * b.second)
        found.append(np.array(bench.synapses.w))
    return np.array(found)


def error(samples):
    return samples.std(ddof=1) / np.sqrt(len(samples))


def agrees(samples, expected):
    """Whether their mean is the expected one, within four standard errors."""
    return abs(samples.mean() - expected) < 4 * error(samples)


def log_variance(values, n):
    """Variance of the free ln w after n rounds."""
    if "relative_noise" in values:
        return n * values["relative_noise"] ** 2
    return values["log_sd"] ** 2 * (1 - np.exp(-2 * n / values["tau_log"]))


@pytest.mark.parametrize("near", [0.04, 0.96])
@pytest.mark.parametrize("name", ["weight_noise", *NOISE])
def test_the_mean_stays_near_both_bounds(name, near):
    """For twenty time constants, but for what is lost at w_max and known; `weight_noise` drifts."""
    start = near * W_MAX
    values = NOISE.get(name, {"noise": 0.03})
    rounds = (20, 200)
    for n, w in zip(rounds, weights_at(name, values, np.full(3000, start), rounds), strict=True):
        assert w.min() >= 0 and w.max() <= W_MAX and w.std() > 0.1 * min(near, 1 - near) * W_MAX
        if name == "weight_noise":
            assert (w.mean() - start) * (1 if near < 0.5 else -1) > 20 * error(w)
        elif name == "weight_noise_lognormal":
            assert agrees(w, mean(start, W_MAX, np.sqrt(log_variance(values, n))))
        elif name == "weight_noise_multiplicative" and near > 0.5:
            least, most = lost(start, W_MAX, np.sqrt(log_variance(values, n)))
            gone = start - w.mean()
            assert 0 < least < most < start
            assert least - 4 * error(w) < gone < most + 4 * error(w)
            assert gone > 4 * error(w)
        else:
            assert agrees(w, start)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "values"),
    [
        # As config/regimes.yaml has it, and slower; the network's weights are .07 of at most 1.2.
        ("weight_noise_lognormal", {"log_sd": 1.4, "tau_log": 600.0}),
        ("weight_noise_lognormal", {"log_sd": 1.4, "tau_log": 2400.0}),
        ("weight_noise_bounded", {"bounded_noise": 0.05, "restoring": 0.002}),
    ],
)
def test_no_mean_weight_moves_in_ten_thousand_seconds_of_noise_alone(name, values):
    start = 0.07 / 1.2 * W_MAX
    rounds = (2500, 5000, 7500, 10000)
    for n, w in zip(rounds, weights_at(name, values, np.full(1000, start), rounds), strict=True):
        if name == "weight_noise_lognormal":
            expected = mean(start, W_MAX, np.sqrt(log_variance(values, n)))
            assert 0.93 * start < expected < start  # what is lost at w_max is known, and little
            assert agrees(w, expected)
        else:
            assert agrees(w, start)
    if name == "weight_noise_lognormal":  # at rest: the last two are alike but for their noise
        assert abs(mean(start, W_MAX, values["log_sd"]) - expected) < 1e-3 * start


def test_what_is_lost_at_the_bound_is_small_below_it():
    """As the page of the log-normal rule says."""
    for log_sd in (0.05, 0.2, 0.4):
        for share in (0.01, 0.2, 0.5):
            assert 0 <= share - mean(share, 1.0, log_sd) < 0.01
        assert 1 - mean(1.0, 1.0, log_sd) == pytest.approx(0.4 * log_sd, rel=0.02)


@pytest.mark.parametrize("restoring", [0.0, 0.1])
def test_bounded_noise_has_the_variance_and_the_autocorrelation_of_its_closed_form(restoring):
    noise, start, rounds = 0.15, 0.3 * W_MAX, (1, 10, 80, 86)
    values = {"bounded_noise": noise, "restoring": restoring}
    away = weights_at("weight_noise_bounded", values, np.full(4000, start), rounds) - start
    kept = np.exp(-restoring)
    for n, one in zip(rounds, away, strict=True):
        decay = kept**2 * (1 - noise**2)
        share = noise**2 * (1 - decay**n) / (1 - decay)
        assert agrees(one**2, share * start * (W_MAX - start))
        assert agrees(one, 0)
    if restoring:
        rest = noise**2 / (1 - kept**2 * (1 - noise**2)) * start * (W_MAX - start)
        assert agrees(away[2] * away[3], np.exp(-6 * restoring) * rest)
        assert away[2].var() > 0.5 * rest


@pytest.mark.parametrize("noise", [1.0, 3.0])
def test_bounded_noise_of_the_largest_size_keeps_the_mean(noise):
    """All weights are at a bound; more than that is the same."""
    start = 0.2 * W_MAX
    values = {"bounded_noise": noise, "restoring": 0.1}
    (w,) = weights_at("weight_noise_bounded", values, np.full(4000, start), (30,))
    assert np.isclose(w * (W_MAX - w), 0, atol=1e-12).all() and agrees(w, start)


def test_the_log_of_a_weight_is_an_ornstein_uhlenbeck_process():
    values, start = NOISE["weight_noise_lognormal"], 0.02 * W_MAX
    rounds = (1, 5, 60, 64)
    w = weights_at("weight_noise_lognormal", values, np.full(4000, start), rounds)
    assert w.max() < W_MAX  # what is looked at is not cut
    variance = np.array([log_variance(values, n) for n in rounds])
    away = np.log(w / start) + variance[:, None] / 2
    for one, expected in zip(away, variance, strict=True):
        assert agrees(one, 0) and agrees(one**2, expected)
    assert agrees(away[2] * away[3], np.exp(-4 / values["tau_log"]) * variance[2])


def test_the_log_of_a_weight_walks():
    values, start = NOISE["weight_noise_multiplicative"], 0.02 * W_MAX
    rounds = (1, 5, 60)
    w = weights_at("weight_noise_multiplicative", values, np.full(4000, start), rounds)
    variance = np.array([log_variance(values, n) for n in rounds])
    away = np.log(w / start) + variance[:, None] / 2
    for one, expected in zip(away, variance, strict=True):
        assert agrees(one, 0) and agrees(one**2, expected)
    assert agrees(away[1] * away[2], variance[1])  # steps are independent


@pytest.mark.parametrize("name", NOISE)
def test_noise_that_was_off_goes_on_where_it_was(name):
    start = 0.2 * W_MAX
    before, rested, after = weights_at(
        name, NOISE[name], np.full(3000, start), (10, 30, 40), off={1}
    )
    np.testing.assert_array_equal(rested, before)
    away = np.log(np.array([before, after]) / start)
    if name != "weight_noise_bounded":
        for n, one in zip((10, 20), away, strict=True):
            variance = log_variance(NOISE[name], n)
            assert agrees((one + variance / 2) ** 2, variance)
    assert (after != before).all() and agrees(before, start) and agrees(after, start)


PAIR = registry.get("pair_stdp")
STDP = {"eta": 0.02, "ratio": 0.5, "tau_plus": 0.05, "tau_minus": 0.05}
DT = 0.02


def beside_stdp(rules, parameters, n, start=0.3 * W_MAX):
    """Weights of n synapses between two cells after 20 s; pairs of spikes at 8 s potentiate."""
    pre = 8 + 0.1 * np.arange(15)
    synapses, _ = driven(
        rules, STDP | parameters, (np.zeros(15, int), pre), (np.zeros(15, int), pre + DT),
        np.full(n, start), W_MAX, wiring=(np.zeros(n, int), np.zeros(n, int)),
        duration=20, dt=DT,
    )  # fmt: skip
    return np.array(synapses.w)


@pytest.mark.parametrize("name", NOISE)
def test_what_stdp_has_changed_stays(name):
    """Also where the noise returns to a set point, three time constants later."""
    quick = {"tau_log": 4.0} if "lognormal" in name else {}
    quick |= {"restoring": 0.25} if "bounded" in name else {}
    rule = registry.get(name)
    (alone,) = beside_stdp([PAIR], {}, 1)
    w = beside_stdp([PAIR, rule], NOISE[name] | quick, 2000)
    expected = mean(alone, W_MAX, NOISE[name]["log_sd"]) if "lognormal" in name else alone
    assert abs(alone - 0.3 * W_MAX) > 15 * error(w) and agrees(w, expected)
    off = beside_stdp([PAIR, rule], NOISE[name] | {rule.rate: 0.0}, 3)
    np.testing.assert_array_equal(off, alone)


def test_stdp_holds_weights_that_walk():
    """Steps that are linear in the weight: the same mean as without noise, given the spikes."""
    n, n_steps, noise = 500, 1500, 0.1
    rng = np.random.default_rng(4)
    pre, post = (poisson(rng, n, 10.0, n_steps, DT) for _ in range(2))
    rules = [registry.get(f"{one}_multiplicative") for one in ("pair_stdp", "weight_noise")]
    w, free = (
        np.array(driven(
            rules, {"eta": 0.02, "relative_noise": one}, (pre[0], pre[1] * DT),
            (post[0], post[1] * DT), np.full(n, 0.4 * W_MAX), W_MAX,
            wiring=(np.arange(n), np.arange(n)), duration=n_steps * DT, dt=DT,
        )[0].w)
        for one in (noise, 0.0)
    )  # fmt: skip
    assert agrees(w - free, 0)
    spread = np.log(w / free).std()
    assert 0.5 * noise < spread < 0.5 * noise * np.sqrt(n_steps * DT)


def test_a_network_draws_for_every_synapse():
    """There, numbers are counted; noise acts beside STDP, and the mean stays."""
    n, rounds, start = 45, 3, 0.2
    noisy = [
        Projection(
            name, "cells", "cells", "excitatory", all_to_all(), Distribution(f"{start}"), 1.0,
            plasticity={"pair_stdp": {}, name: values},
        )
        for name, values in NOISE.items()
    ]  # fmt: skip
    network = of_one_population("conductance_lif", n, rounds - 0.9, more=noisy)
    weights = run(network, 0.001).weights
    noise, kept = 0.15, np.exp(-0.1)
    decay = kept**2 * (1 - noise**2)
    for name, values in NOISE.items():
        w = weights[name][~np.eye(n, dtype=bool)]
        variance = (
            noise**2 * (1 - decay**rounds) / (1 - decay) * start * (1 - start)
            if name == "weight_noise_bounded"
            else start**2 * np.expm1(log_variance(values, rounds))
        )
        assert agrees(w, start) and agrees((w - start) ** 2, variance)
