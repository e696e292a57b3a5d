"""The profile of a recording, against closed forms and other computations."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from spikedrift import trials
from spikedrift.analyses import response_correlations
from spikedrift.config.analyses import ResponseCorrelationsOptions
from spikedrift.config.drift import CurveOptions
from spikedrift.config.similarity import MeasureEntry
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.curves import curve_values, curves
from spikedrift.drift.profile import (
    PROFILE,
    fano_factors,
    local_variations,
    profile,
    profile_values,
    sparseness,
)
from spikedrift.drift.responses import responses_of
from spikedrift.drift.unit_samples import halved_units, resampled_units
from spikedrift.sources import synthetic
from spikedrift.spikes.layout import Layout

OPTIONS = CurveOptions(bootstrap=60, halves=6)


def record(seed=1, **knobs):
    options = SyntheticOptions(
        **{"units": 40, "segments": 5, "repeats": 6, "segment_duration": 0.5, **knobs}
    )
    return synthetic.record(options, "mouse.movie", seed=seed)


def renewal(shape, *, rate=20.0, duration=1.0, units=4, repeats=400, seed=1, gain=1.0):
    """Stationary gamma trains cut into trials of one segment, in the contract.

    gain : float
        Factor on the rate from the first to the last repeat, exponentially.
    """
    rng = np.random.default_rng(seed)
    time, count = [], np.zeros((repeats, units), np.int64)
    levels = rate * gain ** np.linspace(0, 1, repeats)
    for k, level in enumerate(levels):
        for unit in range(units):
            start = rng.uniform(3, 4) * 10 / level  # far from the first event: in equilibrium
            n = int(start * level + level * duration) * 2 + 50
            train = np.cumsum(rng.gamma(shape, 1 / (shape * level), n)) - start
            inside = train[(train >= 0) & (train < duration)]
            time.append(inside)
            count[k, unit] = inside.size
    return xr.Dataset(
        {
            "spike_time": ("spike", np.concatenate(time)),
            "spike_count": (("trial", "unit"), count),
            "observed": (("trial", "unit"), np.ones(count.shape, bool)),
            "stimulus": ("trial", np.full(repeats, "s")),
            "segment": ("trial", np.zeros(repeats, np.int64)),
            "repeat": ("trial", np.arange(repeats)),
            "block": ("trial", np.zeros(repeats, np.int64)),
            "session": ("trial", np.zeros(repeats, np.int64)),
            "phase": ("trial", np.full(repeats, "block")),
            "duration": ("trial", np.full(repeats, duration)),
        }
    )


def variation(dataset):
    terms, pairs = local_variations(dataset).sum(axis=1)
    return terms / pairs, pairs


def value(file, name):
    return float(file["statistic_value"].sel(statistic=name))


@pytest.mark.parametrize(
    ("vector", "expected"),
    [
        ([1, 1, 1, 1], 0.0),
        ([4, 0, 0, 0], 1.0),
        ([1, 1, 0, 0], 2 / 3),  # a = (1/2)^2 / (1/2)
        ([3, 1], 2 * (1 - 4 / 5)),
    ],
)
def test_sparseness_of_known_vectors(vector, expected):
    row = np.array([vector], float)
    assert sparseness(row, np.ones(row.shape, bool)) == pytest.approx([expected])
    padded = np.c_[row, [[9.0, 7.0]]]
    seen = np.arange(padded.shape[1])[None] < row.size
    assert sparseness(padded, seen) == pytest.approx([expected])


def test_sparseness_of_exponential_responses_is_a_half():
    # Treves & Rolls: exponential rates have a = E[r]^2 / E[r^2] = 1/2.
    response = np.random.default_rng(2).exponential(size=(1, 200_000))
    assert sparseness(response, np.ones(response.shape, bool)) == pytest.approx([0.5], abs=0.01)
    nothing = sparseness(np.zeros((2, 5)), np.array([[True] * 5, [True] + [False] * 4]))
    assert np.isnan(nothing).all()


@pytest.mark.parametrize("duration", [0.1, 0.3, 1.0])
@pytest.mark.parametrize("shape", [1.0, 3.0])
def test_local_variation_of_gamma_trains_does_not_depend_on_the_trial(shape, duration):
    dataset = renewal(shape, duration=duration, repeats=int(300 / duration**0.5), rate=25)
    found, pairs = variation(dataset)
    assert pairs > 200
    # 3 (2 B - 1)^2 of B ~ Beta(k, k): mean 3 / (2 k + 1), and its own spread
    draws = 3 * (2 * stats.beta(shape, shape).rvs(100_000, random_state=1) - 1) ** 2
    error = draws.std() / np.sqrt(pairs / 1.5)  # pairs share intervals
    assert draws.mean() == pytest.approx(3 / (2 * shape + 1), rel=0.02)
    assert found == pytest.approx(3 / (2 * shape + 1), abs=3.5 * error)


def test_the_coefficient_of_variation_would_depend_on_it():
    # Why it is not used: intervals that do not fit into a trial are not seen.
    def cv(dataset):
        n = dataset["spike_count"].values.ravel()
        owner = np.repeat(np.arange(n.size), n)
        interval = np.diff(dataset["spike_time"].values)[np.diff(owner) == 0]
        return interval.std() / interval.mean()

    # Poisson, seen in a window: an interval x has the density (T - x) exp(-rate x), normed
    x, rate, window = np.linspace(0, 0.1, 100_001), 20.0, 0.1
    weight = (window - x) * np.exp(-rate * x)
    mean, square = (np.average(x**k, weights=weight) for k in (1, 2))
    expected = np.sqrt(square - mean**2) / mean
    assert expected < 0.85
    assert cv(renewal(1.0, duration=20.0, repeats=20)) == pytest.approx(1, abs=0.06)
    assert cv(renewal(1.0, duration=window, repeats=2000)) == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("shape", [1.0, 4.0])
def test_fano_factors_of_renewal_trains(shape):
    # Cox 1962: Var N = m / k + (1 - 1 / k^2) / 6 for m expected events in equilibrium
    dataset = renewal(shape, units=10)
    found = fano_factors(Layout.of(dataset), responses_of(Layout.of(dataset)))
    m = 20.0
    assert found.mean() == pytest.approx(1 / shape + (1 - shape**-2) / (6 * m), rel=0.05)


def test_a_slow_change_of_rate_does_not_enter_the_fano_factor():
    dataset = renewal(1.0, gain=8.0, units=8, rate=10)
    count = dataset["spike_count"].values
    plain = (count.var(axis=0) / count.mean(axis=0)).mean()
    found = fano_factors(Layout.of(dataset), responses_of(Layout.of(dataset))).mean()
    assert plain > 5
    assert found == pytest.approx(1, abs=0.06)


def test_profile_values_are_those_of_plain_loops():
    dataset = record(rate_drift=0.5)
    file = profile_values(dataset, seed=1)
    count, duration = dataset["spike_count"].values, dataset["duration"].values
    assert value(file, "log_rate") == pytest.approx(np.log((count.sum() / duration.sum()) / 40))
    segment = dataset["segment"].values
    mean = np.stack([(count / duration[:, None])[segment == s].mean(axis=0) for s in range(5)])

    def plain(r):
        a = r.mean() ** 2 / (r**2).mean()
        return (1 - a) / (1 - 1 / r.size)

    expected = np.mean([plain(r) for r in mean])
    assert value(file, "population_sparseness") == pytest.approx(expected)
    expected = np.mean([plain(r) for r in mean.T if r.any()])
    assert value(file, "lifetime_sparseness") == pytest.approx(expected)


def test_correlations_are_those_of_the_analysis():
    dataset = record(rate_drift=0.5, segments=6)
    file = profile_values(dataset, seed=1)
    options = ResponseCorrelationsOptions(surrogates=19, average="mean")
    arrays, rows = response_correlations.ANALYSIS.run(dataset, options, 1)
    found = {row.name: row.value for row in rows}
    for name in ("ensemble_rate", "tuning_curve"):
        assert value(file, f"{name}_slope") == pytest.approx(found[f"{name}.slope"])
        np.testing.assert_allclose(
            file["value"].sel(correlation=name, relation="within"),
            arrays["lag_value"].sel(measure=name),
        )


def test_drift_of_rates_moves_ensemble_and_tuning_and_a_frozen_recording_does_not():
    still, moved = (
        profile_values(record(rate_drift=drift, units=120, repeats=10), 1) for drift in (0, 0.6)
    )
    for name in ("ensemble_rate_step", "tuning_curve_step"):
        assert abs(value(still, name)) < 0.05 < value(moved, name)
    for name in ("fano_factor", "local_variation"):
        assert value(moved, name) == pytest.approx(value(still, name), abs=0.1)


def test_samples_are_the_profile_of_the_units_that_the_curves_draw():
    dataset = record(rate_drift=0.4)
    file = profile(dataset, OPTIONS, seed=4)
    entry = MeasureEntry(name="population_vector", measure="population_vector")
    other = curves(dataset, entry, OPTIONS, seed=4)
    for name in ("statistic_sample", "half_statistic"):
        assert file[name].sizes["statistic"] == len(PROFILE)
        assert {**file[name].sizes, "statistic": 0} == {**other[name].sizes, "statistic": 0}
    drawn = resampled_units(dataset, OPTIONS.bootstrap, 4)
    for k in (0, 17):
        again = profile_values(trials.select(dataset, units=drawn[k]), 4)
        np.testing.assert_allclose(
            file["statistic_sample"][k], again["statistic_value"], rtol=1e-9, atol=1e-12
        )
        curve = curve_values(trials.select(dataset, units=drawn[k]), entry, 4)
        np.testing.assert_allclose(
            other["statistic_sample"][k].sel(statistic="step"),
            curve["statistic_value"].sel(statistic="step"),
        )
    half = halved_units(dataset, OPTIONS.halves, 4)[2, 1]
    again = profile_values(trials.select(dataset, units=half), 4)
    np.testing.assert_allclose(
        file["half_statistic"][2, 1], again["statistic_value"], rtol=1e-9, atol=1e-12
    )


@pytest.mark.slow
def test_samples_of_both_files_have_the_joint_covariance_of_new_populations():
    # Units of one large population, drawn anew: what the bootstrap of one draw stands for.
    whole = record(units=3000, repeats=4, rate_drift=0.4, seed=8)
    names = ["log_rate", "tuning_curve_step", "ensemble_rate_step"]
    entry = MeasureEntry(name="population_vector", measure="population_vector")
    options, rng = CurveOptions(bootstrap=100, halves=2), np.random.default_rng(3)

    def joined(file, curve, variable):
        steps = curve[variable].sel(statistic=["step"]).values
        return np.concatenate([file[variable].sel(statistic=names).values, steps], axis=-1)

    drawn, inside = [], []
    for k in range(150):
        part = trials.select(whole, units=rng.choice(3000, 100, replace=False))
        if k < 15:
            files = profile(part, options, k), curves(part, entry, options, k)
            inside.append(np.cov(joined(*files, "statistic_sample").T))
        files = profile_values(part, 0), curve_values(part, entry, 0)
        drawn.append(joined(*files, "statistic_value"))
    truth, found = np.cov(np.transpose(drawn)), np.mean(inside, axis=0)
    ratio = np.diag(found) / np.diag(truth)
    assert ((ratio > 0.5) & (ratio < 1.6)).all(), "rates have heavy tails: it falls a little short"
    correlation = [c / np.sqrt(np.outer(np.diag(c), np.diag(c))) for c in (truth, found)]
    np.testing.assert_allclose(*correlation, atol=0.25)
    # between the two files: resamples of their own would give 0
    assert correlation[0][2, 3] > 0.7 and correlation[1][2, 3] > 0.7


def test_events_have_no_spike_statistics_and_few_units_no_halves():
    dataset = record()
    events = dataset.assign(
        event_amplitude=("spike", np.ones(dataset.sizes["spike"]), dataset["spike_time"].attrs)
    )
    file = profile_values(events, 1)
    assert np.isnan([value(file, "fano_factor"), value(file, "local_variation")]).all()
    assert np.isfinite(value(file, "population_sparseness"))
    with pytest.raises(InputError, match="3 units cannot be halved"):
        profile(trials.select(dataset, units=np.arange(3)), OPTIONS, 1)
