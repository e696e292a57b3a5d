"""Similarity matrices of models against a recording: what is scored, tested, refused and said."""

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from spikedrift import trials
from spikedrift.comparison.matrices import geometry, lag_and_block
from spikedrift.comparison.matrices.matrices import structure
from spikedrift.comparison.matrices.responses import TrialResponses
from spikedrift.config.compare import Compare, Structure
from spikedrift.config.similarity import MeasureEntry
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.rsa.comparator import get
from spikedrift.rsa.comparators.procrustes import cross_validated
from spikedrift.rsa.stacks import relabeled
from spikedrift.sources import synthetic
from spikedrift.spikes.arrays import put
from spikedrift.spikes.layout import Layout
from spikedrift.stats.inference import holm
from spikedrift.stats.matrix_regression import shifts_within
from spikedrift.stats.monte_carlo import p_of_instances

SPIKESHIP = MeasureEntry(name="spikeship", measure="spikeship")
BLOCK = np.repeat([0, 1], 6)
OPTIONS = Compare(structure=Structure(halves=6, shifts=60, draws=199))
FEW = {"comparators": ("cosine", "procrustes"), "halves": 2, "shifts": 19, "draws": 99}


def record(name, seed, **knobs):
    options = {"units": 30, "segments": 7, "repeats": 8, "segment_duration": 0.5, **knobs}
    return synthetic.record(SyntheticOptions(**options), name, seed=seed)


def renamed(dataset, stimulus="patterns"):
    return dataset.assign(stimulus=("trial", np.full(dataset.sizes["trial"], stimulus)))


def muted(dataset, units):
    """The same trials, in which some units never fire."""
    spikes = Layout.of(dataset).spikes
    return put(dataset, spikes.kept(~np.isin(spikes.cells[1], units)))


def with_structure(**changes):
    structure_of = OPTIONS.structure.model_copy(update=changes)
    return OPTIONS.model_copy(update={"structure": structure_of})


def gaussian_rdm(rng, block=BLOCK, noise=1.0):
    """Anything with lag, block and structure of its own in it."""
    lag, within, _ = lag_and_block.pairs_of(block)
    return 2 + 0.2 * lag + 1.5 * ~within + rng.normal(0, noise, lag.size)


# lag and block


def test_whatever_is_a_function_of_lag_and_block_is_out():
    lag, within, _ = lag_and_block.pairs_of(BLOCK)
    rng = np.random.default_rng(1)
    known = np.stack([np.sqrt(lag), ~within * 1.0, np.sin(lag) * within, np.full(lag.size, 0.1)])
    np.testing.assert_array_equal(lag_and_block.residual(known, BLOCK), 0)
    rdm = gaussian_rdm(rng)
    found = lag_and_block.residual(rdm[None], BLOCK)
    np.testing.assert_allclose(lag_and_block.residual((rdm + 3 * known)[:], BLOCK),
                               np.repeat(found, 4, axis=0), atol=1e-12)  # fmt: skip
    np.testing.assert_allclose(lag_and_block.residual(found, BLOCK), found, atol=1e-12)
    levels = np.random.default_rng(9).normal(0, 5, 12)[np.stack(np.triu_indices(12, 1))].sum(axis=0)
    np.testing.assert_allclose(
        lag_and_block.residual((rdm + levels)[None], BLOCK), found, atol=1e-12
    )
    # least squares on one indicator a (block, block, lag) and one a window
    row, column = np.triu_indices(12, 1)
    keys = sorted({(BLOCK[i], BLOCK[j], j - i) for i, j in zip(row, column, strict=True)})
    design = np.array(
        [[(BLOCK[i], BLOCK[j], j - i) == key for key in keys]
         for i, j in zip(row, column, strict=True)], float
    )  # fmt: skip
    windows = np.array([[k in pair for k in range(12)] for pair in zip(row, column, strict=True)])
    design = np.hstack([design, windows])
    fit = design @ np.linalg.lstsq(design, rdm, rcond=None)[0]
    np.testing.assert_allclose(found[0], rdm - fit, atol=1e-10)


def test_undefined_pairs_stay_undefined_and_enter_no_fit():
    rdm = gaussian_rdm(np.random.default_rng(2))
    lost, wild = rdm.copy(), rdm.copy()
    lost[5] = np.nan
    found = lag_and_block.residual(np.stack([rdm, lost]), BLOCK)
    np.testing.assert_allclose(found[0], lag_and_block.residual(rdm[None], BLOCK)[0], atol=1e-12)
    assert np.isnan(found[1, 5]) and np.isfinite(np.delete(found[1], 5)).all()
    # the same as if the pair had the value that the fit of the others gives it: residual 0
    for _ in range(200):
        wild[5] -= lag_and_block.residual(wild[None], BLOCK)[0, 5]
    np.testing.assert_allclose(
        np.delete(found[1], 5),
        np.delete(lag_and_block.residual(wild[None], BLOCK)[0], 5),
        atol=1e-6,
    )


def test_baselines_are_the_recordings_own_means():
    rdm = gaussian_rdm(np.random.default_rng(3))
    lag, within, _ = lag_and_block.pairs_of(BLOCK)
    lag_only, block_only, none = lag_and_block.baseline_rdms(rdm, BLOCK)
    for k in range(1, 12):
        np.testing.assert_allclose(lag_only[lag == k], rdm[lag == k].mean())
    np.testing.assert_allclose(block_only[within], rdm[within].mean())
    np.testing.assert_allclose(block_only[~within], rdm[~within].mean())
    assert not none.any()


@pytest.mark.slow
def test_a_model_that_shares_lag_and_block_alone_is_alike_and_passes_no_test():
    """P-values beyond lag and block are uniform; as it is such a model looks good."""
    rng = np.random.default_rng(4)
    comparators = {name: get(name) for name in ("rho_a", "whitened_correlation", "cka")}
    orders = np.concatenate([np.arange(12)[None], shifts_within(BLOCK, 999, rng)])
    whole, p = [], {name: [] for name in comparators}
    for _ in range(500):
        rdm, models = gaussian_rdm(rng)[None], np.stack([gaussian_rdm(rng) for _ in range(3)])
        rest, against = (lag_and_block.residual(side, BLOCK) for side in (models, rdm))
        moved = lag_and_block.shifted(rest, BLOCK, orders)
        for name, comparator in comparators.items():
            p[name].append(p_of_instances(comparator.compare(moved, against)[..., 0], 199, rng))
        whole.append(comparators["rho_a"].compare(models, rdm).mean())
    uniform = [stats.kstest(values, stats.uniform.cdf).pvalue for values in p.values()]
    assert np.nanmin(holm(np.array(uniform))) > 0.01
    assert np.mean(whole) > 0.2


def test_structure_beyond_lag_and_block_is_found():
    rng, comparator = np.random.default_rng(5), get("whitened_correlation")
    orders = np.concatenate([np.arange(12)[None], shifts_within(BLOCK, 999, rng)])
    truth = rng.normal(size=66)
    rdm = gaussian_rdm(rng)[None] + truth
    models = np.stack([gaussian_rdm(rng) + truth for _ in range(3)])
    rest, against = (lag_and_block.residual(side, BLOCK) for side in (models, rdm))
    null = comparator.compare(lag_and_block.shifted(rest, BLOCK, orders), against)[..., 0]
    assert p_of_instances(null, 999, rng) < 0.02


def test_instances_move_by_themselves():
    rng = np.random.default_rng(6)
    scores = np.array([[1.0, 1.0], [0.0, 0.0]])
    # one joint order of four has a mean as high as the observed one
    assert p_of_instances(scores, 20_000, rng) == pytest.approx(0.25, abs=0.02)
    assert np.isnan(p_of_instances(scores * np.nan, 99, rng))
    assert np.isnan(p_of_instances(scores[:1], 99, rng))
    lost = np.c_[scores, [np.nan, np.nan]]
    assert p_of_instances(lost, 20_000, rng) == pytest.approx(0.25, abs=0.02)


# segment geometry


def test_smooth_movies_that_share_nothing_pass_no_test_once_lag_is_out():
    rng, comparator = np.random.default_rng(7), get("correlation")
    row, column = np.triu_indices(20, 1)

    def movie():
        kernel = np.exp(-0.5 * (np.subtract.outer(np.arange(20), np.arange(20)) / 3) ** 2)
        latent = np.linalg.cholesky(kernel + 1e-9 * np.eye(20)) @ rng.normal(size=(20, 6))
        return ((latent[row] - latent[column]) ** 2).sum(axis=1)

    whole, p = [], []
    for _ in range(120):
        rdm, models = movie(), np.stack([movie(), movie()])
        whole.append(comparator.compare(models, rdm[None]).mean())
        p.append(geometry.across(rdm, [models], comparator, True, Structure(draws=199), rng)[1][0])
    assert np.mean(whole) > 0.25  # as they are, any two are alike
    assert np.mean(np.array(p) <= 0.05) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 120)
    shared = movie()
    found = geometry.across(shared, [shared[None] + rng.normal(0, 0.5, (2, 190))], comparator, True,
                            Structure(draws=999), rng)  # fmt: skip
    assert found[1][0] < 0.02 and found[0][0].min() > 0.5


def test_labels_without_order_need_seven_segments():
    rng, comparator = np.random.default_rng(8), get("rho_a")
    for n, tested in ((6, False), (8, True)):
        rdm = rng.normal(size=n * (n - 1) // 2)
        score, p = geometry.across(rdm, [rdm[None]], comparator, False, Structure(draws=199), rng)
        assert score[0][0] == pytest.approx(1)
        assert np.isfinite(p[0]) == tested
    assert p[0] <= 0.01


def test_geometry_that_is_redrawn_is_less_alike_between_blocks_than_within():
    comparator = get("whitened_correlation")
    options = Structure()
    still = TrialResponses.of(record("a", 1), options, SPIKESHIP)
    moved = TrialResponses.of(record("b", 1, rate_drift=0.9), options, SPIKESHIP)
    between, within = geometry.change(still, "rate", comparator)
    assert between.shape == (1,) and within - between[0] < 0.15
    between, within = geometry.change(moved, "rate", comparator)
    assert within > 0.6 and between[0] < within - 0.3
    short = TrialResponses.of(record("c", 1, repeats=3), options, SPIKESHIP)
    assert np.isnan(geometry.change(short, "rate", comparator)[1])
    assert np.isnan(geometry.change(still, "timing", get("procrustes"))[1])


# the whole


@pytest.fixture(scope="module")
def mouse():
    return record("mouse.movie", 1, rate_drift=0.5, rate_drift_within=0.2)


@pytest.fixture(scope="module")
def sweep():
    return {
        "frozen": [renamed(record(f"f{k}.patterns", 10 + k, units=40)) for k in range(2)],
        "drifting": [
            renamed(record(f"d{k}.patterns", 20 + k, rate_drift=0.5, rate_drift_within=0.2))
            for k in range(3)
        ],
    }


@pytest.fixture(scope="module")
def found(mouse, sweep):
    return structure(mouse, sweep, SPIKESHIP, OPTIONS, 3, control="frozen",
                     titles={"drifting": "A→E STDP"}, sweep="s")  # fmt: skip


def test_a_drifting_model_is_nearer_than_a_frozen_one_and_baselines_stand_beside(found):
    rate = found.sel(view="full", code="rate")
    for name in ("rho_a", "cosine", "whitened_correlation", "cka"):
        score = rate["point_score"].sel(comparator=name)
        assert score.sel(point="drifting") > score.sel(point="frozen") + 0.1
        lag = rate["baseline_score"].sel(comparator=name, baseline="lag_only")
        assert lag > 0.5
        assert rate["baseline_score"].sel(comparator=name, baseline="no_drift") == 0
        assert rate["ceiling_low"].sel(comparator=name) < rate["ceiling_high"].sel(comparator=name)
    rest = found.sel(view="residual")["baseline_score"].sel(baseline=["lag_only", "block_only"])
    assert (rest.dropna("comparator") == 0).all()
    np.testing.assert_allclose(found["point_score"], found["score"].mean("instance"), rtol=1e-12)
    assert found["score"].sel(point="frozen", comparator="cka").isel(instance=2).isnull().all()


def test_scores_are_those_of_the_comparators_on_the_matrices_in_the_file(found):
    one = found.sel(view="full", code="rate")
    base = get("rho_a").compare(one["baseline_rdm"].values, one["recording_rdm"].values[None])
    np.testing.assert_allclose(base[:, 0], one["baseline_score"].sel(comparator="rho_a"))
    rest = found.sel(view="residual", code="rate")["recording_rdm"].values[None]
    block = np.repeat([0, 1], 4)
    np.testing.assert_allclose(
        rest, lag_and_block.residual(one["recording_rdm"].values[None], block), atol=1e-12
    )
    row, column = np.triu_indices(8, 1)
    np.testing.assert_array_equal(found["row"], row)
    assert (found["lag"] == column - row).all()
    assert ((found["relation"] == "within") == (block[row] == block[column])).all()


def test_procrustes_has_a_form_for_rate_alone_and_is_an_angle(found):
    value = found["score"].sel(comparator="procrustes")
    rate = value.sel(view="full", code="rate", point="drifting")
    assert ((rate > 0) & (rate < np.pi)).all()
    assert value.sel(code="timing").isnull().all() and value.sel(view="residual").isnull().all()
    assert json.loads(found.attrs["directions"])["procrustes"] == "lower"


def test_the_file_says_what_was_matched_refused_and_found(found):
    attributes = found.attrs
    for part in ("30 units (of 30 and 30 to 40)", "7 segments", "seed 3"):
        assert part in attributes["subsampled"]
    assert "no correspondence" in attributes["refused"] and "patterns" in attributes["refused"]
    assert "geometry_score" not in found
    for part in ("no animal resampling", "population", "n = 2 to 3", "illustration", "own"):
        assert part in attributes["inference"]
    assert found["score_low"].isnull().all()
    lines = attributes["conclusion"].split("\n")
    assert any(line.startswith("rate: ") for line in lines)
    assert any(line.startswith("timing: ") for line in lines)
    assert json.loads(attributes["titles"]) == {"frozen": "frozen", "drifting": "A→E STDP"}
    assert len(json.loads(attributes["blind_to"])) == 7
    assert (attributes["control"], attributes["sweep"], attributes["n_units"]) == (
        "frozen",
        "s",
        30,
    )


def test_same_seed_same_bits_other_seed_other_units(mouse, sweep, found):
    few = {"drifting": sweep["drifting"][:1]}
    options = OPTIONS.model_copy(
        update={"structure": OPTIONS.structure.model_copy(update={"units": 20})}
    )
    one, two, other = (structure(mouse, few, SPIKESHIP, options, seed) for seed in (5, 5, 6))
    xr.testing.assert_identical(one, two)
    assert not np.allclose(one["recording_rdm"], other["recording_rdm"])
    assert one.attrs["n_units"] == 20


def test_the_recordings_own_trials_as_a_model_reach_the_ceiling_beyond_lag_and_block(mouse):
    many = OPTIONS.model_copy(
        update={"structure": OPTIONS.structure.model_copy(update={"draws": 1999})}
    )
    found = structure(mouse, {"itself": [renamed(mouse)] * 3}, SPIKESHIP, many, 1)
    score = found["point_score"].sel(comparator="rho_a", point="itself")
    np.testing.assert_allclose(score, 1, atol=0.01)  # ties of pairs alone in their cell
    assert (found["p_holm"].sel(comparator="rho_a", code="rate") <= 0.05).all()
    text = found.attrs["conclusion"]
    assert "rate: the lower ceiling is reached by itself" in text
    assert "rate: lag and block out, itself is alike beyond shifts" in text


def test_a_test_that_cannot_reject_is_said(mouse):
    # 4 x 4 shifts of one instance: p is 1/16 at least, before Holm.
    found = structure(mouse, {"itself": [renamed(mouse)]}, SPIKESHIP, OPTIONS, 1)
    np.testing.assert_allclose(found["smallest_p"], 1 / 16)
    assert "cannot reach" in found.attrs["conclusion"]


def test_no_model_and_lag_alone_are_said(mouse, sweep):
    # A recording whose matrix is the lag's own: lag_only is as good as a model can be.
    text = structure(mouse, {"frozen": sweep["frozen"]}, SPIKESHIP, OPTIONS, 1).attrs["conclusion"]
    assert "rate: no model reaches the ceiling" in text
    assert "the lag alone" in text


def test_segments_of_one_name_are_compared(mouse):
    models = {
        name: [record(f"{name}{k}.movie", seed, rate_drift=0.5) for k, seed in enumerate(seeds)]
        for name, seeds in (("same", (1, 1)), ("other", (50, 51)))
    }
    found = structure(mouse, models, SPIKESHIP, OPTIONS, 1)
    assert found.attrs["refused"] == ""
    score = found["geometry_point_score"].sel(code="rate", comparator="whitened_correlation")
    assert score.sel(point="same") > 0.7
    assert abs(score.sel(point="other")) < 0.5
    p = found["geometry_p_value"].sel(code="rate", comparator="whitened_correlation")
    assert p.sel(point="same") < 0.1 < p.sel(point="other")


def drifting_movies():
    """Runs that show the recording's segments; units that never fire are others in each."""
    runs = [record(f"r{k}.movie", 50 + k, rate_drift=0.5) for k in range(3)]
    return [run if k == 1 else muted(run, np.arange(2 + 3 * k)) for k, run in enumerate(runs)]


def test_instances_with_other_numbers_of_units_score_as_each_of_them_alone(mouse):
    options = with_structure(**FEW)
    runs = drifting_movies()
    found = structure(mouse, {"r": runs}, SPIKESHIP, options, 1).sel(point="r")
    alone = [structure(mouse, {"r": [run]}, SPIKESHIP, options, 1).sel(point="r") for run in runs]
    for key in ("score", "geometry_score", "geometry_between", "geometry_within"):
        values = np.stack([one[key].isel(instance=0).values for one in alone], axis=-1)
        assert np.isfinite(values[..., -1, :]).any()  # Procrustes, in some code
        np.testing.assert_allclose(found[key].transpose(..., "instance"), values, rtol=1e-12)
    for score, of_point in (("score", "point_score"), ("geometry_score", "geometry_point_score")):
        np.testing.assert_allclose(found[of_point], found[score].mean("instance"), rtol=1e-12)
    # Two instances, one taken for the recording: responses as the file's own run makes them.
    sides = [TrialResponses.of(run, options.structure, SPIKESHIP) for run in runs]
    assert [side.response.shape[-1] for side in sides] == [28, 30, 22]
    kept = [side.repeat_responses() for side in sides]
    pairs = [cross_validated(kept[a], kept[b]) for a in range(3) for b in range(3) if a != b]
    at = {"view": "full", "code": "rate", "comparator": "procrustes"}
    np.testing.assert_allclose(found["matched_noise"].sel(at), np.mean(pairs), rtol=1e-12)
    assert found.attrs["refused"] == ""
    assert "30 of the recording and 22 to 30 of the models enter" in found.attrs["subsampled"]


@pytest.mark.parametrize("noise", ["univariate", "shrunk", "none"])
def test_an_instance_that_never_fires_is_left_out_of_means_and_said(mouse, noise):
    options = with_structure(noise=noise, **FEW)
    runs = drifting_movies()[:2]
    silent = muted(record("silent.movie", 60), np.arange(30))
    models = {"some": [*runs, silent], "none": [silent]}
    found = structure(mouse, models, SPIKESHIP, options, 1, titles={"some": "a, b"})
    without = structure(mouse, {"some": runs}, SPIKESHIP, options, 1)
    for key in ("point_score", "matched_noise", "point_rdm", "geometry_point_score", "p_value"):
        np.testing.assert_array_equal(found[key].sel(point="some"), without[key].sel(point="some"))
        assert found[key].sel(point="none").isnull().all()
    assert without["point_score"].notnull().any()
    assert found["score"].isel(instance=2).isnull().all()
    np.testing.assert_array_equal(
        found["smallest_p"], [without["smallest_p"].sel(point="some"), 1.0]
    )
    for code in ("rate", "timing"):
        line = f"no {code} matrix of 1 of 3 instances of a, b and 1 of 1 instances of none: "
        assert any(said.startswith(line) for said in found.attrs["refused"].split("\n"))
    assert len(found.attrs["refused"].split("\n")) == 2
    assert "n = 0 to 2 a point" in found.attrs["inference"]


def test_a_recording_that_never_fires_gives_a_file_that_says_so(mouse, sweep):
    options = with_structure(**FEW)
    silent = muted(mouse, np.arange(30))
    found = structure(silent, {"d": sweep["drifting"][:1]}, SPIKESHIP, options, 1)
    assert found["score"].isnull().all() and found["geometry_between"].notnull().any()
    assert found.attrs["refused"].startswith("no rate matrix of mouse.movie: no unit fires")
    assert "no timing matrix of mouse.movie" in found.attrs["refused"]
    assert "rate: repeat x repeat matrices are not compared" in found.attrs["conclusion"]


def test_responses_need_units_that_were_observed_in_all_trials_and_matrices_do_not(mouse):
    options = with_structure(**FEW)
    runs = drifting_movies()[1:]
    seen = runs[0]["observed"].values.copy()
    seen[np.arange(30), np.arange(30)] = False  # each unit is missing once
    spikes = Layout.of(runs[0]).spikes
    trial, unit = spikes.cells
    partly = put(runs[0], replace(spikes.kept(seen[trial, unit]), observed=seen))
    found = structure(mouse, {"p": [partly, runs[1]]}, SPIKESHIP, options, 1)
    rate = found["score"].sel(view="full", code="rate", point="p")
    assert rate.sel(comparator="cosine").notnull().all()
    assert rate.sel(comparator="procrustes").isnull().values.tolist() == [True, False]
    assert (
        "no Procrustes angle (rad) of 1 of 2 instances of p: on one side no unit was obs"
        in (found.attrs["refused"])
    )


def test_what_carries_no_comparison_is_refused(mouse, sweep):
    assumed = mouse.assign_attrs(trial_order_known=0)
    with pytest.raises(InputError, match="assumed"):
        structure(assumed, sweep, SPIKESHIP, OPTIONS)
    described = structure(
        assumed, sweep, SPIKESHIP, OPTIONS.model_copy(update={"assumed_order": "describe"})
    )
    assert described["p_value"].isnull().all()
    assert "Descriptive, no inference" in described.attrs["inference"]
    assert "nothing is tested" in described.attrs["conclusion"]
    with pytest.raises(InputError, match="no model runs"):
        structure(mouse, {}, SPIKESHIP, OPTIONS)
    with pytest.raises(InputError, match="30 units are left"):
        structure(mouse, sweep, SPIKESHIP, OPTIONS.model_copy(update={"min_units": 31}))


def test_repeats_that_share_no_segment_are_refused_by_name(mouse, sweep):
    each_lacks_one = (
        mouse["segment"].values == mouse["repeat"].values % mouse["segment"].values.max() + 1
    )
    each_lacks_one |= mouse["segment"].values == 0
    holes = trials.select(mouse, trials=~each_lacks_one)
    with pytest.raises(InputError, match=r"mouse\.movie: no segment is shown in every repeat"):
        structure(holes, sweep, SPIKESHIP, OPTIONS)


def test_too_few_windows_are_refused_by_name_and_the_file_is_made(mouse):
    short = {"short": [renamed(record("s.patterns", 3, repeats=3))]}
    found = structure(mouse, short, SPIKESHIP, OPTIONS)
    assert found["score"].isnull().all()
    assert "2 windows of 2 repeats, 4 are needed" in found.attrs["refused"]
    assert "rate: repeat x repeat matrices are not compared" in found.attrs["conclusion"]
    assert relabeled(found["recording_rdm"].values[0], np.arange(2)[None]).shape == (1, 2, 1)
