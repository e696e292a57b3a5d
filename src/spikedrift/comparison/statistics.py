"""The few numbers that stand for a recording, data or model alike.

Magnitudes are positive where responses become less alike. Drift speed multiplies them, so that the
fitted time scale acts on them (to first order: similarity cannot fall without end):

* `rate_drop`, `timing_drop`: within blocks, lag 1 against the largest lag, as the contrast (near -
  far) / (near + far) of `spikedrift.drift.statistics.similarity_index`. Where a model has more lags
  than the recording, its value at the recording's largest lag.
* `rate_step`, `timing_step`: between blocks, the anchored indices (0 kept, 1 as if redrawn), which
  have no unit and whose timing part has passed its gate.

Ratios do not change with drift speed. They are written as contrasts (a - b) / (|a| + |b|), as a
quotient of two small numbers has no variance:

* `timing_to_rate`: `timing_step` against `rate_step`; -1: only the rate code drifts.
* `step_to_drop`: the rate curve between blocks against within blocks (both as contrasts of
  similarity); 1: all change happens in the gap.

The reliability of the repeat matrices is reported beside the score and does not enter it: units
drawn twice make halves of a bootstrap sample alike, so that its covariance is not known.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from spikedrift.errors import InputError

CODES = ("rate", "timing")
Parts = Mapping[str, np.ndarray]
"""Arrays of one shape: {rate, timing}_{drop, gap, step}."""


@dataclass(frozen=True)
class Statistic:
    """One number of the comparison: words for axes, whether drift speed multiplies it."""

    title: str
    scales: bool
    of: Callable[[Parts], np.ndarray]


def contrast(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """(a - b) / (|a| + |b|), in [-1, 1]; 0 where both are 0."""
    total = np.abs(one) + np.abs(two)
    return np.where(total == 0, 0.0, (one - two) / np.where(total == 0, 1.0, total))


STATISTICS: dict[str, Statistic] = {
    "rate_drop": Statistic("rate: drop in blocks", True, lambda p: p["rate_drop"]),
    "rate_step": Statistic("rate: step in gap", True, lambda p: p["rate_step"]),
    "timing_drop": Statistic("timing: drop in blocks", True, lambda p: p["timing_drop"]),
    "timing_step": Statistic("timing: step in gap", True, lambda p: p["timing_step"]),
    "timing_to_rate": Statistic(
        "timing against rate", False, lambda p: contrast(p["timing_step"], p["rate_step"])
    ),
    "step_to_drop": Statistic(
        "gap against blocks", False, lambda p: contrast(p["rate_gap"], p["rate_drop"])
    ),
}


def vector(parts: Parts, names: Sequence[str]) -> np.ndarray:
    """Statistics by name, last axis in the order of `names`."""
    return np.stack([STATISTICS[name].of(parts) for name in names], axis=-1)


@dataclass(frozen=True)
class Run:
    """Drift files of one recording or model instance, of one selection.

    Attributes
    ----------
    rate, timing : Dataset
        Curve files (`spikedrift.drift.curves`) of a rate and of a timing measure.
    index : Dataset
        Index file (`spikedrift.drift.indices`).
    """

    rate: xr.Dataset
    timing: xr.Dataset
    index: xr.Dataset

    @classmethod
    def read(cls, rate: str | Path, timing: str | Path, index: str | Path) -> "Run":
        """Read the three files.

        Raises
        ------
        InputError
            Where one is missing, of another recording, or of the wrong code.
        """
        for path in (rate, timing, index):
            if not Path(path).is_file():
                raise InputError(f"{path}: no such drift file")
        run = cls(*(xr.load_dataset(path, engine="h5netcdf") for path in (rate, timing, index)))
        for code, path in (("rate", rate), ("timing", timing)):
            found = run.curves(code).attrs.get("code")
            if found != code:
                raise InputError(f"{path}: is a {found} measure, compare.{code} needs a {code} one")
            if run.curves(code).attrs["recording"] != run.name:
                raise InputError(f"{path}: is not of the recording {run.name}")
        return run

    @property
    def name(self) -> str:
        """Recording id."""
        return str(self.index.attrs["recording"])

    @property
    def n_units(self) -> int:
        """Units after the selection."""
        return int(self.rate.attrs["n_units"])

    def curves(self, code: str) -> xr.Dataset:
        """Curve file of a code."""
        return self.rate if code == "rate" else self.timing

    def largest_lag(self) -> int:
        """Largest lag within blocks, in repeats; 0 where there is none."""
        within = self.rate["value"].sel(relation="within")
        return int(within["lag"].values[np.isfinite(within.values)].max(initial=0))

    def reliability(self) -> np.ndarray:
        """Reliability of the rate and of the timing repeat matrix: shape (2,)."""
        return np.array([float(self.curves(code)["reliability"]) for code in CODES])

    def parts(self, lag: int) -> Parts:
        """Return magnitudes, drops at `lag` or at the largest lag below it: scalars."""
        lag = min(lag, self.largest_lag())
        out: dict[str, np.ndarray] = {}
        for code in CODES:
            file = self.curves(code)
            out[f"{code}_drop"] = -file["similarity_index"].sel(lag=lag).values
            out[f"{code}_gap"] = file["statistic_value"].sel(statistic="drift_index").values
            out[f"{code}_step"] = self.index["index"].sel(matching="none", code=code).values
        return out

    def bootstrap_parts(self) -> Parts:
        """Return magnitudes of every resample of units: shape (sample,)."""
        return _sampled({code: self.curves(code)["statistic_sample"] for code in CODES})

    def half_parts(self) -> Parts:
        """Return magnitudes of random halves of the units: shape (split, half)."""
        return _sampled({code: self.curves(code)["half_statistic"] for code in CODES})


def _sampled(samples: Mapping[str, xr.DataArray]) -> Parts:
    """Magnitudes from samples of statistics; steps are anchored but neither thinned nor scaled.

    They serve spreads and differences of samples alone, never as values.
    """
    out = {}
    for code, sample in samples.items():
        within = sample.sel(statistic="discrimination").values
        between = sample.sel(statistic="discrimination_between").values
        out[f"{code}_drop"] = sample.sel(statistic="similarity_index").values
        out[f"{code}_gap"] = sample.sel(statistic="drift_index").values
        out[f"{code}_step"] = np.divide(
            within - between, within, out=np.full(within.shape, np.nan), where=within > 0
        )
    return out
