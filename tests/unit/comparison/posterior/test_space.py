"""Values on axes, the unit cube and quantiles are one place in three scales."""

import numpy as np
import pytest
import scipy

from spikedrift.comparison.posterior.space import Space, cube, log_prior, normal, region
from spikedrift.config.sweeps import Sweep
from spikedrift.sweeps.rows import axis_values

AXES = [
    {"name": "lasts", "title": "", "low": 1.0, "high": 100.0, "scale": "log"},
    {"name": "day", "title": "share", "low": -1.0, "high": 3.0, "scale": "linear"},
]


def test_values_go_to_the_cube_and_back():
    space = Space.of(AXES)
    assert space.titles == ("lasts", "share")
    unit = np.random.default_rng(1).random((4, 5, 2))
    np.testing.assert_allclose(space.unit(space.values(unit)), unit, atol=1e-12)
    np.testing.assert_allclose(space.values(np.array([0.5, 0.25])), [10.0, 0.0])
    np.testing.assert_allclose(cube(normal(unit)), unit, atol=1e-12)


def test_ends_of_an_axis_have_finite_quantiles():
    space = Space.of(AXES)
    ends = np.array([[1.0, -1.0], [100.0, 3.0]])
    assert np.isfinite(normal(space.unit(ends))).all()


@pytest.mark.parametrize("sampling", ["random", "latin_hypercube"])
def test_draws_of_a_sweep_are_even_in_the_cube(sampling):
    axes = [
        {"name": "lasts", "keys": ["a"], "low": 1.0, "high": 100.0, "scale": "log"},
        {"name": "day", "keys": ["b"], "low": -1.0, "high": 3.0},
    ]
    sweep = Sweep(variants=({"name": "v"},), axes=axes, sampling=sampling, samples=500)
    rows = axis_values(sweep, sweep.axes)
    unit = Space.of(AXES).unit(np.array([[row["lasts"], row["day"]] for row in rows]))
    for column in unit.T:
        assert scipy.stats.kstest(column, "uniform").pvalue > 0.01


@pytest.mark.parametrize("spread", [0.2, 0.5])
def test_region_is_the_shortest_that_holds_the_mass(spread):
    places = np.random.default_rng(2).standard_normal((50_000, 1))
    log_density = scipy.stats.norm(0, spread).logpdf(places[:, 0])
    inside = region(log_density - log_prior(places), 0.95)
    end = scipy.stats.norm(0, spread).ppf(0.975)
    np.testing.assert_array_equal(inside, np.abs(places[:, 0]) <= np.abs(places[inside, 0]).max())
    share = 2 * scipy.stats.norm.cdf(end) - 1
    assert abs(inside.mean() - share) < 0.01


def test_region_of_the_prior_is_its_mass():
    assert abs(region(np.zeros(1000), 0.95).mean() - 0.95) < 0.002
