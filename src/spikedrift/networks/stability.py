"""Whether a network's activity is like that of cortex: rates, irregularity, synchrony, weights.

After the stability filter of Confavreux et al. (2025) and the conditions of Confavreux et al.
(2023). A status marks a point of a sweep; nothing is dropped for it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from spikedrift.networks.declaration import Network
from spikedrift.networks.timetable import Stage

BIN = 0.005  # of the population count, s
LEAST_SPIKES = 10  # of a cell whose intervals are measured
AT_BOUND = 1e-3  # share of the range of weights within which a weight counts as at a bound
# Limits of a status, at every stage. From Confavreux et al. (2025): rate of the excitatory cells
# and, as their synaptic limit allows five times the initial weight, growth. Their limit on the
# share of weights at bounds (0.1) is left out: additive STDP makes weights bimodal (Song, Miller &
# Abbott 2000), so only a projection whose weights are nearly all at the upper bound has run away.
SILENT, SATURATED = 0.1, 100.0  # Hz
GROWTH = 5.0  # of the rate since the first stage
BLOWN_UP = 0.9  # of the weights of an excitatory projection
REGULAR = 0.7  # least coefficient of variation of the intervals between spikes
CORRELATED = 0.1  # mean correlation of two cells in bins; our own choice


def interval_cv(time: np.ndarray, cell: np.ndarray, n_cells: int) -> float:
    """Mean coefficient of variation of the intervals between spikes; 1 for a Poisson process.

    Parameters
    ----------
    time, cell : array, shape (n_spikes,), s
    n_cells : int

    Returns
    -------
    float
        Mean over the cells with `LEAST_SPIKES` or more; NaN without any.
    """
    order = np.lexsort((time, cell))
    time, cell = time[order], cell[order]
    same = np.diff(cell) == 0
    interval, owner = np.diff(time)[same], cell[1:][same]
    n = np.bincount(owner, minlength=n_cells)
    enough = n >= LEAST_SPIKES - 1
    if not enough.any():
        return np.nan
    mean = np.bincount(owner, interval, n_cells)[enough] / n[enough]
    square = np.bincount(owner, interval**2, n_cells)[enough] / n[enough]
    variance = (square - mean**2) * n[enough] / (n[enough] - 1)
    return float(np.mean(np.sqrt(np.maximum(variance, 0)) / mean))


def population_fano(time: np.ndarray, start: float, stop: float) -> float:
    """Variance over mean of the population's spike count in bins of `BIN`.

    It is 1 for independent Poisson cells, and 1 + (n - 1) c for n cells whose counts are Poisson
    and have pairwise correlation c.

    Parameters
    ----------
    time : array, shape (n_spikes,), s
    start, stop : float, s

    Returns
    -------
    float; NaN without spikes or bins
    """
    n_bins = int((stop - start) / BIN)
    if n_bins < 2:
        return np.nan
    count = np.histogram(time, n_bins, (start, start + n_bins * BIN))[0]
    return float(count.var(ddof=1) / count.mean()) if count.any() else np.nan


def at_bounds(weight: np.ndarray, w_max: float) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the weights at 0 and at `w_max`.

    Parameters
    ----------
    weight : array, shape (n_edges, n_synapses)
    w_max : float

    Returns
    -------
    lower, upper : array, shape (n_edges,); NaN without synapses
    """
    if not weight.shape[1]:
        return np.full(len(weight), np.nan), np.full(len(weight), np.nan)
    margin = AT_BOUND * w_max
    return (weight <= margin).mean(axis=1), (weight >= w_max - margin).mean(axis=1)


def measured(
    stages: Sequence[Stage],
    dt: float,
    spike_time: np.ndarray,
    spike_population: np.ndarray,
    spike_cell: np.ndarray,
    network: Network,
    weights: Mapping[str, np.ndarray],
) -> xr.Dataset:
    """Take all measures of stability of a session.

    Parameters
    ----------
    stages : sequence of Stage
    dt : float, s
    spike_time, spike_population, spike_cell : array, shape (n_spikes,), s
        Population, by its place in the declaration, and place of the cell in it.
    network : Network
    weights : mapping of projection -> weights at the phase edges

    Returns
    -------
    Dataset
        `stage_rate` (population, stage), Hz; of the recorded population, by stage: `interval_cv`
        and `synchrony`, as `population_fano`; `at_bound` (bound, projection, edge): share of the
        weights at 0 (lower) and at their upper bound.
    """
    names = [one.name for one in network.populations]
    recorded = spike_population == names.index(network.recording.units)
    rate, cv, fano = [], [], []
    for stage in stages:
        start, stop = stage.start * dt, stage.stop * dt
        inside = (spike_time >= start) & (spike_time < stop)
        of_units = inside & recorded
        n_spikes = np.bincount(spike_population[inside], minlength=len(names))
        rate.append(
            [n_spikes[place] / one.size / (stop - start) for place, one in network.recorded.items()]
        )
        cv.append(interval_cv(spike_time[of_units], spike_cell[of_units], network.units.size))
        fano.append(population_fano(spike_time[of_units], start, stop))
    w_max = {one.name: one.w_max for one in network.projections}
    bounds = np.reshape(
        [at_bounds(weight, w_max[name]) for name, weight in weights.items()],
        (len(weights), 2, len(network.protocol.phases) + 1),
    )
    return xr.Dataset(
        {
            "stage_rate": (
                ("population", "stage"),
                np.reshape(rate, (len(stages), len(network.recorded))).T,
                {"units": "Hz"},
            ),
            "interval_cv": ("stage", np.array(cv), {"units": "1"}),
            "synchrony": ("stage", np.array(fano), {"units": "1"}),
            "at_bound": (("bound", "projection", "edge"), np.moveaxis(bounds, 0, 1)),
        },
        coords={
            "bound": ["lower", "upper"],
            "stage_kind": ("stage", [stage.kind for stage in stages]),
            "stage_start": ("stage", [stage.start * dt for stage in stages], {"units": "s"}),
            "stage_stop": ("stage", [stage.stop * dt for stage in stages], {"units": "s"}),
            "stage": [stage.label for stage in stages],
            "projection": list(weights),
            "population": [one.name for one in network.recorded.values()],
        },
    )


def status(found: xr.Dataset, network: Network) -> tuple[str, str]:
    """Say what is wrong with a network's activity; of several faults, the worst.

    Parameters
    ----------
    found : Dataset
        As `measured` returns it.
    network : Network

    Returns
    -------
    status : `silent`, `saturated`, `runaway`, `synchronous`, `regular` or `ok`
    reason : where and by how much; empty for `ok`
    """
    name, n_units = network.recording.units, network.units.size
    if not found.sizes["stage"]:
        return "ok", ""
    rate = found["stage_rate"].sel(population=name)
    growth = rate / max(float(rate[0]), SILENT)
    correlation = (found["synchrony"] - 1) / max(n_units - 1, 1)
    exciting = {
        one.name
        for one in network.ending_on(network.recording.units)
        if one.receptor.startswith("excitatory")
    }
    upper = found["at_bound"].sel(bound="upper")
    checks = [
        ("silent", rate, SILENT, np.inf, f"{name} rate {{:.3g}} Hz"),
        ("saturated", rate, 0.0, SATURATED, f"{name} rate {{:.3g}} Hz"),
        ("runaway", growth, 0.0, GROWTH, f"{name} rate {{:.3g}} times that of the first stage"),
        *(
            ("runaway", at - at[0], -np.inf, BLOWN_UP, f"{{:.2g}} of the {name} weights blown up")
            for name, at in zip(upper["projection"].values, upper, strict=True)
            if name in exciting
        ),
        ("synchronous", correlation, -np.inf, CORRELATED, "mean pairwise correlation {:.2g}"),
        ("regular", found["interval_cv"], REGULAR, np.inf, "CV of intervals {:.2g}"),
    ]
    for word, values, low, high, text in checks:
        bad = np.flatnonzero((values < low) | (values > high))
        if bad.size:
            where = "at phase edge" if values.dims == ("edge",) else "in"
            label = bad[0] if values.dims == ("edge",) else found["stage"].values[bad[0]]
            return word, f"{text.format(float(values[bad[0]]))} {where} {label}"
    return "ok", ""
