"""Signal indices of drift, for the rate code and for the timing code on one scale.

The index between blocks (`spikedrift.drift.signal.index`), curves against lag, and the depth of
the code by block.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from spikedrift.config.drift import SignalOptions
from spikedrift.core.errors import InputError
from spikedrift.drift import gates
from spikedrift.drift.bands import centered
from spikedrift.drift.signal.contributions import Contributions, contributions
from spikedrift.drift.signal.index import NAN, NUMBERS, SignalIndex, block_index, difference
from spikedrift.drift.signal.inference import ratio_influence, resampled_ratios, student_interval
from spikedrift.drift.signal.occasions import occasions
from spikedrift.drift.signal.repeats import rows_of
from spikedrift.drift.signal.responses import amounts, profiles, tuning
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import stream

CODES = ("rate", "timing")
MIN_SEGMENTS = 3  # tuning over two segments has one dimension: its direction cannot change
ELEMENTS = 2_000_000  # numbers of responses held in memory at a time
INFERENCE = (
    "over the units and over the repeats of one recording: a test rejects where both would; "
    "inference about drift is over animals or network instances"
)


def signal_contributions(
    layout: Layout, options: SignalOptions, seed: int, timing: bool = True
) -> tuple[dict[str, Contributions], dict[str, gates.Gate], str]:
    """Contributions of every unit by code, why a code is missing, and how repeats were made.

    Parameters
    ----------
    layout : Layout
        After its selection: trials of one duration.
    options : SignalOptions
    seed : int
        Seed of the order in which units become partners for the overlap of a redraw.
    timing : bool
        Whether the timing code is asked for beside the rate code.

    Returns
    -------
    found : dict of code -> Contributions
    missing : dict of code -> Gate
        Why a code has no contributions.
    note : str
        How repeats were made of remaining trials; empty where they are as shown.

    Raises
    ------
    InputError
        For a single unit, or where no block has two repeats.
    """
    name, spikes = layout.name, layout.events
    n_units = spikes.counts.shape[1]
    order = stream(seed, name, "signal", "partners").permutation(n_units)
    rows = rows_of(layout)
    times = occasions(rows.block, rows.position, options.window, rows.part)
    longest = times.block.sum(axis=1)
    if longest.max() < 2 or n_units < 2:
        # Often the time between trials was taken for a break: many blocks of one repeat each.
        raise InputError(
            f"{name}: a signal index needs two units, and two repeats of a block "
            f"(units: {n_units}, blocks: {np.count_nonzero(longest)}, "
            f"repeats in the longest: {longest.max()})"
        )
    found, missing = {}, {}
    n_segments = rows.table.shape[1]
    if n_segments < MIN_SEGMENTS:
        missing["rate"] = gates.untuned(n_segments, MIN_SEGMENTS)
    else:
        chunks = tuning(spikes, rows, order, amounts(layout), times.block, ELEMENTS)
        found["rate"] = contributions(chunks, times, n_units, options.exponent)
    if not timing:
        return found, missing, rows.note
    if not layout.timed:
        missing["timing"] = gates.NONE
    else:
        most = min(options.max_shift, options.bins // 4) if times.block.shape[0] > 1 else 0
        chunks = profiles(
            spikes, rows, order, options.bins, options.kernel, most, times.block, ELEMENTS
        )
        found["timing"] = contributions(chunks, times, n_units, options.exponent, most)
    return found, missing, rows.note


def signal_indices(dataset: xr.Dataset, options: SignalOptions, seed: int) -> xr.Dataset:
    """Signal indices of both codes with their curves, and their difference.

    Parameters
    ----------
    dataset : trials Dataset
        After its selection: trials of one duration.
    options : SignalOptions
    seed : int

    Returns
    -------
    Dataset
        Dims `code` (rate, timing), `relation` (within, between), `lag` (repeats), `block`.

        * (code,), float64: `index`, `standard_error`, `low`, `high`, `p_value`, `kept`, `chance`,
          `code_p_value`, `n_effective` as in `SignalIndex`; `gate` (str, see
          `spikedrift.drift.gates`) and `gate_note` (str), which say why there is no index.
          `index_unshifted` with `unshifted_standard_error`, `unshifted_low`, `unshifted_high`,
          `unshifted_p_value`, and `shift` (bins), the index and the shift of `SignalIndex.moved`:
          NaN for rate. `shift_time`: the shift in s.
        * (code, relation, lag), float64: `curve`, the power drawn anew between windows of repeats
          that lie a lag apart over the mean power at all lags of the relation, on the scale of
          `index`; `curve_low`, `curve_high`, bootstrap over units (`spikedrift.drift.bands`); NaN
          where there is no such pair. `n_pairs` (relation, lag), pairs of windows.
        * (code, block), float64: `depth`, standard deviation of the signal over bins or segments
          divided by its mean, without the noise of trials.
        * (code,), float64: `depth_change`, ln of the depth in the last block over that in the
          first, with `depth_change_low`, `depth_change_high` over units.
        * scalars: `difference` (timing less rate), `difference_low`, `difference_high`,
          `difference_p_value`: paired over units and over repeats, two-sided; NaN unless both codes
          have an index.

        Attributes: those of the recording, `seed`, `options` (JSON), `n_units`, `inference`;
        `repeats_made`, how repeats were made of remaining trials, empty where they are as shown.

    Raises
    ------
    InputError
        For a single unit, or where no block has two repeats.
    """
    found = signal_contributions(Layout.of(dataset), options, seed)
    return indices_of(dataset, *found, options, seed)


def indices_of(
    dataset: xr.Dataset,
    found: Mapping[str, Contributions],
    missing: Mapping[str, gates.Gate],
    note: str,
    options: SignalOptions,
    seed: int,
) -> xr.Dataset:
    """`signal_indices` from contributions, as `signal_contributions` returns them.

    `found`, `missing` and `note` are its three results; the other parameters and the Dataset that
    is returned are those of `signal_indices`.
    """
    name = str(dataset.attrs.get("recording"))
    parts = []
    indices: dict[str, SignalIndex] = {}
    for code in CODES:
        if code not in found:
            indices[code] = SignalIndex(gate=missing[code])
            parts.append(xr.Dataset({"depth_change": NAN}))
            continue
        rng = stream(seed, name, "signal", code)
        indices[code] = block_index(found[code], code, options, rng)
        parts.append(_curves(found[code], options, rng).merge(_depth(found[code], options)))
    numbers: dict[str, Any] = {
        field: (
            "code",
            [indices[code].numbers[field] for code in CODES],
            {"units": "bins" if field == "shift" else "1"},
        )
        for field in NUMBERS
    }
    out = xr.concat(parts, xr.DataArray(list(CODES), dims="code", name="code"), join="outer")
    rng = stream(seed, name, "signal", "difference")
    out = out.assign({**numbers, **difference(indices["timing"], indices["rate"], options, rng)})
    bin_width = float(dataset["duration"].values.max()) / options.bins
    out["shift_time"] = (out["shift"] * bin_width).assign_attrs(units="s")
    out["gate"] = ("code", [indices[code].gate.state for code in CODES])
    out["gate_note"] = ("code", [indices[code].gate.words for code in CODES])
    out["n_pairs"] = (("relation", "lag"), next(iter(found.values())).n_pairs[:, out["lag"]])
    return out.assign_attrs(
        {
            **dataset.attrs,
            "seed": seed,
            "options": json.dumps(options.model_dump(), sort_keys=True),
            "n_units": dataset.sizes["unit"],
            "inference": INFERENCE,
            "repeats_made": note,
        }
    )


def _curves(found: Contributions, options: SignalOptions, rng: np.random.Generator) -> xr.Dataset:
    """Index of pairs of windows by lag, with a bootstrap over units.

    The power drawn anew at a lag is divided by the mean power at all lags of its relation: the
    power at one lag rests on few pairs, and dividing by it is unstable where the code is weak.
    """
    lag = np.flatnonzero(found.n_pairs.any(axis=0))
    shape = (2, lag.size)
    n = found.lag_known[:, lag]
    n_units = found.lag_power.shape[0]
    new = (found.lag_power - found.lag_overlap)[:, :, lag].reshape(n_units, 2 * lag.size)
    mean = found.lag_power[:, :, lag].sum(axis=2) / np.maximum(n.sum(axis=1), 1)
    power = (mean[:, :, None] * n).reshape(n_units, 2 * lag.size)
    # With a single block there are no signals of other units in another block: the scale is 1.
    chance = found.chance if np.isfinite(found.chance) else 0.0
    total = power.sum(axis=0)
    share = np.divide(new.sum(axis=0), total, out=np.full(total.shape, NAN), where=total > 0)
    sample = resampled_ratios(new, power, options.bootstrap, rng).reshape(options.bootstrap, *shape)
    curve = share.reshape(shape) / (1 - chance)
    low, high = centered(sample / (1 - chance), curve, options.confidence)
    return xr.Dataset(
        {
            key: (("relation", "lag"), value, {"units": "1"})
            for key, value in (("curve", curve), ("curve_low", low), ("curve_high", high))
        },
        coords={"relation": ["within", "between"], "lag": lag},
    )


def _depth(found: Contributions, options: SignalOptions) -> xr.Dataset:
    """Depth of the code by block, and how it changes from the first to the last."""
    signal, level = found.signal.sum(axis=0), found.level.sum(axis=0)
    squared = np.divide(signal, level, out=np.full(signal.shape, NAN), where=level > 0)
    depth = np.sqrt(np.where(squared > 0, squared, NAN))
    change, low, high = NAN, NAN, NAN
    if np.isfinite(depth[[0, -1]]).all() and depth.size > 1:
        change = float(np.log(depth[-1] / depth[0]))
        # d ln sqrt(r) = dr / 2r
        last, first = (
            ratio_influence(found.signal[:, block], found.level[:, block]) / (2 * squared[block])
            for block in (-1, 0)
        )
        _, low, high = student_interval(change, last - first, options.confidence)
    return xr.Dataset(
        {
            "depth": ("block", depth, {"units": "1"}),
            "depth_change": ((), change),
            "depth_change_low": ((), low),
            "depth_change_high": ((), high),
        }
    )
