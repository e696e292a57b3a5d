"""Calcium as shot noise: it jumps at each spike and decays between them."""

import numpy as np

from spikedrift.core.compiling import njit


@njit(cache=True)
def after_spikes(
    is_pre: np.ndarray,
    decay: np.ndarray,
    pre_jump: float,
    post_jump: float,
    boost: float,
    n_passes: int,
) -> np.ndarray:
    """Calcium just after each spike of a protocol that repeats.

    Parameters
    ----------
    is_pre : bool, shape (n_spikes,)
        Whether a spike is presynaptic.
    decay : float64, shape (n_spikes,)
        What is left at a spike of the calcium after the spike before.
    pre_jump, post_jump : float
    boost : float
        Share of the presynaptic calcium that a postsynaptic spike adds.
    n_passes : int
        How often the protocol has been run through when the values are taken.

    Returns
    -------
    float64, shape (n_spikes,)
    """
    after = np.empty(is_pre.size)
    ca = ca_x = 0.0
    for _ in range(n_passes):
        for k in range(is_pre.size):
            ca, ca_x = ca * decay[k], ca_x * decay[k]
            if is_pre[k]:
                ca, ca_x = ca + pre_jump, ca_x + pre_jump
            else:
                ca += post_jump + boost * ca_x
            after[k] = ca
    return after
