"""Calcium-based rules against an event-by-event oracle, the full equation and published curves."""

from itertools import pairwise

import brian2 as b
import numpy as np
import pytest
from inducing import spike_trains, weights
from scipy.integrate import solve_ivp

from spikedrift.plasticity import registry
from spikedrift.plasticity.calcium_theory import change_of_bistable, mean_efficacy, shares_above
from spikedrift.plasticity.induce import induce
from spikedrift.plasticity.synapse import combine

BISTABLE, GRADED = registry.declared("calcium"), registry.declared("calcium_graded")
DT = 0.5e-3
TICK = 1.0  # s, the rules' clock


def pairs(n, frequency, interval_ms):
    """Spike times of both sides and the duration, s."""
    onset, lag = np.arange(n) / frequency, interval_ms / 1e3
    return onset + max(-lag, 0), onset + max(lag, 0), n / frequency


def change_of_graded(values, pre, post, duration):
    return mean_efficacy(values, *shares_above(values, pre, post, duration), duration, 0.5) / 0.5


# --- the rules, event by event -------------------------------------------------------------------


def stretches(values, pre, post, n_steps, dt):
    """Yield (length, calcium just after its beginning) between all moments of update.

    Calcium as a sum over all earlier spikes; times in steps. `n_steps` is a tick.
    """
    tau, scale, boost = values["tau_ca"], values["ca_scale"], values.get("boost", 0.0)
    late = pre + round(values["D"] / dt)
    at = np.concatenate([late, post])
    jump = np.concatenate([
        np.full(late.size, scale * values["pre_jump"]),
        [scale * values["post_jump"] + boost * scale * values["pre_jump"]
         * np.exp(-(s - late[late <= s]) * dt / tau).sum() for s in post],
    ])  # fmt: skip
    ticks = np.arange(0, n_steps + 1, round(TICK / dt))
    updates = np.unique(np.concatenate([ticks, pre, late, post]))
    for start, stop in pairwise(updates[updates <= n_steps]):
        calcium = jump[at <= start] @ np.exp(-(start - at[at <= start]) * dt / tau)
        yield (stop - start) * dt, calcium


def pieces(values, length, calcium):
    """Cut a stretch where calcium crosses a threshold: (length, above theta_d, above theta_p)."""
    tau, thetas = values["tau_ca"], (values["theta_d"], values["theta_p"])
    cuts = {0.0, length}
    for theta in thetas:
        if calcium > theta and tau * np.log(calcium / theta) < length:
            cuts.add(tau * np.log(calcium / theta))
    for start, stop in pairwise(sorted(cuts)):
        middle = calcium * np.exp(-(start + stop) / 2 / tau)
        yield stop - start, *(int(middle > theta) for theta in thetas)


def relaxed(values, rho, length, above_d, above_p):
    fall, rise = values["gamma_d"] * above_d, values["gamma_p"] * above_p
    if not (fall or rise):
        return rho
    rest = rise / (fall + rise)
    return rest + (rho - rest) * np.exp(-values["eta"] * (fall + rise) * length / values["tau"])


def drifted(values, rho, length):
    """Towards DOWN or UP: with x = 2 rho - 1, the odds x^2/(1 - x^2) grow exponentially."""
    x = 2 * rho - 1
    odds = x**2 / (1 - x**2) * np.exp(values["eta"] * length / (2 * values["tau"]))
    return (1 + np.copysign(np.sqrt(odds / (1 + odds)), x)) / 2


def bistable_oracle(values, pre, post, rho, n_steps, dt):
    for length, calcium in stretches(values, pre, post, n_steps, dt):
        for piece in pieces(values, length, calcium):
            rho = relaxed(values, rho, *piece)
        rho = drifted(values, rho, length)
    return rho


def graded_oracle(values, pre, post, rho, n_steps, dt):
    for stretch in stretches(values, pre, post, n_steps, dt):
        for piece in pieces(values, *stretch):
            rho = relaxed(values, rho, *piece)
    return rho


def to_weight(values, rho, w_max):
    return w_max * (1 + rho * (values["b"] - 1)) / values["b"]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        *((name, {}) for name in BISTABLE.sets),
        ("DPD_prime", {"ca_scale": 0.8}),
        ("DPD_prime", {"theta_p": 0.9, "theta_d": 1.7}),
        ("DP", {"gamma_p": 0.0}),
    ],
)
@pytest.mark.slow
def test_the_bistable_rule_agrees_with_an_event_by_event_oracle(name, given):
    values = BISTABLE.values(name, {"sigma": 0.0, "eta": 3.0, **given})
    n, seconds, w_max = 15, 2, 0.7
    n_steps = round(seconds / DT)
    rng = np.random.default_rng(1)
    pre, post = (spike_trains(rng, n, rate, n_steps, DT) for rate in (14.0, 11.0))
    rho = rng.uniform(0, 1, n)
    got = weights(
        registry.get("calcium"),
        values,
        (pre[0], pre[1] * DT),
        (post[0], post[1] * DT),
        to_weight(values, rho, w_max),
        w_max,
        duration=seconds + DT,
        dt=DT,
    )
    expected = [
        bistable_oracle(
            values, pre[1][pre[0] == k], post[1][post[0] == k], rho[k], n_steps, DT
        )
        for k in range(n)
    ]  # fmt: skip
    assert np.ptp(expected - rho) > 0.03
    np.testing.assert_allclose(got, to_weight(values, np.array(expected), w_max), atol=1e-9)


@pytest.mark.parametrize(
    ("name", "given"),
    [*((name, {}) for name in GRADED.sets), ("nonlinear", {"ca_scale": 0.7, "boost": 5.0})],
)
@pytest.mark.slow
def test_the_graded_rule_agrees_with_an_event_by_event_oracle(name, given):
    values = GRADED.values(name, {"eta": 5.0, **given})
    n, seconds, w_max = 15, 2, 0.7
    n_steps = round(seconds / DT)
    rng = np.random.default_rng(2)
    pre, post = (spike_trains(rng, n, rate, n_steps, DT) for rate in (14.0, 11.0))
    start = rng.uniform(0, 1, n)
    got = weights(
        registry.get("calcium_graded"),
        values,
        (pre[0], pre[1] * DT),
        (post[0], post[1] * DT),
        start * w_max,
        w_max,
        duration=seconds + DT,
        dt=DT,
    )
    expected = [
        graded_oracle(values, pre[1][pre[0] == k], post[1][post[0] == k], start[k], n_steps, DT)
        for k in range(n)
    ]
    assert np.ptp(expected - start) > 0.03
    np.testing.assert_allclose(got, np.array(expected) * w_max, atol=1e-9)


def full_equation(values, pre, post, rho, n_steps, dt):
    """The paper's equation, all terms at once, by a Runge-Kutta method of order 8."""
    rates = values["gamma_d"], values["gamma_p"]

    def slope(time, y, fall, rise):
        del time
        bistable = -y * (1 - y) * (0.5 - y)
        return values["eta"] * (bistable + rise * (1 - y) - fall * y) / values["tau"]

    for length, calcium in stretches(values, pre, post, n_steps, dt):
        for piece, *above in pieces(values, length, calcium):
            drive = tuple(rate * on for rate, on in zip(rates, above, strict=True))
            rho = solve_ivp(
                slope, (0, piece), [rho], "DOP853", args=drive, rtol=1e-10, atol=1e-12
            ).y[0, -1]
    return rho


@pytest.mark.parametrize("name", ["DP", "cortical_slices", "hippocampal_cultures"])
@pytest.mark.slow
def test_splitting_costs_little(name):
    """Sixty pairs: the drift towards DOWN and UP apart from rise and fall, against both at once."""
    values = BISTABLE.values(name, {"sigma": 0.0})
    starts = np.array([0.05, 0.3, 0.45, 0.7, 0.95])
    pre, post, duration = pairs(60, 20.0, 8.0)
    steps = [np.round(side / DT).astype(int) + 1 for side in (pre, post)]
    spikes = [(np.arange(5).repeat(60), np.tile(side * DT, 5)) for side in steps]
    got = weights(
        registry.get("calcium"), values, *spikes, to_weight(values, starts, 1.0), 1.0,
        duration=duration + 1 + DT, dt=DT,
    )  # fmt: skip
    n_steps = round((duration + 1) / DT)
    expected = np.array([full_equation(values, *steps, rho, n_steps, DT) for rho in starts])
    assert np.abs(expected - starts).max() > 0.05  # something happened
    np.testing.assert_allclose(got, to_weight(values, expected, 1.0), atol=3e-6)


def test_calcium_follows_the_presynaptic_spike_late_and_transmission_the_update():
    """Two presynaptic spikes: the second one passes on what the calcium of the first has done."""
    for name in ("calcium", "calcium_graded"):
        rule = registry.get(name)
        values = rule.values("", {"pre_jump": 5.0, "D": 0.020, "eta": 50.0})
        values |= {"sigma": 0.0} if "sigma" in values else {}
        b.start_scope()
        b.prefs.codegen.target = "numpy"
        b.defaultclock.dt = DT * b.second
        source = b.SpikeGeneratorGroup(2, [0, 0, 1, 1], np.array([0, 10, 0, 40]) * b.ms)
        target = b.NeuronGroup(2, "got : 1", threshold="got > 9")
        made = combine([rule], "got_post = {weight}")
        synapses = made.synapses(source, target, target, "synapses")
        synapses.connect(j="i")
        for parameter in rule.parameters:
            unit = getattr(b, parameter.unit, 1)
            setattr(synapses, parameter.name, values[parameter.name] * unit)
        synapses.w_max = 1.0
        synapses.w = 0.5
        made.begin(synapses, target)
        b.Network(source, target, synapses).run(45 * b.ms)
        # After 10 ms the calcium of the first spike is not there yet; after 40 ms it has acted.
        assert target.got[0] == pytest.approx(0.5, abs=1e-4)
        assert target.got[1] == synapses.w[1]
        assert target.got[1] > 0.6


def test_in_one_time_step_the_presynaptic_jump_comes_first():
    """The nonlinear variant tells the order apart: D is 10 ms, and so is the interval."""
    values = GRADED.values("nonlinear")
    shares = {
        ms: np.array(shares_above(values, *pairs(1, 1.0, ms))) for ms in (9.9999, 10, 10.0001)
    }
    np.testing.assert_allclose(shares[10], shares[10.0001], atol=1e-5)
    assert np.abs(shares[10] - shares[9.9999]).max() > 1e-3
    steps = np.array([1]), np.array([1 + round(values["D"] / DT)])
    spikes = [([0], side * DT) for side in steps]
    got = weights(
        registry.get("calcium_graded"), values, *spikes, [0.5], 1.0, duration=1 + DT, dt=DT
    )[0]
    first, second = (mean_efficacy(values, *shares[ms], 1.0, 0.5) for ms in (10, 9.9999))
    assert got == pytest.approx(first, abs=0.1 * abs(second - first))


# --- noise ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("eta", [1.0, 4.0])
@pytest.mark.parametrize("updates", [0, 30])
@pytest.mark.slow
def test_noise_is_an_ornstein_uhlenbeck_process_however_often_it_is_updated(eta, updates):
    """One jump of calcium; presynaptic spikes without calcium cut its decay into pieces."""
    n, jump = 4000, 60.0
    given = {"post_jump": jump, "pre_jump": 0.0, "eta": eta, "tau": 100.0, "sigma": 1.0, "b": 3.0}
    values = BISTABLE.values("DP", given)
    rng = np.random.default_rng(0)
    cut = np.sort(1 + rng.choice(180, size=updates, replace=False))
    pre = np.arange(n).repeat(updates), np.tile(cut * DT, n)
    start = 0.55
    w = weights(
        registry.get("calcium"),
        values,
        pre,
        (np.arange(n), np.full(n, DT)),
        np.full(n, to_weight(values, start, 1.0)),
        1.0,
        duration=TICK + DT,
        dt=DT,
        seed=5,
    )
    rho = (values["b"] * w - 1) / (values["b"] - 1)
    mean, variance = start, 0.0
    for piece, above_d, above_p in pieces(values, TICK, jump):
        mean = relaxed(values, mean, piece, above_d, above_p)
        pull = values["gamma_d"] * above_d + values["gamma_p"] * above_p
        if pull:
            left = np.exp(-2 * eta * pull * piece / values["tau"])
            stationary = values["sigma"] ** 2 * (above_d + above_p) / (2 * pull)
            variance = variance * left + stationary * (1 - left)
    assert rho.mean() == pytest.approx(drifted(values, mean, TICK), abs=4 * np.sqrt(variance / n))
    assert rho.var(ddof=1) == pytest.approx(variance, rel=4 * np.sqrt(2 / n))


@pytest.mark.parametrize("rule", [BISTABLE, GRADED])
def test_nothing_moves_at_rate_zero(rule):
    """Not to the last bit, also where the weight is below that of DOWN."""
    rng = np.random.default_rng(4)
    pre, post = (spike_trains(rng, 6, 30.0, 2000, DT) for _ in "ab")
    start = np.array([0.0, 0.05, 0.2, 0.37, 0.9, 1.0])
    w = weights(
        registry.get(rule.name),
        rule.values("", {"eta": 0.0}),
        (pre[0], pre[1] * DT),
        (post[0], post[1] * DT),
        start,
        1.0,
        duration=1.2,
        dt=DT,
    )
    assert w.tolist() == start.tolist()


# --- published values ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "interval_ms", "alpha_d", "alpha_p"),
    [
        ("DP", 10, 0.02328, 0.01804),
        ("DP", -20, 0.02017, 0.00968),
        ("cortical_slices", 10, 0.01181, 0.00585),
        ("cortical_slices", -10, 0.00926, 0.0),
    ],
)
def test_time_above_thresholds(name, interval_ms, alpha_d, alpha_p):
    shares = shares_above(BISTABLE.values(name), *pairs(1, 1.0, interval_ms))
    np.testing.assert_allclose(shares, [alpha_d, alpha_p], atol=1e-4)


WINDOW = (-100, -50, -30, -20, -15, -10, -5, 0, 5, 10, 15, 20, 25, 30, 50, 100)
WINDOWS = {  # Graupner & Brunel 2012, figure 2: 60 pairs at 1 Hz
    "DP": (0.992, 0.905, 0.775, 0.764, 0.821, 0.882, 0.943, 1.008,
           1.240, 1.221, 1.197, 1.172, 1.148, 1.125, 1.055, 1.005),
    "DPD": (1.000, 1.000, 1.000, 0.998, 0.963, 0.859, 0.846, 0.997,
            1.193, 0.961, 0.841, 0.867, 0.974, 0.999, 1.000, 1.000),
    "P": (1.003, 1.029, 1.068, 1.098, 1.115, 1.230, 1.256, 1.238,
          1.256, 1.230, 1.115, 1.098, 1.083, 1.068, 1.029, 1.003),
    "D": (1, 1, 1, 1, 1, 1, 0.994, 0.637, 0.994, 1, 1, 1, 1, 1, 1, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", WINDOWS)
def test_windows_of_the_generic_sets(name):
    values = BISTABLE.values(name)
    got = [change_of_bistable(values, *pairs(60, 1.0, ms)) for ms in WINDOW]
    np.testing.assert_allclose(got, WINDOWS[name], atol=0.005)


@pytest.mark.parametrize(
    ("name", "n", "frequency", "changes"),
    [
        # Figure 4B
        ("cortical_slices", 75, 1.0, {-10: 0.691, -5: 0.576, 0: 0.683, 5: 1.171, 10: 1.061}),
        ("cortical_slices", 75, 20.0, {-10: 0.635, -5: 0.798, 0: 1.232, 5: 1.329, 10: 1.253}),
        ("cortical_slices", 75, 50.0, {-10: 1.637, -5: 1.637, 0: 1.637, 5: 1.637, 10: 1.637}),
        # Figure 3
        ("hippocampal_slices", 200, 5.0, {15: 0.714, 20: 0.703, -10: 0.791}),
    ],
)
def test_pairs_at_frequencies(name, n, frequency, changes):
    values = BISTABLE.values(name)
    beta = 0.7 if name == "hippocampal_slices" else 0.5
    got = [change_of_bistable(values, *pairs(n, frequency, ms), beta) for ms in changes]
    np.testing.assert_allclose(got, list(changes.values()), atol=0.005)


@pytest.mark.parametrize(
    ("n", "interval_ms", "change"),
    [(100, -10, 0.8301), (100, 10, 1.5130), (100, 20, 1.6757), (30, 10, 1.1444), (30, 20, 1.2646)],
)
def test_bursts(n, interval_ms, change):
    """Figure 3: a presynaptic spike and two postsynaptic ones 11.5 ms apart, at 5 Hz."""
    onset = 0.05 + np.arange(n) / 5
    post = np.add.outer(onset + interval_ms / 1e3, [-0.0115, 0]).ravel()
    got = change_of_bistable(BISTABLE.values("hippocampal_slices"), onset, post, n / 5, 0.7)
    assert got == pytest.approx(change, abs=0.005)


@pytest.mark.parametrize(
    ("ca_scale", "ranges"),
    # At 1, 20 and 50 Hz
    [
        (1.0, [(0.562, 1.171), (0.591, 1.369), (1.63, 1.64)]),
        (0.9, [(0.750, 1.000), (0.512, 1.201), (1.58, 1.64)]),
        (0.8, [(0.911, 1.000), (0.629, 0.990), (1.48, 1.62)]),
        (0.7, [(0.984, 1.000), (0.887, 1.000), (1.31, 1.47)]),
        (0.6, [(1.000, 1.000), (0.997, 1.000), (0.712, 1.294)]),
        (0.5, [(1.000, 1.000), (1.000, 1.000), (0.518, 0.929)]),
    ],
)
def test_little_calcium_leaves_only_fast_pairing(ca_scale, ranges):
    """Smallest and largest change by 75 pairs over all intervals, of the cortical set."""
    values = BISTABLE.values("cortical_slices", {"ca_scale": ca_scale})
    for frequency, expected in zip((1.0, 20.0, 50.0), ranges, strict=True):
        reach = min(50.0, 500 / frequency)
        intervals = np.arange(-reach, reach + 0.1, 0.5)
        got = [change_of_bistable(values, *pairs(75, frequency, ms)) for ms in intervals]
        np.testing.assert_allclose([min(got), max(got)], expected, atol=0.01)


@pytest.mark.parametrize(
    ("interval_ms", "changes"),
    # Graupner, Wallisch & Ostojic 2016: 75 pairs at .1, 10, 20, 40 and 50 Hz
    [(10, [0.988, 1.000, 1.086, 1.329, 1.472]), (-10, [0.671, 0.661, 0.616, 1.345, 1.472])],
)
def test_regular_pairs_of_the_graded_rule(interval_ms, changes):
    values = GRADED.values("linear")
    frequencies = (0.1, 10.0, 20.0, 40.0, 50.0)
    got = [change_of_graded(values, *pairs(75, f, interval_ms)) for f in frequencies]
    np.testing.assert_allclose(got, changes, atol=0.005)


def irregular(rate, share, interval, n=40_000, seed=0):
    """Change by 10 s of Poisson trains, from the shares of time above over a long one."""
    rng = np.random.default_rng(seed)
    duration = n / rate
    pre = rng.uniform(0, duration, n)
    partners = pre[rng.random(n) < share] + interval
    post = np.append(partners, rng.uniform(0, duration, rng.poisson(n * (1 - share))))
    values = GRADED.values("linear")
    return mean_efficacy(values, *shares_above(values, pre, post, duration), 10.0, 0.5) / 0.5


IRREGULAR = {  # at 1, 2, 5, 10, 15, 20, 30, 40, 50 and 60 Hz
    (0.0, 0.0): (0.971, 0.944, 0.886, 0.905, 1.023, 1.153, 1.340, 1.451, 1.520, 1.563),
    (0.4, 0.010): (0.984, 0.974, 0.973, 1.046, 1.152, 1.245, 1.374, 1.457, 1.513, 1.552),
}


@pytest.mark.parametrize(("share", "interval"), IRREGULAR)
def test_natural_patterns(share, interval):
    """Tolerance of the published numbers, which were computed on a grid of calcium."""
    rates = (1, 2, 5, 10, 15, 20, 30, 40, 50, 60)
    got = [irregular(rate, share, interval) for rate in rates]
    np.testing.assert_allclose(got, IRREGULAR[share, interval], atol=0.02)


def test_rate_matters_more_than_timing():
    timing = irregular(10, 0.4, 0.010) - irregular(10, 0.0, 0.0)
    rate = irregular(60, 0.0, 0.0) - irregular(10, 0.0, 0.0)
    assert timing == pytest.approx(0.14, abs=0.02)
    assert rate == pytest.approx(0.65, abs=0.02)


@pytest.mark.compiles
def test_simulated_synapses_follow_the_published_window(tmp_path):
    """Four thousand synapses with noise, half of them UP, in C++."""
    window = BISTABLE.inductions[0].model_copy(update={"sets": ("DP",)})
    table = induce(
        registry.get("calcium"), window, seed=2, build_dir=tmp_path, scratch_dir=tmp_path
    )
    assert tuple(table["x"]) == WINDOW
    np.testing.assert_allclose(table["measured"], WINDOWS["DP"], atol=0.04)
    np.testing.assert_allclose(table["predicted"], WINDOWS["DP"], atol=0.005)
    assert table["spread"].between(0.005, 0.011).all()
