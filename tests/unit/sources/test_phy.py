"""Output of spike sorters in Phy's format, with a table of trials."""

import numpy as np
import pytest
from sorting import CLUSTERS, RATE, sorting, table

from spikedrift import trials
from spikedrift.config.check import checked
from spikedrift.config.recordings import Recording
from spikedrift.config.selections import Selection
from spikedrift.config.sources import PhyOptions
from spikedrift.core.errors import InputError
from spikedrift.sources import phy, registry
from spikedrift.spikes import selections


def options(folder, **more):
    given = {
        "directory": str(folder / "{session}"), "trials": str(folder / "{session}.tsv"),
        "segment": "direction", "block_gap": 5.0,
    }  # fmt: skip
    return checked(PhyOptions, given | more, "options")


@pytest.fixture
def place(tmp_path):
    sorting(tmp_path / "s1")
    table(tmp_path / "s1.tsv")
    return tmp_path


def counts(time, cluster, start, ids):
    return [[((time >= a) & (time < a + 2) & (cluster == one)).sum() for one in ids] for a in start]


def test_good_clusters_become_units_and_rows_trials(place):
    time, cluster = sorting(place / "s1")
    start = table(place / "s1.tsv")
    found = phy.read(options(place, population="area"), "s1.gratings")
    assert found["unit_id"].values.tolist() == ["2", "7"]
    assert found["population"].values.tolist() == ["CA1", "V1"]
    np.testing.assert_array_equal(found["spike_count"], counts(time, cluster, start, [2, 7]))
    first = time[(cluster == 2) & (time >= start[0]) & (time < start[0] + 2)] - start[0]
    np.testing.assert_array_equal(found["spike_time"].values[: first.size], first)
    assert found["segment_name"].values[:4].tolist() == ["0", "45", "90", "0"]
    assert found["repeat"].values.tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3
    assert found["block"].values.tolist() == [0] * 6 + [1] * 6
    assert trials.quality(found, "depth").tolist() == [100.0, 310.5]
    # What Phy wrote when it was closed is older than the table of groups.
    assert trials.quality(found, "group").tolist() == ["good", "good"]
    assert found.attrs["subject"] == "session s1"


def test_parameters_are_read_and_not_run(place, monkeypatch):
    monkeypatch.chdir(place)
    phy.read(options(place), "s1.gratings")
    assert not (place / "ran.txt").exists()


def test_all_clusters_and_those_of_another_label(place):
    everything = phy.read(options(place, good=None), "s1.gratings")
    assert everything["unit_id"].values.tolist() == ["2", "5", "7", "11"]
    assert np.isnan(trials.quality(everything, "depth")[3])
    (place / "s1" / "cluster_KSLabel.tsv").write_text("cluster_id\tKSLabel\n2\tmua\n5\tgood\n")
    found = phy.read(options(place, label="KSLabel", good=["good"]), "s1.gratings")
    assert found["unit_id"].values.tolist() == ["5"]
    several = phy.read(options(place, good=["good", "noise"]), "s1.gratings")
    assert several["unit_id"].values.tolist() == ["2", "5", "7"]


def test_what_spikeinterface_exports(place):
    """As version 0.105.3 writes it: columns of spikes, nobody's groups, names beside numbers."""
    folder = place / "s1"
    for name in ("spike_times", "spike_clusters"):
        np.save(folder / f"{name}.npy", np.load(folder / f"{name}.npy").astype(np.int64)[:, None])
    unsorted = "".join(f"{one}\tunsorted\n" for one in CLUSTERS)
    (folder / "cluster_group.tsv").write_text(f"cluster_id\tgroup\n{unsorted}")
    (folder / "cluster_si_unit_ids.tsv").write_text(
        "cluster_id\tsi_unit_id\n" + "".join(f"{one}\t#{one}\n" for one in CLUSTERS)
    )
    (folder / "cluster_snr.tsv").write_text("cluster_id\tsnr\n2\t\n5\t1.5\n7\t2\n11\t3\n")
    with pytest.raises(InputError, match="no cluster has the group good; there are unsorted"):
        phy.read(options(place), "s1.gratings")
    found = phy.read(options(place, good=None, unit_id="si_unit_id"), "s1.gratings")
    assert found["unit_id"].values.tolist() == ["#2", "#5", "#7", "#11"]
    np.testing.assert_array_equal(trials.quality(found, "snr"), [np.nan, 1.5, 2, 3])
    with pytest.raises(InputError, match="several clusters have the group 'unsorted'"):
        phy.read(options(place, good=None, unit_id="group"), "s1.gratings")


def test_units_are_selected_by_what_the_tables_call_them(place):
    (place / "s1" / "cluster_KSLabel.tsv").write_text(
        "cluster_id\tKSLabel\n2\tmua\n5\tgood\n7\tgood\n11\t\n"
    )
    (place / "s1" / "cluster_acronym.tsv").write_text(
        "cluster_id\tacronym\n2\tNA\n5\tNone\n7\tNA\n11\tnull\n"
    )
    found = phy.read(options(place, good=None, population="acronym"), "s1.gratings")
    assert found["population"].values.tolist() == ["NA", "None", "NA", "null"]
    for quality, kept in (
        ({"KSLabel": {"values": ["good"]}}, ["5", "7"]),
        ({"KSLabel": {"values": ["good", "mua"]}, "acronym": {"values": ["NA"]}}, ["2", "7"]),
    ):
        chosen = Selection(name="a", min_units=2, quality=quality)
        assert selections.apply(found, chosen)["unit_id"].values.tolist() == kept


def test_a_sorting_that_nobody_curated_has_templates(place):
    folder = place / "s1"
    (folder / "spike_clusters.npy").rename(folder / "spike_templates.npy")
    found = phy.read(options(place), "s1.gratings")
    assert found["unit_id"].values.tolist() == ["2", "7"]
    assert str(folder / "spike_templates.npy") in options(place).paths("s1.gratings")


def test_a_rate_of_ones_own_scales_times(place):
    half = phy.read(options(place, sample_rate=RATE / 2, good=None), "s1.gratings")
    time, cluster = sorting(place / "s1")
    start = table(place / "s1.tsv")
    np.testing.assert_array_equal(half["spike_count"], counts(2 * time, cluster, start, CLUSTERS))
    assert str(place / "s1" / "params.py") not in options(place, sample_rate=1.0).paths("s1.g")


def test_commas_words_and_a_part_of_the_table(place):
    table(place / "s1.csv", ",")
    chosen = options(
        place, trials=str(place / "{session}.csv"), segment="word", where={"word": ["a", "c"]},
        offset=0.5, duration=1.0,
    )  # fmt: skip
    found = phy.read(chosen, "s1.gratings")
    assert found["segment_name"].values[:3].tolist() == ["a", "c", "a"]
    assert found["start_time"].values[:2].tolist() == [2.5, 8.5]
    np.testing.assert_allclose(found["duration"], 1.0)


def test_the_pipeline_finds_it_by_name_and_asks_for_what_it_reads(place):
    given = {"directory": str(place / "{session}"), "trials": str(place / "{session}.tsv")}
    recording = Recording.model_validate(
        {"name": "s1.gratings", "source": "phy", "options": given | {"segment": "direction"}}
    )
    found = registry.prepare(recording, 1, place, {"citation": "them", "licence": ""})
    assert found.attrs["citation"] == "them"
    asked = registry.options(recording).paths("s1.gratings")
    names = ["s1.tsv", "spike_times.npy", "spike_clusters.npy", "params.py", "cluster_group.tsv",
             "cluster_info.tsv"]  # fmt: skip
    assert [path.rpartition("/")[2] for path in asked] == names


def saved(name, values):
    return lambda folder: np.save(folder / name, np.asarray(values))


def text(name, words):
    return lambda folder: (folder / name).write_text(words)


@pytest.mark.parametrize(
    ("harm", "more", "said"),
    [
        (lambda f: (f / "spike_times.npy").unlink(), {}, "spike_times.npy: no such file; .* Phy"),
        (text("spike_times.npy", "x"), {}, "spike_times.npy: not a readable .npy array"),
        (saved("spike_times.npy", [0.5, 1.5]), {}, "holds float64, must be whole numbers"),
        (saved("spike_times.npy", [[1, 2], [3, 4]]), {}, r"has shape \(2, 2\), must be one number"),
        (saved("spike_times.npy", np.empty(0, int)), {}, r"has shape \(0,\), must be one number"),
        (saved("spike_times.npy", [5, -1]), {}, "spike_times.npy: spike 1 is below 0"),
        (saved("spike_clusters.npy", [1, 2]), {}, "4000 spikes, but 2 of them have a cluster"),
        (text("params.py", "n_channels_dat = 4\n"), {}, "params.py: sets sample_rate to no number"),
        (text("params.py", "sample_rate = rate()\n"), {}, "set the option sample_rate"),
        (text("params.py", "sample_rate =\n"), {}, "params.py: cannot be read .*sample_rate"),
        (text("cluster_group.tsv", "a\tgroup\n2\tgood\n"), {}, "no column 'cluster_id'"),
        (text("cluster_group.tsv", "cluster_id\tgroup\n2\tgood\n2\tmua\n"), {},
         "column 'cluster_id' must hold whole numbers, each of them once"),
        (text("cluster_group.tsv", ""), {}, "cluster_group.tsv: not a readable table"),
        (lambda f: None, {"label": "KSLabel"}, "no cluster_.*.tsv has the label .*'KSLabel'"),
        (lambda f: None, {"good": ["great"]}, "no cluster has the group great; there are .*noise"),
        (lambda f: None, {"population": "region"}, "has a column 'region'; .*known: area"),
        (lambda f: None, {"population": "area", "good": None}, "cluster 11 has no 'area'"),
        (lambda f: None, {"segment": "angle"}, "s1.tsv: table 'trials' has no column 'angle'"),
        (lambda f: None, {"trials": "none.tsv"}, "none.tsv: no such file"),
        (lambda f: text("s1.tsv", "start_time\tstop_time\nx\t2\n")(f.parent), {},
         "s1.tsv: column 'start_time' must hold numbers, s"),
        (lambda f: text("s1.tsv", "start_time\tstop_time\tdirection\n")(f.parent), {},
         "s1.tsv: table 'trials' of intervals is empty"),
        (lambda f: text("s1.tsv", "start_time\tstop_time\tdirection\n1\t2\t3\n\t4\t3\n")(f.parent),
         {}, "s1.tsv: row 1 of 'trials' has no start"),
        (lambda f: text("s1.tsv", "start_time\tstop_time\tdirection\n1000\t1002\t3\n")(f.parent),
         {}, "s1.tsv: trial 0 starts at 1000 s, after the last spike of .* at 59"),
    ],
)  # fmt: skip
def test_what_does_not_fit_ends_in_one_line(place, harm, more, said):
    harm(place / "s1")
    with pytest.raises(InputError, match=said):
        phy.read(options(place, **more), "s1.gratings")
