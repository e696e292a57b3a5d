"""Profile of a recording: statistics other than drift, and drift of ensemble rate and tuning.

The first say whether a model and a recording are comparable at all; drift of ensemble rate and of
tuning is not read by any measure of trials:

* `log_rate`: logarithm of the mean rate over units, log Hz.
* `fano_factor`: of spike counts, from differences of successive repeats of one segment within a
  block, sum (a - b)^2 / sum (a + b) by unit, mean over units that fired (the Allan factor: Lowen &
  Teich 1996, J Acoust Soc Am 99:3585). It is 1 for a Poisson process. Counts are defined at any
  length of a trial, and a slow change of rate hardly enters the differences, unlike the variance.
* `local_variation`: mean of 3 ((I1 - I2) / (I1 + I2))^2 over pairs of successive intervals within
  trials, all units together (Shinomoto et al. 2003, Neural Comput 15:2823). The coefficient of
  variation of intervals would be biased in trials of 0.1 to 1 s: intervals longer than the rest of
  a trial are never seen, which makes it small. For gamma processes, I1 / (I1 + I2) does not depend
  on I1 + I2, so that the length of a trial does not move the local variation: it is 1 for a Poisson
  process and 3 / (2 k + 1) for a gamma process of shape k.
* `population_sparseness`: (1 - a) / (1 - 1 / N), a = (sum r / N)^2 / (sum r^2 / N) over the N
  units of mean responses to a segment, mean over segments (Treves & Rolls 1991, Network 2:371; as
  scaled by Vinje & Gallant 2000, Science 287:1273). 0: all alike, 1: one unit responds.
* `lifetime_sparseness`: the same over segments, mean over units that fired. Both kinds of
  sparseness grow where means rest on few spikes: compare them at equal numbers of repeats and equal
  rates.
* `ensemble_rate_level`, `_slope`, `_step`: the ensemble-rate correlation of repeats
  (`spikedrift.drift.correlations`): its mean within blocks, its fall per repeat, and its mean
  within blocks less that between them. `tuning_curve_level`, `_slope`, `_step`: the same of the
  tuning-curve correlation, mean over units.
"""

import numpy as np
import xarray as xr

from spikedrift.config.drift import CurveOptions
from spikedrift.drift.correlations import ensemble_rate, tuning_curves
from spikedrift.drift.curve_statistics import Curve, lag_curve, statistics
from spikedrift.drift.curves import recording_attributes
from spikedrift.drift.responses import Responses, responses_of
from spikedrift.drift.unit_samples import halved_units, resampled_units
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import unit_rates
from spikedrift.stats.means import defined_means
from spikedrift.trials import spike_cells

CORRELATIONS = ("ensemble_rate", "tuning_curve")
PROFILE = (
    "log_rate",
    "fano_factor",
    "local_variation",
    "population_sparseness",
    "lifetime_sparseness",
    *(f"{name}_{part}" for name in CORRELATIONS for part in ("level", "slope", "step")),
)
MIN_SHARED = 5  # fewest units over which a correlation is taken


def profile(dataset: xr.Dataset, options: CurveOptions, seed: int) -> xr.Dataset:
    """Profile of a recording with its samples over units.

    The resamples and halves of units are those of `spikedrift.drift.curves`: samples of both files
    are joint.

    Parameters
    ----------
    dataset : trials Dataset
        After its selection.
    options : CurveOptions
    seed : int

    Returns
    -------
    Dataset
        Dims `statistic` (`PROFILE`), `sample` (bootstrap), `split` and `half` (of the units),
        `correlation` (ensemble_rate, tuning_curve), `relation` (within, between), `lag` (repeats).

        * `statistic_value` (statistic), `statistic_sample` (sample, statistic), `half_statistic`
          (split, half, statistic): see the module; NaN where undefined, such as statistics of
          spikes in a file of two-photon events.
        * `value`, `n_pairs` (correlation, relation, lag): mean over pairs of repeats, and their
          number.

        Attributes: those of the recording, `n_units`, `seed`.

    Raises
    ------
    InputError
        For fewer than four units.
    """
    profiled = _Profiled(dataset)
    halves = halved_units(dataset, options.halves, seed)
    of_halves = profiled.of(halves.reshape(-1, halves.shape[2]))[0]
    sample = profiled.of(resampled_units(dataset, options.bootstrap, seed))[0]
    return _point(profiled, dataset, seed).assign(
        statistic_sample=(("sample", "statistic"), sample),
        half_statistic=(("split", "half", "statistic"), of_halves.reshape(*halves.shape[:2], -1)),
    )


def profile_values(dataset: xr.Dataset, seed: int) -> xr.Dataset:
    """Profile without samples: `statistic_value`, `value` and `n_pairs` of `profile`."""
    return _point(_Profiled(dataset), dataset, seed)


def _point(profiled: "_Profiled", dataset: xr.Dataset, seed: int) -> xr.Dataset:
    n_units = dataset.sizes["unit"]
    value, curves = profiled.of(np.arange(n_units)[None])
    three = ("correlation", "relation", "lag")
    return xr.Dataset(
        {
            "statistic_value": ("statistic", value[0]),
            "value": (three, np.stack([curve.value for curve in curves[0]]), {"units": "1"}),
            "n_pairs": (three, np.stack([curve.n_pairs for curve in curves[0]])),
        },
        coords={
            "statistic": list(PROFILE),
            "correlation": list(CORRELATIONS),
            "relation": list(Curve.relations),
            "lag": curves[0][0].lag,
        },
        attrs={**recording_attributes(dataset), "n_units": n_units, "seed": seed},
    )


class _Profiled:
    """Sums by unit, from which the statistics of any choice of units follow."""

    def __init__(self, dataset: xr.Dataset) -> None:
        layout = Layout.of(dataset)
        self.responses = responses_of(layout)
        self.rate = unit_rates(dataset)
        self.fano = np.full(self.rate.size, np.nan)
        self.variation = np.zeros((2, self.rate.size))
        if layout.timed:
            self.fano = fano_factors(layout, self.responses)
            self.variation = local_variations(dataset)
        whole = np.ones((1, self.responses.rate.shape[0]), bool)
        mean, seen = self.responses.averaged(whole)
        self.mean, self.seen = mean[0], seen[0]
        self.lifetime = sparseness(self.mean.T, self.seen.T)
        self.row, self.column = np.triu_indices(self.responses.rate.shape[0], k=1)
        tuning = tuning_curves(self.responses.rate, self.responses.observed)
        self.tuning = tuning[:, self.row, self.column]

    def of(self, units: np.ndarray) -> tuple[np.ndarray, list[tuple[Curve, Curve]]]:
        """Statistics of rows of units; a unit counts as often as it occurs in a row.

        Parameters
        ----------
        units : int64, shape (n_rows, n_chosen)

        Returns
        -------
        statistics : float64, shape (n_rows, n_statistics)
        curves : list of (ensemble rate, tuning curve)
        """
        n_units = self.rate.size
        weight = np.stack([np.bincount(row, minlength=n_units) for row in units]).astype(float)
        rate = _mean(weight, self.rate)
        terms, pairs = self.variation @ weight.T
        tuning = _mean(weight, self.tuning)
        columns = [
            np.log(rate, out=np.full(rate.shape, np.nan), where=rate > 0),
            _mean(weight, self.fano),
            np.divide(terms, pairs, out=np.full(terms.shape, np.nan), where=pairs > 0),
            defined_means(_population_sparseness(weight, self.mean, self.seen)),
            _mean(weight, self.lifetime),
        ]
        curves, of_curves = [], []
        for chosen, of_tuning in zip(units, tuning, strict=True):
            pair = (self._curve(self._ensemble(chosen)), self._curve(self._matrix(of_tuning)))
            curves.append(pair)
            of_curves.append(np.concatenate([_of_curve(one) for one in pair]))
        return np.c_[np.stack(columns, axis=1), np.stack(of_curves)], curves

    def _curve(self, matrix: np.ndarray) -> Curve:
        return lag_curve(matrix, self.responses.repeats, "similarity")

    def _ensemble(self, chosen: np.ndarray) -> np.ndarray:
        rate, observed = self.responses.rate, self.responses.observed
        if observed.all():  # the mean over segments is the same for any choice of units
            rate, observed = rate.mean(axis=1, keepdims=True), observed[:, :1]
        return ensemble_rate(rate[..., chosen], observed[..., chosen], MIN_SHARED)

    def _matrix(self, values: np.ndarray) -> np.ndarray:
        n_repeats = self.responses.rate.shape[0]
        out = np.full((n_repeats, n_repeats), np.nan)
        out[self.row, self.column] = values
        return out


def _of_curve(curve: Curve) -> np.ndarray:
    _, slope, step, *_ = statistics(curve, np.nan, np.nan)
    return np.array([curve.mean[0], slope, step])


def fano_factors(layout: Layout, responses: Responses) -> np.ndarray:
    """Allan factor of spike counts of every unit, from successive repeats of a block.

    Parameters
    ----------
    layout : Layout
    responses : Responses
        Of that layout.

    Returns
    -------
    float64, shape (n_units,)
        NaN where a unit did not fire in two successive repeats.
    """
    count = np.zeros(responses.rate.shape)
    count[layout.repeat, layout.segment] = layout.dataset["spike_count"].values
    block, position = responses.repeats.block, responses.repeats.position
    order = np.lexsort((position, block))
    early, late = order[:-1], order[1:]
    next_to = (block[early] == block[late]) & (position[late] - position[early] == 1)
    early, late = early[next_to], late[next_to]
    both = responses.observed[early] & responses.observed[late]
    one, two = np.where(both, count[early], 0.0), np.where(both, count[late], 0.0)
    square, total = ((one - two) ** 2).sum(axis=(0, 1)), (one + two).sum(axis=(0, 1))
    return np.divide(square, total, out=np.full(total.shape, np.nan), where=total > 0)


def local_variations(dataset: xr.Dataset) -> np.ndarray:
    """Sum of 3 ((I1 - I2) / (I1 + I2))^2, and its number of terms: float64, shape (2, n_units).

    I1 and I2 are successive intervals of a unit within a trial.
    """
    trial, unit = spike_cells(dataset)
    n_units = dataset.sizes["unit"]
    cell, interval = trial * n_units + unit, np.diff(dataset["spike_time"].values)
    both = interval[:-1] + interval[1:]
    usable = np.flatnonzero((cell[2:] == cell[:-2]) & (both > 0))
    term = 3 * ((interval[usable] - interval[usable + 1]) / both[usable]) ** 2
    owner = unit[usable]
    return np.stack([np.bincount(owner, part, n_units) for part in (term, np.ones(term.size))])


def sparseness(response: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """(1 - a) / (1 - 1 / n) of every row, a = mean(r)^2 / mean(r^2) over its observed columns.

    Parameters
    ----------
    response, observed : arrays, shape (n_rows, n_columns)

    Returns
    -------
    float64, shape (n_rows,)
        NaN where all responses are 0 or fewer than two columns were observed.
    """
    return _scaled(
        observed.sum(axis=1),
        np.where(observed, response, 0.0).sum(axis=1),
        np.where(observed, response**2, 0.0).sum(axis=1),
    )


def _population_sparseness(weight: np.ndarray, mean: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Sparseness over weighted units of every segment: shape (n_rows, n_segments)."""
    response = np.where(seen, mean, 0.0).T
    return _scaled(weight @ seen.T, weight @ response, weight @ response**2)


def _scaled(n: np.ndarray, total: np.ndarray, square: np.ndarray) -> np.ndarray:
    defined = (n > 1) & (square > 0)
    n, square = np.where(defined, n, 2.0), np.where(defined, square, 1.0)
    return np.where(defined, (1 - total**2 / (n * square)) / (1 - 1 / n), np.nan)


def _mean(weight: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Weighted mean over units (first axis) where defined: shape (n_rows, ...)."""
    known = np.isfinite(value)
    total, n = weight @ np.where(known, value, 0.0), weight @ known
    return np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)
