"""How far a trained network repeats what was recorded: mean rates, and the most that can be hoped.

Repeats that were not learned are held against the mean rates of the network and against those of
the repeats that were learned. The latter is the noise ceiling: a network that repeats what it
learned without an error reaches it. One that had found the true rates behind the noise could reach
its square root, since both halves are equally noisy.
"""

from typing import NamedTuple

import numpy as np

from spikedrift.training import targets
from spikedrift.training.projections import along


class Reproduced(NamedTuple):
    """Correlations with repeats that were not learned.

    Attributes
    ----------
    units, units_ceiling : float
        Over segments and time, mean over units: of the network, and of the repeats that were
        learned.
    components, components_ceiling : float64, shape (n,)
        The same of the activity of all units on principal components of the repeats that were not
        learned.
    """

    units: float
    units_ceiling: float
    components: np.ndarray
    components_ceiling: np.ndarray


def reproduced(
    network: np.ndarray, learned: np.ndarray, held_out: np.ndarray, n: int = 4
) -> Reproduced:
    """Hold mean rates of a network against recorded ones.

    Parameters
    ----------
    network, learned, held_out : float64, shape (n_segments, n_times, n_units), Hz
        Mean over trials: of the network, and of recorded repeats that were learned and that were
        not.
    n : int
        Components, or as many as segments and times allow.

    Raises
    ------
    InputError
        For rates that do not change.
    """
    flat = [one.reshape(-1, one.shape[-1]) for one in (network, learned, held_out)]
    n = min(n, flat[0].shape[0] - 1, flat[0].shape[1])
    found = [
        (float(np.nanmean(targets.correlations(one, flat[2]))), along(one, flat[2], n))
        for one in flat[:2]
    ]
    (units, components), (units_ceiling, components_ceiling) = found
    return Reproduced(units, units_ceiling, components, components_ceiling)
