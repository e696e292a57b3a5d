"""Leave spikes out at random, so that blocks have similar counts.

Changes of spike times can then be measured without the changes of counts that came with them:
`thin_blocks` matches every (segment, unit) by itself, `match_gain` the rate of the population.
"""

import numpy as np

from spikedrift.spikes.arrays import Spikes


def random_rank(group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Random rank of every entry of `group` (n,) within its group, from 0: int64, (n,)."""
    order = np.argsort(group + rng.random(group.size))
    size = np.bincount(group)
    rank = np.empty(group.size, dtype=np.int64)
    rank[order] = np.arange(group.size) - np.repeat(np.cumsum(size) - size, size)
    return rank


def thin_blocks(spikes: Spikes, rng: np.random.Generator) -> Spikes:
    """Thin each (segment, unit) at random to the mean count of its quietest block.

    Means are over observed trials; a block in which the unit was never observed with the segment
    does not count. The number of spikes left is rounded to the nearest integer.
    """
    n_units = spikes.counts.shape[1]
    n_segments, n_blocks = int(spikes.segment.max()) + 1, int(spikes.block.max()) + 1
    group = spikes.segment * n_blocks + spikes.block
    total = np.zeros((n_segments * n_blocks, n_units))
    trials = np.zeros_like(total)
    np.add.at(total, group, spikes.counts)
    np.add.at(trials, group, spikes.observed)
    mean = np.where(trials > 0, total / np.maximum(trials, 1), np.inf)
    lowest = mean.reshape(n_segments, n_blocks, n_units).min(axis=1)
    quota = np.where(trials > 0, trials, 0) * np.repeat(
        np.where(np.isfinite(lowest), lowest, 0.0), n_blocks, axis=0
    )
    quota = np.rint(quota).astype(np.int64)
    trial, unit = spikes.cells
    rank = random_rank(group[trial] * n_units + unit, rng)
    return spikes.kept(rank < quota[group[trial], unit])


def match_gain(spikes: Spikes, rng: np.random.Generator) -> Spikes:
    """Thin whole blocks at random to the population rate of the quietest block.

    A block has one probability for all units, segments and trials: a gain shared by the population
    is lost, differences between units and segments stay. The rate of a block is summed over the
    (segment, unit) that were observed in every block.
    """
    n_blocks = int(spikes.block.max()) + 1
    n_segments = int(spikes.segment.max()) + 1
    shape = (n_segments * n_blocks, spikes.counts.shape[1])
    group = spikes.segment * n_blocks + spikes.block
    total, trials = np.zeros(shape), np.zeros(shape)
    np.add.at(total, group, spikes.counts)
    np.add.at(trials, group, spikes.observed)
    mean = (total / np.where(trials > 0, trials, np.nan)).reshape(n_segments, n_blocks, shape[1])
    shared = np.isfinite(mean).all(axis=1, keepdims=True)
    rate = np.where(shared, mean, 0.0).sum(axis=(0, 2))
    probability = np.divide(rate.min(), rate, out=np.ones(n_blocks), where=rate > 0)
    trial, _ = spikes.cells
    return spikes.kept(rng.random(spikes.times.size) < probability[spikes.block[trial]])
