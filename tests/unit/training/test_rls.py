"""Recursive least squares against the normal equations, solved once."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikedrift.core.errors import InputError
from spikedrift.training import inputs
from spikedrift.training.rls import RecursiveLeastSquares

pytestmark = pytest.mark.compiles
N = 30
GROUP = np.repeat([0, 1, 2], 10)
# Each with its own in-degree, some the same cells as another, and one all that there are.
CELLS = [[3, 1, 14, 25], [0], [5, 2, 17, 11, 29, 8], [3, 1, 14, 25], list(range(20))]


def moments(n, rng, n_cells=N):
    """Correlated activity, as that of a network is."""
    return np.maximum(rng.standard_normal((n, n_cells)) + rng.standard_normal((n, 1)), -0.5)


def solved(x, y, cells, first, ridge, row_sum, group):
    """Weights of one unit by the normal equations."""
    x, group = x[:, cells], np.asarray(group)[cells]
    ridge = np.broadcast_to(ridge, N)[cells]
    row_sum = np.broadcast_to(row_sum, 1 + GROUP.max())[group]
    cost = np.diag(ridge) + (group[:, None] == group) * row_sum
    return np.linalg.solve(x.T @ x + cost, x.T @ y + cost @ first)


def problem(seed, n, cells=CELLS, common=()):
    rng = np.random.default_rng(seed)
    first = [rng.standard_normal(len(one)) for one in cells]
    of_common = rng.standard_normal((len(cells), len(common)))
    x = moments(n, rng)
    return x, rng.standard_normal((n, len(cells))) + x[:, :1], first, of_common


def learned(x, y, first, of_common=None, cells=CELLS, **options):
    rls = RecursiveLeastSquares(cells, first, N, common_weights=of_common, **options)
    errors = np.array([rls.update(one, two) for one, two in zip(x, y, strict=True)])
    return rls, errors


@pytest.mark.parametrize("row_sum", [0.0, 8.0, [0.0, 3.0, 8.0]])
@pytest.mark.parametrize("ridge", [0.5, np.geomspace(0.04, 4, N)])
def test_weights_are_those_of_the_normal_equations(row_sum, ridge):
    x, y, first, _ = problem(1, 400)
    rls, _ = learned(x, y, first, ridge=ridge, row_sum=row_sum, group=GROUP)
    for unit, cells in enumerate(CELLS):
        expected = solved(x, y[:, unit], cells, first[unit], ridge, row_sum, GROUP)
        np.testing.assert_allclose(rls.weights(unit), expected, rtol=0, atol=1e-10)


def test_a_penalty_of_sums_holds_the_sum_where_it_began():
    x, y, first, _ = problem(2, 400)
    free, _ = learned(x, y, first, ridge=0.1, group=GROUP)
    held, _ = learned(x, y, first, ridge=0.1, row_sum=1e6, group=GROUP)
    moved = [[abs(one.weights(2)[GROUP[CELLS[2]] == g].sum() - first[2][GROUP[CELLS[2]] == g].sum())
              for g in range(3)] for one in (free, held)]  # fmt: skip
    assert (np.array(moved[0]) > 0.1).all() and (np.array(moved[1]) < 1e-2).all()
    assert np.abs(held.weights(2) - first[2]).max() > 0.1


def test_the_error_is_that_before_the_update_and_outputs_that_after_it():
    x, y, first, _ = problem(3, 3)
    rls, errors = learned(x[:2], y[:2], first, ridge=1.0)
    expected = [x[2, cells] @ rls.weights(unit) for unit, cells in enumerate(CELLS)]
    np.testing.assert_allclose(rls.outputs(x[2]), expected, rtol=1e-12)
    np.testing.assert_allclose(rls.matrix() @ x[2], expected, rtol=1e-12)
    np.testing.assert_allclose(rls.update(x[2], y[2]), expected - y[2], rtol=1e-10)
    begun = [x[0, cells] @ first[unit] for unit, cells in enumerate(CELLS)]
    np.testing.assert_allclose(errors[0], begun - y[0], rtol=1e-10)


@pytest.mark.parametrize("row_sum", [0.0, [8.0, 2.0, 0.0], [8.0, 0.0, 5.0]])
def test_common_cells_are_learned_as_if_each_unit_heard_them_by_itself(row_sum):
    common = list(range(20, 30))  # correlated with the units' own cells
    cells = [[7, 2, 13], [4], [3, 19, 0, 5, 11], [7, 2, 13], []]
    x, y, first, of_common = problem(4, 300, cells, common)
    ridge = np.where(np.arange(N) < 20, 0.04, 1.0)
    rls, errors = learned(x, y, first, of_common, cells, common=common, ridge=ridge,
                          row_sum=row_sum, group=GROUP)  # fmt: skip
    together = [[*own, *common] for own in cells]
    starts = [np.append(one, other) for one, other in zip(first, of_common, strict=True)]
    plain, expected = learned(x, y, starts, cells=together, ridge=ridge, row_sum=row_sum,
                              group=GROUP)  # fmt: skip
    np.testing.assert_allclose(errors, expected, rtol=0, atol=1e-9)
    for unit, heard in enumerate(together):
        found = rls.matrix()[unit, heard]
        np.testing.assert_allclose(found, plain.weights(unit), rtol=0, atol=1e-10)
        exact = solved(x, y[:, unit], heard, starts[unit], ridge, row_sum, GROUP)
        np.testing.assert_allclose(found, exact, rtol=0, atol=1e-10)


@pytest.mark.parametrize("common", [[], [26, 27, 28]])
@pytest.mark.parametrize("row_sum", [0.0, [8.0, 2.0, 0.0]])
def test_units_that_hear_all_but_one_share_a_matrix_and_learn_what_they_would_alone(
    common, row_sum
):
    own = np.array([4, 9, 0, 13, 25, 2])
    but = [9, -1, 4, 4, -1, 2]
    x, y, first, of_common = problem(15, 300, [own] * 6, common)
    for unit, left_out in enumerate(but):
        first[unit][own == left_out] = 0
    options = {"ridge": np.geomspace(0.04, 4, N), "row_sum": row_sum, "group": GROUP}
    rls, errors = learned(x, y, first, of_common, [own] * 6, common=common, but=but, **options)
    assert rls.layout.start.size == 2
    for unit, left_out in enumerate(but):
        heard = np.append(own[own != left_out], common).astype(int)
        begun = np.append(first[unit][own != left_out], of_common[unit])
        alone, expected = learned(x, y[:, [unit]], [begun], cells=[heard], **options)
        found = rls.matrix()[unit]
        np.testing.assert_allclose(errors[:, unit], expected[:, 0], rtol=0, atol=1e-9)
        np.testing.assert_allclose(found[heard], alone.weights(0), rtol=0, atol=1e-10)
        exact = solved(x, y[:, unit], heard, begun, options["ridge"], row_sum, GROUP)
        np.testing.assert_allclose(found[heard], exact, rtol=0, atol=1e-10)
        assert left_out < 0 or found[left_out] == 0


def test_a_cell_that_alone_speaks_teaches_nothing_to_a_unit_that_does_not_hear_it():
    rls = RecursiveLeastSquares([[0, 1]] * 2, [[0.0, 1.0], [1.0, 1.0]], 2, ridge=0.1, but=[0, -1])
    np.testing.assert_array_equal(rls.update([5.0, 0.0], [3.0, 3.0]), [-3, 2])
    np.testing.assert_array_equal(rls.weights(0), [0, 1])
    assert rls.weights(1)[0] < 1


def test_two_separate_matrices_would_not_do():
    """What `common` is for: without the products of own and common cells weights are others."""
    x, y, _, _ = problem(5, 300)
    own, common = [0, 1, 2], [20, 21]
    w, p = np.zeros(5), np.eye(5)
    for one, target in zip(x[:, own + common], y[:, 0], strict=True):
        k = p @ one
        w -= (w @ one - target) / (1 + one @ k) * k
        p -= np.outer(k, k) / (1 + one @ k)
        p[:3, 3:] = p[3:, :3] = 0
    rls, _ = learned(x, y[:, :1], [np.zeros(3)], cells=[own], common=common, ridge=1.0)
    assert np.abs(w - rls.matrix()[0, own + common]).max() > 1e-3


@pytest.mark.slow
def test_a_hundred_thousand_updates_stay_with_the_normal_equations():
    rng = np.random.default_rng(6)
    n = 100_000
    x, y, first, _ = problem(6, n)
    x *= np.geomspace(0.01, 3, N)[rng.permutation(N)]  # some cells hardly speak
    options = {"ridge": 0.04, "row_sum": 8.0, "group": GROUP}
    rls, _ = learned(x, y, first, check_every=10**9, **options)
    assert rls.refreshed == 0 and rls.residuals().max() < 1e-10
    for unit, cells in enumerate(CELLS):
        expected = solved(x, y[:, unit], cells, first[unit], 0.04, 8.0, GROUP)
        np.testing.assert_allclose(rls.weights(unit), expected, rtol=0, atol=1e-9)
    for m in range(rls.layout.start.size - 1):
        assert np.linalg.eigvalsh(whole(rls, m)).min() > 0


def whole(rls, m):
    """P of a set without common cells."""
    triangle = rls.state.inverse[rls.layout.triangle[m] : rls.layout.triangle[m + 1]]
    n = rls.layout.start[m + 1] - rls.layout.start[m]
    found = np.zeros((n, n))
    found[np.tril_indices(n)] = triangle
    return np.tril(found) + np.tril(found, -1).T


def test_single_precision_is_within_a_bound_that_grows_with_the_updates():
    x, y, first, of_common = problem(7, 10_000, [one[:4] for one in CELLS], (26, 27))
    cells = [one[:4] for one in CELLS]
    options = {"cells": cells, "common": [26, 27], "ridge": 0.5}
    double, _ = learned(x, y, first, of_common, **options)
    single, _ = learned(x, y, first, of_common, precision="float32", check_every=10**9, **options)
    assert single.state.inverse.dtype == single.state.cross.dtype == np.float32
    off = np.abs(single.matrix() - double.matrix()).max()
    assert 1e-12 < off < 1e-4
    assert single.residuals().max() < 2.0**-24 * 10_000  # eps times updates


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_drift_is_found_and_mended(precision):
    x, y, first, of_common = problem(8, 60, [one[:4] for one in CELLS], (26, 27))
    options = {"cells": [one[:4] for one in CELLS], "common": [26, 27], "ridge": 0.5,
               "row_sum": [1.0, 2.0, 0.0], "group": GROUP}  # fmt: skip
    rls, _ = learned(x[:40], y[:40], first, of_common, precision=precision, check_every=20,
                     **options)  # fmt: skip
    assert rls.refreshed == 0 and rls.residuals().max() < 1e-4
    rls.state.inverse[: rls.layout.triangle[1]] *= 1.1
    found = rls.residuals()
    assert found[0] > 0.01 > found[1:].max()
    for one, two in zip(x[40:], y[40:], strict=True):
        rls.update(one, two)
    assert rls.refreshed == 1 and rls.residuals().max() < 1e-4


def test_a_matrix_that_is_not_positive_is_found_anew_or_an_error():
    x, y, first, _ = problem(9, 50)
    for kept in (0, 10**9):
        rls, _ = learned(x[:40], y[:40], first, ridge=0.5, check_every=kept)
        rls.state.inverse[: rls.layout.triangle[1]] *= -1
        if not kept:
            with pytest.raises(InputError, match=r"unit 0 is singular to rounding after 40 updat"):
                rls.update(x[40], y[40])
            continue
        for one, two in zip(x[40:], y[40:], strict=True):
            rls.update(one, two)
        assert rls.refreshed == 1
        sound, _ = learned(x, y, first, ridge=0.5)
        np.testing.assert_allclose(rls.state.inverse, sound.state.inverse, rtol=0, atol=1e-12)
        # No update was left out, nor made twice.
        for unit, cells in enumerate(CELLS):
            expected = solved(x, y[:, unit], cells, first[unit], 0.5, 0.0, GROUP)
            np.testing.assert_allclose(rls.weights(unit), expected, rtol=0, atol=1e-10)


def test_common_cells_that_lost_their_matrix_get_another():
    x, y, first, of_common = problem(10, 50, [[0, 1], [2]], (26, 27))
    options = {"cells": [[0, 1], [2]], "common": [26, 27], "ridge": 0.5}
    rls, _ = learned(x[:40], y[:40], first, of_common, check_every=10**9, **options)
    rls.state.common_inverse[:] *= -1
    for one, two in zip(x[40:], y[40:], strict=True):
        rls.update(one, two)
    sound, _ = learned(x, y, first, of_common, **options)
    assert rls.refreshed == 2
    np.testing.assert_allclose(rls.matrix(), sound.matrix(), rtol=0, atol=1e-10)


def test_units_that_hear_the_same_cells_share_a_matrix_and_lose_no_bit():
    x, y, first, _ = problem(11, 50)
    rls, errors = learned(x, y, first, ridge=0.5)
    assert rls.layout.start.size - 1 == len(CELLS) - 1  # two of the units hear the same cells
    for unit, cells in enumerate(CELLS):
        alone, own = learned(x, y[:, [unit]], [first[unit]], cells=[cells], ridge=0.5)
        np.testing.assert_array_equal(own[:, 0], errors[:, unit])
        np.testing.assert_array_equal(alone.weights(0), rls.weights(unit))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.permutations(range(len(CELLS))))
def test_the_order_of_units_changes_no_bit(seed, order):
    x, y, first, _ = problem(seed, 20)
    rls, errors = learned(x, y, first, ridge=0.3, row_sum=2.0, group=GROUP)
    other, turned = learned(
        x, y[:, order], [first[k] for k in order], cells=[CELLS[k] for k in order],
        ridge=0.3, row_sum=2.0, group=GROUP,
    )  # fmt: skip
    np.testing.assert_array_equal(turned, errors[:, order])
    for place, unit in enumerate(order):
        np.testing.assert_array_equal(other.weights(place), rls.weights(unit))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.permutations(range(6)), st.floats(0.01, 10), st.floats(0, 10))
def test_the_order_of_presynaptic_cells_changes_rounding_alone(seed, order, ridge, row_sum):
    x, y, _, _ = problem(seed, 20)
    cells, first = np.array(CELLS[2]), np.arange(6.0)
    options = {"ridge": ridge, "row_sum": row_sum, "group": GROUP}
    rls, _ = learned(x, y[:, :1], [first], cells=[cells], **options)
    other, _ = learned(x, y[:, :1], [first[order]], cells=[cells[order]], **options)
    np.testing.assert_allclose(other.weights(0), rls.weights(0)[order], rtol=0, atol=1e-9)


def test_the_number_of_threads_changes_no_bit():
    x, y, first, of_common = problem(12, 50, [one[:4] for one in CELLS], (26, 27))
    options = {"cells": [one[:4] for one in CELLS], "common": [26, 27], "ridge": 0.5,
               "check_every": 20, "tolerance": 0.0}  # fmt: skip
    found = [learned(x, y, first, of_common, threads=n, **options)[0].saved() for n in (1, 2, 7)]
    assert found[0]["counts"].tolist() == [50, 8]  # the tolerance has all found anew, twice
    for one, other in combinations(found, 2):
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_saved_state_goes_on_with_the_same_bits(precision):
    x, y, first, of_common = problem(13, 60, [one[:4] for one in CELLS], (26, 27))
    options = {"cells": [one[:4] for one in CELLS], "common": [26, 27], "ridge": 0.5,
               "precision": precision, "check_every": 25}  # fmt: skip
    straight, errors = learned(x, y, first, of_common, **options)
    half, _ = learned(x[:30], y[:30], first, of_common, **options)
    saved = half.saved()
    half.update(x[30], y[30])  # which changes nothing of what was saved
    again = RecursiveLeastSquares(options.pop("cells"), [np.zeros(len(w)) for w in first], N,
                                  **options)  # fmt: skip
    again.restore(saved)
    went_on = [again.update(one, two) for one, two in zip(x[30:], y[30:], strict=True)]
    np.testing.assert_array_equal(went_on, errors[30:])
    for name, array in straight.saved().items():
        np.testing.assert_array_equal(again.saved()[name], array)


def test_memory_is_that_of_the_arrays():
    x, y, first, of_common = problem(14, 1, [one[:4] for one in CELLS], (26, 27))
    for precision, check_every in (("float64", 0), ("float32", 5)):
        rls, _ = learned(x, y, first, of_common, [one[:4] for one in CELLS], common=[26, 27],
                         ridge=1.0, precision=precision, check_every=check_every)  # fmt: skip
        state = rls.state
        arrays = (state.inverse, state.cross, state.common_inverse, rls.seen.whole)
        degrees = np.diff(rls.layout.start)
        checked = rls.heard.size if check_every else 0
        needed = inputs.memory(degrees, 2, precision, checked)
        assert needed == sum(one.nbytes for one in arrays)
    assert inputs.memory(np.full(1824, 264), precision="float32") == 1824 * 264 * 265 // 2 * 4
    assert inputs.memory([10**6] * 10**6) == 10**6 * (10**6 * (10**6 + 1) // 2) * 8


def test_more_memory_than_allowed_is_refused_before_it_is_taken():
    cells, weights = [np.arange(40_000)], [np.zeros(40_000)]
    with pytest.raises(InputError, match=r"1 presynaptic sets of up to 40000 own .* 5\.96 GiB"):
        RecursiveLeastSquares(cells, weights, 40_000, ridge=1.0)
    with pytest.raises(InputError, match=r"more than the 0\.00 GiB that are allowed"):
        RecursiveLeastSquares(CELLS, CELLS, N, ridge=1.0, budget=100)


FITS = {"cells": [[0, 1], [2]], "weights": [[0, 0], [0]], "n_cells": 3, "ridge": 1.0}


@pytest.mark.parametrize(
    "changed, words",
    [
        ({"cells": []}, "no trained unit"),
        ({"cells": [[0, 1], []]}, "unit 1 has no presynaptic cell"),
        ({"cells": [[0, 1], [3]]}, r"of unit 1: a cell is outside 0\.\.2"),
        ({"cells": [[0, 0], [1]]}, "of unit 0: a cell comes twice"),
        ({"cells": [[0.5, 1], [2]]}, "of unit 0: whole numbers"),
        ({"common": [1]}, "unit 0 hears cell 1, which is common to all"),
        ({"weights": [[0, 0]]}, "first weights: one for each"),
        ({"weights": [[0, 0], [0, 0]]}, "first weights: one for each"),
        ({"weights": [[0, np.nan], [0]]}, "first weights: not finite"),
        ({"common_weights": [[0], [0]]}, r"common weights: shape \(2, 1\), needed \(2, 0\)"),
        ({"ridge": 0.0}, "ridge 0: .* singular"),
        ({"ridge": -1.0}, "ridge -1: .* singular"),
        ({"ridge": 1e-310}, "ridge 1e-310: .* singular"),
        ({"ridge": [1.0, 2.0]}, r"ridge: shape \(2,\) for 3 cells"),
        ({"row_sum": -1.0}, "row_sum: must not be negative"),
        ({"row_sum": [1.0, 1.0]}, r"row_sum: shape \(2,\) for 1 groups"),
        ({"group": [0, 1]}, "group: one number from 0 for each of 3"),
        ({"cells": [[0], [0]], "weights": [[0], [0]], "common": [1], "row_sum": 1.0},
         "group 0, whose sum is penalized"),
        ({"but": [2, -1]}, "but: cell 2 is none that unit 0 has"),
        ({"but": [-1, 2]}, "unit 1 has no presynaptic cell"),
        ({"but": [1]}, "but: one cell for each of 2 units"),
        ({"but": [1, -1], "weights": [[0, 1], [0]]}, "not 0 from a cell that `but` names"),
        ({"precision": "float16"}, "'float16': float64 or float32"),
    ],
)  # fmt: skip
def test_wrong_input_is_one_line(changed, words):
    options = FITS | changed
    with pytest.raises(InputError, match=words) as error:
        RecursiveLeastSquares(options.pop("cells"), options.pop("weights"), **options)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "activity, target, words",
    [
        ([0, np.nan, 1], [0, 1], "activity of cell 1 is nan"),
        ([0, 1, 1], [0, np.inf], "target of unit 1 is inf"),
        ([0, 1], [0, 1], r"activity has shape \(2,\), needed \(3,\)"),
        ([0, 1, 1], [[0, 1]], r"target has shape \(1, 2\), needed \(2,\)"),
    ],
)
def test_a_wrong_moment_is_one_line_and_changes_nothing(activity, target, words):
    rls = RecursiveLeastSquares(**FITS)
    before = rls.saved()
    with pytest.raises(InputError, match=words):
        rls.update(activity, target)
    for name, array in before.items():
        np.testing.assert_array_equal(rls.saved()[name], array)


@pytest.mark.parametrize(
    "name, array, words",
    [
        ("inverse", np.zeros(4), "inverse: P is singular"),
        ("inverse", np.ones(3), r"inverse is float64 \(3,\), needed float64 \(4,\)"),
        ("inverse", np.ones(4, np.float32), "inverse is float32"),
        ("weights", np.full(3, np.nan), "weights is not finite"),
        ("seen", None, "seen is missing"),
    ],
)
def test_a_state_that_does_not_fit_is_one_line_and_changes_nothing(name, array, words):
    rls = RecursiveLeastSquares(**FITS)
    rls.update([1, 2, 3], [1, 2])
    before = rls.saved()
    given = (
        before | {name: array} if array is not None else {k: before[k] for k in before if k != name}
    )
    with pytest.raises(InputError, match=words):
        rls.restore(given)
    for one, kept in before.items():
        np.testing.assert_array_equal(rls.saved()[one], kept)
    with pytest.raises(InputError, match="drift is measured with check_every only"):
        rls.residuals()
