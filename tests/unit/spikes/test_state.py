import itertools

import numpy as np
import pandas as pd
import pytest

from spikedrift import trials
from spikedrift.config.drift import StateOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.state import covariates, match_state


def recording(seed=0, **knobs):
    options = {
        "segments": 4,
        "repeats": 12,
        "units": 15,
        "state_shift": 1.0,
        "state_coefficient": 0.5,
    }
    return record(SyntheticOptions(**{**options, **knobs}), "test.movie", seed)


def test_matched_blocks_have_the_same_trials_a_segment_and_nearly_the_same_state():
    dataset = recording()
    out = match_state(Layout.of(dataset), StateOptions())
    trials.check(out)
    table = pd.crosstab(out["segment"].values, out["block"].values)
    assert (table[0] == table[1]).all()
    assert (table >= 3).all(axis=None)
    assert out.attrs["state_covariates"] == "running_speed,pupil_area"
    assert out.attrs["state_matched_trials"] == out.sizes["trial"] < dataset.sizes["trial"]
    assert out.attrs["state_difference_before"] > 0.7
    assert out.attrs["state_difference_after"] < 0.3


@pytest.mark.parametrize("seed", range(5))
def test_matching_is_the_best_assignment(seed):
    """Against all assignments of one small segment: most pairs first, then least distance."""
    dataset = recording(seed, segments=2, repeats=6)
    options = StateOptions(caliper=1.0, min_repeats=2, min_segments=2)
    _, state = covariates(dataset)
    out = match_state(Layout.of(dataset), options)
    segment, block = dataset["segment"].values, dataset["block"].values
    for s in (0, 1):
        one, two = (np.flatnonzero((segment == s) & (block == b)) for b in (0, 1))
        distance = np.linalg.norm(state[one][:, None] - state[two], axis=-1)
        best = (-1, np.inf, ())
        for order in itertools.permutations(range(6)):
            d = distance[range(6), order]
            good = d <= options.caliper
            candidate = (int(good.sum()), float(d[good].sum()))
            if (-candidate[0], candidate[1]) < (-best[0], best[1]):
                kept = (*one[good], *two[np.array(order)[good]])
                best = (*candidate, tuple(sorted(kept)))
        here = out["segment"].values == s
        kept = set(zip(out["repeat"].values[here], out["block"].values[here], strict=True))
        expected = {(dataset["repeat"].values[t], block[t]) for t in best[2]}
        assert kept == expected


def test_one_covariate_is_enough():
    dataset = recording()
    dataset["pupil_area"] = ("trial", np.full(dataset.sizes["trial"], np.nan))
    assert (
        match_state(Layout.of(dataset), StateOptions()).attrs["state_covariates"] == "running_speed"
    )


def test_trials_without_a_state_are_left_out():
    dataset = recording()
    pupil = dataset["pupil_area"].values.copy()
    pupil[::5] = np.nan
    dataset["pupil_area"] = ("trial", pupil)
    assert np.isfinite(match_state(Layout.of(dataset), StateOptions())["pupil_area"]).all()


def test_refusals_name_what_is_missing():
    dataset = recording()
    blind = dataset.copy()
    for name in ("running_speed", "pupil_area"):
        blind[name] = ("trial", np.zeros(dataset.sizes["trial"]))
    with pytest.raises(InputError, match="no behavioral covariates"):
        match_state(Layout.of(blind), StateOptions())
    with pytest.raises(InputError, match="two blocks, there are 3"):
        match_state(Layout.of(recording(blocks=3)), StateOptions())
    with pytest.raises(InputError, match=r"0 segments have 3 trials a block .* widen the caliper"):
        match_state(Layout.of(dataset), StateOptions(caliper=1e-9))
