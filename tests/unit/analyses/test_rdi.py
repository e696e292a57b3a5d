"""RDI against closed forms, another program's published values, and where they move."""

from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
import xarray as xr
from scipy.io import loadmat

from spikedrift.analyses import rdi as di
from spikedrift.analyses.contract.analysis import analyze
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.correlations import tuning_curves
from spikedrift.drift.responses import Responses, responses_of
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout, Repeats

SMALL = {"segments": 8, "repeats": 8, "units": 60}


def made(sessions: bool = False, **knobs) -> xr.Dataset:
    dataset = record(SyntheticOptions(**{**SMALL, **knobs}), "made.movie", 2)
    return dataset.assign(session=dataset["block"]) if sessions else dataset


def table(dataset: xr.Dataset, **options):
    found = analyze(dataset, "rdi", {"surrogates": 99, "bootstrap": 100, **options}, 1)
    return found[["value", "low", "high", "p_value"]].to_dataframe()


def responses(rate: np.ndarray, group: np.ndarray) -> Responses:
    rows = np.arange(group.size)
    repeats = Repeats(rows, [rows[k : k + 1] for k in rows], group, rows)
    return Responses(rate, np.ones(rate.shape, bool), repeats, group)


def test_identities():
    for rho in (0.1, 0.5, 1.0):
        assert di.index(np.array([rho, rho])).tolist() == [0.0]
    np.testing.assert_allclose(di.index(np.array([1.0, 0.25])), (1 - 0.25) / (1 + 0.25))
    assert di.index(np.array([0.5, -0.3])).tolist() == [1.0]
    assert di.index(np.array([-0.5, 0.3])).tolist() == [-1.0]
    assert np.isnan(di.index(np.array([-0.5, -0.3]))).all()
    assert np.isnan(di.index(np.array([0.0, 0.0]))).all()


def test_noiseless_units_are_the_single_pair():
    """Without noise r_0 is 1 and r_d the correlation of two tuning curves, whatever the halves."""
    rng = np.random.default_rng(1)
    tuning = rng.gamma(1.0, 2.0, (3, 7, 11))  # group, segment, unit
    group = np.repeat([0, 1, 2], 4)
    value = di.unit_correlations(responses(tuning[group], group), group, 3, rng)
    np.testing.assert_allclose(value[:, 0], 1.0)
    for unit in range(11):
        r = np.corrcoef(tuning[..., unit])
        expected = [(r[0, 1] + r[1, 2]) / 2, r[0, 2]]
        np.testing.assert_allclose(value[unit, 1:], expected, rtol=1e-10)
        rectified = np.maximum(expected, 0)
        np.testing.assert_allclose(
            di.index(value[unit]), (1 - rectified) / (1 + rectified), rtol=1e-10
        )


def test_halves_are_disjoint_and_of_one_size():
    group = np.array([0] * 9 + [1] * 6)
    for seed in range(5):
        member = di.random_halves(group, np.random.default_rng(seed))
        assert (member.sum(axis=2) == 3).all()
        assert not (member[0] & member[1]).any()
        for index in (0, 1):
            assert (group[member[:, index].any(axis=0)] == index).all()


@pytest.mark.parametrize("missing", [False, True])
def test_the_population_index_is_that_of_corrcoef(missing):
    dataset = made(rate_drift=0.4, unit_loss=0.2 * missing)
    found = responses_of(Layout.of(dataset))
    block = found.repeats.block
    x = np.where(found.observed, found.rate, np.nan).reshape(block.size, -1)
    value = np.full((block.size, block.size), np.nan)
    for a in range(block.size):
        for b in range(block.size):
            both = np.isfinite(x[a]) & np.isfinite(x[b])
            value[a, b] = np.corrcoef(x[a, both], x[b, both])[0, 1] if a != b else np.nan
    near = np.mean([np.nanmean(value[np.ix_(block == k, block == k)]) for k in (0, 1)])
    far = value[np.ix_(block == 0, block == 1)].mean()
    name = "population.rdi_lag_1"
    one = table(dataset, surrogates=19).value[name]
    assert one == pytest.approx((near - far) / (near + far), rel=1e-9)


def test_reliability_is_that_of_corrcoef():
    found = responses_of(Layout.of(made()))
    group = found.repeats.block
    value = di.reliability(found, group)
    for unit in (0, 17, 59):
        expected = []
        for repeat in range(group.size):
            others = (group == group[repeat]) & (np.arange(group.size) != repeat)
            rest = found.rate[others, :, unit].mean(axis=0)
            expected.append(np.corrcoef(found.rate[repeat, :, unit], rest)[0, 1])
        assert value[unit] == pytest.approx(np.nanmean(expected), rel=1e-9)


def test_slopes_against_least_squares_with_a_mean_for_each_unit():
    rng = np.random.default_rng(4)
    value = 0.05 * np.arange(1, 6) + rng.normal(0, 0.2, (40, 1)) + rng.normal(0, 0.1, (40, 5))
    whole = value.copy()
    value[rng.random(value.shape) < 0.2] = np.nan
    unit, lag = np.nonzero(np.isfinite(value))
    design = np.column_stack([lag + 1.0, np.equal.outer(unit, np.arange(40))]).astype(float)
    fitted = sm.OLS(value[unit, lag], design).fit()
    assert di.within_slope(value) == pytest.approx(fitted.params[0], rel=1e-9)
    # With every unit at every lag a random intercept changes nothing.
    slope, low, high = di.mixed_slope(whole)
    assert slope == pytest.approx(di.within_slope(whole), rel=1e-5)
    assert low < 0.05 < high and low < slope < high


@pytest.mark.slow
def test_rate_drift_moves_it_and_event_times_and_gain_do_not():
    none, half, full = (table(made(rate_drift=share)) for share in (0.0, 0.5, 1.0))
    still = [none, table(made(event_time_drift=1.0)), table(made(gain=1.5))]
    for name in ("unit.rdi_lag_1", "population.rdi_lag_1"):
        assert 0.1 < half.value[name] < full.value[name]
        assert half.p_value[name] == 0.01
        for one in still:
            assert abs(one.value[name]) < 0.02
    for name in ("unit.rdi_lag_1", "population.rdi_lag_1"):
        assert none.p_value[name] > 0.05 and still[1].p_value[name] > 0.05
    # Tuning redrawn altogether: r_d is 0 on average over units.
    assert full.value["unit.rdi_lag_1"] > 0.7
    assert none.low["unit.rdi_lag_1"] < 0 < half.low["unit.rdi_lag_1"]


def test_lags_over_sessions_rise_with_drift():
    found = table(made(sessions=True, blocks=4, rate_drift=0.3, repeats=6))
    rdi = [found.value[f"unit.rdi_lag_{lag}"] for lag in (1, 2, 3)]
    assert rdi[0] < rdi[1] < rdi[2]
    assert found.p_value["unit.slope"] == 0.01 and found.p_value["population.slope"] == 0.01
    assert found.low["unit.slope_mixed"] > 0
    # Sessions, not blocks: the blocks of one session are one group.
    dataset = made(blocks=4)
    days = dataset.assign(session=("trial", dataset["block"].values // 2))
    result = analyze(days, "rdi", {"surrogates": 19, "bootstrap": 100})
    assert result.sizes["lag"] == 1 and result.attrs["lag_unit"] == "sessions"


def test_two_segments_leave_the_population():
    found = table(made(segments=2))
    assert list(found.index) == ["population.rdi_lag_1"]


def test_a_block_of_one_repeat_is_refused():
    with pytest.raises(InputError, match="two repeats in each"):
        table(made(blocks=3, repeats=1))


def test_same_seed_same_bits():
    options = {"surrogates": 19, "bootstrap": 100}
    first, again, other = (analyze(made(), "rdi", options, seed) for seed in (1, 1, 2))
    assert first.identical(again)
    assert not first["unit_rdi"].equals(other["unit_rdi"])


PUBLISHED = 22  # row of the published tables, from 0


@pytest.mark.mirror
def test_published_values_of_the_example_unit(mirror: Path):
    """Zhu et al. (2025): which of the 831 units the example is, and its RDI."""
    folder = mirror / "mouse_v1_15days"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    days = loadmat(folder / "VS_Store.mat")["VS_Store"][0]
    rate = np.concatenate([day.sum(axis=2) for day in days])[..., None] / 0.52
    published = loadmat(folder / "DG-CO.Fig4.mat")
    group = np.repeat(np.arange(15), 50)
    unit = responses(rate, group)
    # Reliability and the correlation of whole days at lag 7 are deterministic: they name the row.
    reliability = di.reliability(unit, group)[0]
    mean, seen = unit.averaged(np.equal.outer(np.arange(15), group))
    stability = np.diagonal(tuning_curves(mean, seen)[0], 7).mean()
    assert np.nanargmin(np.abs(published["relvalue"] - reliability)) == PUBLISHED
    assert np.nanargmin(np.abs(published["staFR"] - stability)) == PUBLISHED
    assert reliability == pytest.approx(published["relvalue"][PUBLISHED, 0], rel=1e-9)
    assert stability == pytest.approx(published["staFR"][PUBLISHED, 0], rel=1e-9)
    draws = [
        di.index(di.unit_correlations(unit, group, 30, np.random.default_rng(seed))[0])
        for seed in range(20)
    ]
    ours, theirs = np.mean(draws, axis=0), published["driftRateMG"][:, 1:]
    distance = np.sqrt(((theirs - ours) ** 2).mean(axis=1))
    assert np.nanargmin(distance) == PUBLISHED
    assert np.nanmin(distance) < 0.3 * np.sort(distance)[1]
    np.testing.assert_allclose(theirs[PUBLISHED], ours, atol=0.015)
    # Theirs takes one half of each day at a time and one set of 30 draws: what is left of the
    # difference is how far such a set may lie from the next one.
    sets = np.stack([di.index(one_half_of_each_day(unit, group, seed)) for seed in range(40)])
    z = (theirs[PUBLISHED] - sets.mean(axis=0)) / sets.std(axis=0)
    assert np.abs(z).max() < 3 and np.sqrt((z**2).mean()) < 1.5


def one_half_of_each_day(unit: Responses, group: np.ndarray, seed: int) -> np.ndarray:
    rng, by_lag = np.random.default_rng(seed), []
    for _ in range(30):
        halves = di.random_halves(group, rng)
        mean = unit.averaged(halves.reshape(30, -1))[0][..., 0]
        matrix = np.corrcoef(mean)
        near = np.diagonal(matrix[:15, 15:]).mean()
        by_lag.append([near, *(np.diagonal(matrix[:15, :15], k).mean() for k in range(1, 15))])
    return np.mean(by_lag, axis=0)
