"""Siegert's rate against the integral, simulated cells and limits; and its inverse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import erfcx

from spikedrift.core.errors import InputError
from spikedrift.training.siegert import Cell, mean_input, rate

DT = 1e-4  # s


def fired(cell, mean, n_cells, n_steps, seed):
    """Rate of simulated cells, Hz; exact between steps, crossings within a step included."""
    rng = np.random.default_rng(seed)
    v = np.zeros(n_cells)
    colored = np.zeros(n_cells)
    keep = np.exp(-DT / cell.tau)
    settled, count = n_steps // 5, 0
    dead = np.zeros(n_cells, int)
    of_noise = cell.sd * np.sqrt(cell.tau / cell.tau_syn) if cell.tau_syn else 0.0
    fades = np.exp(-DT / cell.tau_syn) if cell.tau_syn else 0.0
    for step in range(n_steps):
        before = v
        draw = rng.standard_normal(n_cells)
        if cell.tau_syn:
            v = mean + colored + (v - mean - colored) * keep
            colored = colored * fades + of_noise * np.sqrt(1 - fades**2) * draw
            spikes = v > cell.threshold
        else:
            v = mean + (v - mean) * keep + cell.sd * np.sqrt(1 - keep**2) * draw
            # A path between two points below the threshold touches it with this probability.
            apart = (cell.threshold - before) * (cell.threshold - v)
            touches = np.exp(-apart * cell.tau / (cell.sd**2 * DT)) > rng.random(n_cells)
            spikes = (v > cell.threshold) | touches
        v = np.where(dead > 0, cell.reset, v)
        spikes &= dead <= 0
        dead -= 1
        v = np.where(spikes, cell.reset, v)
        dead[spikes] = round(cell.dead_time / DT)
        count += spikes.sum() if step >= settled else 0
    return count / (n_cells * (n_steps - settled) * DT)


@pytest.mark.parametrize("mean, sd, dead", [(0.5, 0.3, 0.0), (0.9, 0.2, 0.002), (1.4, 0.4, 0.002)])
def test_a_simulated_cell_with_white_noise_has_this_rate(mean, sd, dead):
    cell = Cell(sd, dead_time=dead)
    found = fired(cell, mean, 2000, 3000, 1)
    # Some 2000 * 0.24 s * rate spikes, hardly less regular than Poisson's; 4 of their SD.
    expected = rate(cell, mean)
    assert found == pytest.approx(expected, abs=4 * np.sqrt(expected / 480) + 0.004 * expected)


def test_a_simulated_cell_with_colored_noise_has_this_rate_and_not_that_of_white_noise():
    cell = Cell(0.4, tau=0.02, tau_syn=0.001)
    found = fired(cell, 0.8, 2000, 5000, 2)
    assert found == pytest.approx(rate(cell, 0.8), rel=0.03)
    assert found < 0.85 * rate(Cell(0.4, tau=0.02), 0.8)


@pytest.mark.parametrize("mean", [-2.0, 0.0, 0.5, 0.999, 1.0, 1.5, 30.0, 1e4])
@pytest.mark.parametrize("sd", [0.1, 0.3, 2.0])
def test_it_is_the_integral(mean, sd):
    cell = Cell(sd, tau=0.015, dead_time=0.003, reset=-0.2)
    ends = [(edge - mean) / (np.sqrt(2) * sd) for edge in (-0.2, 1.0)]
    if ends[1] > 20:
        assert rate(cell, mean) < 1e-170
        return
    whole, _ = quad(lambda u: erfcx(-u), *ends, epsabs=0, epsrel=1e-12, limit=1000)
    expected = 1 / (0.003 + 0.015 * np.sqrt(np.pi) * whole)
    assert rate(cell, mean) == pytest.approx(expected, rel=1e-11)


def test_limits():
    quiet = Cell(1e-5, dead_time=0.002)
    regular = 1 / (0.002 + 0.01 * np.log(1.5 / 0.5))
    assert rate(quiet, 1.5) == pytest.approx(regular, rel=1e-8)
    assert rate(quiet, 0.9) == 0
    assert rate(Cell(0.3, dead_time=0.002), 1e9) == pytest.approx(500, rel=1e-6)
    assert rate(Cell(0.3, tau_syn=1e-14), 0.8) == pytest.approx(rate(Cell(0.3), 0.8), rel=1e-5)
    assert (np.diff(rate(Cell(0.2), np.linspace(-1, 4, 200))) > 0).all()


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0.05, 3), st.floats(0.001, 0.05), st.floats(0, 0.005), st.floats(0, 0.005),
    st.lists(st.floats(1e-3, 190), min_size=1, max_size=8),
)  # fmt: skip
def test_the_inverse_gives_the_rate_back(sd, tau, dead, tau_syn, rates):
    cell = Cell(sd, tau=tau, dead_time=dead, tau_syn=tau_syn)
    found = mean_input(cell, rates)
    np.testing.assert_allclose(rate(cell, found), rates, rtol=1e-9)


def test_the_inverse_keeps_shapes_and_order():
    rates = np.geomspace(1e-30, 5e3, 24).reshape(2, 3, 4)
    cell = Cell(0.3, tau_syn=0.003)
    found = mean_input(cell, rates)
    assert found.shape == (2, 3, 4) and (np.diff(found.ravel()) > 0).all()
    assert mean_input(cell, 20.0).shape == () and mean_input(cell, []).shape == (0,)
    np.testing.assert_allclose(rate(cell, found), rates, rtol=1e-9)


@pytest.mark.parametrize(
    "rates, words",
    [
        ([1.0, np.nan], r"a rate of nan Hz at 1 is out of reach"),
        ([[1.0, 0.0]], r"a rate of 0 Hz at \(0, 1\) is out of reach"),
        ([-1.0], r"a rate of -1 Hz at 0"),
        ([1.0, 500.0], r"500 Hz at 1 is out of reach: a cell has rates above 0 and below 500 Hz"),
        (np.inf, r"a rate of inf Hz is out of reach"),
    ],
)
def test_a_rate_out_of_reach_is_one_line(rates, words):
    with pytest.raises(InputError, match=words) as error:
        mean_input(Cell(0.3, dead_time=0.002), rates)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "changed", [{"sd": 0.0}, {"sd": np.nan}, {"tau": -1.0}, {"dead_time": -1.0}, {"reset": 1.0}]
)
def test_no_such_cell_is_one_line(changed):
    with pytest.raises(InputError, match="transfer function: "):
        Cell(**{"sd": 0.3, **changed})
