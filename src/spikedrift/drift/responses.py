"""Responses as a table of repeats, segments and units, their averages, and halves of blocks."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from spikedrift.drift.anchored.rate import permuted_counts
from spikedrift.similarity.correlation import activity
from spikedrift.spikes.caveats import order_known
from spikedrift.spikes.layout import Layout, Repeats
from spikedrift.stats.means import defined_mean

EXCHANGE = "responses exchanged between blocks among trials of the same segment and unit"
RELATIONS = ("within", "between", "proximal", "distal")


@dataclass(frozen=True)
class Responses:
    """Rates of a recording, one cell for each (repeat, segment, unit).

    Attributes
    ----------
    rate : float64, shape (n_repeats, n_segments, n_units), Hz
        Summed event amplitude per second for two-photon events; 0 where not observed.
    observed : bool, shape (n_repeats, n_segments, n_units)
    repeats : Repeats
    session : int64, shape (n_repeats,)
        Index of the repeat's session, from 0 in order.
    """

    rate: np.ndarray
    observed: np.ndarray
    repeats: Repeats
    session: np.ndarray

    @property
    def groups(self) -> tuple[np.ndarray, str]:
        """Index of each repeat's session, or of its block if there is one session; and which."""
        if self.session.max() > 0:
            return self.session, "sessions"
        return self.repeats.block, "blocks"

    def exchanged(self, rng: np.random.Generator) -> "Responses":
        """Deal the responses of every (segment, unit) anew among the repeats it was observed in."""
        if self.observed.all():
            return replace(self, rate=rng.permuted(self.rate, axis=0))
        shape = self.rate.shape
        flat, seen = (part.reshape(shape[0], -1) for part in (self.rate, self.observed))
        dealt = permuted_counts(flat, seen, np.zeros(shape[0], np.int64), rng)
        return replace(self, rate=dealt.reshape(shape))

    def averaged(self, member: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean over the repeats of each set in which the unit was observed.

        Parameters
        ----------
        member : bool, shape (n_sets, n_repeats)

        Returns
        -------
        mean : float64, shape (n_sets, n_segments, n_units), Hz
            0 where never observed.
        observed : bool, same shape
        """
        weight = member.astype(np.float64)
        shape = (member.shape[0], *self.rate.shape[1:])
        total = weight @ self.rate.reshape(self.rate.shape[0], -1)
        if self.observed.all():
            mean = (total / weight.sum(axis=1, keepdims=True)).reshape(shape)
            return mean, np.ones(shape, bool)
        count = weight @ self.observed.reshape(self.rate.shape[0], -1)
        mean = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
        return mean.reshape(shape), (count > 0).reshape(shape)


def responses_of(layout: Layout) -> Responses:
    """Arrange the trials of a recording by repeat and segment; a trial not shown is unobserved."""
    dataset, repeats, segment = layout.dataset, layout.repeats, layout.segment
    shape = (len(repeats.members), layout.n_segments, dataset.sizes["unit"])
    seen = dataset["observed"].values.astype(bool)
    rate, observed = np.zeros(shape), np.zeros(shape, bool)
    per_trial = activity(dataset)[0] / dataset["duration"].values[:, None]
    rate[layout.repeat, segment] = np.where(seen, per_trial, 0.0)
    observed[layout.repeat, segment] = seen
    first = np.array([members[0] for members in repeats.members])
    session = np.unique(dataset["session"].values[first], return_inverse=True)[1]
    return Responses(rate, observed, repeats, session.astype(np.int64))


@dataclass(frozen=True)
class Halves:
    """The two halves of every block, and the pairs of halves.

    Attributes
    ----------
    member : bool, shape (n_halves, n_repeats)
    block, session : int64, shape (n_halves,)
    first, second : int64, shape (n_pairs,)
        Halves of each pair.
    relation : str, shape (n_pairs,)
        "within": one block; "between": different blocks of a session; "proximal": successive
        sessions; "distal": sessions further apart.
    """

    member: np.ndarray
    block: np.ndarray
    session: np.ndarray
    first: np.ndarray
    second: np.ndarray
    relation: np.ndarray

    def means(self, values: np.ndarray) -> dict[str, float]:
        """Mean over the pairs of each relation that occurs; pairs that are NaN are left out.

        Parameters
        ----------
        values : float64, shape (n_halves, n_halves)
        """
        pairs = values[self.first, self.second]
        return {
            name: defined_mean(pairs[self.relation == name])
            for name in RELATIONS
            if np.any(self.relation == name)
        }


def halves_of(responses: Responses, unequal: bool = False) -> Halves:
    """Cut the repeats of every block into a first and a second half.

    Parameters
    ----------
    responses : Responses
    unequal : bool
        All repeats are used, so that the second half of an odd number has one more (Deitch et al.
        2021). By default all halves of the recording hold as many repeats as half of the shortest
        block, and repeats in the middle of longer blocks are not used, because means over more
        repeats correlate better. Blocks of one repeat have no halves.
    """
    block = responses.repeats.block
    members = [np.flatnonzero(block == index) for index in range(int(block.max()) + 1)]
    members = [rows for rows in members if rows.size > 1]
    size = min((rows.size // 2 for rows in members), default=0)
    member = np.zeros((2 * len(members), block.size), bool)
    for index, rows in enumerate(members):
        first = rows.size // 2 if unequal else size
        last = rows.size - first if unequal else size
        member[2 * index, rows[:first]] = True
        member[2 * index + 1, rows[rows.size - last :]] = True
    start = member.argmax(axis=1)
    one, two = np.triu_indices(len(member), k=1)
    apart = responses.session[start[two]] - responses.session[start[one]]
    same = block[start[one]] == block[start[two]]
    place = np.where(same, 0, 1 + np.minimum(apart, 2))
    return Halves(
        member, block[start], responses.session[start], one, two, np.array(RELATIONS)[place]
    )


def null_of(
    dataset: xr.Dataset,
    responses: Responses,
    statistic: Callable[[Responses], np.ndarray],
    surrogates: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Statistics of exchange surrogates.

    The test is exact where trials of one segment are independent and identically distributed. A
    slow state that modulates units differently breaks this without any drift. Where the order of
    trials is assumed, the test is void and no surrogates are drawn.

    Parameters
    ----------
    dataset : trials Dataset
    responses : Responses
        Of that dataset.
    statistic : callable
        Responses -> float64, shape (n_statistics,).
    surrogates : int
    rng : Generator

    Returns
    -------
    float64, shape (n_statistics, surrogates or 0)
    """
    if not order_known(dataset.attrs):
        surrogates = 0
    drawn = [statistic(responses.exchanged(rng)) for _ in range(surrogates)]
    return np.stack(drawn, axis=1) if drawn else np.empty((statistic(responses).size, 0))
