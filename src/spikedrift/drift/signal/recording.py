"""Drift of one recording: the signal indices of both codes, with samples over units.

Figures, tables, comparisons and inference read the drift of a recording or a model instance from
these files. Trials matched by behavior state stand beside all trials: gains that follow a state do
not move the indices, tuning that follows it does.
"""

import json
import logging
from collections.abc import Mapping

import numpy as np
import xarray as xr

from spikedrift.config.drift import DriftOptions
from spikedrift.core.errors import InputError
from spikedrift.drift import gates
from spikedrift.drift.signal.aspects import (
    ASPECTS,
    OF_BLOCKS,
    Aspects,
    aspect_samples,
    aspect_values,
    aspects,
)
from spikedrift.drift.signal.contributions import Contributions
from spikedrift.drift.signal.index import NAN, NUMBERS
from spikedrift.drift.signal.indices import CODES, indices_of, signal_contributions
from spikedrift.drift.signal.magnitudes import MAGNITUDES, Sums, magnitudes
from spikedrift.drift.unit_samples import halved_units, resampled_units
from spikedrift.spikes.caveats import ASSUMED, order_known
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.state import match_state

log = logging.getLogger(__name__)

MATCHING = ("none", "state")
PAIRED = ("difference", "difference_low", "difference_high", "difference_p_value")
TESTS = ("p_value", "unshifted_p_value", "difference_p_value")  # of drift
CURVES = ("curve", "curve_low", "curve_high")
BLOCKS = ("block_power", "block_overlap", "block_gain", "block_gain_power")
SUMS = (*BLOCKS, "lag_power", "lag_overlap", "lag_known")
UNTESTED = f"descriptive indices of one recording, no test: {ASSUMED}"


def recording_drift(dataset: xr.Dataset, options: DriftOptions, seed: int) -> xr.Dataset:
    """Signal indices of a recording, of all trials and of those matched by state.

    Parameters
    ----------
    dataset : trials Dataset
        After its selection: trials of one duration.
    options : DriftOptions
        `index` and `state`, and the numbers of resamples and halves of `curves`.
    seed : int

    Returns
    -------
    Dataset
        What `drift_values` returns, and

        * `statistic_sample` (sample, statistic), `half_statistic` (split, half, statistic):
          float64, `{code}_{drop, gap, step, gain}` and the aspects, for resamples and halves of the
          units. Curves
          and profile of the recording use the same resamples and halves: samples of all files are
          joint.

    Raises
    ------
    InputError
        For fewer than four units, or where no block has two repeats.
    """
    out, found, made = _values(dataset, options, seed)
    halves = halved_units(dataset, options.curves.halves, seed)
    parts = [
        _sampled(out, found, made, units)
        for units in (
            resampled_units(dataset, options.curves.bootstrap, seed),
            halves.reshape(-1, halves.shape[2]),
        )
    ]
    return out.assign(
        statistic_sample=(("sample", "statistic"), parts[0]),
        half_statistic=(("split", "half", "statistic"), parts[1].reshape(*halves.shape[:2], -1)),
    ).assign_coords(
        statistic=[*(f"{code}_{name}" for code in CODES for name in MAGNITUDES), *ASPECTS]
    )


def drift_values(dataset: xr.Dataset, options: DriftOptions, seed: int) -> xr.Dataset:
    """`recording_drift` without samples; parameters are the same.

    Returns
    -------
    Dataset
        Dims `matching` (none: all trials; state: trials matched by behavior state, NaN where they
        cannot be, attribute `state_note` says why), `code` (rate, timing), `relation` (within,
        between), `lag` (repeats), `block`.

        * (matching, code): the numbers of `spikedrift.drift.signal.indices.signal_indices`, `gate`
          and `gate_note` (str, of `spikedrift.drift.gates`), `gate_passed` (bool: there is an
          index); `n_trials` (matching).
        * (matching,): `difference` with its interval and test, timing less rate.
        * for all trials, as in `signal_indices`: `curve` with its band, `n_pairs`, `depth`,
          `depth_change` with its interval.
        * for all trials, sums over units for `spikedrift.drift.signal.magnitudes`: `block_power`,
          `block_overlap`, `block_gain`, `block_gain_power` (code), `lag_power`, `lag_overlap`,
          `lag_known` (code, relation, lag); NaN where there is no index, except in recordings with
          one block.
        * for all trials, `aspect_value` and `aspect_note` (aspect): what the indices do not tell
          (`spikedrift.drift.signal.aspects`), and why there is none.

        `p_value` and `difference_p_value` are NaN where the order of trials is assumed. Attributes:
        those of the recording, `seed`, `options` (JSON), `n_units`, `n_segments`, `state_*` of
        `match_state`, `inference`.

    Raises
    ------
    InputError
        For a single unit, or where no block has two repeats.
    """
    return _values(dataset, options, seed)[0]


def _values(
    dataset: xr.Dataset, options: DriftOptions, seed: int
) -> tuple[xr.Dataset, Mapping[str, Contributions], Aspects]:
    layout = Layout.of(dataset)
    found, missing, note = signal_contributions(layout, options.index, seed)
    every = indices_of(dataset, found, missing, note, options.index, seed)
    matched, state, n_matched = _matched(layout, options, seed)
    both = xr.concat(
        [_numbers(one) for one in (every, matched)],
        xr.DataArray(list(MATCHING), dims="matching", name="matching"),
        combine_attrs="drop",
    )
    lone = [*CURVES, "n_pairs", "depth", "depth_change", "depth_change_low", "depth_change_high"]
    out = both.merge(every[lone], combine_attrs="override").merge(_sums(every, found))
    made = aspects(layout, found.get("rate"), every.sel(code="rate"), options.index, seed)
    out = out.merge(aspect_values(made, every.attrs["n_units"]))
    out["n_trials"] = ("matching", [dataset.sizes["trial"], n_matched])
    attributes = dict(every.attrs)
    if not order_known(dataset.attrs):
        out = out.assign({name: out[name] * NAN for name in TESTS})
        attributes["inference"] = UNTESTED
    attributes["n_segments"] = layout.n_segments
    options_used = options.model_dump(include={"index": True, "state": True})
    attributes["options"] = json.dumps(options_used, sort_keys=True)
    return out.assign_attrs({**attributes, **state}), found, made


def aspects_over_blocks(dataset: xr.Dataset, options: DriftOptions, seed: int) -> xr.Dataset:
    """`aspect_value` and `aspect_note` of the aspects that take three or more blocks.

    For sessions whose other results are of two blocks each; parameters are those of `drift_values`.
    """
    layout = Layout.of(dataset)
    found, missing, note = signal_contributions(layout, options.index, seed, timing=False)
    missing = {"timing": gates.NONE, **missing}
    every = indices_of(dataset, found, missing, note, options.index, seed)
    made = aspects(layout, found.get("rate"), every.sel(code="rate"), options.index, seed)
    return aspect_values(made, every.attrs["n_units"]).sel(aspect=list(OF_BLOCKS))


def _matched(
    layout: Layout, options: DriftOptions, seed: int
) -> tuple[xr.Dataset | None, dict[str, object], int]:
    """Indices of trials matched by state, what to say of the matching, and trials left."""
    try:
        matched = match_state(layout, options.state)
        parts = signal_contributions(Layout.of(matched), options.index, seed)
        found = indices_of(matched, *parts, options.index, seed)
    except InputError as error:
        log.info("no state-matched index: %s", error)
        return None, {"state_note": str(error)}, 0
    state = {k: v for k, v in matched.attrs.items() if k.startswith("state_")}
    return found, {"state_note": "", **state}, matched.sizes["trial"]


def _numbers(found: xr.Dataset | None) -> xr.Dataset:
    """What all trials and matched ones both have; NaN where there is none."""
    if found is None:
        one = xr.Dataset(
            {name: ("code", [NAN] * len(CODES)) for name in NUMBERS}
            | dict.fromkeys(PAIRED, ((), NAN))
            | {
                "gate": ("code", [gates.APART.state] * len(CODES)),
                "gate_note": ("code", [gates.APART.words] * len(CODES)),
            },
            coords={"code": list(CODES)},
        )
    else:
        one = found[[*NUMBERS, *PAIRED, "gate", "gate_note"]].drop_attrs()
    one = one.assign(gate_passed=np.isfinite(one["index"]))
    for name in (*NUMBERS, *PAIRED):
        one[name].attrs["units"] = "1"
    return one


def _sums(every: xr.Dataset, found: Mapping[str, Contributions]) -> xr.Dataset:
    """Sums over units by code; NaN where there is no index, except with a single block."""
    lags = every["lag"].values
    sums = {name: np.full((len(CODES), 2, lags.size), NAN) for name in SUMS[len(BLOCKS) :]}
    blocks = {name: np.full(len(CODES), NAN) for name in BLOCKS}
    for k, code in enumerate(CODES):
        there = np.isfinite(every["index"].values[k])
        if there or str(every["gate"].values[k]) == gates.LONE:
            one = _weighted(found[code], np.ones((1, every.attrs["n_units"])), lags)
            sums["lag_power"][k], sums["lag_overlap"][k] = one.lag_power[0], one.lag_overlap[0]
            sums["lag_known"][k] = one.lag_known
            of_blocks = (one.power, one.overlap, one.gain, one.gain_power)
            for name, (value,) in zip(BLOCKS, of_blocks, strict=True):
                blocks[name][k] = value
    return xr.Dataset(
        {
            **{name: ("code", value) for name, value in blocks.items()},
            **{name: (("code", "relation", "lag"), value) for name, value in sums.items()},
        },
        coords={"code": list(CODES), "relation": ["within", "between"], "lag": lags},
    )


def _weighted(found: Contributions, weight: np.ndarray, lags: np.ndarray) -> Sums:
    """Sums over units, weighted: (n_rows, n_units) -> (n_rows, ...)."""
    n_rows, n_units = weight.shape

    def total(values: np.ndarray) -> np.ndarray:
        summed = weight @ values.reshape(n_units, -1)
        return np.asarray(summed.reshape(n_rows, *values.shape[1:]))

    return Sums(
        power=total(found.power.sum(axis=(1, 2))),
        overlap=total(found.overlap.sum(axis=(1, 2))),
        gain=total(found.gain.sum(axis=(1, 2))),
        gain_power=total(found.gain_power.sum(axis=(1, 2))),
        lag_power=total(found.lag_power[:, :, lags]),
        lag_overlap=total(found.lag_overlap[:, :, lags]),
        lag_known=found.lag_known[:, lags],
    )


def _sampled(
    out: xr.Dataset, found: Mapping[str, Contributions], made: Aspects, units: np.ndarray
) -> np.ndarray:
    """Magnitudes and aspects of rows of units, with units as often as they occur there.

    Float64, shape (n_rows, 2 x 4 + n_aspects).
    """
    n_units, lags = int(out.attrs["n_units"]), out["lag"].values
    weight = np.stack([np.bincount(row, minlength=n_units) for row in units]).astype(float)
    parts = []
    for code in CODES:
        if np.isnan(out["lag_power"].sel(code=code)).all():
            parts.append(np.full((len(units), len(MAGNITUDES)), NAN))
            continue
        sums = _weighted(found[code], weight, lags)
        parts.append(magnitudes(sums, lags, chance_of(out, code)))
    return np.concatenate([*parts, aspect_samples(made, weight)], axis=1)


def chance_of(file: xr.Dataset, code: str) -> float:
    """Q over P P of signals of other units; 0, so that the scale is 1, where there is none."""
    chance = float(file["chance"].sel(code=code, matching="none"))
    return chance if np.isfinite(chance) else 0.0


def magnitudes_of(file: xr.Dataset, code: str, most: float = np.inf) -> dict[str, np.ndarray]:
    """Drop, gap, step and gain of all trials from a file of `drift_values`.

    Parameters
    ----------
    file : Dataset
    code : str
    most : float
        Largest lag of the drop, in repeats.

    Returns
    -------
    dict of name -> float64, shape ()
    """
    values = magnitudes(sums_of(file, code), file["lag"].values, chance_of(file, code), most)
    return dict(zip(MAGNITUDES, values, strict=True))


def sums_of(file: xr.Dataset, code: str) -> Sums:
    """Sums over units for one code of a file of `drift_values`."""
    return Sums(*(file[name].sel(code=code).values for name in SUMS))
