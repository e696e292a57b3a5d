"""Definition of an analysis of a trials file, what it may require, and how its numbers are kept.

An analysis is one file in `analyses/` that defines `ANALYSIS`. Whatever arrays it returns, its main
numbers are in one table of statistics, each with its interval, its null, its unit of inference and
n. Tables, figures and the ground truth read that table and need to know nothing else about the
analysis.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import xarray as xr

from spikedrift.config.analyses import OPTIONS
from spikedrift.config.base import completed
from spikedrift.core.errors import InputError
from spikedrift.core.plugins import Plugins
from spikedrift.spikes import caveats
from spikedrift.spikes.layout import Layout
from spikedrift.stats.monte_carlo import upper_tail
from spikedrift.trials import NO_TIMING

NAN = float("nan")
NO_TEST = "no test: the order of trials, and so the blocks, are assumed"

Need = Literal["timing", "blocks", "sessions", "simultaneous", "segments"]


@dataclass(frozen=True)
class Analysis:
    """An analysis of one recording under one selection.

    Attributes
    ----------
    name : str
        Stem of the file that defines it.
    title : str
        For axes and tables.
    citation : str
        Paper that defines it; empty for an analysis of this library's own.
    run : callable
        `run(dataset, options, seed) -> (arrays, statistics)`: a Dataset of whatever its figure
        draws, and a sequence of `Statistic`. The dataset is a trials file after its selection;
        options are attributes of an object, by name.
    needs : frozenset of str
        What the recording must have, which is checked first: "timing" (spike times), "blocks" (two
        blocks), "sessions" (two sessions, with units observed in both), "simultaneous" (units
        recorded together), "segments" (two segments).
    """

    name: str
    title: str
    citation: str
    run: Callable[[xr.Dataset, Any, int], tuple[xr.Dataset, Sequence["Statistic"]]]
    needs: frozenset[Need] = frozenset()


@dataclass(frozen=True)
class Statistic:
    """A number that an analysis reports.

    Attributes
    ----------
    name : str
        With the code that it reads, where there are several: `rate.rdi`.
    value : float
    n : int
        Number of units of inference.
    unit : str
        The unit of inference: "units", "trials", "pairs of repeats", "segments".
    low, high : float
        Interval over the unit of inference; NaN where there is none.
    interval : str
        What the interval is: "95 % bootstrap over units".
    null : str
        What the null keeps and destroys, in a few words; empty where nothing is tested.
    null_mean, null_low, null_high : float
        Mean, 2.5 and 97.5 % of the statistic under the null.
    p_value : float
        Probability of a value as extreme under the null, in the direction of `tail`.
    tail : {"upper", "lower", "two", ""}
    no_drift : float
        Value where nothing drifts, by construction; NaN where that depends on the recording.
    ordered : bool
        Whether its test rests on the order of trials or on blocks, so that it is void where the
        order is assumed.
    of_drift : bool
        Whether its test is one of drift, not of a code or of behavior; a test that is not `ordered`
        never is one of drift.
    """

    name: str
    value: float
    n: int
    unit: str
    low: float = NAN
    high: float = NAN
    interval: str = ""
    null: str = ""
    null_mean: float = NAN
    null_low: float = NAN
    null_high: float = NAN
    p_value: float = NAN
    tail: str = ""
    no_drift: float = NAN
    ordered: bool = True
    of_drift: bool = True


def monte_carlo(
    name: str,
    value: float,
    null: np.ndarray,
    tail: Literal["upper", "lower", "two"],
    what: str,
    **more: Any,
) -> Statistic:
    """Make a statistic with its Monte Carlo test.

    Parameters
    ----------
    value : float
    null : float64, shape (n_surrogates,)
        The statistic under the null; undefined surrogates count as more extreme.
    tail : {"upper", "lower", "two"}
        p = (1 + k) / (1 + n_surrogates), with k surrogates at least as extreme (Davison & Hinkley
        1997, eq. 4.11); for two, twice the smaller tail, at most 1.
    what : str
        What the null keeps and destroys.
    **more
        Further attributes of `Statistic`.
    """
    if not np.isfinite(value):
        return Statistic(name, value, null=what, tail=tail, **more)
    upper, lower = upper_tail(value, null), upper_tail(-value, -null)
    p = {"upper": upper, "lower": lower, "two": min(1.0, 2 * min(upper, lower))}[tail]
    known = null[np.isfinite(null)]
    mean, low, high = (
        (known.mean(), *np.quantile(known, [0.025, 0.975])) if known.size else (NAN, NAN, NAN)
    )
    return Statistic(
        name,
        float(value),
        null=what,
        null_mean=float(mean),
        null_low=float(low),
        null_high=float(high),
        p_value=float(p),
        tail=tail,
        **more,
    )


ANALYSES = Plugins("analyses", "ANALYSIS", Analysis, "analysis")
names, get = ANALYSES.names, ANALYSES.get


def code_of(name: str, statistic: str) -> Literal["rate", "timing", "both"]:
    """Code that a statistic of the analysis called `name` reads.

    A part of the statistic's name says so (`timing.rdi`, `lda.timing.drop`); without one it
    is timing where the analysis needs spike times, otherwise rate. Counts of whole trials
    (`trial.index`) are rate. The `difference` of the two codes reads both, and so does the
    `subspace` of responses over time, which holds counts and their course.
    """
    parts = set(statistic.split("."))
    if parts & {"difference", "subspace"}:
        return "both"
    if parts & {"rate", "trial"}:
        return "rate"
    return "timing" if "timing" in parts or "timing" in get(name).needs else "rate"


def analyze(
    dataset: xr.Dataset, name: str, options: Mapping[str, Any] | None = None, seed: int = 0
) -> xr.Dataset:
    """Check that the recording can carry the analysis, and run it.

    Parameters
    ----------
    dataset : xr.Dataset
        A trials file after its selection.
    name : str
        Name of an analysis.
    options : mapping, optional
        Its options; those left out take their defaults (`spikedrift.config.analyses`).
    seed : int
        Every random draw comes from it and from the names of the recording and the analysis.

    Returns
    -------
    xr.Dataset
        The arrays of the analysis, and the attributes of `Statistic` over dim `statistic` (its
        coordinate is the name). p and null are NaN where they rest on an order of trials that is
        assumed (`test_note` says so). Attributes: those of the recording, `analysis`, `title`,
        `citation`, `options` (JSON), `seed`, `n_units`, `n_trials`, `test_note`,
        `segment_names` (JSON, one name for each segment).

    Raises
    ------
    InputError
        For an unknown analysis or option, or a recording that lacks what the analysis needs.
    """
    analysis = get(name)
    where = str(dataset.attrs.get("recording", "trials"))
    chosen = SimpleNamespace(**completed(OPTIONS, "analysis", name, options or {}))
    layout = Layout.of(dataset)
    check(layout, analysis)
    arrays, statistics = analysis.run(dataset, chosen, seed)
    note = ""
    if not caveats.order_known(dataset.attrs):
        note = NO_TEST
    out = arrays.merge(_table(statistics, void=bool(note)))
    return out.assign_attrs(
        {
            **dataset.attrs,
            "recording": where,
            "analysis": name,
            "title": analysis.title,
            "citation": analysis.citation,
            "options": json.dumps(vars(chosen), sort_keys=True),
            "seed": seed,
            "n_units": dataset.sizes["unit"],
            "n_trials": dataset.sizes["trial"],
            "test_note": note,
            "segment_names": json.dumps(layout.segment_names),
        }
    )


def check(layout: Layout, analysis: Analysis) -> None:
    """Refuse a recording that cannot carry the analysis.

    Raises
    ------
    InputError
        For fewer than two units or repeats, no spikes, or one of `analysis.needs` that the
        recording lacks.
    """
    dataset = layout.dataset
    where = f"{dataset.attrs.get('recording', 'trials')}: {analysis.name}"
    n_units = dataset.sizes["unit"]
    if n_units < 2:
        raise InputError(f"{where} needs two units, the selection has {n_units}")
    if layout.repeat.max(initial=-1) < 1:
        raise InputError(f"{where} needs two repeats, the selection has one")
    if not int(dataset["spike_count"].where(dataset["observed"], 0).sum()):
        raise InputError(f"{where}: no unit spikes in any trial of the selection")
    if "timing" in analysis.needs and not layout.timed:
        raise InputError(f"{where} needs spike times ({NO_TIMING}); choose a rate analysis")
    if "segments" in analysis.needs and layout.n_segments < 2:
        raise InputError(f"{where} needs two segments, the selection has one")
    if "blocks" in analysis.needs:
        caveats.need_blocks(layout, analysis.name)
    if "simultaneous" in analysis.needs and caveats.pooled(dataset.attrs):
        raise InputError(
            f"{where} needs units recorded together; these were pooled over sessions or animals"
        )
    if "sessions" in analysis.needs:
        session = dataset["session"].values
        days = np.unique(session)
        if days.size < 2:
            raise InputError(f"{where} compares days, the selection has one session")
        seen = np.stack([dataset["observed"].values[session == day].any(axis=0) for day in days])
        if seen.all(axis=0).sum() < 2:
            raise InputError(
                f"{where} compares days and needs units that were found on all of them: "
                f"{int(seen.all(axis=0).sum())} of {n_units} were; match units over days"
            )


def _table(statistics: Sequence[Statistic], void: bool) -> xr.Dataset:
    columns: dict[str, Any] = {}
    for field in fields(Statistic):
        if field.name != "name":
            columns[field.name] = ("statistic", [getattr(one, field.name) for one in statistics])
    table = xr.Dataset(columns, {"statistic": [one.name for one in statistics]})
    if void:
        assumed = table["ordered"].astype(bool)
        for name in ("p_value", "null_mean", "null_low", "null_high"):
            table[name] = table[name].where(~assumed)
    return table
