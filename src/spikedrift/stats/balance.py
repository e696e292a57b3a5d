"""Two magnitudes against each other, where either may be near 0: an angle, no quotient."""

import numpy as np


def balance(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Angle of (one, two) from the diagonal one = two > 0, in eighths of a turn: [-4, 4].

    It is 1 where only `one` is above 0, -1 where only `two` is, and 0 where both are equal or 0. A
    quotient of small numbers has no variance; the angle has one.
    """
    return np.asarray(4 / np.pi * np.arctan2(one - two, one + two))
