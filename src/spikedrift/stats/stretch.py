"""How much a number that is known from time to time changes in a stretch of time."""

import numpy as np


def relative_change(
    time: np.ndarray, values: np.ndarray, end: float, length: float, first: float
) -> float | None:
    """Change of a number in a stretch of time, relative to its value in the end.

    Parameters
    ----------
    time, values : float64, shape (n_times,); s and any unit
        When the number is known, and its values; in between it is interpolated.
    end, length : float, s
        End of the stretch and its length.
    first : float, s
        Where the stretch would begin before this, the change since then is scaled to its length.

    Returns
    -------
    float or None
        None where there is no time to compare, or the number is 0 in the end.
    """
    begin = max(end - length, first)
    before, after = np.interp([begin, end], time, values)
    if end > begin and after:
        return float((after - before) / after * length / (end - begin))
    return None
