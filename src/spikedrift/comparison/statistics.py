"""The few numbers that stand for a recording, data or model alike.

Magnitudes are positive where responses become less alike, and have no unit: 0 is no change, 1 as
unlike as responses to different segments. So they can be compared between recordings whose trials,
rates and noise differ. Drift speed multiplies them and the fitted time scale acts on them (to first
order: similarity cannot fall without end):

* `rate_drop`, `timing_drop`: within blocks, what similarity falls from lag 1 to the largest lag on
  a straight line, fitted to the curve with its numbers of pairs as weights (the largest lag itself
  rests on one pair a block), over the anchor D_different - D_same of trials within blocks. Where a
  model has more lags than the recording, those beyond are left out.
* `rate_step`, `timing_step`: between blocks, the anchored indices of the drift analysis, free of
  what counts alone do, whose timing part has passed its gate.

Ratios do not change with drift speed. They are written as contrasts (a - b) / (|a| + |b|), as a
quotient of two small numbers has no variance:

* `timing_to_rate`: `timing_step` against `rate_step`; -1: only the rate code drifts.
* `step_to_drop`: of the rate curve, mean within less mean between blocks, against the drop within;
  1: all change happens in the gap.

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
PARTS = ("drop", "gap", "step")
Parts = Mapping[str, np.ndarray]
"""Arrays of one shape: {rate, timing}_{drop, gap, step}."""


@dataclass(frozen=True)
class Statistic:
    """One number of the comparison: words for axes, whether drift speed multiplies it."""

    title: str
    scales: bool
    of: Callable[[Parts], np.ndarray]


def contrast(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Contrast (a - b) / (|a| + |b|), in [-1, 1]; 0 where both are 0."""
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
        """Return magnitudes, drops over the lags up to `lag`: scalars."""
        out: dict[str, np.ndarray] = {}
        for code in CODES:
            file = self.curves(code)
            statistic = file["statistic_value"]
            unit = anchor(file, statistic.sel(statistic="discrimination").values)
            lags, value, n_pairs = curve_within(file)
            keep = lags <= lag
            fall = fitted_fall(lags[keep], value[keep], n_pairs[keep], str(file.attrs["kind"]))
            out[f"{code}_drop"] = fall / unit
            out[f"{code}_gap"] = statistic.sel(statistic="step").values / unit
            out[f"{code}_step"] = self.index["index"].sel(matching="none", code=code).values
        return out

    def bootstrap_parts(self) -> Parts:
        """Return magnitudes of every resample of units: shape (sample,)."""
        return self._sampled("statistic_sample")

    def half_parts(self) -> Parts:
        """Return magnitudes of random halves of the units: shape (split, half)."""
        return self._sampled("half_statistic")

    def _sampled(self, variable: str) -> Parts:
        """Magnitudes from samples; steps anchored but neither thinned nor scaled, D_same the run's.

        They serve spreads and differences of samples alone, never as values.
        """
        out = {}
        for code in CODES:
            file = self.curves(code)
            sample = file[variable]
            within = sample.sel(statistic="discrimination").values
            between = sample.sel(statistic="discrimination_between").values
            unit = anchor(file, within)
            reach = self.largest_lag() - 1
            out[f"{code}_drop"] = sample.sel(statistic="slope").values * reach / unit
            out[f"{code}_gap"] = sample.sel(statistic="step").values / unit
            out[f"{code}_step"] = np.divide(
                within - between, within, out=np.full(within.shape, np.nan), where=within > 0
            )
        return out


def curve_within(file: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lags within blocks, values and numbers of pairs; lags without a value left out."""
    one = file.sel(relation="within")
    known = np.isfinite(one["value"].values)
    lag, value, n_pairs = (
        one[name].values[known].astype(float) for name in ("lag", "value", "n_pairs")
    )
    return lag, value, n_pairs


def anchor(file: xr.Dataset, discrimination: np.ndarray) -> np.ndarray:
    """Dissimilarity of different segments less that of the same one, within blocks.

    From D_same, the mean of the repeat matrix within blocks, and S = (D_different - D_same) /
    (D_different + D_same). Exact for measures whose repeat matrix is the mean over pairs of trials
    of the same segment (spikeship, population_vector).

    Parameters
    ----------
    file : Dataset
        A curve file.
    discrimination : array
        S, one or many.

    Returns
    -------
    array
        Shape of `discrimination`, in the measure's units; NaN where S is not positive, since what
        tells nothing apart cannot be lost.
    """
    _, value, n_pairs = curve_within(file)
    level = float(np.average(value, weights=n_pairs))
    same = level if file.attrs["kind"] == "distance" else 1.0 - level
    told = np.where(discrimination > 0, discrimination, np.nan)
    return np.asarray(2 * told * same / (1 - told))


def fitted_fall(lag: np.ndarray, value: np.ndarray, n_pairs: np.ndarray, kind: str) -> float:
    """Return what similarity falls over the lags on a fitted line, in the measure's units.

    NaN for a single lag.
    """
    if lag.size < 2:
        return float("nan")
    slope = np.polyfit(lag, value, 1, w=np.sqrt(n_pairs))[0]
    return float((slope if kind == "distance" else -slope) * (lag[-1] - lag[0]))
