"""Figures show the numbers that they say, and write the same bytes for the same input."""

import json

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.colors import to_rgb

from spikedrift import trials
from spikedrift.analyses.contract import analysis
from spikedrift.comparison.scores.scores import compare
from spikedrift.comparison.scores.summary import Run
from spikedrift.config.drift import CurveOptions, DriftOptions, SignalOptions
from spikedrift.config.figures import Figures
from spikedrift.config.similarity import MeasureEntry
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.core.plugins import KINDS
from spikedrift.drift import gates
from spikedrift.drift.curves import curves
from spikedrift.drift.signal.recording import drift_values, recording_drift
from spikedrift.figures import (
    drift_curves,
    learning,
    matrices,
    raster,
    registry,
    score_panel,
    scores,
    style,
)
from spikedrift.figures.save import save
from spikedrift.similarity.matrix import similarity
from spikedrift.sources import synthetic


@pytest.fixture(scope="module")
def recording():
    options = SyntheticOptions(
        units=20, segments=3, repeats=4, segment_duration=0.5, rate_drift=0.5
    )
    return synthetic.record(options, "mouse-a.movie", seed=1)


DRIFT = DriftOptions(
    curves=CurveOptions(bootstrap=20, halves=4),
    index=SignalOptions(flips=99, bootstrap=99),
)


def analyzed(name, seed, **knobs):
    sizes = {"units": 20, "segments": 3, "repeats": 4, "segment_duration": 0.5}
    recording = synthetic.record(SyntheticOptions(**{**sizes, **knobs}), name, seed=seed)
    return Run(
        *(
            curves(recording, MeasureEntry(name=measure, measure=measure), DRIFT.curves, 1)
            for measure in ("population_vector", "spikeship")
        ),
        recording_drift(recording, DRIFT, 1),
    )


@pytest.fixture(scope="module")
def run():
    return analyzed("mouse-a.movie", 1, rate_drift=0.5)


@pytest.fixture(scope="module")
def large():
    """A recording with units enough for both indices."""
    return analyzed("mouse-a.movie", 1, rate_drift=0.5, units=80, segments=6, repeats=6)


@pytest.fixture(scope="module")
def scored(run):
    sweep = {
        "frozen": [analyzed(f"m-a-i{k}.movie", k, repeats=6) for k in (2, 3)],
        "noise": [analyzed(f"m-b-i{k}.movie", k, rate_drift=0.3, repeats=6) for k in (4, 5)],
    }
    return compare(run, sweep, control="frozen", titles={"noise": "weight noise"})


@pytest.fixture(scope="module")
def matrix_files(recording):
    return {
        "rate": [similarity(recording, "rate_correlation")],
        "timing": [similarity(recording, "spikeship")],
    }


def axes_with_data(figure):
    return [axes for axes in figure.axes if axes.has_data() and axes.axison]


def has_unit(text):
    return text.endswith(")") or text in ("unit", "")


# the registry


def test_figures_are_the_files_of_the_package():
    names = registry.names()
    drawn = {
        "raster", "matrices", "drift_curves", "learning", "scores", "induction", "survey",
        "ground_truth", "inference", "recordings", "plasticity_rules", "network", "model_drift",
        "comparators", "comparison", "sweep_map", "animals", "structure_animals", "reproduction",
        "acceptance", "assays", "families", "posterior", "learning_curve",
    }  # fmt: skip
    assert drawn | set(analysis.names()) == set(names)
    assert not {"style", "save", "registry", "__init__"} & set(names)
    for name in names:
        package, _, stem = registry.get(name).__module__.rpartition(".")
        assert package in KINDS["figures"] and stem == name
    with pytest.raises(InputError, match="did you mean 'raster'"):
        registry.get("rastr")


@pytest.mark.slow
def test_render_reads_draws_and_writes(recording, matrix_files, tmp_path):
    trials.write(recording, tmp_path / "a.nc")
    stem = tmp_path / "figures" / "raster.mouse-a.movie"
    registry.render("raster", {"trials": tmp_path / "a.nc"}, stem)
    for suffix, start in ((".pdf", b"%PDF"), (".png", b"\x89PNG")):
        content = stem.with_name(stem.name + suffix).read_bytes()
        assert content.startswith(start)
        assert len(content) > 5000
    table = pd.read_csv(stem.with_name(stem.name + ".tsv"), sep="\t")
    assert set(table["population"]) == {"VISp", "VISl"}
    assert len(list(stem.parent.iterdir())) == 3
    for kind, files in matrix_files.items():
        files[0].to_netcdf(tmp_path / f"{kind}.nc", engine="h5netcdf")
    registry.render(
        "matrices",
        {"rate": [tmp_path / "rate.nc"], "timing": [str(tmp_path / "timing.nc")]},
        tmp_path / "matrices",
    )
    assert (tmp_path / "matrices.png").stat().st_size > 5000
    with pytest.raises(InputError, match="no such file"):
        registry.render("raster", {"trials": tmp_path / "missing.nc"}, stem)


def test_same_input_same_bytes(matrix_files, tmp_path):
    for name in ("one", "two"):
        figure, table = matrices.draw(**matrix_files)
        save(figure, table, tmp_path / name)
    for suffix in ("pdf", "png", "tsv"):
        assert (tmp_path / f"one.{suffix}").read_bytes() == (
            tmp_path / f"two.{suffix}"
        ).read_bytes()


# style


HOSTILE = """
font.size: 20
font.family: serif
image.cmap: jet
image.interpolation: bilinear
savefig.dpi: 20
savefig.bbox: tight
figure.dpi: 44
figure.constrained_layout.h_pad: 1
axes.unicode_minus: False
axes.xmargin: .3
lines.linewidth: 9
path.sketch: 3, 4, 5
text.antialiased: False
pdf.compression: 0
pdf.use14corefonts: True
"""


@pytest.mark.fault("digests", "a matplotlibrc in the working directory")
@pytest.mark.slow
def test_a_users_matplotlibrc_changes_nothing(matrix_files, tmp_path):
    save(*matrices.draw(**matrix_files), tmp_path / "plain")
    (tmp_path / "matplotlibrc").write_text(HOSTILE)
    with mpl.rc_context(fname=tmp_path / "matplotlibrc"):
        save(*matrices.draw(**matrix_files), tmp_path / "odd")
    for suffix in ("png", "pdf"):
        plain, odd = ((tmp_path / f"{name}.{suffix}").read_bytes() for name in ("plain", "odd"))
        assert plain == odd


def test_colors_are_fixed_and_apart():
    areas = style.area_colors(["VISp", "zz", "VISl"])
    assert areas["VISp"] == style.area_colors(["VISp", "E"])["VISp"]
    assert len(set(areas.values())) == 3
    variants = style.variant_colors(["frozen", "a", "b", "c"], "frozen")
    assert variants["frozen"] == style.GRAY
    assert variants["b"] == style.variant_colors(["a", "b"], None)["b"]
    assert len(set(variants.values())) == 4


@pytest.mark.fault("labels", "an area has the color of a code")
def test_areas_and_variants_have_no_color_of_a_code():
    codes = set(style.CODE.values())
    known = style.area_colors(style._KNOWN_AREA)
    assert len(set(known.values())) == len(known) and not codes & set(known.values())
    assert not codes & set(style.area_colors([f"area {k}" for k in range(9)]).values())
    assert not codes & set(style.area_colors(["E", "I", "all", "VISp", "mine"]).values())
    names = [f"c{k}" for k in range(9)]
    assert not codes & set(style.variant_colors(names, None).values())


def test_points_of_a_variant_are_its_shades():
    variants = {"a@1": "a", "a@2": "a", "b@1": "b", "off": "frozen"}
    colors = style.point_colors(variants, variants, "frozen")
    assert colors["a@1"] == style.variant_colors(["a", "b"], None)["a"]
    assert colors["off"] == style.GRAY and len(set(colors.values())) == 4
    assert sum(to_rgb(colors["a@2"])) > sum(to_rgb(colors["a@1"]))


def lightness_and_hue(rgb):
    """CIELAB of linear RGB (D65), shape (n, 3)."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.clip(rgb, 0, 1) @ np.array(to_xyz).T / [0.9505, 1.0, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


@pytest.mark.parametrize("colors", [style.OKABE_ITO, (*style.MUTED[:6], *style.CODE.values())])
def test_every_pair_of_colors_differs_for_color_blind_readers(colors):
    # Linear RGB as seen without M or L cones (Viénot, Brettel & Mollon 1999).
    to_lms = np.array(
        [[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]]
    )
    protan = np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]])
    deutan = np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]])
    rgb = np.array([to_rgb(color) for color in colors]) ** 2.2
    for blind in (protan, deutan):
        seen = rgb @ (np.linalg.inv(to_lms) @ blind @ to_lms).T
        lab = lightness_and_hue(seen)
        distance = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
        assert distance[np.triu_indices(len(rgb), 1)].min() > 12  # 2.3 is just noticed


def test_assumptions_are_drawn_into_the_figure(recording):
    assumed = recording.assign_attrs(
        assumptions="order of repeats assumed from the file", pseudo_population=1
    )
    figure, _ = raster.draw(trials=assumed)
    text = " ".join(item.get_text() for item in figure.texts).replace("\n", " ")
    assert "mouse-a.movie: order of repeats assumed from the file" in text
    assert "pseudo-population" in text


# raster


def test_segments_are_called_by_their_names(recording):
    names = np.char.add("scene-", recording["segment"].values.astype(str))
    named = recording.assign(segment_name=("trial", names))
    figure, _ = raster.draw(trials=named, options=Figures(raster_segment=1))
    assert figure.get_suptitle() == "mouse-a.movie, segment scene-1"
    figure, _ = raster.draw(trials=recording, options=Figures(raster_segment=1))
    assert figure.get_suptitle() == "mouse-a.movie, segment 1"
    attributes = {"segment_names": '["a", "b"]'}
    assert style.segment_names(attributes, 2) == ["a", "b"]
    assert style.segment_names(attributes, 3) == ["0", "1", "2"]


def test_raster_draws_the_spikes_of_the_table(recording):
    figure, table = raster.draw(trials=recording, options=Figures(raster_segment=1))
    assert set(table["block"]) == {0, 1}
    shown = axes_with_data(figure)
    assert len(shown) == 6
    drawn = sum(len(lines.get_segments()) for axes in shown for lines in axes.collections)
    assert drawn == len(table)
    # against the contract's own spikes
    for (block, repeat), part in table.groupby(["block", "repeat"]):
        trial = np.flatnonzero(
            (recording["segment"] == 1)
            & (recording["block"] == block)
            & (recording["repeat"] == repeat)
        )
        one = trials.select(recording, trials=trial)
        np.testing.assert_array_equal(np.sort(part["time_s"]), np.sort(one["spike_time"].values))
    bottom = [axes for axes in shown if axes.get_xlabel()]
    assert {axes.get_xlabel() for axes in bottom} == {"time from trial start (s)"}


def test_raster_sorts_by_area_then_first_spike_and_limits_units(recording):
    _, table = raster.draw(trials=recording)
    rows = table.groupby("unit_id").agg(row=("row", "first"), area=("population", "first"))
    assert rows.sort_values("row")["area"].is_monotonic_increasing
    assert rows["row"].is_unique
    _, few = raster.draw(trials=recording, options=Figures(raster_units=5))
    assert few["row"].max() <= 4


def test_raster_of_one_block_and_of_none(recording):
    one = trials.select(recording, trials=recording["block"].values == 0)
    figure, table = raster.draw(trials=one)
    assert len(axes_with_data(figure)) == 3
    assert set(table["block"]) == {0}
    naive = recording.assign(phase=("trial", np.full(recording.sizes["trial"], "naive")))
    with pytest.raises(InputError, match="phase 'block'"):
        raster.draw(trials=naive)
    with pytest.raises(InputError, match="raster_segment 99"):
        raster.draw(trials=recording, options=Figures(raster_segment=99))


# matrices


def test_matrices_show_the_table_and_outline_blocks(matrix_files):
    figure, table = matrices.draw(**matrix_files)
    panels = [axes for axes in figure.axes if axes.images]
    assert len(panels) == 2
    for axes, code in zip(panels, ("rate", "timing"), strict=True):
        part = table[table["code"] == code]
        image = np.ma.filled(axes.images[0].get_array().astype(float), np.nan)
        np.testing.assert_array_equal(image.ravel(), part["value"])
        np.testing.assert_array_equal(
            np.nan_to_num(part["value"]),
            np.nan_to_num(
                np.where(
                    np.eye(8, dtype=bool), np.nan, matrix_files[code][0]["repeat_value"].values
                ).ravel()
            ),
        )
        squares = {(p.get_x(), p.get_y(), p.get_width()) for p in axes.patches}
        assert squares == {(-0.5, -0.5, 4), (3.5, 3.5, 4)}
        assert has_unit(axes.get_xlabel())
    # bright is similar: the map is turned round for distances
    assert [axes.images[0].get_cmap().name for axes in panels] == ["viridis", "viridis_r"]
    bars = [axes for axes in figure.axes if axes.get_label() == "<colorbar>"]
    assert [axes.get_ylabel().replace("\n", " ") for axes in bars] == [
        matrix_files[code][0].attrs["title"] for code in ("rate", "timing")
    ]


def test_matrices_refuse_files_that_do_not_belong_together(matrix_files):
    other = matrix_files["timing"][0].assign_attrs(recording="mouse-b.movie")
    with pytest.raises(InputError, match="same recordings"):
        matrices.draw(rate=matrix_files["rate"], timing=[other])
    with pytest.raises(InputError, match="same recordings"):
        matrices.draw(rate=matrix_files["rate"])  # spike times, but no timing file
    with pytest.raises(InputError, match="same recordings"):
        matrices.draw(rate=[], timing=[])
    single: xr.Dataset = matrix_files["rate"][0].isel(repeat=[0], repeat_other=[0])
    with pytest.raises(InputError, match="needs two"):
        matrices.draw(rate=[single], timing=[single])


# drift curves


def lines_of(axes, style_):
    return [line for line in axes.get_lines() if line.get_linestyle() == style_]


def test_drift_curves_draw_the_table_and_turn_distances_round(run):
    figure, table = drift_curves.draw(rate=run.rate, timing=run.timing, index=run.index)
    panels = axes_with_data(figure)
    for axes, file in zip(panels, (run.rate, run.timing), strict=False):
        for relation, line_style in (("within", "-"), ("between", "--")):
            (line,) = lines_of(axes, line_style)
            part = table[(table["code"] == file.attrs["code"]) & (table["group"] == relation)]
            np.testing.assert_array_equal(line.get_xdata(), part["lag"])
            np.testing.assert_array_equal(line.get_ydata(), part["value"])
            known = file["value"].sel(relation=relation).dropna("lag")
            np.testing.assert_array_equal(part["value"], known)
            assert (part["low"] <= part["high"]).all()
        assert axes.get_xlabel() == "lag (repeats)"
        assert axes.get_ylabel() == file.attrs["title"]
    assert not panels[0].yaxis_inverted()
    assert panels[1].yaxis_inverted()
    shown = table[(table["panel"] == "index") & (table["group"] == "matching: none")]
    for column, name in (("value", "index"), ("low", "low"), ("high", "high")):
        np.testing.assert_array_equal(
            shown[column], run.index[name].sel(matching="none", code=["rate", "timing"])
        )
    drawn = {tuple(line[:, 1]) for part in panels[2].collections for line in part.get_segments()}
    known = shown.dropna(subset="value")
    assert set(zip(known["low"], known["high"], strict=True)) <= drawn and len(known)
    assert has_unit(panels[2].get_ylabel())
    bottom, top = panels[2].get_ylim()
    assert bottom < 0 and top > 1  # one scale in every recording


def closed(index, state):
    """An index file without a timing index."""
    absent = index.copy(deep=True)
    absent["gate_passed"].loc[{"code": "timing"}] = False
    absent["index"].loc[{"code": "timing"}] = np.nan
    absent["gate"] = absent["gate"].astype(object)
    absent["gate"].loc[{"code": "timing"}] = state
    return absent


def test_no_index_is_drawn_where_the_gate_is_shut(large):
    absent = closed(large.index, gates.NO_CODE)
    figure, table = drift_curves.draw(rate=large.rate, timing=large.timing, index=absent)
    rate, none = [label.get_text() for label in axes_with_data(figure)[2].get_xticklabels()]
    p = float(large.index["p_value"].sel(matching="none", code="rate"))
    assert rate.startswith(f"rate\np = {p:.2g}")
    assert none == "timing\nno timing\ncode detected"
    timing = table[(table["panel"] == "index") & (table["code"] == "timing")]
    assert timing["value"].isna().all()
    points = [
        line for line in axes_with_data(figure)[2].get_lines()
        if line.get_marker() in ("o", "^") and np.ravel(line.get_xdata())[0] >= 0.9
    ]  # fmt: skip
    assert not points


@pytest.mark.fault("labels", "an index that is too imprecise is drawn like a precise one")
def test_an_imprecise_index_is_drawn_and_marked(large):
    vague = large.index.copy(deep=True)
    vague["gate"] = vague["gate"].astype(object)
    vague["gate"].loc[{"code": "rate"}] = gates.IMPRECISE
    figure, table = drift_curves.draw(rate=large.rate, timing=large.timing, index=vague)
    shown = table[(table["panel"] == "index") & (table["code"] == "rate")]
    assert shown["value"].notna().any()
    label = axes_with_data(figure)[2].get_xticklabels()[0].get_text()
    assert label.startswith("rate\np = ") and label.endswith("\n(imprecise)")
    said = " ".join(item.get_text() for item in figure.texts).replace("\n", " ")
    assert "dotted: too imprecise to say that nothing drifts" in said
    figure, _ = drift_curves.draw(rate=large.rate, timing=large.timing, index=large.index)
    assert ("dotted" in " ".join(item.get_text() for item in figure.texts)) == (
        gates.IMPRECISE in large.index["gate"].where(large.index["gate_passed"]).values
    )


def test_a_recording_without_index_has_two_panels(run):
    figure, table = drift_curves.draw(rate=run.rate, timing=run.timing)
    assert len(axes_with_data(figure)) == 2
    assert set(table["panel"]) == {"curve"}
    with pytest.raises(InputError, match="mixed"):
        drift_curves.draw(rate=run.rate, timing=run.timing.assign_attrs(recording="other.movie"))


# learning


@pytest.fixture(scope="module")
def learned():
    """Two points x two runs; phases naive and block of one file each."""
    files = {"rate": [], "timing": [], "index": []}
    for k in range(4):
        options = SyntheticOptions(units=20, segments=3, repeats=4, segment_duration=0.5, blocks=3)
        session = synthetic.record(options, f"m-i{k}.movie", seed=k)
        phase = np.where(session["block"] == 0, "naive", "block").astype(object)
        session = session.assign(
            phase=("trial", phase), block=("trial", np.maximum(session["block"].values - 1, 0))
        )
        files["rate"].append(similarity(session, "population_vector"))
        files["timing"].append(similarity(session, "spikeship"))
        blocks = trials.select(session, trials=phase == "block")
        files["index"].append(drift_values(blocks, DRIFT, 1))
    return files


def test_learning_draws_every_instance(learned):
    figure, table = learning.draw(
        **learned, points=["frozen", "frozen", "on", "on"], control="frozen",
        titles={"on": "plastic"},
    )  # fmt: skip
    panels = axes_with_data(figure)
    assert [axes.get_title(loc="left") for axes in panels] == ["rate", "timing"] * 2
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["frozen", "plastic"]
    for axes, (quantity, code) in zip(
        panels,
        [(q, c) for q in ("discrimination", "signal_index") for c in ("rate", "timing")],
        strict=True,
    ):
        part = table[(table["quantity"] == quantity) & (table["code"] == code)]
        drawn = np.concatenate(
            [line.get_xdata() for line in axes.get_lines() if line.get_marker() in ("o", "d")]
        ).astype(float)
        np.testing.assert_allclose(
            np.sort(drawn[np.isfinite(drawn)]), np.sort(part["value"].dropna())
        )
        assert has_unit(axes.get_xlabel())
        means = [line for line in axes.get_lines() if line.get_color() == "black"]
        last = part[part["phase"] == "block"].groupby("point", sort=False)["value"]
        np.testing.assert_allclose(
            [line.get_xdata()[0] for line in means], last.mean()[last.count() > 1].to_numpy()
        )
    assert set(table["phase"]) == {"naive", "block"}
    assert "illustration" in " ".join(item.get_text() for item in figure.texts)


def test_learning_says_where_there_is_no_code(learned):
    index = learned["index"]
    absent = [closed(index[0], gates.NO_CODE), closed(index[1], gates.IMPRECISE), *index[2:]]
    figure, table = learning.draw(
        rate=learned["rate"],
        timing=learned["timing"],
        index=absent,
        points=["a", "a", "b", "b"],
    )
    texts = [item.get_text() for axes in figure.axes for item in axes.texts]
    assert "no timing code detected: 1 of 2; timing index too imprecise: 1 of 2" in texts
    gone = table[(table["quantity"] == "signal_index") & (table["point"] == "a")]
    assert gone.loc[gone["code"] == "timing", "value"].isna().all()
    with pytest.raises(InputError, match="3 points given for 4 runs"):
        learning.draw(**learned, points=["a", "b", "c"])
    with pytest.raises(InputError, match="same runs"):
        learning.draw(
            rate=learned["rate"][::-1], timing=learned["timing"], index=absent, points=["a"] * 4
        )


# scores


def test_scores_draw_the_comparison(scored):
    figure, table = scores.draw(scores=scored)
    panels = axes_with_data(figure)
    score, profile, residual, reliability = panels[:4]
    means = [line for line in score.get_lines() if line.get_marker() == "D"]
    np.testing.assert_allclose([line.get_xdata()[0] for line in means], scored["score"].values)
    points = np.concatenate(
        [line.get_xdata() for line in score.get_lines() if line.get_marker() == "o"]
    )
    np.testing.assert_allclose(points, scored["instance_score"].values.ravel())
    baselines = [line.get_xdata()[0] for line in score.get_lines() if line.get_color() == "black"]
    np.testing.assert_allclose(baselines, scored["baseline_score"].values)
    part = table[table["panel"] == "profile"]
    for line, series in zip(profile.get_lines(), part["series"].unique(), strict=False):
        drawn = part[part["series"] == series]
        np.testing.assert_array_equal(line.get_xdata(), drawn["x"])
        np.testing.assert_array_equal(line.get_ydata(), drawn["value"])
    assert list(part["series"].unique()) == ["frozen", "noise", *scored["baseline"].values]
    np.testing.assert_allclose(
        np.ma.filled(residual.images[0].get_array(), np.nan), scored["residual"].values
    )
    lines = [line.get_xdata()[0] for line in reliability.get_lines() if line.get_marker() == "None"]
    np.testing.assert_allclose(lines, scored["recording_reliability"].values)
    ceiling = table[table["series"] == "ceiling"].iloc[0]
    assert (ceiling["low"], ceiling["high"]) == (
        scored["ceiling_low"].item(),
        scored["ceiling_high"].item(),
    )
    assert "(SD²)" in score.get_xlabel()
    assert has_unit(profile.get_xlabel()) and has_unit(reliability.get_xlabel())
    text = " ".join(item.get_text() for item in figure.texts).replace("\n", " ")
    assert "no animal resampling" in text
    assert "illustration" in text


def test_scores_keep_a_point_that_cannot_be_scored(scored):
    lost = scored.copy(deep=True)
    for name in ("score", "instance_score", "matched_noise", "profile", "time_scale_fit"):
        lost[name].loc[{"point": "noise"}] = np.nan
    lost["residual"].loc[{"point": "noise"}] = np.nan
    lost["instances_scored"].loc[{"point": "noise"}] = 0
    figure, _ = scores.draw(scores=lost)
    assert "2 of 2 not scored" in [item.get_text() for item in figure.axes[0].texts]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    marks = np.where(lost["incomparable"], " †", "")
    assert labels == [f"frozen{marks[0]}", f"weight noise{marks[1]}"]


@pytest.mark.parametrize(("code", "told"), [("rate", True), ("timing", False)])
def test_no_reason_is_told_of_a_code_that_no_statistic_needs(scored, code, told):
    lost = scored.isel(statistic=[0]).assign_coords(statistic=["rate_step"]).copy(deep=True)
    lost["instance_score"].loc[{"point": "noise"}] = np.nan
    lost["instances_scored"].loc[{"point": "noise"}] = 0
    lost["instance_gate"] = lost["instance_gate"].astype(object)
    lost["instance_gate"].loc[{"point": "noise", "code": code}] = gates.NO_CODE
    said = score_panel.unscored(lost)
    assert (gates.short(gates.NO_CODE, code) in said) == told, said


def test_scores_draw_the_nearest_of_many_points_and_mark_the_incomparable(scored):
    many = scored.isel(point=np.zeros(50, int))
    names = [f"frozen@rate={k}" for k in range(50)]
    rng = np.random.default_rng(1)
    many = many.assign_coords(point=names)
    many = many.assign(
        score=("point", rng.permutation(np.r_[np.linspace(1, 5, 48), [np.nan] * 2])),
        incomparable=("point", np.arange(50) % 2 == 0),
        instances_failed=("point", np.repeat([1, 0], [30, 20])),
        instances_rejected=("point", np.repeat([0, 1], [30, 20])),
        instances_given=many["instances_scored"] + 1,
    )
    many.attrs["titles"] = json.dumps({name: name for name in names})
    figure, table = scores.draw(scores=many)
    best = many["score"].sortby(many["score"])["point"].values[:40]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert [label.split(" ")[0] for label in labels] == list(best)
    marked = [label.split(" ")[0] for label in labels if "†" in label]
    assert marked == [name for name in best if names.index(name) % 2 == 0]
    assert "(2 of 3)" in labels[0]
    text = " ".join(item.get_text() for item in figure.texts).replace("\n", " ")
    assert "The 40 of 50 points with the lowest scores" in text
    assert "50 of 150 instances are not scored (run failed: 30; not accepted: 20)." in text
    part = table[table["panel"] == "trait_difference"]
    assert set(part["point"]) == set(best) and set(part["x"]) == set(many["compared_trait"].values)
    points = [line for line in figure.axes[0].get_lines() if line.get_marker() == "D"]
    assert len({line.get_color() for line in points}) == 1, "one point, one color"


@pytest.mark.slow
def test_every_figure_can_be_saved_twice_with_the_same_bytes(run, scored, learned, tmp_path):
    draws = {
        "drift_curves": lambda: drift_curves.draw(
            rate=run.rate, timing=run.timing, index=run.index
        ),
        "scores": lambda: scores.draw(scores=scored),
        "learning": lambda: learning.draw(**learned, points=["a", "a", "b", "b"]),
    }
    for name, draw in draws.items():
        for copy in ("one", "two"):
            save(*draw(), tmp_path / f"{name}.{copy}", dpi=60)
        for suffix in (".pdf", ".png", ".tsv"):
            one, two = (tmp_path / f"{name}.{copy}{suffix}" for copy in ("one", "two"))
            assert one.read_bytes() == two.read_bytes()
            assert one.stat().st_size > 300
