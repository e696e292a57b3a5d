"""Ground truth: tests and indices on recordings whose drift is known.

Every seed draws a new recording of a case and seeds the surrogates. Only the statistics of a
measure or an analysis are kept for each seed; nothing else about an analysis is used here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from spikedrift.analyses.contract import analysis
from spikedrift.config.drift import IndexOptions, StateOptions
from spikedrift.config.similarity import MeasureEntry
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core import results
from spikedrift.core.errors import InputError
from spikedrift.drift.anchored.rate import rate_index
from spikedrift.drift.anchored.test import Anchored
from spikedrift.drift.anchored.timing import timing_index
from spikedrift.drift.curve_statistics import STATISTICS
from spikedrift.drift.curves import curve_statistics
from spikedrift.similarity import registry
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.state import match_state

NAN = float("nan")
COLUMNS = ("measure", "statistic", "code", "seed", "value", "p_value", "no_drift", "refused")
# Discrimination of segments is not about drift; all others are 0 where trials are alike.
_NO_DRIFT = {name: NAN if name.startswith("discrimination") else 0.0 for name in STATISTICS}

Row = tuple[str, str, str, float, float, float, str]
"""Measure, statistic, code, value, p value, value without drift, reason why it has no value."""


def measured(
    recording: SyntheticOptions,
    measure: str,
    options: Mapping[str, Any],
    seeds: Iterable[int],
    state: StateOptions | None = None,
) -> pd.DataFrame:
    """Measure recordings of one kind, seed by seed.

    Parameters
    ----------
    recording : SyntheticOptions
    measure : str
        "curves", "rate_index", "timing_index", or an analysis.
    options : mapping
        For curves, `measures`, names of similarity measures; for indices, those of `IndexOptions`;
        otherwise those of the analysis.
    seeds : iterable of int
    state : StateOptions, optional
        Measure in trials matched by behavior state.

    Returns
    -------
    DataFrame
        One row for each seed and statistic, columns `COLUMNS`: `value` is NaN where no code was
        detected or the index is too imprecise, `p_value` is NaN there and where the statistic has
        no test; `refused` says why there is no value. A seed that cannot be measured at all has one
        row, with an empty `statistic`.
    """
    read = _reader(measure, options)
    rows: list[tuple[object, ...]] = []
    for seed in seeds:
        try:
            dataset = record(recording, "truth.movie", seed)
            if state is not None:
                dataset = match_state(Layout.of(dataset), state)
            found = list(read(dataset, seed))
        except InputError as error:
            found = [(measure, "", "", NAN, NAN, NAN, str(error))]
        rows += [(*row[:3], seed, *row[3:]) for row in found]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def read_chunk(path: str | Path) -> pd.DataFrame:
    """Read results of `measured` in one case from the workflow's file `{case}/{measure}.{first}`.

    Raises
    ------
    InputError
        For a damaged file, or one whose case, measure or seeds are not those of its name.
    """
    path = Path(path)
    measure, first = path.stem.rsplit(".", 1)
    said = {"case": path.parent.name} | ({} if measure == "curves" else {"measure": measure})
    found = results.table(path, said, keep_default_na=False, na_values=["nan"])
    if list(found["seed"][:1]) != [int(first)]:
        raise InputError(
            f"{path}: does not begin with seed {first}; delete it and run the same command again"
        )
    return found


def _reader(measure: str, options: Mapping[str, Any]) -> Callable[[xr.Dataset, int], Iterator[Row]]:
    if measure == "curves":
        return lambda dataset, seed: _curves(dataset, options["measures"], seed)
    if measure == "rate_index":
        index = IndexOptions(**options)
        return lambda dataset, seed: _index(rate_index(Layout.of(dataset), index, seed), "rate")
    if measure == "timing_index":
        index = IndexOptions(**options)
        return lambda dataset, seed: _index(timing_index(Layout.of(dataset), index, seed), "timing")
    return lambda dataset, seed: _analysis(dataset, measure, options, seed)


def _curves(dataset: xr.Dataset, measures: Iterable[str], seed: int) -> Iterator[Row]:
    for name in measures:
        value = curve_statistics(dataset, MeasureEntry(name=name, measure=name), seed)
        code = registry.get(name).code
        for statistic, one in zip(STATISTICS, value, strict=True):
            refused = "" if np.isfinite(one) else "undefined"
            yield name, statistic, code, float(one), NAN, _NO_DRIFT[statistic], refused


def _index(found: Anchored, code: str) -> Iterator[Row]:
    """Effect size with its test, and the index of the tested spikes without one."""
    name = f"{code}_index"
    yield name, "index", code, found.index, found.p_value, 0.0, found.no_index
    yield name, "index_raw", code, found.index_raw, NAN, 0.0, found.no_index


def _analysis(
    dataset: xr.Dataset, name: str, options: Mapping[str, Any], seed: int
) -> Iterator[Row]:
    found = analysis.analyze(dataset, name, options, seed)
    codes = [analysis.code_of(name, str(one)) for one in found["statistic"].values]
    asks = found["ordered"].values.astype(bool) & found["of_drift"].values.astype(bool)
    # Tests of other things than drift are not judged here.
    p_values = np.where(asks, found["p_value"].values, NAN)
    columns = (found["value"].values, p_values, found["no_drift"].values)
    for statistic, code, value, p, no_drift in zip(
        found["statistic"].values, codes, *columns, strict=True
    ):
        refused = "" if np.isfinite(value) else "undefined"
        yield name, str(statistic), code, float(value), float(p), float(no_drift), refused
