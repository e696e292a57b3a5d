"""Figures show the numbers that they say, and write the same bytes for the same input."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.colors import to_rgb

from spikedrift import trials
from spikedrift.config.figures import Figures
from spikedrift.config.sources import SyntheticOptions
from spikedrift.errors import InputError
from spikedrift.figures import matrices, raster, registry, style
from spikedrift.figures.save import save
from spikedrift.similarity.matrix import similarity
from spikedrift.sources import synthetic


@pytest.fixture(scope="module")
def recording():
    options = SyntheticOptions(
        units=20, segments=3, repeats=4, segment_duration=0.5, rate_drift=0.5
    )
    return synthetic.record(options, "mouse-a.movie", seed=1)


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
    assert {"raster", "matrices"} <= set(names)
    assert not {"style", "save", "registry", "__init__"} & set(names)
    for name in names:
        assert registry.get(name).__module__ == f"spikedrift.figures.{name}"
    with pytest.raises(InputError, match="did you mean 'raster'"):
        registry.get("rastr")


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


def test_a_users_matplotlibrc_changes_nothing(matrix_files, tmp_path):
    save(*matrices.draw(**matrix_files), tmp_path / "plain")
    with mpl.rc_context({"font.size": 20, "image.cmap": "jet", "savefig.dpi": 20}):
        save(*matrices.draw(**matrix_files), tmp_path / "odd")
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "odd.png").read_bytes()


def test_colors_are_fixed_and_apart():
    areas = style.area_colors(["VISp", "zz", "VISl"])
    assert areas["VISp"] == style.area_colors(["VISp", "E"])["VISp"]
    assert len(set(areas.values())) == 3
    conditions = style.condition_colors(["frozen", "a", "b", "c"], "frozen")
    assert conditions["frozen"] == style.GRAY
    assert conditions["b"] == style.condition_colors(["a", "b"], None)["b"]
    assert len(set(conditions.values())) == 4


def test_every_pair_of_colors_differs_for_color_blind_readers():
    # Linear RGB as seen without M or L cones (Viénot, Brettel & Mollon 1999).
    to_lms = np.array(
        [[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]]
    )
    protan = np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]])
    deutan = np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]])
    rgb = np.array([to_rgb(color) for color in style.OKABE_ITO]) ** 2.2
    for blind in (protan, deutan):
        seen = rgb @ (np.linalg.inv(to_lms) @ blind @ to_lms).T
        distance = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
        assert distance[np.triu_indices(len(rgb), 1)].min() > 0.08


def test_assumptions_are_drawn_into_the_figure(recording):
    assumed = recording.assign_attrs(
        assumptions="order of repeats assumed from the file", pseudo_population=1
    )
    figure, _ = raster.draw(trials=assumed)
    text = " ".join(item.get_text() for item in figure.texts).replace("\n", " ")
    assert "mouse-a.movie: order of repeats assumed from the file" in text
    assert "pseudo-population" in text


# raster


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
    assert [axes.get_ylabel() for axes in bars] == [
        matrix_files[code][0].attrs["title"] for code in ("rate", "timing")
    ]


def test_matrices_refuse_files_that_do_not_belong_together(matrix_files):
    other = matrix_files["timing"][0].assign_attrs(recording="mouse-b.movie")
    with pytest.raises(InputError, match="same recordings"):
        matrices.draw(rate=matrix_files["rate"], timing=[other])
    with pytest.raises(InputError, match="same recordings"):
        matrices.draw(rate=[], timing=[])
    single: xr.Dataset = matrix_files["rate"][0].isel(repeat=[0], repeat_other=[0])
    with pytest.raises(InputError, match="needs two"):
        matrices.draw(rate=[single], timing=[single])
