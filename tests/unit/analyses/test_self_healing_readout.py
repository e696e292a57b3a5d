"""Readouts of a drifting code against closed forms and a simulated code of known drift."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from spikedrift.analyses.contract.analysis import analyze
from spikedrift.analyses.methods.readout import READOUTS, bumps, heal, learn, winners
from spikedrift.analyses.self_healing_readout import follow
from spikedrift.config.analyses import SelfHealingReadoutOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.sources.synthetic import record
from spikedrift.trials import select

SEGMENTS, FEATURES, TAU = 60, 120, 100.0  # Rule & O'Leary 2022, and 0.1 for the width of features
OPTIONS = SelfHealingReadoutOptions(ring=True)


def code(days: int, seed: int, log: bool) -> np.ndarray:
    """Smooth tuning on a ring that drifts as an Ornstein-Uhlenbeck process: (day, segment, k).

    Gaussian tuning with a Gaussian spectrum, exponentiated (`log`) and set to mean 4 and standard
    deviation 5 of every feature and day.
    """
    rng = np.random.default_rng(seed)
    wave = np.arange(SEGMENTS // 2 + 1)
    spectrum = np.exp(-0.5 * (wave * 2 * np.pi * 0.1 / np.sqrt(2)) ** 2)
    weight = np.where((wave == 0) | (wave == SEGMENTS // 2), 1, 2)
    spread = np.sqrt((weight * spectrum**2).sum() / SEGMENTS)

    def draw() -> np.ndarray:
        noise = np.fft.rfft(rng.standard_normal((FEATURES, SEGMENTS)))
        return np.fft.irfft(noise * spectrum, SEGMENTS) / spread

    keep = np.exp(-1 / TAU)
    tuning, out = draw(), np.empty((days, SEGMENTS, FEATURES))
    for day in range(days):
        x = tuning
        if log:
            x = np.exp(tuning)
            x = 4 + 5 * (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
        out[day] = x.T
        tuning = keep * tuning + np.sqrt(1 - keep**2) * draw()
    return out


def value(result: xr.Dataset, name: str, column: str = "value") -> float:
    return float(result[column].sel(statistic=name))


def test_a_fixed_readout_decays_with_the_tuning():
    slopes = []
    for seed in range(12):
        x = code(201, seed, log=False)
        readout = learn(x[0], bumps(SEGMENTS, 0.06, True))
        drive = np.stack([readout.drive(each) for each in x[[0, 50, 100, 200]]])
        drive -= drive.mean(axis=1, keepdims=True)
        slopes.append((drive * drive[0]).sum(axis=(1, 2)) / (drive[0] ** 2).sum())
    error = np.std(slopes, axis=0) / np.sqrt(12)
    expected = np.exp(-np.array([0, 50, 100, 200]) / TAU)
    assert (np.abs(np.mean(slopes, axis=0) - expected) < 4 * error + 1e-9).all()
    assert error.max() < 0.06


@pytest.mark.slow
def test_healing_readouts_outlast_the_fixed_one():
    days = 301
    shown = [np.arange(SEGMENTS)] * days
    fidelity = follow(list(code(days, 0, log=True)), shown, 1, OPTIONS)[1]
    mean = fidelity[:, 180:].mean(axis=1)  # days 181 to 300
    fixed, hebbian, normalized, recurrent = mean
    assert fixed < 0.4
    assert min(hebbian, normalized, recurrent) > fixed + 0.25
    # All follow small steps; a code drawn anew at once cannot be followed by any of them.
    jump = np.concatenate([code(1, 5, True), np.repeat(code(1, 6, True), 20, axis=0)])
    lost = follow(list(jump), [np.arange(SEGMENTS)] * 21, 1, OPTIONS)[1]
    assert np.abs(lost[:, -1]).max() < 0.5


def test_one_step_against_the_equations_written_out():
    x = code(2, 1, True)
    readout = learn(x[0], bumps(SEGMENTS, 0.06, True))
    options = SelfHealingReadoutOptions(iterations=1, ring=True)
    healed = heal(readout, x[1], "hebbian", options)
    z = (x[1] - x[0].mean(axis=0)) / np.sqrt(((x[0] - x[0].mean(axis=0)) ** 2).mean())
    for cell in (0, 17):
        y = np.exp(z @ readout.weight[cell] + readout.bias[cell])
        lost = (readout.spread[cell] - y.std()) / readout.spread[cell]
        hebb = np.mean((y - y.mean())[:, None] * z, axis=0) / (FEATURES * readout.spread[cell])
        np.testing.assert_allclose(
            healed.weight[cell],
            readout.weight[cell] + lost * (hebb - 1e-4 * readout.weight[cell]),
        )
        drop = (readout.mean[cell] - y.mean()) / readout.mean[cell]
        assert healed.bias[cell] == pytest.approx(readout.bias[cell] + 0.1 * drop)
        assert healed.gain[cell] == pytest.approx(1 + 0.001 * lost)


def test_homeostasis_returns_to_the_set_point_and_the_fixed_one_stays():
    x = code(1, 2, True)[0]
    readout = learn(x, bumps(SEGMENTS, 0.06, True))
    assert heal(readout, x, "fixed", OPTIONS) is readout
    shifted = replace(readout, bias=readout.bias - 0.7)
    before = shifted.response(x).mean(axis=0) / readout.mean
    after = heal(shifted, x, "hebbian", OPTIONS).response(x).mean(axis=0) / readout.mean
    assert before.max() < 0.6
    np.testing.assert_allclose(after, 1, atol=0.05)


def test_wanted_responses():
    wanted = bumps(60, 0.06, True)
    np.testing.assert_allclose(wanted, wanted.T)
    assert wanted[0, 59] == wanted[0, 1] == pytest.approx(np.exp(-0.5 / 3.6**2))
    assert bumps(60, 0.06, False)[0, 59] < 1e-12
    np.testing.assert_allclose(bumps(4, 0.06, False), np.eye(4), atol=1e-3)
    np.testing.assert_allclose(winners(wanted).sum(axis=1), 1)


def made(**knobs) -> xr.Dataset:
    base = {"segments": 6, "repeats": 10, "units": 100}
    return record(SyntheticOptions(**base | knobs), "made.movie", 3)


def test_on_recordings():
    still = analyze(made(), "self_healing_readout", {}, 1)
    drift = analyze(made(rate_drift=1.0), "self_healing_readout", {}, 1)
    for kind in READOUTS:
        assert value(still, f"{kind}.error_last") < 0.1
        # All rates drawn anew: nothing is left for any readout to follow.
        assert value(drift, f"{kind}.error_last") > 0.4
        assert value(drift, f"{kind}.error_first") < 0.1
    timing = analyze(made(event_time_drift=1.0), "self_healing_readout", {}, 1)
    assert value(timing, "fixed.error_last") < 0.1
    assert drift.identical(analyze(made(rate_drift=1.0), "self_healing_readout", {}, 1))


def test_missing_units_one_block_and_too_few_repeats():
    lost = analyze(made(unit_loss=0.3), "self_healing_readout", {}, 1)
    assert value(lost, "fixed.error_last") < 0.2
    dataset = made()
    one = select(dataset, trials=dataset["block"].values == 0)
    assert analyze(one, "self_healing_readout", {}, 1).sizes["repeat"] == 5
    with pytest.raises(InputError, match="four repeats"):
        analyze(select(dataset, trials=dataset["repeat"].values < 3), "self_healing_readout", {})
