"""Template reliability against numpy, and where it must move."""

import numpy as np

from spikedrift.analyses.contract.analysis import analyze
from spikedrift.analyses.template_reliability import template_correlations
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.sources.synthetic import record


def test_against_corrcoef_with_the_trial_left_out():
    rng = np.random.default_rng(1)
    n_trials, n_units = 24, 15
    segment, block = np.arange(n_trials) % 3, np.arange(n_trials) // 12
    response = rng.gamma(2.0, 1.0, (n_trials, n_units))
    observed = rng.random((n_trials, n_units)) > 0.1
    own, other = template_correlations(response, observed, segment, block, 3)
    masked = np.where(observed, response, np.nan)
    for trial in range(n_trials):
        for b in (0, 1):
            values = []
            for s in range(3):
                used = (segment == s) & (block == b) & (np.arange(n_trials) != trial)
                template = np.nanmean(masked[used], axis=0)
                both = np.isfinite(template) & observed[trial]
                values.append(np.corrcoef(template[both], response[trial][both])[0, 1])
            expected = values.pop(segment[trial])
            np.testing.assert_allclose(own[trial, b], expected, rtol=1e-10)
            np.testing.assert_allclose(other[trial, b], np.mean(values), rtol=1e-10)


def test_rate_drift_moves_it_and_event_times_do_not():
    base = {"segments": 6, "repeats": 6, "units": 60}
    options = {"surrogates": 99}
    drop = {}
    for name, knobs in {
        "none": {},
        "rate": {"rate_drift": 1.0},
        "timing": {"event_time_drift": 1.0},
    }.items():
        made = record(SyntheticOptions(**base, **knobs), "made.movie", 2)
        drop[name] = analyze(made, "template_reliability", options, 1).sel(statistic="drop")
    assert float(drop["rate"]["p_value"]) == 0.01
    assert float(drop["rate"]["value"]) > 10 * abs(float(drop["none"]["value"]))
    for name in ("none", "timing"):
        assert float(drop[name]["p_value"]) > 0.05
        assert abs(float(drop[name]["value"])) < 0.02


def test_same_seed_same_bits():
    made = record(SyntheticOptions(segments=3, repeats=4, units=20), "made.movie", 2)
    first, again, other = (
        analyze(made, "template_reliability", {"surrogates": 19}, seed) for seed in (1, 1, 2)
    )
    assert first.identical(again)
    assert not first["null_mean"].equals(other["null_mean"])
