"""Which cells trained units hear, what their weights cost, and the memory that learning takes."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

from spikedrift.core.errors import InputError
from spikedrift.training.kernels import Layout, Penalty

BYTES = {"float64": 8, "float32": 4}


def lay_out(
    cells: Sequence[npt.ArrayLike],
    n_cells: int,
    common: npt.ArrayLike = (),
    but: npt.ArrayLike | None = None,
) -> Layout:
    """Lay out presynaptic sets one after the other, whatever their sizes: nothing is padded.

    Units with the same cells in the same order have one set.

    Parameters
    ----------
    cells : sequence of int, each of shape (in-degree of the unit,)
        Cells that each trained unit hears by itself.
    n_cells : int
        Number of all cells.
    common : int, shape (n_common,)
        Cells that all units hear besides.
    but : int, shape (n_units,), optional
        One of its cells that a unit does not hear after all, or -1.

    Raises
    ------
    InputError
        For no unit, a unit that hears no cell, or a cell that is not there or heard twice.
    """
    if not len(cells):
        raise InputError("training: no trained unit")
    shared = _checked(common, n_cells, "training: common cells")
    is_common = np.zeros(n_cells, bool)
    is_common[shared] = True
    left_out = np.full(len(cells), -1) if but is None else np.asarray(but)
    if left_out.shape != (len(cells),) or left_out.dtype.kind not in "iu":
        raise InputError(f"training: but: one cell for each of {len(cells)} units, or -1")
    numbers: dict[bytes, int] = {}
    sets: list[np.ndarray] = []
    of_unit, sizes, places = [], [], []
    for unit, one in enumerate(cells):
        heard = _checked(one, n_cells, f"training: presynaptic cells of unit {unit}")
        place = np.flatnonzero(heard == left_out[unit]).tolist() or [-1]
        if left_out[unit] != -1 and place == [-1]:
            raise InputError(f"training: but: cell {left_out[unit]} is none that unit {unit} has")
        if heard.size + shared.size == (place != [-1]):
            raise InputError(f"training: unit {unit} has no presynaptic cell")
        if is_common[heard].any():
            twice = heard[is_common[heard]][0]
            raise InputError(f"training: unit {unit} hears cell {twice}, which is common to all")
        number = numbers.setdefault(heard.tobytes(), len(sets))
        if number == len(sets):
            sets.append(heard)
        of_unit.append(number)
        sizes.append(heard.size)
        places += place
    n = np.array([one.size for one in sets])
    by_set = np.argsort(of_unit, kind="stable")
    return Layout(
        start=_edges(n),
        cell=np.concatenate(sets),
        triangle=_edges(n * (n + 1) // 2),
        member=_edges(np.bincount(of_unit)),
        unit=by_set,
        weight=_edges(sizes),
        but=np.array(places),
        common=shared,
    )


def penalty(
    n_cells: int, ridge: npt.ArrayLike, row_sum: npt.ArrayLike, group: npt.ArrayLike | None
) -> Penalty:
    """Check penalties and bring them to arrays.

    Parameters
    ----------
    n_cells : int
    ridge : float, or float, shape (n_cells,)
    row_sum : float, or float, shape (n_groups,)
    group : int, shape (n_cells,), optional
        None for all cells in one group.

    Raises
    ------
    InputError
        For a ridge that is not positive, without which P is singular; a negative penalty of row
        sums; groups that do not fit.
    """
    try:
        each = np.broadcast_to(np.asarray(ridge, float), (n_cells,))
    except ValueError:
        shape = np.shape(ridge)
        raise InputError(f"training: ridge: shape {shape} for {n_cells} cells") from None
    if not ((each >= np.finfo(float).tiny) & np.isfinite(each)).all():
        raise InputError(
            f"training: ridge {each.min():g}: must be positive and finite; without it the inverse "
            "correlation matrix is singular"
        )
    groups = np.zeros(n_cells, np.int64) if group is None else np.asarray(group)
    if groups.shape != (n_cells,) or groups.dtype.kind not in "iu" or groups.min() < 0:
        raise InputError(f"training: group: one number from 0 for each of {n_cells} cells")
    n_groups = int(groups.max()) + 1
    sums = np.asarray(row_sum, float)
    if sums.shape not in ((), (n_groups,)):
        raise InputError(f"training: row_sum: shape {sums.shape} for {n_groups} groups")
    if not ((sums >= 0) & np.isfinite(sums)).all():
        raise InputError("training: row_sum: must not be negative, and finite")
    return Penalty(
        np.array(each), groups.astype(np.int64), np.array(np.broadcast_to(sums, (n_groups,)))
    )


def memory(
    in_degrees: npt.ArrayLike, n_common: int = 0, precision: str = "float64", n_checked: int = 0
) -> int:
    """Bytes that the matrices of presynaptic sets take.

    Parameters
    ----------
    in_degrees : int, shape (n_sets,)
        Cells of each set, common cells not counted. L of them take L (L + 1) / 2 numbers.
    n_common : int
        F of them take L F numbers for each set, and F (F + 1) / 2 for all together.
    precision : "float64" or "float32"
    n_checked : int
        Cells that are heard by any unit, where drift is checked; N of them take N (N + 1) / 2
        numbers of double precision.
    """
    n = [int(one) for one in np.atleast_1d(in_degrees)]  # whole numbers do not overflow
    numbers = sum(one * (one + 1) // 2 + one * n_common for one in n)
    numbers += n_common * (n_common + 1) // 2
    return numbers * BYTES[precision] + n_checked * (n_checked + 1) // 2 * 8


def _checked(cells: npt.ArrayLike, n_cells: int, what: str) -> np.ndarray:
    found = np.asarray(cells)
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        raise InputError(f"{what}: whole numbers in one row, got shape {found.shape}")
    found = found.astype(np.int64)
    if found.size and not (found.min() >= 0 and found.max() < n_cells):
        raise InputError(f"{what}: a cell is outside 0..{n_cells - 1}")
    if np.unique(found).size < found.size:
        raise InputError(f"{what}: a cell comes twice")
    return found


def _edges(sizes: npt.ArrayLike) -> np.ndarray:
    return np.fromiter(chain([0], np.cumsum(sizes)), np.int64)
