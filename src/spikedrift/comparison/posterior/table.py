"""Runs of a survey as pairs of parameters and statistics, one table for each family.

Statistics are those of the comparison of a recording with models, computed by the same code, over
the lags that the recording has. A run that failed, that was not accepted or that lacks a statistic
is left out and counted. For a recording that has all statistics this conditions on nothing that it
does not show; acceptance restricts the prior to the runs that meet it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spikedrift.comparison.scores import comparability
from spikedrift.comparison.scores.models import Failed, Models
from spikedrift.comparison.scores.summary import Run, vector
from spikedrift.core.errors import InputError
from spikedrift.drift import gates

MOST_MISSING = 0.5  # share of a family's runs that may lack a statistic before it is dropped


@dataclass(frozen=True)
class Table:
    """Runs of one family.

    Attributes
    ----------
    title : str
    values : float, shape (n_runs, n_axes)
        Values on the axes.
    statistics : float, shape (n_runs, n_statistics)
    drawn, failed, rejected, undefined : int
        Runs of the survey; of these without result, not accepted, without a statistic.
    """

    title: str
    values: np.ndarray
    statistics: np.ndarray
    drawn: int
    failed: int
    rejected: int
    undefined: int


def observed(recording: Run, statistics: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """Statistics that a recording has, and their values.

    Raises
    ------
    InputError
        Where it has none.
    """
    values = vector(recording.parts(recording.largest_lag()), list(statistics))
    kept = np.flatnonzero(np.isfinite(values)).tolist()
    if not kept:
        raise InputError(f"posterior: {recording.name} has none of {', '.join(statistics)}")
    return [statistics[k] for k in kept], values[kept]


def check_alike(recording: Run, models: Models) -> None:
    """Refuse runs whose trials, units or repeats are not those of the recording.

    Raises
    ------
    InputError
        Saying what differs: noise and lags of the statistics depend on it, and a posterior would
        take that for drift.
    """
    runs = [run for group in models.runs.values() for run in group if isinstance(run, Run)]
    said = comparability.of_trials(recording, runs)
    if said.startswith("Not the same"):
        raise InputError(f"posterior: {said}")
    for what, of in (
        ("units", lambda run: run.n_units),
        ("lags in blocks", lambda run: run.largest_lag()),
    ):
        theirs = sorted({of(run) for run in runs})
        if theirs and theirs != [of(recording)]:
            raise InputError(
                f"posterior: {of(recording)} {what} in {recording.name}, "
                f"{', '.join(map(str, theirs))} in the survey: the noise of a statistic depends on "
                "it; make them the same with the selection, the survey and the network's options"
            )


def tables(
    models: Models,
    variants: Sequence[str],
    axes: Sequence[str],
    statistics: Sequence[str],
    lag: int,
) -> tuple[dict[str, Table], dict[str, str]]:
    """Tables of families, with the statistics that all of them have.

    Parameters
    ----------
    models : Models
        Points of one sweep.
    variants, axes, statistics : sequence of str
    lag : int
        Largest lag of the recording, in repeats.

    Returns
    -------
    tables : dict of variant -> Table
    dropped : dict of statistic -> reason
    """
    points = {name: _points(models, name) for name in variants}
    seen = {name: _seen(models, of, lag) for name, of in points.items()}
    place = [comparability.TRAITS.index(name) for name in statistics]
    dropped: dict[str, str] = {}
    for name, found in seen.items():
        for statistic, column in zip(statistics, found[:, place].T, strict=True):
            known = np.isfinite(column)
            if known.mean() < 1 - MOST_MISSING:
                share = 1 - known.mean()
                dropped.setdefault(statistic, f"{share:.0%} of the runs of {name} lack it")
            elif np.ptp(column[known]) == 0:
                dropped.setdefault(statistic, f"it does not vary in {name}")
    kept = [comparability.TRAITS.index(name) for name in statistics if name not in dropped]
    out = {}
    for name, of in points.items():
        runs = [models.runs[point][0] for point in of]
        states = [run.state if isinstance(run, Failed) else "" for run in runs]
        at = {point: models.coordinates[point].axes for point in of}
        good = [point for point, state in zip(of, states, strict=True) if not state]
        values = np.array([[at[point][axis] for axis in axes] for point in good], dtype=float)
        x = seen[name][:, kept]
        whole = np.isfinite(x).all(axis=1)
        out[name] = Table(
            title=models.coordinates[of[0]].title or name if of else name,
            values=values.reshape(-1, len(axes))[whole],
            statistics=x[whole],
            drawn=len(of),
            failed=states.count(gates.FAILED),
            rejected=states.count(gates.REJECTED),
            undefined=int((~whole).sum()),
        )
    return out, dropped


def _points(models: Models, variant: str) -> list[str]:
    return [name for name, at in models.coordinates.items() if at.variant == variant and at.axes]


def _seen(models: Models, points: Sequence[str], lag: int) -> np.ndarray:
    """All statistics of the runs that did not fail: shape (n_runs, n_traits)."""
    runs: Mapping[str, Sequence[Run | Failed]] = {
        point: [run for run in models.runs[point][:1] if isinstance(run, Run)] for point in points
    }
    kept = {point: group for point, group in runs.items() if group}
    if not kept:
        return np.empty((0, len(comparability.TRAITS)))
    return comparability.traits(kept, lag)[:, 0]
