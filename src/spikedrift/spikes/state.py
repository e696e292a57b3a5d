"""Match trials of two blocks by behavior state, so that state cannot pass for drift."""

import numpy as np
import xarray as xr

from spikedrift.config.drift import StateOptions
from spikedrift.core.errors import InputError
from spikedrift.spikes.layout import Layout
from spikedrift.trials import select

COVARIATES = ("running_speed", "pupil_area")


def covariates(dataset: xr.Dataset) -> tuple[list[str], np.ndarray]:
    """Behavior of every trial in standard deviations over all trials.

    Returns
    -------
    names : list of str
        Covariates that are known in at least half of the trials and vary.
    state : float64, shape (n_trials, n_names)
        NaN where missing.

    Raises
    ------
    InputError
        Where there is no such covariate.
    """
    names, columns = [], []
    for name in COVARIATES:
        value = dataset[name].values.astype(np.float64)
        known = np.isfinite(value)
        if known.mean() >= 0.5 and value[known].std() > 0:
            names.append(name)
            columns.append((value - value[known].mean()) / value[known].std())
    if not names:
        raise InputError(
            f"{dataset.attrs.get('recording')}: no behavioral covariates: "
            f"{' and '.join(COVARIATES)} are constant, or missing in more than half of the trials"
        )
    return names, np.stack(columns, axis=1)


def match_state(layout: Layout, options: StateOptions) -> xr.Dataset:
    """Keep trials of two blocks that can be paired by segment and behavior state.

    For each segment the trials of block 1 and block 2 are paired one to one so that as many as
    possible lie within the caliper and, of those assignments, the summed distance is least. Both
    blocks are left with the same number of trials of each segment and nearly the same states;
    within-block comparisons use the same trials.

    Parameters
    ----------
    layout : Layout
        Layout of a recording with two blocks.
    options : StateOptions

    Returns
    -------
    trials Dataset
        Attributes `state_covariates` (names, comma-separated), `state_matched_trials` (of both
        blocks), `state_segments`, `state_difference_before` and `state_difference_after`
        (distance of the two blocks' mean states, standard deviations).

    Raises
    ------
    InputError
        Without covariates, with other than two blocks, or with too few matched trials.
    """
    # Imported here: it takes a third of a second, and few of the jobs with this module need it.
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    name, segment, block = layout.name, layout.segment, layout.block
    names, state = covariates(layout.dataset)
    if layout.n_blocks != 2:
        raise InputError(f"{name}: matching by state needs two blocks, there are {layout.n_blocks}")
    known = np.isfinite(state).all(axis=1)
    kept: list[np.ndarray] = []
    n_segments = 0
    for index in range(layout.n_segments):
        one, two = (np.flatnonzero(known & (segment == index) & (block == b)) for b in (0, 1))
        distance = cdist(state[one], state[two])
        # A pair beyond the caliper costs more than all pairs within it together.
        within = distance <= options.caliper
        cost = np.where(within, distance, options.caliper * (1 + min(one.size, two.size)))
        row, column = linear_sum_assignment(cost)
        good = within[row, column]
        if good.sum() >= options.min_repeats:
            kept += [one[row[good]], two[column[good]]]
            n_segments += 1
    if n_segments < options.min_segments:
        raise InputError(
            f"{name}: {n_segments} segments have {options.min_repeats} trials a block matched by "
            f"state (caliper {options.caliper} standard deviations), {options.min_segments} are "
            "needed; widen the caliper"
        )
    trials = np.sort(np.concatenate(kept))

    def difference(chosen: np.ndarray) -> float:
        means = [state[chosen][block[chosen] == b].mean(axis=0) for b in (0, 1)]
        return float(np.linalg.norm(means[1] - means[0]))

    out = select(layout.dataset, trials=trials)
    out.attrs.update(
        state_covariates=",".join(names),
        state_matched_trials=int(trials.size),
        state_segments=n_segments,
        state_difference_before=difference(np.flatnonzero(known)),
        state_difference_after=difference(trials),
    )
    return out
