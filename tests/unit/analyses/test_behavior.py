"""Behavior: regression against statsmodels, tests at their level, and against known truths."""

import numpy as np
import pytest
import statsmodels.api as sm
import xarray as xr
from scipy import stats
from scipy.signal import lfilter

from spikedrift.analyses.contract.analysis import analyze
from spikedrift.analyses.methods.modulation import modulation, residuals
from spikedrift.config.drift import DriftOptions
from spikedrift.config.figures import Figures
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.signal.recording import drift_values
from spikedrift.figures.analyses.behavior import draw
from spikedrift.sources.synthetic import record
from spikedrift.stats.matrix_regression import fit, partial_null, shifts_over, shifts_within
from spikedrift.trials import select

QUICK = {"index": {"flips": 99, "bootstrap": 99}}


def dyads(rng, n=20, k=3):
    row, column = np.triu_indices(n, k=1)
    x = np.abs(rng.standard_normal((k, n))[:, row] - rng.standard_normal((k, n))[:, column])
    return 0.5 * x[0] + rng.standard_normal(row.size), x


def test_coefficients_and_variance_against_statsmodels():
    y, x = dyads(np.random.default_rng(1))
    found = fit(y, x)

    def ols(rows):
        z = stats.zscore(x[rows], axis=1)
        return sm.OLS(stats.zscore(y), sm.add_constant(z.T)).fit()

    full = ols([0, 1, 2])
    np.testing.assert_allclose(found.coefficient, full.params[1:], rtol=1e-10)
    assert found.explained == pytest.approx(full.rsquared, rel=1e-10)
    for left in range(3):
        without = ols([k for k in range(3) if k != left])
        assert found.unique[left] == pytest.approx(full.rsquared - without.rsquared, rel=1e-8)


def test_permuted_coefficients_are_those_of_a_refit():
    """Freedman-Lane the long way: fit without, permute the residual matrix, add, fit again."""
    y, x = dyads(np.random.default_rng(2), n=12)
    y, x = stats.zscore(y), stats.zscore(x, axis=1)
    row, column = np.triu_indices(12, k=1)
    orders = np.array([np.random.default_rng(k).permutation(12) for k in range(5)])
    tested = np.array([False, True, False])
    coefficient, gain = partial_null(y, x, tested, orders)
    reduced = sm.OLS(y, sm.add_constant(x[~tested].T)).fit()
    residual = np.zeros((12, 12))
    residual[row, column] = residual[column, row] = reduced.resid
    for index, order in enumerate(orders):
        drawn = reduced.fittedvalues + residual[np.ix_(order, order)][row, column]
        again = sm.OLS(drawn, sm.add_constant(x.T)).fit()
        assert coefficient[index] == pytest.approx(again.params[2], rel=1e-8)
        less = sm.OLS(drawn, sm.add_constant(x[~tested].T)).fit()
        assert gain[index] == pytest.approx((less.ssr - again.ssr) / y.size, rel=1e-6)


def test_orders_are_all_shifts_where_they_are_few():
    rng = np.random.default_rng(0)
    block = np.repeat([0, 1], [3, 4])
    few = shifts_within(block, 100, rng)
    expected = {
        (*np.roll(np.arange(3), a), *(3 + np.roll(np.arange(4), b)))
        for a in range(3)
        for b in range(4)
    } - {tuple(range(7))}
    assert {tuple(order) for order in few} == expected and len(few) == 11
    many = shifts_within(np.zeros(60, int), 19, rng)
    assert many.shape == (19, 60)
    assert all(set(np.diff(order) % 60) == {1} for order in many)
    over = shifts_over(7, 100, rng)
    assert {tuple(order) for order in over} == {tuple(np.roll(range(7), k)) for k in range(1, 7)}


def wandering(rng, n, coefficient):
    noise = rng.standard_normal(n + 200)
    return lfilter([1.0], [1.0, -coefficient], noise)[200:]


def test_free_permutations_reject_a_covariate_that_does_nothing_and_shifts_do_not():
    """A hidden slow state and an independent slow covariate, two blocks of 30 repeats."""
    rng = np.random.default_rng(7)
    row, column = np.triu_indices(60, k=1)
    block = np.repeat([0, 1], 30)
    lag = (column - row).astype(float)
    rejected = {"shift": 0, "free": 0}
    n = 150
    for _ in range(n):
        hidden, covariate = (wandering(rng, 60, 0.9) for _ in range(2))
        y = np.abs(hidden[row] - hidden[column]) + 0.3 * rng.standard_normal(row.size)
        x = np.array([lag, block[row] != block[column], np.abs(covariate[row] - covariate[column])])
        tested = np.array([False, False, True])
        value = fit(y, x).coefficient[2]
        for name, orders in (
            ("shift", shifts_within(block, 59, rng)),
            ("free", np.array([rng.permutation(60) for _ in range(59)])),
        ):
            null, _ = partial_null(y, x, tested, orders)
            rejected[name] += (1 + np.sum(null >= value)) / 60 <= 0.05
    assert rejected["free"] / n > 0.12
    assert rejected["shift"] / n < 0.10


def test_a_lag_counts_beyond_a_slow_state_only():
    rng = np.random.default_rng(8)
    row, column = np.triu_indices(40, k=1)
    x = (column - row)[None].astype(float)
    tested = np.array([True])
    rejected = {"wanders": 0, "drifts": 0}
    for _ in range(100):
        state = wandering(rng, 40, 0.6)
        wanders = np.abs(state[row] - state[column])
        for name, y in (("wanders", wanders), ("drifts", wanders + 0.1 * x[0])):
            null, _ = partial_null(y, x, tested, shifts_over(40, 39, rng))
            rejected[name] += (1 + np.sum(null >= fit(y, x).coefficient[0])) / 40 <= 0.05
    assert rejected["wanders"] < 15
    assert rejected["drifts"] > 85


def test_modulation_against_scipy_with_gaps():
    rng = np.random.default_rng(3)
    response, trace = rng.poisson(3.0, (50, 6)).astype(float), rng.standard_normal(50)
    observed = rng.random((50, 6)) > 0.2
    trace[::7] = np.nan
    value, null = modulation(response, observed, trace, 19, rng)
    for unit in range(6):
        both = observed[:, unit] & np.isfinite(trace)
        expected = stats.pearsonr(response[both, unit], trace[both]).statistic
        assert value[unit] == pytest.approx(expected, rel=1e-10)
    rolled = [modulation(response, observed, np.roll(trace, -k), 1, rng)[0] for k in range(1, 50)]
    for row in null:
        assert min(np.abs(row - other).max() for other in rolled) < 1e-12
    assert null.shape == (19, 6) and len(np.unique(null[:, 0])) == 19


def test_what_the_stimulus_does_to_a_value_is_taken_out():
    rng = np.random.default_rng(4)
    segment = np.tile(np.arange(5), 8)
    values = rng.standard_normal((40, 3)) + np.arange(5)[segment][:, None]
    known = rng.random((40, 3)) > 0.2
    out = residuals(np.where(known, values, np.nan), known, segment)
    for s in range(5):
        for column in range(3):
            here = (segment == s) & known[:, column]
            np.testing.assert_allclose(
                out[here, column], values[here, column] - values[here, column].mean()
            )
    assert (out[~known] == 0).all()


@pytest.fixture(scope="module")
def found():
    base = {"segments": 6, "repeats": 15, "units": 60}
    knobs = {
        "none": {},
        "state": {"state_background": 2.0, "state_shift": 1.0, "repeats": 24},
        "drift": {"rate_drift_within": 0.5, "rate_drift": 0.5},
        "timing": {"event_time_drift_within": 0.5, "event_time_drift": 0.5},
    }
    return {
        name: [
            analyze(
                record(SyntheticOptions(**(base | more)), "a.movie", seed), "behavior", QUICK, 1
            )
            for seed in (1, 2)
        ]
        for name, more in knobs.items()
    }


def numbers(results, name, column="value"):
    return np.array([float(one[column].sel(statistic=name)) for one in results])


@pytest.mark.slow
def test_each_truth_moves_its_own_numbers(found):
    # Drift within blocks: lag, in its own code, and not the state.
    assert (numbers(found["drift"], "rate.lag", "p_value") <= 0.02).all()
    assert (numbers(found["timing"], "timing.lag", "p_value") <= 0.02).all()
    assert (numbers(found["timing"], "rate.lag", "p_value") > 0.05).all()
    assert (numbers(found["drift"], "rate.explained") > 0.8).all()
    # State: what it adds to lag and block, and the units.
    assert (numbers(found["state"], "rate.state") > 0.05).all()
    assert (numbers(found["state"], "rate.state", "p_value") <= 0.05).all()
    for name in ("none", "drift", "timing"):
        assert (numbers(found[name], "rate.state") < 0.04).all()
        assert (numbers(found[name], "modulated.running_speed") < 0.2).all()
        assert (np.abs(numbers(found[name], "rate.index_fall")) < 0.1).all()
    assert (numbers(found["state"], "modulated.running_speed") > 0.7).all()
    assert (numbers(found["state"], "modulated.running_speed", "p_value") <= 0.05).all()
    # Gains that follow a state do not move the index, matched or not.
    assert (np.abs(numbers(found["state"], "rate.index_all")) < 0.05).all()


def test_indices_are_those_of_the_drift_analysis():
    made = record(SyntheticOptions(segments=4, repeats=10, units=40, rate_drift=0.5), "a.movie", 1)
    out = analyze(made, "behavior", QUICK, 5)
    options = DriftOptions(index=QUICK["index"])
    expected = drift_values(made, options, 5)["index"]
    for code in ("rate", "timing"):
        for matching in ("none", "state"):
            assert float(out["index"].sel(index_code=code, matching=matching)) == pytest.approx(
                float(expected.sel(code=code, matching=matching)), nan_ok=True, rel=0
            )


def blind(made: xr.Dataset, *names) -> xr.Dataset:
    return made.assign({n: ("trial", np.full(made.sizes["trial"], np.nan)) for n in names})


def test_missing_covariates_are_said_and_none_is_refused():
    made = record(SyntheticOptions(segments=4, repeats=8, units=30), "a.movie", 1)
    one = analyze(blind(made, "pupil_area"), "behavior", QUICK)
    assert one.attrs["covariates"] == "running_speed"
    assert "rate.pupil_area" not in one["statistic"] and "rate.running_speed" in one["statistic"]
    with pytest.raises(InputError, match=r"a\.movie: no behavioral covariates") as raised:
        analyze(blind(made, "pupil_area", "running_speed"), "behavior", QUICK)
    assert "\n" not in str(raised.value)
    running = made["running_speed"].values.copy()
    running[made["repeat"].values < 3] = np.nan
    part = analyze(made.assign(running_speed=("trial", running)), "behavior", QUICK)
    assert part.attrs["n_repeats"] == 13 and part.attrs["repeats_left_out"] == 3
    with pytest.raises(InputError, match="needs 6 repeats"):
        analyze(select(made, trials=made["repeat"].values < 5), "behavior", QUICK)


def test_one_block_two_segments_and_events_are_analyzed_and_drawn():
    made = record(SyntheticOptions(segments=2, repeats=10, units=30, blocks=1), "a.movie", 1)
    out = analyze(made, "behavior", QUICK)
    assert "block" in out.attrs["left_out"] and "rate.index_all" not in out["statistic"]
    assert np.isnan(out["reliability"]).all()
    two = record(SyntheticOptions(segments=4, repeats=6, units=30), "a.movie", 1)
    events = two.assign(event_amplitude=("spike", np.ones(two.sizes["spike"])))
    seen = analyze(events.assign_attrs(spike_timing=0), "behavior", QUICK)
    assert list(seen["code"].values) == ["rate"]
    assert not any(str(name).startswith("timing") for name in seen["statistic"].values)
    for result in (out, seen):
        figure, table = draw(result, Figures())
        assert {"a", "b", "c"} <= set(table["panel"]) and len(figure.axes) == 4


def test_fewer_segments_where_pairs_are_many_and_same_seed_same_bits():
    made = record(SyntheticOptions(segments=8, repeats=12, units=30), "a.movie", 1)
    options = {**QUICK, "max_pairs": 1000}
    first, again = (analyze(made, "behavior", options, 3) for _ in range(2))
    assert first.identical(again)
    whole = analyze(made, "behavior", QUICK, 3)
    difference = (first["dissimilarity"] - whole["dissimilarity"]).sel(code="rate")
    assert 0 < float(np.abs(difference).mean()) < 0.1
