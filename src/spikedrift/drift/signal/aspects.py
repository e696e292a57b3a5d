"""Aspects of drift beside its amount: numbers that the tuning index alone does not tell.

Each is of the rate code, made of products of different repeats, in a file of its own: tails of
the steps of units (`steps`), geometry kept while tuning turns (`geometry`), growth with time
(`growth`), drift within noise space (`noise_space`), drift by showing (`showings`), and that of
segments shown often (`often`). An aspect that a recording does not have is NaN, and a note says
why. What is said of a change needs one: all but the geometry are undefined where no drift of tuning
was found.
"""

import json
from collections.abc import Callable, Mapping

import numpy as np
import xarray as xr

from spikedrift.config.drift import SignalOptions
from spikedrift.drift.signal.contributions import Contributions
from spikedrift.drift.signal.geometry import geometry_change
from spikedrift.drift.signal.growth import growth_exponent
from spikedrift.drift.signal.noise_space import noise_space
from spikedrift.drift.signal.occasions import occasions
from spikedrift.drift.signal.often import rare_to_often
from spikedrift.drift.signal.pairs import block_pairs
from spikedrift.drift.signal.repeats import rows_of
from spikedrift.drift.signal.showings import by_showing
from spikedrift.drift.signal.steps import step_kurtosis
from spikedrift.drift.signal.tuned import Of, Undefined, tuned
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import stream

OF_BLOCKS = ("growth_exponent", "by_showing")  # that take three or more blocks
ASPECTS = ("step_kurtosis", "geometry_change", "noise_space", "rare_to_often", *OF_BLOCKS)
DRIFTS = 0.05  # largest p of the tuning index at which there is a change to speak of
AT_ONCE = 2_000_000  # numbers of responses held in memory at a time
SHOWN_BEFORE = "shown_before"  # attributes of trials files
SHOWN_OFTEN = "shown_often"

type Aspects = Mapping[str, Of | str]
"""Name -> the number of weighted units, or why there is none."""


def aspects(
    layout: Layout,
    found: Contributions | None,
    index: xr.Dataset,
    options: SignalOptions,
    seed: int,
) -> Aspects:
    """Prepare the aspects of a recording.

    Parameters
    ----------
    layout : Layout
        After its selection.
    found : Contributions, optional
        Of the rate code; None where there are none.
    index : Dataset
        `index`, `p_value` and `gate_note` of the rate code, as
        `spikedrift.drift.signal.indices.indices_of` gives them.
    options : SignalOptions
    seed : int
    """
    if found is None or not np.isfinite(index["index"]):
        note = str(index["gate_note"].values) or "there is no tuning index"
        return dict.fromkeys(ASPECTS, note)
    p = float(index["p_value"])
    still = "" if p <= DRIFTS else f"no drift of tuning was found (p {p:.2g})"
    rows = rows_of(layout)
    times = occasions(rows.block, rows.position, options.window, rows.part)
    try:
        tuning = tuned(layout, rows, times, AT_ONCE)
    except Undefined as error:
        return dict.fromkeys(ASPECTS, str(error))
    rng = {name: stream(seed, layout.name, "signal", name) for name in ASPECTS}
    start, shown = _places(layout)
    makers: dict[str, Callable[[], Of]] = {
        "step_kurtosis": lambda: step_kurtosis(tuning),
        "geometry_change": lambda: geometry_change(
            tuning, options.exponent, rng["geometry_change"]
        ),
        "noise_space": lambda: noise_space(tuning, rng["noise_space"]),
        "rare_to_often": lambda: rare_to_often(tuning, _often(layout), options.exponent),
        "growth_exponent": lambda: growth_exponent(block_pairs(found), start),
        "by_showing": lambda: by_showing(block_pairs(found), start, shown),
    }
    out: dict[str, Of | str] = {}
    for name in ASPECTS:
        try:
            out[name] = makers[name]()
        except Undefined as error:
            out[name] = str(error)
        else:
            if still and name != "geometry_change":
                out[name] = still
    return out


def aspect_values(made: Aspects, n_units: int) -> xr.Dataset:
    """Aspects of all units.

    Returns
    -------
    Dataset
        Dim `aspect`: `aspect_value` (float64, no unit) and `aspect_note` (str), why it is NaN.
    """
    values, notes = [], []
    for name in ASPECTS:
        value, note = np.nan, ""
        one = made[name]
        if isinstance(one, str):
            note = one
        else:
            value = float(one(np.ones((1, n_units)))[0])
            note = "" if np.isfinite(value) else "it is drowned in the noise of trials"
        values.append(value)
        notes.append(note)
    return xr.Dataset(
        {"aspect_value": ("aspect", values, {"units": "1"}), "aspect_note": ("aspect", notes)},
        coords={"aspect": list(ASPECTS)},
    )


def aspect_samples(made: Aspects, weight: np.ndarray) -> np.ndarray:
    """Aspects of weighted units: (n_rows, n_units) -> (n_rows, n_aspects), NaN where undefined."""
    columns = [
        np.full(len(weight), np.nan) if isinstance(one := made[name], str) else one(weight)
        for name in ASPECTS
    ]
    return np.stack(columns, axis=1)


def _places(layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """When every block was shown (s), and after how many showings of every segment; NaN if unknown.

    Both are means over the trials of the block, float64, shape (n_blocks,).
    """
    data, block = layout.dataset, layout.block
    n = np.bincount(block)
    start = np.bincount(block, weights=data["start_time"].values) / n
    told = json.loads(data.attrs.get(SHOWN_BEFORE, "{}"))
    shown = np.full(n.size, np.nan)
    for k, trial in enumerate(np.unique(block, return_index=True)[1]):
        if str(data["phase"].values[trial]) == "block":
            shown[k] = told.get(str(data["block"].values[trial]), np.nan)
    return start, shown


def _often(layout: Layout) -> np.ndarray:
    """Segments that are known to have been shown more often: bool, shape (n_segments,)."""
    told = json.loads(layout.dataset.attrs.get(SHOWN_OFTEN, "[]"))
    _, first = np.unique(layout.segment, return_index=True)
    return np.isin(layout.dataset["segment"].values[first], told)
