"""Rate correlation: Pearson correlation over units of the rates in two trials or two repeats."""

import numpy as np
import xarray as xr

from spikedrift.similarity.correlation import activity, pearson_pairs
from spikedrift.similarity.registry import Measure, Values


def pairs(
    dataset: xr.Dataset,
    first: np.ndarray,
    second: np.ndarray,
    min_shared: int,
    standardize: bool = False,
) -> Values:
    """Correlate the rates of pairs of trials over the units observed in both.

    Counts stand for rates: dividing each trial by its duration changes no correlation.
    """
    return pearson_pairs(
        activity(dataset, standardize=standardize)[0],
        dataset["observed"].values,
        first,
        second,
        min_shared,
    )


def repeats(
    dataset: xr.Dataset, members: list[np.ndarray], min_shared: int, standardize: bool = False
) -> Values:
    """Ensemble rate correlation: rates averaged over each repeat, correlated over units.

    A unit's rates in two repeats are averaged over the segments in which it was observed in both
    of them, so that a segment missing in one repeat does not look like a change of rate.
    """
    spikes, observed = activity(dataset, standardize=standardize)[0], dataset["observed"].values
    duration = dataset["duration"].values
    keys = list(zip(dataset["stimulus"].values, dataset["segment"].values, strict=True))
    segment = {key: k for k, key in enumerate(sorted(set(keys)))}
    shape = (len(members), len(segment), spikes.shape[1])
    count, time = np.zeros(shape), np.zeros(shape)  # time 0: not observed
    for repeat, trials in enumerate(members):
        position = [segment[keys[trial]] for trial in trials]
        count[repeat, position] = spikes[trials]
        time[repeat, position] = duration[trials, None] * observed[trials]
    first, second = np.triu_indices(len(members))
    if (time > 0).all():
        everywhere = np.ones((len(members), shape[2]), bool)
        corr, n_shared = pearson_pairs(count.sum(axis=1), everywhere, first, second, min_shared)
    else:
        corr, n_shared = np.empty(first.size), np.empty(first.size, np.int64)
        for pair, (one, two) in enumerate(zip(first, second, strict=True)):
            joint = (time[one] > 0) & (time[two] > 0)
            both = joint.any(axis=0, keepdims=True)
            rates = [
                np.divide(
                    (count[repeat] * joint).sum(axis=0),
                    (time[repeat] * joint).sum(axis=0),
                    where=both[0],
                    out=np.zeros(shape[2]),
                )
                for repeat in (one, two)
            ]
            value, n = pearson_pairs(
                np.stack(rates), np.repeat(both, 2, axis=0),
                np.array([0]), np.array([1]), min_shared,
            )  # fmt: skip
            corr[pair], n_shared[pair] = value[0], n[0]
    value, shared = np.empty((2, len(members), len(members)))
    value[first, second] = value[second, first] = corr
    shared[first, second] = shared[second, first] = n_shared
    return value, shared.astype(np.int64)


MEASURE = Measure(
    name="rate_correlation",
    title="Rate correlation",
    kind="similarity",
    code="rate",
    units="1",
    citation="Deitch, Rubin & Ziv 2021, doi:10.1016/j.cub.2021.07.062",
    pairs=pairs,
    repeats=repeats,
)
