"""Template reliability: how well the mean response represents single trials.

Every trial is correlated, over units, with the mean response to its segment over the other trials
of one block (its own block, or another), in square roots of spike counts. For contrast, it is
correlated with the templates of other segments. Test of a drop between blocks: counts of each unit
are exchanged between blocks among trials of the same segment, which assumes that trials are
independent given the segment, and units, too. Unit of inference: the trials of one recording;
descriptive. After Tlaie et al. (2024), PLoS Computational Biology 20:e1012000, who compare single
trials with averages over them.
"""

import numpy as np
import xarray as xr

from spikedrift.analyses.contract.analysis import NAN, Analysis, Statistic, monte_carlo
from spikedrift.config.analyses import TemplateReliabilityOptions
from spikedrift.drift.anchored.rate import EXCHANGE, permuted_counts
from spikedrift.similarity.correlation import pearson_pairs
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import stream
from spikedrift.stats.means import defined_mean


def template_correlations(
    response: np.ndarray,
    observed: np.ndarray,
    segment: np.ndarray,
    block: np.ndarray,
    min_shared: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Correlate every trial with the templates of every block.

    A template is the mean over the block's trials of one segment in which the unit was observed;
    the trial itself is left out.

    Parameters
    ----------
    response : float64, shape (n_trials, n_units)
    observed : bool, shape (n_trials, n_units)
    segment, block : int64, shape (n_trials,)
        Numbered from 0.
    min_shared : int
        Fewest units over which a correlation is taken.

    Returns
    -------
    own : float64, shape (n_trials, n_blocks)
        Correlation with the template of the trial's segment; NaN where the template has no trial or
        too few units.
    other : float64, shape (n_trials, n_blocks)
        Mean correlation with the templates of other segments.
    """
    n_trials = segment.size
    n_segments, n_blocks = int(segment.max()) + 1, int(block.max()) + 1
    cell = block * n_segments + segment
    member = np.zeros((n_blocks * n_segments, n_trials))
    member[cell, np.arange(n_trials)] = 1.0
    seen = observed.astype(np.float64)
    total, count = member @ np.where(observed, response, 0.0), member @ seen
    trial = np.arange(n_trials)
    own, other = np.full((2, n_trials, n_blocks), np.nan)
    for index in range(n_blocks):
        value = np.full((n_trials, n_segments), np.nan)
        for number in range(n_segments):
            row = index * n_segments + number
            inside = (cell == row).astype(np.float64)[:, None]
            left = count[row] - inside * seen
            summed = total[row] - inside * np.where(observed, response, 0.0)
            template = np.divide(summed, left, out=np.zeros_like(summed), where=left > 0)
            both = np.concatenate([response, template])
            known = np.concatenate([observed, left > 0])
            value[:, number] = pearson_pairs(both, known, trial, trial + n_trials, min_shared)[0]
        own[:, index] = value[trial, segment]
        value[trial, segment] = np.nan
        defined = np.isfinite(value)
        np.divide(
            np.where(defined, value, 0.0).sum(axis=1),
            defined.sum(axis=1),
            out=other[:, index],
            where=defined.any(axis=1),
        )
    return own, other


def run(
    dataset: xr.Dataset, options: TemplateReliabilityOptions, seed: int
) -> tuple[xr.Dataset, list[Statistic]]:
    """Reliability within blocks and between them, against templates of other segments.

    Returns
    -------
    arrays : Dataset
        `own`, `other` (trial, block): see `template_correlations`; coordinate `trial_block`.
    statistics : list of Statistic
        `reliability_within`, `reliability_between`, `contrast_within` (own minus other segment),
        and `drop`, within minus between, with its exchange test.
    """
    layout = Layout.of(dataset)
    name, spikes = layout.name, layout.events
    within = np.equal.outer(spikes.block, np.arange(layout.n_blocks))

    def means(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, float, float]:
        own, other = template_correlations(
            np.sqrt(counts), spikes.observed, spikes.segment, spikes.block, options.min_shared
        )
        return own, other, defined_mean(own[within]), defined_mean(own[~within])

    own, other, near, far = means(spikes.counts)
    rng = stream(seed, name, "template_reliability")
    null = np.empty(options.surrogates)
    for index in range(null.size):
        exchanged = permuted_counts(spikes.counts, spikes.observed, spikes.segment, rng)
        _, _, near_null, far_null = means(exchanged)
        null[index] = near_null - far_null
    n = spikes.segment.size
    arrays = xr.Dataset(
        {
            "own": (("trial", "block"), own, {"units": "1"}),
            "other": (("trial", "block"), other, {"units": "1"}),
        },
        {"trial_block": ("trial", spikes.block)},
    )
    return arrays, [
        Statistic("reliability_within", near, n, "trials"),
        Statistic("reliability_between", far, n, "trials"),
        Statistic("contrast_within", near - defined_mean(other[within]), n, "trials", no_drift=NAN),
        monte_carlo("drop", near - far, null, "upper", EXCHANGE, n=n, unit="trials", no_drift=0.0),
    ]


ANALYSIS = Analysis(
    name="template_reliability",
    title="Template reliability",
    citation="Tlaie A, Shapcott K, van der Plas TL, Rowland J, Lees R, Keeling J, Packer A, "
    "Tiesinga P, Schölvinck ML, Havenith MN (2024) PLoS Computational Biology 20:e1012000",
    run=run,
    needs=frozenset({"blocks", "segments"}),
)
