"""Points that are chosen by some animals and scored on another, with known populations."""

import numpy as np
import pytest
import xarray as xr

from spikedrift.comparison.scores.across_animals import leave_one_out
from spikedrift.config.compare import Compare
from spikedrift.core.errors import InputError
from spikedrift.figures import animals

NAMES = ["rate_drop", "rate_step", "timing_step", "timing_to_rate"]
SCALES = np.array([True, True, True, False])
TRUTH = np.array([0.2, 0.4, 0.1, -0.6])
OTHER = np.array([0.2, 0.1, 0.4, 0.7])


def scores(value, instances, animal, k, **attributes):
    """What a comparison holds that is read here; instances by point."""
    return xr.Dataset(
        {
            "recording_value": ("statistic", value),
            "instance_value": (("point", "instance", "statistic"), np.stack(instances)),
            "scales": ("statistic", SCALES),
        },
        coords={
            "point": ["wrong", "right", "right@rate=2"],
            "variant": ("point", ["wrong", "right", "right"]),
            "axis_rate": ("point", [np.nan, 1.0, 2.0]),
            "statistic": NAMES,
        },
        attrs={"recording": f"r{k}.movie", "subject": animal,
               "pseudo_population": 0, "trial_order_known": 1, "titles": "{}", "control": "",
               **attributes},
    )  # fmt: skip


def cohort(rng, n=6, spread=0.03, factor=1.0):
    """Animals around TRUTH, and points: OTHER, TRUTH at another speed, beside TRUTH."""
    root = spread * rng.normal(size=(4, 8)) / np.sqrt(8)
    covariance = root @ root.T + 0.2 * spread**2 * np.eye(4)
    slower = np.where(SCALES, TRUTH / factor, TRUTH)
    points = [
        rng.multivariate_normal(mean, covariance, size=8)
        for mean in (OTHER, slower, TRUTH + np.array([0, 0.12, 0.12, 0.3]))
    ]
    animals = rng.multivariate_normal(TRUTH, covariance, size=n)
    return [scores(y, points, f"animal {k}", k) for k, y in enumerate(animals)]


def test_the_generating_point_is_found_and_its_factor_held():
    found = leave_one_out(cohort(np.random.default_rng(1), factor=3.0))
    assert found["best"].values.tolist() == ["right"] * 6
    assert found.sizes == {"animal": 6, "point": 3}
    np.testing.assert_allclose(found["time_scale_fit"].sel(point="right"), 3.0, rtol=0.15)
    assert (found["rank"] == 1).all()
    assert found["score"].sel(point="wrong") > 10 * found["score"].sel(point="right")
    chosen = found["score_left_out"].sel(point="right")
    np.testing.assert_array_equal(found["best_score"], chosen)
    assert found["variant"].values.tolist() == ["wrong", "right", "right"]
    assert found["axis_rate"].sel(point="right@rate=2") == 2
    assert "n = 6" in found.attrs["inference"]


def test_a_held_out_animal_of_the_same_kind_scores_near_one():
    # Median: with few animals the covariance is uncertain, and some scores are large.
    value = [
        float(leave_one_out(cohort(np.random.default_rng(k), n=12))["score"].sel(point="right"))
        for k in range(20)
    ]
    assert 0.7 < np.median(value) < 1.5


def test_a_factor_that_was_not_fitted_to_an_animal_takes_no_statistic_from_it():
    # Of four statistics one less would give 4/3, where one more draw is expected at 1.
    found = [leave_one_out(cohort(np.random.default_rng(k), n=60)) for k in range(4)]
    for name in ("score_left_out", "score_others"):
        values = [float(one[name].sel(point="right").mean()) for one in found]
        assert np.mean(values) == pytest.approx(1.0, abs=0.15), name


def test_the_animal_left_out_has_no_part_in_its_choice():
    files = cohort(np.random.default_rng(3))
    moved = [*files[:-1], files[-1].assign(recording_value=("statistic", OTHER))]
    one, two = leave_one_out(files), leave_one_out(moved)
    last = {"animal": "animal 5"}
    for name in ("best", "best_score_others", "time_scale_fit", "score_others"):
        xr.testing.assert_equal(one[name].sel(last), two[name].sel(last))
    assert two["best_score"].sel(last) > 10 * one["best_score"].sel(last)
    assert two["rank"].sel(last) == 3 or two["rank"].sel(last) == 2


def test_recordings_of_one_animal_are_one():
    files = cohort(np.random.default_rng(4), n=7)
    twins = [*files[:6], files[6].assign_attrs(subject="animal 5")]
    found = leave_one_out(twins)
    assert found["n_recordings"].values.tolist() == [1, 1, 1, 1, 1, 2]
    mean = files[5].assign(
        recording_value=(files[5]["recording_value"] + files[6]["recording_value"]) / 2
    )
    expected = leave_one_out([*files[:5], mean])
    np.testing.assert_allclose(found["score_left_out"], expected["score_left_out"])


def test_points_without_a_whole_instance_are_not_chosen():
    files = cohort(np.random.default_rng(5))
    broken = [one.copy(deep=True) for one in files]
    for one in broken:
        one["instance_value"].loc[{"point": "right", "statistic": "timing_step"}] = np.nan
    found = leave_one_out(broken)
    assert found["score"].sel(point="right").isnull()
    assert set(found["best"].values) == {"right@rate=2"}
    for one in broken:
        one["instance_value"][...] = np.nan
    none = leave_one_out(broken)
    assert none["score_others"].isnull().all() and set(none["best"].values) == {""}
    assert none.attrs["statistics"] == "none is left"
    figure, _ = animals.draw(scores=none)
    assert any("No statistic is left" in text.get_text() for text in figure.axes[0].texts)


@pytest.mark.fault("outcome", "a statistic that one animal or all models lack stops a comparison")
def test_a_statistic_that_some_animals_lack_is_dropped():
    files = cohort(np.random.default_rng(5))
    kept = [name for name in files[0]["statistic"].values if name != "timing_step"]
    fewer = [one.sel(statistic=kept) for one in files]
    expected = leave_one_out(fewer)
    found = leave_one_out([fewer[0], *files[1:]])
    assert found.attrs["dropped"] == "timing_step"
    np.testing.assert_allclose(found["score_left_out"], expected["score_left_out"])
    lost = [one.copy(deep=True) for one in files]
    lost[0]["instance_value"].loc[{"statistic": "timing_step"}] = np.nan
    np.testing.assert_allclose(leave_one_out(lost)["score_left_out"], expected["score_left_out"])


def test_what_cannot_be_left_out_is_refused_in_a_line():
    files = cohort(np.random.default_rng(6))
    with pytest.raises(InputError, match=r"4 animals, leaving one out needs 5.*within-recording"):
        leave_one_out(files[:4], Compare())
    same = [one.assign_attrs(subject="animal 1") for one in files]
    with pytest.raises(InputError, match="1 animals"):
        leave_one_out(same)
    unknown = [*files[:5], files[5].assign_attrs(subject="session 9")]
    with pytest.raises(InputError, match=r"r5.movie: no animal to leave out, its animal is not"):
        leave_one_out(unknown)
    with pytest.raises(InputError, match=r"r5.movie: points are not those of r0.movie"):
        leave_one_out([*files[:5], files[5].isel(point=[0, 1])])


def test_the_figure_marks_what_the_others_chose():
    found = leave_one_out(cohort(np.random.default_rng(1), factor=3.0))
    figure, table = animals.draw(scores=found)
    strip, grid = figure.axes[:2]
    assert len(table) == 3 * 6
    np.testing.assert_allclose(
        table.pivot(index="point", columns="animal", values="value").loc["right"],
        found["score_left_out"].sel(point="right"),
    )
    chosen = table[table["chosen"] == 1]
    assert chosen["point"].tolist() == ["right"] * 6 and (chosen["rank"] == 1).all()
    rows = [line.get_ydata()[0] for line in grid.get_lines() if line.get_marker() == "*"]
    assert rows == [1] * 6
    assert [tick.get_text() for tick in strip.get_yticklabels()] == found["point"].values.tolist()
    said = " ".join(text.get_text().replace("\n", " ") for text in figure.texts)
    assert "Chosen by the others: right for animal 0" in said and "n = 6" in said
