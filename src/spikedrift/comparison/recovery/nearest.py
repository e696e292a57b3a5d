"""The point nearest to every run, with all that could give the run away held out.

The score is that of `spikedrift.comparison.scores.distance`, with the covariance of
`spikedrift.stats.covariance.pooled`, for many data sets at once: a permutation test fits
everything anew thousands of times.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import chain, combinations, islice, permutations, product

import numpy as np

from spikedrift.comparison.scores.distance import freedom
from spikedrift.core.errors import InputError

AT_ONCE = 4_000_000  # values in one batch of permutations, which limits the memory


def excluded(ranks: np.ndarray, reach: int | None) -> np.ndarray:
    """Which points a run of each point must not be compared with.

    Parameters
    ----------
    ranks : float, shape (n_points, n_axes)
        Rank of the point's value among those of the axis; NaN where it is not swept.
    reach : int or None
        Points of the same axes whose values lie that many steps away on every one, or fewer, are
        left out: 0 are those of the same values, of whatever variant. None: none.

    Returns
    -------
    bool, shape (n_points, n_points)
        First the point of the run.
    """
    n, n_axes = ranks.shape
    if reach is None or not n_axes:
        return np.zeros((n, n), bool)
    swept = np.isfinite(ranks)
    alike = (swept[:, None] == swept).all(axis=2) & swept.any(axis=1)
    steps = np.abs(ranks[:, None] - ranks)
    return np.asarray(alike & (np.where(swept, steps, 0) <= reach).all(axis=2))


def permuted(
    values: np.ndarray, sweep: np.ndarray, n: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Exchange points within instances, and instances between sweeps, in batches.

    What is undefined stays where it is: that no code was detected belongs to its point. Instances
    of one sweep share their draws over its points, so that only whole instances with as many
    defined points take each other's place. Those of one sweep are alike wherever they stand.

    Parameters
    ----------
    values : float, shape (n_instances, n_points, n_statistics)
    sweep : int, shape (n_points,)
        Sweep of every point. Sweeps of one seed have their points in the same instances.
    n : int
        Number of random permutations; where no more than this exist besides the identity, each of
        them is taken once.
    rng : Generator

    Yields
    ------
    float, shape (n_batch, n_instances, n_points, n_statistics)
    """
    places = [np.flatnonzero(known) for known in np.isfinite(values).all(axis=2)]
    classes = _exchangeable(places, sweep)
    orders: Iterator[tuple[Sequence[int], Sequence[np.ndarray]]]
    n_within = math.prod(math.factorial(place.size) for place in places)
    n_between = math.prod(_n_arrangements(list(map(len, one))) for one in classes)
    own = range(len(places))
    if n_within * n_between - 1 <= n:
        between = product(*map(_arrangements, classes))
        sources = [_moved(own, one, classes) for one in between]
        within = product(*([np.array(one, int) for one in permutations(p)] for p in places))
        orders = islice(product(sources, list(within)), 1, None)  # the first is the identity
    else:
        orders = (
            (
                _moved(own, [rng.permutation([*chain(*one)]).tolist() for one in classes], classes),
                [rng.permutation(place) for place in places],
            )
            for _ in range(n)
        )
    while chunk := list(islice(orders, max(AT_ONCE // values.size, 1))):
        batch = np.broadcast_to(values, (len(chunk), *values.shape)).copy()
        for k, place in enumerate(places):
            rows = np.array([source[k] for source, _ in chunk])
            taken = np.array([order[row] for row, (_, order) in zip(rows, chunk, strict=True)])
            batch[:, k, place] = values[rows[:, None], taken]
        yield batch


def _exchangeable(places: Sequence[np.ndarray], sweep: np.ndarray) -> list[list[list[int]]]:
    """Instances that may take each other's place: by number of defined points, then by sweeps."""
    classes: dict[int, dict[tuple[int, ...], list[int]]] = {}
    for k, place in enumerate(places):
        if place.size:
            of = tuple(np.unique(sweep[place]).tolist())
            classes.setdefault(place.size, {}).setdefault(of, []).append(k)
    return [list(groups.values()) for groups in classes.values() if len(groups) > 1]


def _n_arrangements(sizes: Sequence[int]) -> int:
    """Number of ways to divide instances into groups of these sizes."""
    return math.factorial(sum(sizes)) // math.prod(map(math.factorial, sizes))


def _arrangements(groups: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Every way to divide the instances of groups into groups of their sizes, theirs first."""

    def divided(rest: Sequence[int], sizes: Sequence[int]) -> Iterator[list[int]]:
        if not sizes:
            yield []
            return
        for chosen in combinations(rest, sizes[0]):
            left = [one for one in rest if one not in chosen]
            yield from ([*chosen, *more] for more in divided(left, sizes[1:]))

    yield from divided(list(chain(*groups)), list(map(len, groups)))


def _moved(
    own: Sequence[int],
    arranged: Sequence[Sequence[int]],
    classes: Sequence[Sequence[Sequence[int]]],
) -> list[int]:
    """Instance whose values each instance gets."""
    source = list(own)
    for groups, rows in zip(classes, arranged, strict=True):
        for place, row in zip(chain(*groups), rows, strict=True):
            source[place] = row
    return source


def scores(
    values: np.ndarray, left_out: np.ndarray, scales: np.ndarray, grid: np.ndarray
) -> np.ndarray:
    """Score of every run against every point, the run's instance held out of all of them.

    Parameters
    ----------
    values : float, shape (n_sets, n_instances, n_points, n_statistics)
        Data sets that are treated alike; NaN where undefined.
    left_out : bool, shape (n_points, n_points)
        Of `excluded`.
    scales, grid
        As for `distance.fit`.

    Returns
    -------
    float, shape (n_sets, n_instances, n_points, n_points)
        First the point of the run; 1 expected of its own, inf where there is nothing to compare
        it with, or it is undefined itself.

    Raises
    ------
    InputError
        Where a statistic does not vary, or too few points have two instances to learn from.
    """
    n_sets, n_instances, n_points, _ = values.shape
    out = np.empty((n_sets, n_instances, n_points, n_points))
    for pattern in np.unique(left_out, axis=0):
        runs = np.flatnonzero((left_out == pattern).all(axis=1))
        kept = np.flatnonzero(~pattern)
        if not kept.size:
            out[:, :, runs] = np.inf
            continue
        for k in range(n_instances):
            train = np.delete(values[:, :, kept], k, axis=1)
            known = np.isfinite(train).all(axis=3)
            train = np.where(known[..., None], train, 0.0)
            found = np.full((n_sets, len(runs), n_points), np.inf)
            # Spread of the run plus that of the runs it is compared with, as with a recording.
            metric = 2 * within(train, known)
            found[:, :, kept] = _fitted(values[:, k, runs], train, known, metric, scales, grid)
            out[:, k, runs] = found
    return out


def within(train: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return `covariance.pooled` of many data sets.

    Parameters
    ----------
    train : float, shape (n_sets, n_instances, n_points, n_statistics)
        0 where undefined.
    known : bool, shape (n_sets, n_instances, n_points)

    Returns
    -------
    float, shape (n_sets, n_statistics, n_statistics)
    """
    used = known & (known.sum(axis=1, keepdims=True) > 1)
    count = used.sum(axis=1)
    n, groups = count.sum(axis=1), (count > 0).sum(axis=1)
    # Two centered rows are each other's negative: there would be no shrinkage and no inverse.
    if not (n - groups >= min(2, train.shape[3])).all():
        raise InputError(
            "recovery: too few instances beside the one held out for a covariance; needs three "
            "with all statistics of the score, in two points"
        )
    mean = (train * used[..., None]).sum(axis=1) / np.maximum(count, 1)[..., None]
    residual = np.where(used[..., None], train - mean[:, None], 0.0)
    residual = residual.reshape(len(train), -1, train.shape[3])
    dof = (n - groups)[:, None]
    scale = np.sqrt((residual**2).sum(axis=1) / dof)
    if not (scale > 0).all():
        raise InputError(
            "recovery: a statistic does not vary over instances; drop it from compare.statistics"
        )
    x = residual / scale[:, None] * np.sqrt(n[:, None] / dof)[:, None]
    return _ledoit_wolf(x, n) * scale[:, :, None] * scale[:, None, :]


def _ledoit_wolf(x: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Ledoit & Wolf 2004, J Multivar Anal 88:365, of centered samples; rows of 0 do not count.

    Parameters
    ----------
    x : float, shape (n_sets, n_rows, n_statistics)
    n : int, shape (n_sets,)
        Number of rows that count.
    """
    size, per = x.shape[2], n[:, None, None]
    plain = np.matmul(x.transpose(0, 2, 1), x) / per
    squares = np.matmul((x**2).transpose(0, 2, 1), x**2) / per
    target = np.trace(plain, axis1=1, axis2=2)[:, None, None] / size * np.eye(size)
    noise = ((squares - plain**2) / per).sum(axis=(1, 2))
    spread = ((plain - target) ** 2).sum(axis=(1, 2))
    share = np.divide(np.minimum(noise, spread), spread, out=np.zeros(len(x)), where=spread > 0)
    weight = share[:, None, None]
    return np.asarray((1 - weight) * plain + weight * target)


def _fitted(
    runs: np.ndarray,
    train: np.ndarray,
    known: np.ndarray,
    metric: np.ndarray,
    scales: np.ndarray,
    grid: np.ndarray,
) -> np.ndarray:
    """Score of `distance.fit` of runs against points: (set, run, point).

    Means over instances are taken before runs and points meet.
    """
    white = np.linalg.inv(np.linalg.cholesky(metric))[:, None]
    count = known.sum(axis=1)
    share = (known / np.maximum(count, 1)[:, None])[..., None]

    def turned(x: np.ndarray) -> np.ndarray:
        return np.asarray(np.matmul(x, white.transpose(0, 1, 3, 2)))

    y = np.where(np.isfinite(runs), runs, 0.0)
    y = np.matmul(y, white[:, 0].transpose(0, 2, 1))
    moving, rest = turned(np.where(scales, train, 0.0)), turned(np.where(scales, 0.0, train))
    mean_moving, mean_rest = (moving * share).sum(axis=1), (rest * share).sum(axis=1)
    square, cross, still = (
        (a * b * share).sum(axis=(1, 3))[:, None]
        for a, b in ((moving, moving), (rest, moving), (rest, rest))
    )
    constant = (
        (y**2).sum(axis=2)[..., None] - 2 * np.matmul(y, mean_rest.transpose(0, 2, 1)) + still
    )
    linear = np.matmul(y, mean_moving.transpose(0, 2, 1)) - cross
    best = np.ones(linear.shape)
    if scales.any():
        np.divide(linear, square, out=best, where=square > 0)
        best = best.clip(grid[0], grid[-1])
    score = (constant - 2 * best * linear + best**2 * square) / freedom(scales)
    defined = np.isfinite(runs).all(axis=2)[..., None] & (count > 0)[:, None]
    return np.asarray(np.where(defined, score, np.inf))
