"""Geometry of drift against closed forms, brute force, and recordings whose drift is known."""

from itertools import combinations

import numpy as np
import pytest
import xarray as xr
from scipy.linalg import subspace_angles

from spikedrift.analyses.contract.analysis import analyze
from spikedrift.analyses.methods import manifolds
from spikedrift.analyses.methods.hyperplanes import angle_between, boundary
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.sources.synthetic import record
from spikedrift.trials import select, spike_cells

OPTIONS = {"surrogates": 39, "splits": 6}


def test_square_without_noise_is_the_mean_over_all_halves():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(6, 4)), rng.normal(size=(4, 4))
    products = []
    for half in combinations(range(6), 3):
        for quarter in combinations(range(4), 2):
            first = x[list(half)].mean(axis=0) + y[list(quarter)].mean(axis=0)
            rest = np.delete(x, half, 0).mean(axis=0) + np.delete(y, quarter, 0).mean(axis=0)
            products.append(first * rest)
    np.testing.assert_allclose(manifolds.unbiased_squares([x, y]), np.mean(products, axis=0))


def cloud(rng, mean, n, noise):
    return mean + noise * rng.standard_normal((n, mean.size))


def test_a_known_rotation_reads_its_angle_and_noise_alone_reads_none():
    rng = np.random.default_rng(2)
    free, plug_in = [], []
    for turn in (0.0, 30.0):
        angles = []
        for _ in range(40):
            u, v = np.linalg.qr(rng.standard_normal((50, 2)))[0].T * 5
            turned = np.cos(np.radians(turn)) * u + np.sin(np.radians(turn)) * v
            x = np.concatenate([cloud(rng, u, 8, 0.5), cloud(rng, turned, 8, 0.5)])
            angles.append(manifolds.mean_geometry(x, [np.arange(8)], [np.arange(8, 16)]))
        free.append(np.concatenate([one for one, _ in angles]))
        plug_in.append(np.concatenate([one for _, one in angles]))
    assert manifolds.angle(free[1]) == pytest.approx(30, abs=1)
    assert manifolds.relative_drift(free[1]) == pytest.approx(2 * np.sin(np.radians(15)), rel=0.03)
    assert manifolds.relative_drift(free[0]) < 0.08
    # 2 * variance / trials per unit over a squared length of 25.
    expected = np.sqrt(2 * 50 * 0.25 / 8 / (25 + 50 * 0.25 / 8))
    assert manifolds.relative_drift(plug_in[0]) == pytest.approx(expected, rel=0.05)
    assert manifolds.angle(plug_in[0]) > 10 > manifolds.angle(free[0])


@pytest.mark.parametrize("draw", ["normal", "exponential"])
def test_dimension_of_known_covariances(draw):
    rng = np.random.default_rng(3)
    for scale, expected in (
        (np.ones(40), 40.0),
        (np.sqrt(np.r_[4.0, np.ones(19)]), 23.0**2 / (16 + 19)),
    ):
        noise = rng.standard_normal if draw == "normal" else rng.standard_exponential
        responses = [noise((8, scale.size)) * scale for _ in range(3000)]
        free, plug_in = manifolds.participation(responses)
        assert free == pytest.approx(expected, rel=0.05)
        assert plug_in < 7  # seven components at most from eight trials
    many = rng.standard_normal((3000, 30))
    assert manifolds.participation([many])[1] == pytest.approx(30 / (1 + 30 / 3000), rel=0.01)


def test_overlap_of_equal_orthogonal_and_random_spaces():
    rng = np.random.default_rng(4)
    x = rng.standard_normal((12, 60)) * np.linspace(3, 0.1, 60)
    turned = x[:, ::-1].copy()

    def gamma(a, b):
        return float(manifolds.overlap(a @ a.T, b @ b.T, a @ b.T))

    apart = np.zeros((12, 60)), np.zeros((12, 60))
    apart[0][:, :30], apart[1][:, 30:] = rng.standard_normal((2, 12, 30))
    assert gamma(*apart) == pytest.approx(0, abs=1e-9)
    flat = np.linalg.qr(rng.standard_normal((60, 11)))[0].T
    flat = np.concatenate([flat, -flat])
    assert gamma(flat, 2 * flat + 5) == pytest.approx(1)
    # By components of the data instead of products of trials.
    share, axes = manifolds.variances(x)
    theirs, others = manifolds.variances(turned)
    others = others[: manifolds.leading(theirs)]
    expected = [v * np.cos(subspace_angles(w[:, None], others.T)[0])
                for v, w in zip(share, axes, strict=True)]  # fmt: skip
    assert gamma(x, turned) == pytest.approx(np.sum(expected))
    vectors = rng.standard_normal((20000, 12))
    projected = np.linalg.norm(vectors[:, :3], axis=1) / np.linalg.norm(vectors, axis=1)
    assert manifolds.random_length(3, 12) == pytest.approx(projected.mean(), rel=0.01)


def test_boundary_turns_with_the_data_and_random_turns_cost_accuracy():
    rng = np.random.default_rng(5)
    a, b = np.zeros(20), np.r_[4.0, np.zeros(19)]
    turn = np.radians(40)
    rotation = np.eye(20)
    rotation[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    first, second = cloud(rng, a, 20, 0.3), cloud(rng, b, 20, 0.3)
    own = boundary(first, second)
    turned = boundary(first @ rotation.T, second @ rotation.T)
    assert own is not None and turned is not None
    assert np.degrees(angle_between(own, turned)) == pytest.approx(
        np.degrees(np.arccos(own.normal @ rotation @ own.normal)), abs=1e-3
    )
    test = cloud(rng, a, 400, 1.5), cloud(rng, b, 400, 1.5)
    directions = rng.standard_normal((50, 20))
    np.testing.assert_allclose(own.rotated_accuracy(*test, 0.0, directions), own.accuracy(*test))
    straight = own.rotated_accuracy(*test, np.pi / 2, directions).mean()
    halfway = own.rotated_accuracy(*test, np.pi / 4, directions).mean()
    assert straight == pytest.approx(0.5, abs=0.03)
    assert straight < halfway < own.accuracy(*test)
    assert boundary(np.ones((3, 4)), np.ones((3, 4))) is None


def value(result: xr.Dataset, name: str, column: str = "value") -> float:
    return float(result[column].sel(statistic=name))


def made(**knobs) -> xr.Dataset:
    base = {"segments": 4, "repeats": 12, "units": 60}
    return record(SyntheticOptions(**base | knobs), "made.movie", 2)


def silenced(dataset: xr.Dataset, share: float) -> xr.Dataset:
    """Silence a share of the units in the later block: dropout."""
    lost = np.random.default_rng(6).permutation(dataset.sizes["unit"])
    lost = lost[: round(share * lost.size)]
    trial, unit = spike_cells(dataset)
    gone = np.isin(unit, lost) & (dataset["block"].values[trial] == 1)
    count = dataset["spike_count"].copy(deep=True)
    count[{"trial": np.flatnonzero(dataset["block"].values == 1), "unit": lost}] = 0
    out = dataset.isel(spike=~gone)
    return out.assign(spike_count=count)


def test_what_moves_it_and_what_does_not():
    for knobs in ({}, {"event_time_drift": 1.0}):
        none = analyze(made(**knobs), "geometry", OPTIONS, 1)
        assert value(none, "relative_drift", "p_value") > 0.05
        # Sampling noise alone has a length; what is left of it has next to none.
        biased = value(none, "relative_drift.plug_in", "null_mean")
        assert value(none, "relative_drift", "null_mean") < 0.3 * biased
        assert value(none, "relative_drift.plug_in") > 0.8 * biased
        assert value(none, "relative_drift") < 0.5 * biased
        assert np.isnan(value(none, "inside")) and not none.attrs["drifts"]
    drift = analyze(made(rate_drift=1.0), "geometry", OPTIONS, 1)
    assert value(drift, "relative_drift", "p_value") == 1 / 40
    assert value(drift, "boundary_angle.between") > value(drift, "boundary_angle.within") + 20
    assert value(drift, "accuracy.between") < value(drift, "accuracy.within") - 0.2


def test_a_known_dropout_is_matched_and_recognized():
    result = analyze(silenced(made(), 0.3), "geometry", OPTIONS, 1)
    dropped = silenced(made(), 0.3)["spike_count"].values
    before = np.sqrt(made()["spike_count"].values[:48])
    gone = dropped[48:].sum(axis=0) == 0
    mean = np.stack([before[k::4].mean(axis=0) for k in range(4)])
    expected = (mean[:, gone] ** 2).sum() / (mean**2).sum()
    assert value(result, "dropout.size") == pytest.approx(expected, abs=0.03)
    # |drift|^2 = p |mean|^2, and what is left is at arccos(sqrt(1 - p)) from where it was.
    assert value(result, "relative_drift") == pytest.approx(np.sqrt(expected), abs=0.03)
    assert value(result, "angle") == pytest.approx(
        np.degrees(np.arccos(np.sqrt(1 - expected))), abs=3
    )
    # Silence leaves what remains in its place, so that boundaries turn less than under noise.
    turn = {
        place: value(result, f"boundary_angle.{place}")
        for place in ("between", "dropout", "gaussian")
    }
    assert abs(turn["between"] - turn["dropout"]) < abs(turn["between"] - turn["gaussian"])
    # Models are as long as the drift that they are matched to.
    inside = result["inside"].sel(part="all").sum("segment")
    np.testing.assert_allclose(inside / inside.sel(source="observed"), 1, atol=0.25)


def test_components_that_drift_are_found_only_where_drift_follows_them():
    rng = np.random.default_rng(8)
    units, n = 60, 24
    axis = np.zeros(units)
    axis[:5] = 1 / np.sqrt(5)
    noise = rng.standard_normal((2, n, units)) + 9 * rng.standard_normal((2, n, 1)) * axis
    share, axes = manifolds.variances(noise[0, : n // 2])
    assert manifolds.leading(share) < 4
    for drift, expected in ((9 * axis, 0.9), (9 * np.roll(axis, 30), 0.1)):
        held, later = noise[0, n // 2 :], noise[1] + drift
        square = manifolds.unbiased_squares([-held @ axes.T, later @ axes.T])
        total = manifolds.unbiased_squares([-held, later]).sum()
        found = square[: manifolds.leading(share)].sum() / total
        assert (found > expected) if expected > 0.5 else (found < expected)


def test_bad_recordings_are_refused_and_bits_are_kept():
    short = made(repeats=3)
    with pytest.raises(InputError, match="lower min_repeats"):
        analyze(short, "geometry", OPTIONS)
    dataset = made(repeats=6)
    unseen = select(dataset, trials=np.arange(1, dataset.sizes["trial"]))
    assert analyze(unseen, "geometry", OPTIONS, 1).identical(
        analyze(unseen, "geometry", OPTIONS, 1)
    )
    two = select(dataset, trials=dataset["segment"].values < 2)
    assert value(analyze(two, "geometry", OPTIONS), "accuracy.within", "n") == 1
    lost = made(unit_loss=1.0)
    with pytest.raises(InputError, match="observed in every trial"):
        analyze(lost, "geometry", OPTIONS)
