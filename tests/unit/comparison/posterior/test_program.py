"""The program that trains: on a problem whose posterior is known, and what it refuses."""

import json

import numpy as np
import pytest
from running import ROOT

from spikedrift.bayesflow import BAYESFLOW
from spikedrift.comparison.posterior.calibration import ranks, uniformity
from spikedrift.config.posterior import Flows
from spikedrift.core.errors import InputError

pytestmark = [pytest.mark.bayesflow, pytest.mark.process]

NOISE, N, SETS = 0.5, 500, 100
AWAY = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, -1.0]])
SHRINK, SPREAD = 1 / (1 + NOISE**2), NOISE / np.sqrt(1 + NOISE**2)


def asked(folder, **flows):
    """Draws of the program for a Gaussian problem with two parameters and three statistics."""
    rng = np.random.default_rng(1)
    truth = rng.standard_normal((N + SETS, 2))
    seen = truth + NOISE * rng.standard_normal(truth.shape)
    x = np.column_stack([seen, rng.standard_normal(N + SETS)])
    data = folder / "data.npz"
    # Of the last set, about its mean: far out a flow knows the density less well.
    places = SHRINK * seen[-1] + SPREAD * AWAY
    np.savez(data, parameters=truth[:N], statistics=x[:N], asked=x[N:], places=places)
    options = Flows(members=3, depth=3, **flows).model_dump()
    options |= {"draws": 99, "density": 1, "seed": 3}
    output = folder / "draws.npz"
    BAYESFLOW.run(
        ROOT / BAYESFLOW.python, "posterior", given=json.dumps(options), data=data, output=output
    )
    with np.load(output) as file:
        return truth[N:], seen[N:], {name: file[name] for name in file.files}


def test_posterior_is_the_analytic_one_and_one_seed_gives_the_same_bits(tmp_path):
    truth, seen, found = asked(tmp_path)
    draws = found["draw"].astype(float)
    assert draws.shape == (SETS, 99, 2)
    off = draws.mean(axis=1) - SHRINK * seen
    assert np.sqrt((off**2).mean()) < 0.5 * SPREAD
    np.testing.assert_allclose(np.median(draws.std(axis=1), axis=0), SPREAD, rtol=0.2)
    assert (uniformity(ranks(truth, draws), 99, np.random.default_rng(1)).p_value > 0.01).all()
    exact = -0.5 * (AWAY**2).sum(axis=1) - np.log(2 * np.pi * SPREAD**2)
    np.testing.assert_allclose(found["log_density"][-1], exact, atol=0.5)
    assert set(json.loads(str(found["versions"]))) == {"bayesflow", "jax", "keras", "numpy"}
    *_, again = asked(tmp_path)
    for name in ("draw", "log_density", "loss"):
        np.testing.assert_array_equal(found[name], again[name])


def test_training_that_does_not_converge_is_one_line(tmp_path):
    with pytest.raises(InputError, match="training did not converge"):
        asked(tmp_path, rate=1e30, epochs=3)
