"""Index files: what a recording whose order of trials is assumed may say."""

import numpy as np
import pytest

from spikedrift.config.drift import CurveOptions, DriftOptions, SignalOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.drift.signal.recording import drift_values
from spikedrift.sources.synthetic import record

OPTIONS = DriftOptions(
    curves=CurveOptions(bootstrap=20, halves=4), index=SignalOptions(flips=99, bootstrap=99)
)


@pytest.mark.fault("trials", "a test of drift where the order of trials is assumed")
def test_an_assumed_order_leaves_no_test_of_drift():
    recording = record(
        SyntheticOptions(units=40, segments=5, repeats=6, rate_drift=0.5, event_time_drift=0.5),
        "m.movie",
        1,
    )
    known = drift_values(recording, OPTIONS, 1).sel(matching="none")
    assumed = drift_values(recording.assign_attrs(trial_order_known=0), OPTIONS, 1)
    tests = {name for name in known if name.endswith("p_value")}
    assert tests >= {"p_value", "unshifted_p_value", "difference_p_value"}
    assert np.isfinite(known["unshifted_p_value"].sel(code="timing"))
    # Whether there is a code does not rest on the order of trials.
    assert all(assumed[name].isnull().all() for name in tests - {"code_p_value"})
    assert np.isfinite(assumed["code_p_value"].sel(matching="none")).all()
    assert "no test" in assumed.attrs["inference"]
    np.testing.assert_array_equal(assumed["index"].sel(matching="none"), known["index"])
