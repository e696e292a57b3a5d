"""Recursive least squares of all trained units at once (FORCE training).

Unit m hears cells with activity x through weights w, and z = w . x should be y. An update is

    k = P x,   c = 1 / (1 + x . k),   e = z - y,   w <- w - e c k,   P <- P - c k k'.

It keeps P as the inverse of H = H0 + sum of x x' over updates, and w as the one minimum of

    sum over updates of (w . x - y)^2  +  sum over cells of ridge (w - w0)^2
        +  sum over groups of row_sum (sum over the cells of the group of (w - w0))^2,

where w0 are the first weights and H0 is the matrix of the two penalties. So both pull toward where
training began: a group's sum of weights is held at its first value, not at 0. What reaches a unit
by other ways is no part of z: take it off y.

**One P for units that hear the same cells.** P depends on x and the penalties, and on neither
target nor weight: such units have the same P to the last bit, and one is kept. A unit that hears
all of them but cell i (itself, in a network in which each cell hears all others) needs the inverse
of H without row and column i. It is had from P: with k = P x,

    gain = k - P_i k_i / P_ii,   c = 1 / (1 + x . k - k_i^2 / P_ii),

P_i the column of P, and gain_i = 0. So n cells that all hear each other share one P of n x n.

**Cells that all units hear** (feed-forward input) beside their own. Two matrices P, one of own
cells r and one of common cells s, would not do: where r and s are correlated their products grow
into P, even if penalties do not join them. With Q the inverse of the common part of H, which is the
same for all units, and G = Q B, B the sum of s r', the joint P is made of Q, G and the inverse S of
what is left of the own part, H_rr - B' G. With rest = r - G' s,

    Q <- Q - q q' / (1 + s . q),   q = Q s;      G <- G + q rest' / (1 + s . q);
    S <- S - c k k',   k = S rest,   c = 1 / (1 + s . q + rest . k);

own weights change by -e c k and common ones by -e c (q - G k), G of before. That is the same least
squares, to rounding, without the F (F + 1) / 2 numbers for each unit of F common cells. For units
that do not hear cell i, S is corrected as P is above.

**What rounding does.** Of a symmetric matrix only the lower triangle is there, so that nothing can
become asymmetric. P shrinks with the number of updates, and errors of before shrink with it: what
is left is about one rounding an update, 1e-11 of P after 1e5 updates in double precision and 1e-2
in single precision (docs/performance-training.md). rest . k is positive as long as P is; an update
in which it is not finds P anew where `check_every` keeps the sum of x x', and is an error
otherwise. Every `check_every` updates P H is compared with 1, and P is found anew where it is too
far.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from spikedrift.core.errors import InputError
from spikedrift.training import kernels
from spikedrift.training.inputs import BYTES, lay_out, memory, penalty
from spikedrift.training.kernels import Seen, State

BUDGET = 4 * 2**30  # bytes
TOLERANCE = {"float64": 1e-8, "float32": 1e-3}


class RecursiveLeastSquares:
    """Weights of trained units, and what learning them needs.

    A unit's matrices are changed by one thread and depend on nothing of other units: neither their
    order nor the number of threads changes a bit.

    Parameters
    ----------
    cells : sequence of int, each of shape (in-degree of the unit,)
        Cells that each trained unit hears by itself, in the order of its weights.
    weights : sequence of float, each of shape (in-degree of the unit,)
        First weights; 0 from a cell that `but` names.
    n_cells : int
        Number of all cells, trained or not.
    ridge : float, or float, shape (n_cells,)
        Penalty of a weight from each cell; 1 / ridge is the diagonal of P before any update.
    row_sum : float, or float, shape (n_groups,)
        Penalty of the sum of a unit's weights from each group.
    group : int, shape (n_cells,), optional
        Group of each cell; None for one group of all.
    common : int, shape (n_common,)
        Cells that all units hear besides; a penalized group holds own or common cells only.
    common_weights : float, shape (n_units, n_common), optional
        First weights from these; None for 0.
    but : int, shape (n_units,), optional
        One of its cells that a unit does not hear after all, itself for one, or -1. Units with the
        same cells share their matrices even so.
    precision : "float64" or "float32"
        Type of the matrices. Weights and errors are always float64.
    check_every : int
        Updates between two checks; 0 for none. The sum of x x' takes memory, see `memory`.
    tolerance : float, optional
        Largest `residual` that is left; default 1e-8, or 1e-3 in float32.
    budget : int, bytes
        Most memory that matrices may take.
    threads : int

    Raises
    ------
    InputError
        For input that does not fit, penalties for which P is singular, or more memory than the
        budget, before it is taken.
    """

    def __init__(
        self,
        cells: Sequence[npt.ArrayLike],
        weights: Sequence[npt.ArrayLike],
        n_cells: int,
        *,
        ridge: npt.ArrayLike,
        row_sum: npt.ArrayLike = 0.0,
        group: npt.ArrayLike | None = None,
        common: npt.ArrayLike = (),
        common_weights: npt.ArrayLike | None = None,
        but: npt.ArrayLike | None = None,
        precision: str = "float64",
        check_every: int = 0,
        tolerance: float | None = None,
        budget: int = BUDGET,
        threads: int = 1,
    ) -> None:
        if precision not in BYTES:
            raise InputError(f"training: precision {precision!r}: float64 or float32")
        self.n_cells, self.n_units, self.threads = n_cells, len(cells), threads
        self.layout = lay_out(cells, n_cells, common, but)
        self.penalty = penalty(n_cells, ridge, row_sum, group)
        self._refuse_straddling()
        self.check_every, self.updates, self.refreshed = check_every, 0, 0
        self.tolerance = TOLERANCE[precision] if tolerance is None else tolerance
        start, n_common = self.layout.start, self.layout.common.size
        heard = np.unique(np.concatenate([self.layout.cell, self.layout.common]))
        checked = heard.size if check_every else 0
        needed = memory(np.diff(start), n_common, precision, checked)
        if needed > budget:
            raise InputError(
                f"training: matrices of {start.size - 1} presynaptic sets of up to "
                f"{np.diff(start).max()} own and {n_common} common cells take "
                f"{needed / 2**30:.2f} GiB, more than the {budget / 2**30:.2f} GiB that are "
                "allowed: train fewer units, through fewer cells, in float32, or allow more"
            )
        own, of_common = self._first(cells, weights, common_weights)
        self.state = State(
            own,
            of_common,
            np.empty(self.layout.triangle[-1], precision),
            np.zeros((start[-1], n_common), precision),
            np.empty(n_common * (n_common + 1) // 2, precision),
        )
        for m in range(start.size - 1):
            of_set = self.state.inverse[self.layout.triangle[m] : self.layout.triangle[m + 1]]
            kernels.first_inverse(self._cells(m), self.penalty, of_set)
        kernels.first_inverse(self.layout.common, self.penalty, self.state.common_inverse)
        place = np.full(n_cells, -1)
        place[heard] = np.arange(heard.size)
        self.seen = Seen(np.zeros(checked * (checked + 1) // 2), place)
        self.heard = heard
        sizes, set_of = np.diff(self.layout.weight), np.empty(self.n_units, np.int64)
        set_of[self.layout.unit] = np.repeat(np.arange(start.size - 1), np.diff(self.layout.member))
        self._place = (  # unit and cell of every weight
            np.repeat(np.arange(self.n_units), sizes),
            np.concatenate([self._cells(m) for m in set_of.tolist()]),
        )
        self.parts = _parts(np.diff(self.layout.triangle) + np.diff(start) * n_common, threads)
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def update(self, activity: npt.ArrayLike, target: npt.ArrayLike) -> np.ndarray:
        """Learn from one moment.

        Parameters
        ----------
        activity : float, shape (n_cells,)
            Activity of all cells: filtered spikes, or rates.
        target : float, shape (n_units,)
            What w . x should be.

        Returns
        -------
        float64, shape (n_units,)
            w . x - target, before the update.

        Raises
        ------
        InputError
            For another shape, NaN or infinity, before anything changes; and where P has lost its
            precision and is not found anew. The state is of no use then.
        """
        x = self._taken(activity, self.n_cells, "activity", "cell")
        y = self._taken(target, self.n_units, "target", "unit")
        layout, state, n_sets = self.layout, self.state, self.layout.start.size - 1
        q, sigma = self._common_gain(x)
        if not sigma >= 0:
            self._find_anew(range(n_sets), sigma)
            q, sigma = self._common_gain(x)
        error, size = np.empty(self.n_units), np.zeros(n_sets)

        def advance(part: tuple[int, int]) -> None:
            kernels.advance(layout, state, *part, x, y, q, sigma, error, size)

        if self._pool is None:
            advance((0, n_sets))
        else:
            list(self._pool.map(advance, self.parts))
        if (lost := np.flatnonzero(~(size >= 0))).size:
            self._find_anew(lost.tolist(), size[lost[0]])
            for m in lost.tolist():
                advance((m, m + 1))
                if not size[m] >= 0:
                    raise self._singular(m, size[m])
        kernels.add_square(state.common_inverse, q.dtype.type(-1 / (1 + sigma)), q)
        self.updates += 1
        if self.check_every:
            kernels.add_square(self.seen.whole, 1.0, x[self.heard])
            if self.updates % self.check_every == 0:
                found = self.residuals()
                if (off := np.flatnonzero(~(found <= self.tolerance))).size:
                    self._find_anew(off.tolist(), found[off[0]])
        return error

    def outputs(self, activity: npt.ArrayLike) -> np.ndarray:
        """Return w . x of every unit, float64, shape (n_units,), for an activity of all cells."""
        output = np.empty(self.n_units)
        x = self._taken(activity, self.n_cells, "activity", "cell")
        kernels.outputs(self.layout, self.state, x, output)
        return output

    def matrix(self) -> np.ndarray:
        """Weights as they are, float64, shape (n_units, n_cells), 0 from cells not heard."""
        found = np.zeros((self.n_units, self.n_cells))
        found[:, self.layout.common] = self.state.common_weights
        found[self._place] = self.state.weights
        return found

    def weights(self, unit: int) -> np.ndarray:
        """Weights of a unit from its own cells, in their order; float64, and no copy."""
        return self.state.weights[self.layout.weight[unit] : self.layout.weight[unit + 1]]

    def residuals(self) -> np.ndarray:
        """How far P H is from 1, for each presynaptic set; float64, shape (n_sets,).

        H is made anew from penalties and the sum of x x' and applied to a fixed vector v of random
        numbers: the largest part of P H v - v, over the largest of v.

        Raises
        ------
        InputError
            Without `check_every`.
        """
        if not self.check_every:
            raise InputError("training: drift is measured with check_every only")
        probe = np.random.default_rng(0).standard_normal(self.n_cells)
        return np.array(
            [
                kernels.residual(self.layout, self.state, m, self.penalty, self.seen, probe)
                for m in range(self.layout.start.size - 1)
            ]
        )

    def saved(self) -> dict[str, np.ndarray]:
        """Return copies of all that updates have changed, by name, for `restore`."""
        counts = {"counts": np.array([self.updates, self.refreshed])}
        arrays = self.state._asdict() | {"seen": self.seen.whole} | counts
        return {name: array.copy() for name, array in arrays.items()}

    def restore(self, saved: Mapping[str, np.ndarray]) -> None:
        """Go on from what `saved` returned, with the bits of a run that was not interrupted.

        Raises
        ------
        InputError
            For arrays of other units, cells, precision or checks, or a singular P; nothing has
            changed then.
        """
        state, counts = self.state, np.zeros(2, np.int64)
        arrays = state._asdict() | {"seen": self.seen.whole, "counts": counts}
        for name, array in arrays.items():
            found = saved.get(name)
            if found is None or found.shape != array.shape or found.dtype != array.dtype:
                has = "is missing" if found is None else f"is {found.dtype} {found.shape}"
                raise InputError(
                    f"training: saved state: {name} {has}, needed {array.dtype} {array.shape}"
                )
            if not np.isfinite(found).all():
                raise InputError(f"training: saved state: {name} is not finite")
        edges = {
            "inverse": self.layout.triangle.tolist(),
            "common_inverse": [0, state.common_inverse.size],
        }
        for name, cut in edges.items():
            if any((_diagonal(saved[name][a:b]) <= 0).any() for a, b in pairwise(cut)):
                raise InputError(f"training: saved state: {name}: P is singular")
        for name, array in arrays.items():
            array[...] = saved[name]
        self.updates, self.refreshed = (int(one) for one in counts)

    def _common_gain(self, x: np.ndarray) -> tuple[np.ndarray, float]:
        """Q s and s' Q s of the common cells."""
        s = x[self.layout.common].astype(self.state.common_inverse.dtype)
        q = np.empty_like(s)
        kernels.times(self.state.common_inverse, s, q)
        return q, kernels.dot(s, q)

    def _find_anew(self, sets: Iterable[int], found: float) -> None:
        """Find Q, and P of some sets, from the sum of x x'."""
        sets = list(sets)
        if not self.check_every:
            raise self._singular(sets[0], found)
        if not kernels.refresh_common(self.layout, self.state, self.penalty, self.seen):
            raise self._singular(sets[0], found)
        for m in sets:
            if not kernels.refresh(self.layout, self.state, m, self.penalty, self.seen):
                raise self._singular(m, found)
        self.refreshed += len(sets)

    def _singular(self, m: int, found: float) -> InputError:
        unit = self.layout.unit[self.layout.member[m]]
        return InputError(
            f"training: the inverse correlation matrix of unit {unit} is singular to rounding "
            f"after {self.updates} updates ({found:.3g}): take a larger ridge, float64, or "
            "check_every"
        )

    def _cells(self, m: int) -> np.ndarray:
        return self.layout.cell[self.layout.start[m] : self.layout.start[m + 1]]

    def _taken(self, given: npt.ArrayLike, n: int, what: str, of: str) -> np.ndarray:
        found = np.ascontiguousarray(given, dtype=np.float64)
        if found.shape != (n,):
            raise InputError(f"training: {what} has shape {found.shape}, needed ({n},)")
        if not np.isfinite(found).all():
            place = int(np.flatnonzero(~np.isfinite(found))[0])
            raise InputError(f"training: {what} of {of} {place} is {found[place]}")
        return found

    def _first(
        self,
        cells: Sequence[npt.ArrayLike],
        weights: Sequence[npt.ArrayLike],
        common_weights: npt.ArrayLike | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """First weights, own and common."""
        own = [np.asarray(one, np.float64) for one in weights]
        wrong = [len(own) != len(cells)]
        wrong += [one.shape != np.shape(other) for one, other in zip(own, cells, strict=False)]
        if any(wrong):
            raise InputError("training: first weights: one for each presynaptic cell of each unit")
        shape = self.n_units, self.layout.common.size
        common = np.zeros(shape) if common_weights is None else np.array(common_weights, float)
        if common.shape != shape:
            raise InputError(f"training: common weights: shape {common.shape}, needed {shape}")
        flat = np.concatenate(own)
        if not (np.isfinite(flat).all() and np.isfinite(common).all()):
            raise InputError("training: first weights: not finite")
        places = (self.layout.weight[:-1] + self.layout.but)[self.layout.but >= 0]
        if flat[places].any():
            raise InputError("training: first weights: not 0 from a cell that `but` names")
        return flat, common

    def _refuse_straddling(self) -> None:
        """Refuse penalties of sums that join own and common cells."""
        groups, sums = self.penalty.group, self.penalty.row_sum
        both = np.intersect1d(groups[self.layout.cell], groups[self.layout.common])
        if (sums[both] > 0).any():
            raise InputError(
                f"training: group {both[sums[both] > 0][0]}, whose sum is penalized, has cells "
                "that are common to all units and cells that are not: give them groups of their own"
            )


def _parts(cost: np.ndarray, n: int) -> list[tuple[int, int]]:
    """Cut sets into stretches of about the same cost."""
    total = np.cumsum(cost)
    edges = np.searchsorted(total, total[-1] * np.arange(1, n) / n)
    return list(pairwise([0, *(int(one) for one in edges), cost.size]))


def _diagonal(triangle: np.ndarray) -> np.ndarray:
    n = int((np.sqrt(8 * triangle.size + 1) - 1) / 2 + 0.5)
    return triangle[np.arange(1, n + 1) * np.arange(2, n + 2) // 2 - 1]
