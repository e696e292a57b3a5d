"""Anchored indices of rate and timing of one recording, all trials and matched by state."""

import json
import logging
from operator import attrgetter

import numpy as np
import xarray as xr

from spikedrift.config.analyses import AnchoredOptions
from spikedrift.core.errors import InputError
from spikedrift.drift import gates
from spikedrift.drift.anchored.rate import rate_index
from spikedrift.drift.anchored.test import NAN, Anchored, Reading
from spikedrift.drift.anchored.timing import timing_index
from spikedrift.spikes.caveats import ASSUMED, need_blocks, order_known
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.state import match_state

log = logging.getLogger(__name__)

CODES = ("rate", "timing")
NONE = Anchored(
    Reading(NAN, NAN, NAN, NAN), n_within=0, n_between=0, gate_limit=NAN, gate=gates.NONE
)
MATCHING = ("none", "state")
NUMBERS = {
    "discrimination_within": ("reading.within", "S_w within blocks; rate: at matched gain"),
    "discrimination_between": ("reading.between", "S_b between blocks; rate: at matched gain"),
    "index": ("index", "effect size: 0 kept, 1 as if redrawn; timing: redraw-scaled, thinned"),
    "index_raw": ("index_raw", "(S_w - S_b) / S_w, statistic of the test; timing: not thinned"),
    "index_thinned": ("index_thinned", "(S_w - S_b) / S_w over thinnings, not redraw-scaled"),
    "index_ratio": ("index_ratio", "1 - Delta_between / sqrt(Delta_1 Delta_2), scaled as index"),
    "ratio_raw": ("ratio_raw", "the same as statistic of its test; timing: not thinned"),
    "p_value": ("p_value", "upper tail of the exchange test"),
    "ratio_p_value": ("ratio_p_value", "upper tail of the exchange test of ratio_raw"),
    "gate_p_value": ("gate.p_value", "upper tail of the gate test: is there a code"),
    "gate_limit": ("gate_limit", "S_w that the permutation surrogates reach"),
    "missing": ("reading.missing", "share of pairs of trials without enough shared units"),
    "shared_units": ("reading.shared", "median number of shared units of a pair"),
}

TEST = ("p_value", "ratio_p_value", "null", "null_ratio", "null_mean", "null_low", "null_high")
INFERENCE = (
    "descriptive index of one recording with its exchange test; inference about drift is over "
    "animals or network instances"
)
NO_TEST = f"descriptive index of one recording, no test: {ASSUMED}"


def anchored_indices(dataset: xr.Dataset, options: AnchoredOptions, seed: int) -> xr.Dataset:
    """Anchored indices of rate and timing between blocks, with gates and exchange tests.

    Two-photon events have no timing: there is no index of it, and `gate_note` says why.

    Parameters
    ----------
    dataset : trials Dataset
        After its selection; two blocks or more.
    options : AnchoredOptions
    seed : int

    Returns
    -------
    Dataset
        Dims `matching` (none: all trials; state: trials matched by behavior state; NaN where they
        cannot be, attribute `state_note` says why), `code` (rate, timing), `surrogate`.

        * (matching, code), float64: `discrimination_within`, `discrimination_between`, `index`,
          `index_raw`, `index_thinned`, `index_ratio`, `ratio_raw`, `p_value`, `ratio_p_value`,
          `gate_p_value`, `gate_limit`, `missing`, `shared_units`, `null_mean`, `null_low`,
          `null_high` (2.5 and 97.5 % of the index under the test's null), `standard_error` (its
          standard deviation); what speaks of drift is NaN where there is no index. Where the order
          of trials is assumed there is no test: its numbers are NaN.
        * (matching, code): `gate_passed` (bool), `gate` (str, of `spikedrift.drift.gates`: open or
          why not), `gate_note` (str, the same with its numbers), `n_within`, `n_between` (int64,
          pairs of trials of one segment), `n_trials` (int64).
        * (matching, code, surrogate), float64: `null` and `null_ratio`, the index and the ratio
          index of every exchange surrogate.

        Attributes: those of the recording, `seed`, `options` (JSON), `n_units`, `state_note`,
        `state_*` of `match_state`, `inference`.

    Raises
    ------
    InputError
        For a single block, or segments shown once.
    """
    layout = Layout.of(dataset)
    need_blocks(layout, "an anchored index")
    found: dict[str, dict[str, Anchored] | None] = {"none": _both(layout, options, seed)}
    n_trials = {"none": dataset.sizes["trial"], "state": 0}
    state: dict[str, object] = {"state_note": ""}
    try:
        matched = Layout.of(match_state(layout, options.state))
    except InputError as error:
        log.info("no state-matched index: %s", error)
        found["state"] = None
        state["state_note"] = str(error)
    else:
        found["state"] = _both(matched, options, seed)
        n_trials["state"] = matched.dataset.sizes["trial"]
        state.update({k: v for k, v in matched.dataset.attrs.items() if k.startswith("state_")})
    joined, inference = _join(found, n_trials, options), INFERENCE
    if not order_known(dataset.attrs):
        joined, inference = joined.assign({name: joined[name] * np.nan for name in TEST}), NO_TEST
    return joined.assign_attrs(
        {
            **dataset.attrs,
            **state,
            "seed": seed,
            "options": json.dumps(options.model_dump(), sort_keys=True),
            "n_units": dataset.sizes["unit"],
            "inference": inference,
            "assumptions_test": "exchange test: trials and units independent given the segment "
            "(rate), spikes independent given the segment (timing)",
        }
    )


def _both(layout: Layout, options: AnchoredOptions, seed: int) -> dict[str, Anchored]:
    return {
        "rate": rate_index(layout, options, seed),
        "timing": timing_index(layout, options, seed) if layout.timed else NONE,
    }


def _join(
    found: dict[str, dict[str, Anchored] | None], n_trials: dict[str, int], options: AnchoredOptions
) -> xr.Dataset:
    dims, shape = ("matching", "code"), (len(MATCHING), len(CODES))
    numbers = {name: np.full(shape, np.nan) for name in NUMBERS}
    null, null_ratio = np.full((2, *shape, options.surrogates), np.nan)
    summary = {
        name: np.full(shape, np.nan)
        for name in ("null_mean", "null_low", "null_high", "standard_error")
    }
    passed = np.zeros(shape, bool)
    state, note = (np.full(shape, "", dtype=object) for _ in range(2))
    n_within, n_between = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for i, matching in enumerate(MATCHING):
        both = found[matching]
        if both is None:
            state[i], note[i] = gates.APART.state, gates.APART.words
            continue
        for j, code in enumerate(CODES):
            one = both[code]
            for name, (field, _) in NUMBERS.items():
                numbers[name][i, j] = attrgetter(field)(one)
            passed[i, j] = not one.no_index
            state[i, j], note[i, j] = one.gate.state, one.gate.words
            n_within[i, j], n_between[i, j] = one.n_within, one.n_between
            if not one.no_index:
                null[i, j], null_ratio[i, j] = one.null, one.null_ratio
                summary["null_mean"][i, j] = np.nanmean(one.null)
                low, high = np.nanquantile(one.null, [0.025, 0.975])
                summary["null_low"][i, j], summary["null_high"][i, j] = low, high
            if one.null.size:
                summary["standard_error"][i, j] = np.nanstd(one.null)
    out = xr.Dataset(
        {
            **{
                name: (dims, numbers[name], {"units": "1", "long_name": meaning})
                for name, (_, meaning) in NUMBERS.items()
            },
            **{name: (dims, value, {"units": "1"}) for name, value in summary.items()},
            "null": ((*dims, "surrogate"), null, {"units": "1"}),
            "null_ratio": ((*dims, "surrogate"), null_ratio, {"units": "1"}),
            "gate_passed": (dims, passed),
            "gate": (dims, state),
            "gate_note": (dims, note),
            "n_within": (dims, n_within),
            "n_between": (dims, n_between),
            "n_trials": (
                dims,
                np.repeat([[n_trials[matching]] for matching in MATCHING], len(CODES), axis=1),
            ),
        },
        coords={"matching": list(MATCHING), "code": list(CODES)},
    )
    return out
