"""Summary of a recording, data or model, in a few numbers.

Magnitudes are positive where responses become less alike, and have no unit: 0 is no change, 1 a
signal that is drawn anew. They can therefore be compared between recordings whose trials, rates and
noise differ. Drift speed multiplies them, and the fitted time scale acts on them (to first order,
since no more than all of a signal can be new):

* `rate_drop`, `timing_drop`: within blocks, how much more of the signal's variance is new at the
  largest lag than at the smallest, on a straight line over lags. Where a model has more lags
  than the recording, those beyond are left out.
* `rate_step`, `timing_step`: between blocks, the signal indices of the drift analysis
  (`spikedrift.drift.signal`), which noise, gains, background, depth of the code and slow states of
  single units leave unbiased. Undefined where no code was detected.

Ratios a : b do not change with drift speed. They are written as angles, `balance`, as a quotient
of small numbers has no variance: 0 where a = b, 1 where b = 0, -1 where a = 0, and steadily beyond
where noise makes one of them negative:

* `timing_to_rate`: `timing_step` against `rate_step`; -1: only the rate code drifts.
* `step_to_drop`: of the rate code, between blocks less within blocks over the lags that both have,
  against the drop within; 1: all change happens in the gap.

Changes that the steps do not see, since a signal that is a factor greater is the same signal:

* `rate_gain`: between blocks, half the squared difference of the powers of a unit's tuning over
  their product; drift speed multiplies it.
* `gain_to_turn`: `rate_gain` against `rate_step`; -1: tuning turns and keeps its size, 1: units
  gain or lose strength and keep their tuning. Tuning that is drawn anew has another size, too.

Aspects of drift beside its amount (`spikedrift.drift.signal.aspects`), of the rate code; drift
speed multiplies the second alone:

* `step_kurtosis`: excess kurtosis of the steps of units; 0: Gaussian, above 0: few units jump.
* `geometry_change`: residual after the best rotation of units; 0: geometry kept, 1: as redrawn.
* `geometry_to_turn`: `geometry_change` against `rate_step`; -1: tuning turns and geometry is kept,
  0: units change independently.
* `growth_exponent`: of the index over time between three or more blocks.
* `noise_space`: share of the drift in noise space, less that of the signal.
* `by_showing`: share of the drift that showings explain, and not time.
* `rare_to_often`: drift of rare segments against those shown often; 1: only rare ones drift.

Of the correlations of ensemble rates and of tuning curves (`spikedrift.drift.profile`):

* `ensemble_rate_drop`, `ensemble_rate_step`, `tuning_curve_drop`, `tuning_curve_step`: as above,
  over the mean correlation within blocks. Noise that is independent between repeats lowers all
  correlations by one factor, which this quotient is free of. Drift speed multiplies them.

The others say nothing of drift. They are what two populations must have in common before their
drift can be compared, and are not moved by drift speed: `rate_discrimination`,
`timing_discrimination` (S of trials within blocks), and the numbers of the profile.

By default the first six enter the score. The reliability of the repeat matrices is reported beside
it and cannot enter: units drawn twice make halves of a bootstrap sample alike, so that its
covariance is not known.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from spikedrift.core import results
from spikedrift.core.errors import InputError
from spikedrift.drift.profile import CORRELATIONS
from spikedrift.drift.signal.aspects import ASPECTS
from spikedrift.drift.signal.magnitudes import MAGNITUDES
from spikedrift.drift.signal.recording import magnitudes_of
from spikedrift.stats.balance import balance

CODES = ("rate", "timing")
DESCRIBING = (
    "log_rate",
    "fano_factor",
    "local_variation",
    "population_sparseness",
    "lifetime_sparseness",
)
Parts = Mapping[str, np.ndarray]
"""Arrays of one shape: {rate, timing}_{drop, gap, step, gain, discrimination}, {ensemble_rate,
tuning_curve}_{drop, step}, `ASPECTS` and `DESCRIBING`."""


@dataclass(frozen=True)
class Statistic:
    """One number of the comparison: words for axes, whether drift speed multiplies it."""

    title: str
    scales: bool
    of: Callable[[Parts], np.ndarray]


def _part(name: str, title: str, scales: bool) -> Statistic:
    return Statistic(title, scales, lambda parts: parts[name])


STATISTICS: dict[str, Statistic] = {
    "rate_drop": _part("rate_drop", "rate: drop in blocks", True),
    "rate_step": _part("rate_step", "rate: step in gap", True),
    "timing_drop": _part("timing_drop", "timing: drop in blocks", True),
    "timing_step": _part("timing_step", "timing: step in gap", True),
    "timing_to_rate": Statistic(
        "timing against rate", False, lambda p: balance(p["timing_step"], p["rate_step"])
    ),
    "step_to_drop": Statistic(
        "gap against blocks", False, lambda p: balance(p["rate_gap"], p["rate_drop"])
    ),
    "rate_gain": _part("rate_gain", "rate: change of gain", True),
    "gain_to_turn": Statistic(
        "gain against turn", False, lambda p: balance(p["rate_gain"], p["rate_step"])
    ),
    "ensemble_rate_drop": _part("ensemble_rate_drop", "ensemble rate: drop in blocks", True),
    "ensemble_rate_step": _part("ensemble_rate_step", "ensemble rate: step in gap", True),
    "tuning_curve_drop": _part("tuning_curve_drop", "tuning: drop in blocks", True),
    "tuning_curve_step": _part("tuning_curve_step", "tuning: step in gap", True),
    "step_kurtosis": _part("step_kurtosis", "step kurtosis (1)", False),
    "geometry_change": _part("geometry_change", "geometry change (1: redrawn)", True),
    "geometry_to_turn": Statistic(
        "geometry against turn", False, lambda p: balance(p["geometry_change"], p["rate_step"])
    ),
    "growth_exponent": _part("growth_exponent", "growth exponent (1)", False),
    "noise_space": _part("noise_space", "noise space: drift - signal", False),
    "by_showing": _part("by_showing", "drift by showing (share)", False),
    "rare_to_often": _part("rare_to_often", "rare against often shown", False),
    "log_rate": _part("log_rate", "mean rate (log Hz)", False),
    "fano_factor": _part("fano_factor", "Fano factor", False),
    "local_variation": _part("local_variation", "local variation", False),
    "population_sparseness": _part("population_sparseness", "population sparseness", False),
    "lifetime_sparseness": _part("lifetime_sparseness", "lifetime sparseness", False),
    "rate_discrimination": _part("rate_discrimination", "rate: discrimination", False),
    "timing_discrimination": _part("timing_discrimination", "timing: discrimination", False),
}


def vector(parts: Parts, names: Sequence[str]) -> np.ndarray:
    """Statistics by name: shape (..., n_names), in the order of `names`, which may be empty."""
    if not names:
        return np.empty((*next(iter(parts.values())).shape, 0))
    return np.stack([STATISTICS[name].of(parts) for name in names], axis=-1)


@dataclass(frozen=True)
class Run:
    """Drift files of one recording or model instance, of one selection.

    Attributes
    ----------
    rate, timing : Dataset
        Curve files (`spikedrift.drift.curves`) of a rate and of a timing measure.
    index : Dataset
        Index file (`spikedrift.drift.signal.recording`).
    profile : Dataset, optional
        Profile file (`spikedrift.drift.profile`); its statistics are undefined without it.
    """

    rate: xr.Dataset
    timing: xr.Dataset
    index: xr.Dataset
    profile: xr.Dataset | None = None

    @classmethod
    def read(
        cls,
        rate: str | Path,
        timing: str | Path,
        index: str | Path,
        profile: str | Path | None = None,
    ) -> "Run":
        """Read the files.

        Raises
        ------
        InputError
            Where a file is missing, of another recording, or of the wrong code, or where samples
            are not joint.
        """
        paths = [rate, timing, index, *([] if profile is None else [profile])]
        run = cls(*(results.read(path) for path in paths))
        for code, path in (("rate", rate), ("timing", timing)):
            found = run.curves(code).attrs.get("code")
            if found != code:
                raise InputError(f"{path}: is a {found} measure, compare.{code} needs a {code} one")
            if run.curves(code).attrs["recording"] != run.name:
                raise InputError(f"{path}: is not of the recording {run.name}")
        others = {timing: run.timing, index: run.index}
        if profile is not None and run.profile is not None:
            others[profile] = run.profile
        for variable in ("statistic_sample", "half_statistic"):
            for path, file in others.items():
                sizes = [one[variable].shape[:-1] for one in (run.rate, file)]
                if sizes[0] != sizes[1] or file.attrs["recording"] != run.name:
                    raise InputError(
                        f"{rate} and {path}: {variable} differs in size, samples are not joint; "
                        "make both again with one set of options"
                    )
        return run

    @property
    def name(self) -> str:
        """Recording id."""
        return str(self.index.attrs["recording"])

    @property
    def n_units(self) -> int:
        """Units after the selection."""
        return int(self.rate.attrs["n_units"])

    @property
    def trials(self) -> tuple[float, int]:
        """Duration of a trial (s), and number of segments; NaN and 0 where they are not known."""
        known = self.index.attrs
        return float(known.get("trial_duration", np.nan)), int(known.get("n_segments", 0))

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
        """Return magnitudes (drops over lags up to `lag`) and descriptive numbers: scalars."""
        out: dict[str, np.ndarray] = {}
        for code in CODES:
            file = self.curves(code)
            for part, value in magnitudes_of(self.index, code, lag).items():
                out[f"{code}_{part}"] = value
            out[f"{code}_step"] = self.index["index"].sel(matching="none", code=code).values
            told = file["statistic_value"].sel(statistic="discrimination")
            out[f"{code}_discrimination"] = told.values
        for name in CORRELATIONS:
            level = positive(self._described(f"{name}_level", "statistic_value"))
            fall = np.array(np.nan)
            if self.profile is not None:
                fall = np.array(fall_to(self.profile.sel(correlation=name), lag))
            out[f"{name}_drop"] = fall / level
            out[f"{name}_step"] = self._described(f"{name}_step", "statistic_value") / level
        for name in ASPECTS:
            out[name] = self.index["aspect_value"].sel(aspect=name).values
        return {**out, **self._describing("statistic_value")}

    def bootstrap_parts(self) -> Parts:
        """Return magnitudes of every resample of units: shape (sample,)."""
        return self._sampled("statistic_sample")

    def half_parts(self) -> Parts:
        """Return magnitudes of random halves of the units: shape (split, half)."""
        return self._sampled("half_statistic")

    def _sampled(self, variable: str) -> Parts:
        """Magnitudes from samples of units."""
        out = {}
        reach = self.largest_lag() - 1
        for code in CODES:
            file = self.curves(code)
            for part in MAGNITUDES:
                name = f"{code}_{part}"
                out[name] = self.index[variable].sel(statistic=name).values
            out[f"{code}_discrimination"] = file[variable].sel(statistic="discrimination").values
        for name in CORRELATIONS:
            level = positive(self._described(f"{name}_level", variable))
            out[f"{name}_drop"] = self._described(f"{name}_slope", variable) * reach / level
            out[f"{name}_step"] = self._described(f"{name}_step", variable) / level
        for name in ASPECTS:
            out[name] = self.index[variable].sel(statistic=name).values
        return {**out, **self._describing(variable)}

    def _describing(self, variable: str) -> Parts:
        return {name: self._described(name, variable) for name in DESCRIBING}

    def _described(self, name: str, variable: str) -> np.ndarray:
        """One number of the profile; NaN without a profile."""
        if self.profile is None:
            return np.full(self.rate[variable].shape[:-1], np.nan)
        return np.asarray(self.profile[variable].sel(statistic=name).values)


def positive(value: np.ndarray) -> np.ndarray:
    """Replace values that are not positive by NaN, for denominators."""
    return np.where(value > 0, value, np.nan)


def fall_to(file: xr.Dataset, lag: int) -> float:
    """Fall of a similarity within blocks over the lags up to `lag`.

    Parameters
    ----------
    file : Dataset
        `value` and `n_pairs` (relation, lag).
    lag : int
    """
    lags, value, n_pairs = curve_within(file)
    keep = lags <= lag
    return fitted_fall(lags[keep], value[keep], n_pairs[keep])


def curve_within(file: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lags within blocks, values and numbers of pairs; lags without a value are left out."""
    one = file.sel(relation="within")
    known = np.isfinite(one["value"].values)
    lag, value, n_pairs = (
        one[name].values[known].astype(float) for name in ("lag", "value", "n_pairs")
    )
    return lag, value, n_pairs


def fitted_fall(lag: np.ndarray, value: np.ndarray, n_pairs: np.ndarray) -> float:
    """Return the fall of a similarity over the lags on a fitted line; NaN for a single lag."""
    if lag.size < 2:
        return float("nan")
    slope = np.polyfit(lag, value, 1, w=np.sqrt(n_pairs))[0]
    return float(-slope * (lag[-1] - lag[0]))
