"""Final figures show the numbers of their files, and say what they cannot show."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib import colormaps
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle
from planning import plan_for

from spikedrift import trials
from spikedrift.config.drift import CurveOptions, DriftOptions, SignalOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.drift import gates
from spikedrift.drift.discrimination import discrimination
from spikedrift.drift.signal.recording import drift_values
from spikedrift.figures import comparators, learning, style
from spikedrift.figures.final import (
    comparison,
    model_drift,
    network,
    plasticity_rules,
    recordings,
    sweep_map,
)
from spikedrift.figures.save import save
from spikedrift.plan import gallery
from spikedrift.similarity.matrix import similarity
from spikedrift.sources import synthetic
from spikedrift.spikes import selections

DRIFT = DriftOptions(
    curves=CurveOptions(bootstrap=20, halves=4),
    index=SignalOptions(flips=99, bootstrap=99),
)
KNOBS = {"units": 20, "segments": 3, "repeats": 4, "segment_duration": 0.5}


def words(figure):
    """All text outside the panels, on one line."""
    found = [item.get_text() for item in figure.texts]
    if figure._suptitle is not None:
        found.append(figure._suptitle.get_text())
    return " ".join(found).replace("\n", " ")


def files_of(recording):
    return {
        "trials": recording,
        "index": drift_values(recording, DRIFT, 1),
        "rate_matrix": similarity(recording, "population_vector"),
        "timing_matrix": similarity(recording, "spikeship"),
    }


def joined(several):
    return {key: [files[key] for files in several] for key in several[0]}


@pytest.fixture(scope="module")
def mice():
    return [
        files_of(synthetic.record(SyntheticOptions(**KNOBS, rate_drift=k / 4), f"m{k}.movie", k))
        for k in range(3)
    ]


# 1 recordings


@pytest.mark.slow
def test_recordings_show_what_the_files_hold(mice, tmp_path):
    figure, table = recordings.draw(**joined(mice[:2]))
    for files in mice[:2]:
        part = table[table["recording"] == files["trials"].attrs["recording"]]
        rate = np.sort(selections.unit_rates(files["trials"]))
        drawn = part[part["panel"] == "rates"]
        np.testing.assert_allclose(np.sort(drawn["x"]), rate)
        for _, area in drawn.groupby("group"):
            assert area["value"].max() == 1 and area["value"].is_monotonic_increasing
        cells = part[part["panel"] == "matrix"]
        for code in ("rate", "timing"):
            value = files[f"{code}_matrix"]["repeat_value"].values.copy()
            np.fill_diagonal(value, np.nan)
            np.testing.assert_array_equal(cells.loc[cells["code"] == code, "value"], value.ravel())
        shown = part[(part["panel"] == "index") & (part["group"] == "matching: none")]
        np.testing.assert_array_equal(
            shown["value"], files["index"]["index"].sel(matching="none", code=["rate", "timing"])
        )
        for code in ("rate", "timing"):
            lines = part[(part["panel"] == "curve") & (part["code"] == code)]
            depth = part[(part["panel"] == "depth") & (part["code"] == code)]
            if gates.of(files["index"], code) not in (gates.OPEN, gates.IMPRECISE):
                assert not len(lines) and depth["value"].isna().all()
                continue
            np.testing.assert_array_equal(depth["value"], files["index"]["depth"].sel(code=code))
            for relation in ("within", "between"):
                known = files["index"]["curve"].sel(code=code, relation=relation).dropna("lag")
                drawn = lines[lines["group"] == relation]
                np.testing.assert_array_equal(drawn["value"], known)
                np.testing.assert_array_equal(drawn["lag"], known["lag"])
        over = part[part["panel"] == "quality"].pivot(index="x", columns="group", values="value")
        count, areas = files["trials"]["spike_count"].values, files["trials"]["population"].values
        repeat = files["trials"]["repeat"].values
        for area in np.unique(areas):
            mean = count[:, areas == area].mean(axis=1) / KNOBS["segment_duration"]
            np.testing.assert_allclose(over[area], pd.Series(mean).groupby(repeat).mean())
    assert "Illustration: synthetic recordings" in words(figure)
    said = "presence_ratio, isi_violations, amplitude_cutoff its source has none; the mean rate"
    assert said in words(figure)
    save(figure, table, tmp_path / "one", dpi=50)
    save(*recordings.draw(**joined(mice[:2])), tmp_path / "two", dpi=50)
    for suffix in ("pdf", "png", "tsv"):
        one, two = (tmp_path / f"{name}.{suffix}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


@pytest.mark.fault("words", "quality columns of a source that are not those drawn")
def test_the_quality_columns_that_are_there_are_named(mice):
    files = {**mice[0]}
    values = np.ones(files["trials"].sizes["unit"])
    files["trials"] = files["trials"].assign(
        quality_snr=("unit", values), quality_depth=("unit", values)
    )
    figure, _ = recordings.draw(**joined([files]))
    assert "its source has none (it has: snr, depth); the mean rate" in words(figure)


def test_a_new_block_is_marked_whatever_the_order_of_trials_in_the_file(mice):
    def marks(recording):
        figure, _ = recordings.draw(**joined([{**mice[0], "trials": recording}]))
        (axes,) = (one for one in figure.axes if one.get_ylabel() == "mean rate (Hz)")
        return [line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1]

    recording = mice[0]["trials"]
    block, repeat = recording["block"].values, recording["repeat"].values
    assert marks(recording) == [repeat[block == 1].min() - 0.5]
    order = np.random.default_rng(1).permutation(block.size)
    assert marks(trials.select(recording, trials=order)) == marks(recording)


def test_a_caption_says_the_coverage_that_was_asked_for(mice):
    files = {**mice[0]}
    index = DRIFT.index.model_copy(update={"confidence": 0.8})
    files["index"] = drift_values(files["trials"], DRIFT.model_copy(update={"index": index}), 1)
    said = [words(recordings.draw(**joined([each]))[0]) for each in (mice[0], files)]
    assert ["bars: over units or repeats, 95 %" in one for one in said] == [True, False]
    assert "bars: over units or repeats, 80 %" in said[1]


def test_quality_columns_are_drawn_where_a_source_has_them(mice):
    files = {**mice[0]}
    units = files["trials"].sizes["unit"]
    presence = np.linspace(0.5, 1, units)
    with_quality = files["trials"].assign(quality_presence_ratio=("unit", presence))
    files["trials"] = with_quality.assign_attrs(kind="data")
    figure, table = recordings.draw(**joined([files]))
    drawn = table[table["panel"] == "quality"]
    assert set(drawn["group"]) == {"presence_ratio"}
    np.testing.assert_allclose(drawn["x"], presence)
    assert "its source has none" not in words(figure)
    assert "Illustration" not in words(figure)


def test_all_recordings_are_in_the_last_panel_where_there_are_more(mice):
    several = joined(mice[:1])
    several["index"] = [files["index"] for files in mice]
    figure, table = recordings.draw(**several)
    everyone = table[table["panel"] == "all"]
    assert set(everyone["recording"]) <= {"m0.movie", "m1.movie", "m2.movie"}
    known = {
        (files["index"].attrs["recording"], code, matching)
        for files in mice
        for code in ("rate", "timing")
        for matching in ("none", "state")
        if bool(files["index"]["gate_passed"].sel(code=code, matching=matching))
    }
    assert len(everyone) == len(known) > 3
    assert "all 3 recordings" in words(figure)


def test_a_recording_without_spike_times_or_state_says_so(mice):
    files = {**mice[0]}
    del files["timing_matrix"]
    index = files["index"].copy(deep=True)
    index["gate"] = index["gate"].astype(object)
    index["gate"].loc[{"code": "timing"}] = gates.NO_TIMES
    for name in ("index", "low", "high", "p_value"):
        index[name].loc[{"code": "timing"}] = np.nan
    files["index"] = index.assign_attrs(state_note="no running speed", spike_timing=0)
    figure, table = recordings.draw(**joined([files]))
    assert set(table.loc[table["panel"] == "matrix", "code"]) == {"rate"}
    texts = [item.get_text() for axes in figure.axes for item in axes.texts]
    assert sum("no spike timing" in text for text in texts) == 1
    below = [label.get_text() for axes in figure.axes for label in axes.get_xticklabels()]
    assert "timing\nno spike\ntiming" in below
    named = [text.get_text() for axes in figure.axes if (legend := axes.get_legend())
             for text in legend.get_texts()]  # fmt: skip
    assert "timing: no spike\ntiming" in named
    assert set(table.loc[table["panel"] == "curve", "code"]) == {"rate"}
    assert "No control for behavior: no running speed" in words(figure)


def test_recordings_refuse_files_of_others(mice):
    several = joined(mice[:2])
    with pytest.raises(InputError, match="same recordings"):
        recordings.draw(**{**several, "rate_matrix": several["rate_matrix"][::-1]})


# 3 and 4: networks


@pytest.fixture(scope="module")
def sweep():
    """Two points x two instances, with naive trials and traces made here."""
    found = {key: [] for key in ("trials", "traces", "rate", "timing", "index")}
    rng = np.random.default_rng(5)
    for k in range(4):
        session = synthetic.record(
            SyntheticOptions(**KNOBS | {"units": 16}, blocks=3), f"s-{k // 2}-i{k % 2}.patterns", k
        )
        phase = np.where(session["block"] == 0, "naive", "block").astype(object)
        session = session.assign(
            phase=("trial", phase), block=("trial", np.maximum(session["block"].values - 1, 0))
        ).assign_attrs(kind="model")
        found["trials"].append(session)
        found["rate"].append(similarity(session, "population_vector"))
        found["timing"].append(similarity(session, "spikeship"))
        blocks = trials.select(session, trials=phase == "block")
        found["index"].append(drift_values(blocks, DRIFT, 1))
        stages = ["naive 0", "block 0", "block 1"]
        found["traces"].append(
            xr.Dataset(
                {
                    "mean_weight": (("projection", "time"), rng.random((2, 9))),
                    "selectivity": ("stage", rng.random(3)),
                    "detectors": ("stage", np.zeros(3)),
                },
                coords={
                    "projection": ["afferent", "recurrent"],
                    "time": np.arange(9.0),
                    "stage": stages,
                    "edge": [0.0, 4.0, 8.0],
                    "phase": ("edge", ["settle", "block", "end"]),
                },
                attrs={
                    "recording": session.attrs["recording"],
                    "status": "ok" if k else "silent",
                    "seed": 1,
                },
            )
        )
    return found


POINTS = ["frozen", "frozen", "on", "on"]


def test_network_shows_cells_weights_and_learning_of_every_instance(sweep):
    shown = {"trials": [sweep["trials"][0], sweep["trials"][2]], "shown": ["frozen", "on"]}
    runs = {key: sweep[key] for key in ("traces", "rate", "timing")}
    figure, table = network.draw(**shown, **runs, points=POINTS, control="frozen")
    maps = table[table["panel"] == "response"]
    for name, session in zip(("frozen", "on"), shown["trials"], strict=True):
        one = maps[(maps["point"] == name) & (maps["phase"] == "naive")]
        pattern = one["pattern"].iloc[0]
        of = (session["phase"] == "naive") & (session["segment"] == pattern)
        count = session["spike_count"].values[of.values].sum()
        # Rates times the width of a bin and the number of showings are the spikes again.
        np.testing.assert_allclose(one["value"].sum() * 0.005 * int(of.sum()), count)
    for phase in ("naive", "first block"):
        assert (maps["phase"] == phase).sum() == 2 * 16 * 100
    for quantity in ("selectivity", "detectors"):
        part = table[table["panel"] == quantity]
        np.testing.assert_allclose(
            part["value"], np.concatenate([file[quantity].values for file in sweep["traces"]])
        )
    weight = table[(table["panel"] == "weight") & (table["point"] == "on")]
    expected = np.array([file["mean_weight"].values for file in sweep["traces"][2:]])
    np.testing.assert_allclose(weight["value"], expected.mean(axis=0).ravel())
    np.testing.assert_allclose(weight["high"], expected.max(axis=0).ravel())
    told = discrimination(sweep["rate"][0]).query("phase == 'naive'")["value"].mean()
    naive = table[(table["panel"] == "discrimination") & (table["phase"] == "naive")]
    first = naive[(naive["code"] == "rate") & (naive["recording"] == "s-0-i0.patterns")]
    np.testing.assert_allclose(first["value"], told)
    assert "Illustration: 2 instances a point" in words(figure)
    assert "1 silent" in words(figure)


@pytest.mark.fault(
    "figures", "scatter of a weight that stays fills its panel, and hides the control"
)
def test_a_weight_that_stays_is_flat_and_the_control_is_seen_above_it(sweep):
    still = [file.copy(deep=True) for file in sweep["traces"]]
    for k, file in enumerate(still):
        file["mean_weight"][:] = 0.06 + 1e-6 * k
    runs = {key: sweep[key] for key in ("rate", "timing")} | {"traces": still}
    figure, _ = network.draw(
        trials=sweep["trials"][:1], shown=["frozen"], **runs, points=POINTS,
        control="frozen", titles={"frozen": "all frozen"},
    )  # fmt: skip
    panels = [axes for axes in figure.axes if axes.get_xlabel() == "time (s)"]
    for axes in panels:
        bottom, top = axes.get_ylim()
        assert top - bottom > 0.1 * 0.06 and bottom < 0.06 < top
        lines = [line for line in axes.get_lines() if len(line.get_xdata()) > 2]
        above = max(lines, key=lambda line: line.get_zorder())
        assert above.get_linestyle() == "--" and above is lines[0]
    assert "2 network instances" in words(figure) and "or more" not in words(figure)
    assert not any("learned" in axes.get_title(loc="left") for axes in figure.axes)


def test_network_draws_learned_responses_on_repeats_that_did_not_sort_them(sweep):
    """Cells that fire at random in every trial show no order in the repeats that are drawn."""
    rng = np.random.default_rng(3)
    session = sweep["trials"][0]
    cells = np.nonzero(rng.random((session.sizes["trial"], 16)) < 0.9)
    time, count = trials.ragged(
        *cells, rng.random(cells[0].size) * KNOBS["segment_duration"], session["observed"].shape
    )
    noise = session.drop_dims("spike").assign(
        spike_time=("spike", time), spike_count=(("trial", "unit"), count)
    )
    runs = {key: sweep[key] for key in ("traces", "rate", "timing")}
    _, table = network.draw(trials=[noise], shown=["frozen"], **runs, points=POINTS)
    learned = table[(table["panel"] == "response") & (table["phase"] == "first block")]
    value = learned.pivot_table(index="cell", columns="x", values="value").to_numpy()
    assert np.corrcoef(np.arange(16), value.argmax(axis=1))[0, 1] < 0.75


def test_network_and_model_drift_refuse_files_of_other_runs(sweep):
    runs = {key: sweep[key] for key in ("traces", "rate", "timing")}
    with pytest.raises(InputError, match="same runs"):
        network.draw(trials=[], shown=[], **{**runs, "rate": sweep["rate"][::-1]}, points=[])
    with pytest.raises(InputError, match="3 points given for 4 runs"):
        network.draw(trials=[], shown=[], **runs, points=POINTS[:3])
    with pytest.raises(InputError, match="4 points given for 3 runs"):
        model_drift.draw(index=sweep["index"][1:], points=POINTS)
    with pytest.raises(InputError, match="there are no index files"):
        model_drift.draw(index=[], points=[])


def test_model_drift_draws_every_instance_and_the_mean(sweep):
    # One instance has no code: it has no curve, and no part in the mean.
    files = [file.copy(deep=True) for file in sweep["index"]]
    for file in files:
        file["gate"] = file["gate"].astype(object)
        file["gate"].loc[{"matching": "none"}] = gates.OPEN
    files[0]["gate"].loc[{"code": "timing"}] = gates.NO_CODE
    figure, table = model_drift.draw(index=files, points=POINTS, control="frozen")
    upper = [axes for axes in figure.axes if axes.get_xlabel() == "lag (repeats)"]
    assert upper[0].get_ylim() == upper[1].get_ylim()
    for axes, code in zip(upper, ("rate", "timing"), strict=True):
        assert axes.get_title(loc="left") == code
        curves = [file["curve"].sel(code=code) for file in files]
        if code == "timing":
            curves[0] = curves[0] * np.nan
        for file, curve in zip(files, curves, strict=True):
            for relation in ("within", "between"):
                part = table[
                    (table["panel"] == "curve")
                    & (table["code"] == code)
                    & (table["recording"] == file.attrs["recording"])
                    & (table["relation"] == relation)
                ]
                known = curve.sel(relation=relation).dropna("lag")
                np.testing.assert_array_equal(part["value"], known)
        thick = [line for line in axes.get_lines() if line.get_linewidth() > 1]
        frozen = [line for line in thick if line.get_color() == style.GRAY]
        assert len(thick) == 4 and len(frozen) == 2
        first = [one.sel(relation="within") for one in curves[code == "timing" : 2]]
        np.testing.assert_allclose(frozen[0].get_ydata(), np.mean(first, axis=0))
    drawn = table[table["panel"] == "index"].set_index(["recording", "code"])["value"]
    for file in sweep["index"]:
        for code in ("rate", "timing"):
            one = file.sel(matching="none", code=code)
            np.testing.assert_equal(drawn[file.attrs["recording"], code], float(one["index"]))


@pytest.mark.fault("labels", "instances of several points of an axis are pooled in one row")
def test_points_of_an_axis_have_rows_of_their_own(sweep):
    points = ["on@eta=1", "on@eta=1", "on@eta=2", "on@eta=2"]
    titles = {"on@eta=1": "on, eta 1", "on@eta=2": "on, eta 2"}
    variants = dict.fromkeys(titles, "on")
    drawn = {
        model_drift: {},
        learning: {"rate": sweep["rate"], "timing": sweep["timing"]},
    }
    for module, files in drawn.items():
        figure, table = module.draw(
            **files, index=sweep["index"], points=points, titles=titles, variants=variants
        )
        labels = [[t.get_text() for t in axes.get_yticklabels()] for axes in figure.axes]
        assert list(titles.values()) in labels
        assert set(table["point"]) == set(titles)
    axis = {"name": "eta", "keys": ["plasticity.afferent.eta"], "values": [0.1, 0.2]}
    plan = planned(
        recordings=[RECORDING],
        sweeps=[SWEEP | {"axes": [axis]}],
        comparisons=[{"name": "c", "recording": "m.movie", "sweep": "s"}],
        figures={"learning": [{"sweep": "s", "matrices": "all"}]},
        inference=[{"name": "i", "recordings": ["s"], "indices": True}],
    )
    for name in ("3_network", "4_model_drift"):
        labels = final(plan)[name].arguments
        n = max(map(labels["points"].count, labels["points"]))
        assert n == plan.study.sweeps["s"].instances
    entry = plan.inferences.entry(SimpleNamespace(inference="i"))
    of_group, controls = [row["group"] for row in entry["indices"]], entry["controls"]
    assert max(map(of_group.count, of_group)) == plan.study.sweeps["s"].instances
    assert set(controls.values()) <= set(of_group) and len(controls) >= 2


# 2 plasticity rules


def test_plasticity_rules_draw_a_panel_for_each_protocol():
    row = {"induction": "window", "curve": "1 Hz", "spread": np.nan, "predicted": np.nan,
           "title": "a pair", "axis": "interval (ms)", "readout": "change of weight",
           "tolerance": 0.1, "status": "computed", "source": "a program",
           "citation": "A (2000)"}  # fmt: skip
    table = pd.DataFrame(
        [
            {**row, "rule": rule, "set": name, "x": x, "measured": x, "target": x + miss,
             "pass": "no" if miss else "yes", "rule_title": f"rule {rule}"}
            for rule, name, miss in (("one", np.nan, 0.0), ("two", "a_set", 1.0))
            for x in (1.0, 2.0)
        ]
    )  # fmt: skip
    figure, drawn = plasticity_rules.draw(table=table, seed=4)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["rule one\na pair", "rule two\na pair, a set"]
    assert len(drawn) == 4
    said = words(figure)
    assert "target, met (2)" in said and "target, missed (2)" in said and "Seed 4" in said
    with pytest.raises(InputError, match=r"figures.rules"):
        plasticity_rules.draw(table=table[:0])


# 5 comparison


@pytest.fixture
def scores():
    n = 3
    score = np.array([4.0, 0.6, np.nan])
    instance = np.array([[3.0, 5.0], [0.5, 0.7], [np.nan, np.nan]])
    names = ["frozen", "a", "b"]
    return xr.Dataset(
        {
            "score": ("point", score),
            "score_low": ("point", np.full(n, np.nan)),
            "score_high": ("point", np.full(n, np.nan)),
            "instance_score": (("point", "instance"), instance),
            "matched_noise": ("point", [1.0, 1.1, np.nan]),
            "instances_given": ("point", [2, 2, 2]),
            "instances_scored": ("point", [2, 2, 0]),
            "instances_failed": ("point", [0, 0, 0]),
            "instances_rejected": ("point", [0, 0, 0]),
            "instance_gate": (
                ("point", "instance", "code"),
                [[["open"] * 2] * 2] * 2
                + [[["open", "too imprecise"], ["open", "no code detected"]]],
            ),
            "incomparable": ("point", [True, False, False]),
            "ceiling_low": 0.4,
            "ceiling_high": 1.0,
            "baseline_score": ("baseline", [0.9, 2.0, 9.0]),
        },
        coords={"point": names, "baseline": ["lag_only", "block_only", "no_drift"],
                "code": ["rate", "timing"],
                "statistic": ["rate_step", "timing_step"]},
        attrs={
            "recording": "mouse.movie",
            "pseudo_population": 0,
            "trial_order_known": 1,
            "control": "frozen",
            "titles": json.dumps({"frozen": "all frozen", "a": "variant a", "b": "variant b"}),
            "inference": "Fewer than 10 instances: an illustration.",
            "conclusion": "The noise floor is reached by variant a.",
        },
    )  # fmt: skip


@pytest.fixture
def structure():
    rng = np.random.default_rng(2)
    names, codes, views = ["rho_a", "angle"], ["rate", "timing"], ["full", "residual"]
    shape = (2, 2, 2, 3, 2)
    dims = ("view", "code", "comparator", "point", "instance")
    score = rng.random(shape)
    score[1, :, 1] = np.nan  # one comparator has no form beyond lag and block
    return xr.Dataset(
        {
            "score": (dims, score),
            "point_score": (dims[:-1], score.mean(axis=-1)),
            "score_low": (dims[:-1], np.full(shape[:-1], np.nan)),
            "score_high": (dims[:-1], np.full(shape[:-1], np.nan)),
            "matched_noise": (dims[:-1], rng.random(shape[:-1])),
            "baseline_score": ((*dims[:3], "baseline"), rng.random((2, 2, 2, 3))),
            "ceiling_low": (dims[:3], np.full(shape[:3], 0.7)),
            "ceiling_high": (dims[:3], np.full(shape[:3], 0.9)),
            "p_holm": (dims[1:4], np.broadcast_to([0.01, 0.2, np.nan], (2, 2, 3))),
        },
        coords={"view": views, "code": codes, "comparator": names,
                "point": ["frozen", "a", "b"],
                "baseline": ["lag_only", "block_only", "no_drift"]},
        attrs={
            "recording": "mouse.movie",
            "control": "frozen",
            "titles": json.dumps({"frozen": "all frozen", "a": "variant a", "b": "variant b"}),
            "comparator_titles": json.dumps({"rho_a": "rho-a", "angle": "angle"}),
            "directions": json.dumps({"rho_a": "higher", "angle": "lower"}),
            "subsampled": "20 units each",
            "conclusion": "No point reaches the ceiling.\nThe lag alone explains it.",
            "refused": "",
        },
    )  # fmt: skip


@pytest.fixture
def recovery():
    share = np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.0, 0.5, 0.5]])
    one = {"accuracy": [0.667, 1, 0.5], "accuracy_low": [0.4, 0.9, np.nan],
           "accuracy_high": [0.8, 1, np.nan], "chance": [0.33, 0.33, 0.33],
           "difference": [0.167, 0.5, 0], "difference_p": [0.5, 0.1, 1]}  # fmt: skip
    shares = np.stack([share, np.eye(3), np.full((3, 3), 1 / 3)])
    variants = ["frozen", "a", "b"]
    told = np.array([[-1, 1, 1], [-1, -1, 0], [-1, -1, -1]], dtype=np.int8)
    most = np.array([["", "rate_step", "log_rate"], ["", "", "timing_drop"], ["", "", ""]])
    return xr.Dataset(
        {
            "confusion": (("held_out", "classifier", "variant", "variant_recovered"), shares[None]),
            "distinguishable": (("first", "second"), told),
            "separating": (("first", "second"), most),
        }
        | {key: (("held_out", "classifier"), [value]) for key, value in one.items()},
        coords={
            "held_out": ["instances"],
            "classifier": ["score", "every", "rates"],
            "variant": variants,
            "variant_recovered": variants,
        },
        attrs={
            "recording": "mouse.movie",
            "primary": "instances",
            "verdict": "Above chance.",
        },
    )


def test_comparison_draws_scores_recovery_and_the_nearest_by_every_comparator(
    scores, structure, recovery
):
    figure, table = comparison.draw(scores=scores, structure=structure, recovery=recovery)
    left = next(a for a in figure.axes if "distance" in a.get_title(loc="left"))
    means = [line.get_xdata()[0] for line in left.get_lines() if line.get_marker() == "D"]
    np.testing.assert_array_equal(means, scores["score"].values)
    of = table[table["panel"] == "recovery"].groupby("series")
    for name in ("score", "every", "rates"):
        cells = of.get_group(name).query("quantity == 'share'")["value"]
        confusion = recovery["confusion"].sel(classifier=name)
        np.testing.assert_array_equal(cells, confusion.values.ravel())
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert {"0.67 [0.40, 0.80]", "1.00 [0.90, 1.00]", "0.50", "chance 0.33"} <= set(texts)
    cells = table[table["panel"] == "structure"].set_index(["view", "code", "comparator"])
    assert len(cells) == 6  # the angle has no form beyond lag and block
    for (view, code, name), cell in cells.iterrows():
        one = structure.sel(view=view, code=code, comparator=name)
        best = one["point_score"].min() if name == "angle" else one["point_score"].max()
        assert cell["value"] == float(best)
        assert one["point_score"].sel(point=cell["point"]) == best
    said = words(figure)
    for text in ("The noise floor is reached by variant a.",
                 "2 of 3 pairs of variants are distinguishable",
                 "timing index too imprecise: 1", "no timing code detected: 1",
                 "Illustration: 2 instances a point"):  # fmt: skip
        assert text in said
    noted = " ".join(table.loc[table["panel"] == "note", "text"])
    for text in ("The lag alone explains it.", "a and b (timing: drop in blocks)", "20 units each"):
        assert text in noted


@pytest.mark.fault("figures", "a baseline or the noise floor lies beyond the axis")
def test_what_lies_beyond_the_axis_is_named_at_its_end(scores):
    def beside(file):
        figure, _ = comparison.draw(scores=file)
        left = next(a for a in figure.axes if "distance" in a.get_title(loc="left"))
        return " ".join(text.get_text() for text in left.texts)

    assert "noise floor" not in beside(scores)
    near = scores.assign(
        ceiling_low=0.0026, ceiling_high=0.0052, baseline_score=("baseline", [0.2, 0.0041, 9.0])
    )
    assert "noise floor 0.0026 to 0.0052, block only 0.0041" in beside(near)


@pytest.mark.parametrize(("counts", "said"), [([2, 2], "2"), ([2, 3], "2 or more"), ([10], "10")])
def test_a_number_of_instances_is_a_lower_bound_only_where_they_differ(counts, said):
    assert style.at_least(counts) == said


@pytest.mark.fault("figures", "ticks of lags at 2.5 and 7.5")
@pytest.mark.parametrize("most", [3, 10, 19, 300])
def test_ticks_of_lags_are_whole(most):
    axes = style.figure(3, 2).subplots()
    axes.plot([1, most], [0, 1])
    style.whole_ticks(axes.xaxis)
    assert len(axes.get_xticks()) > 1
    assert np.array_equal(axes.get_xticks() % 1, np.zeros(len(axes.get_xticks())))


@pytest.mark.parametrize(
    ("score", "base", "ceiling", "p", "outcomes"),
    [
        (0.8, 0.3, 0.7, 0.01, ("reached", "reached")),
        (0.6, 0.3, 0.7, 0.2, ("short", "short")),
        (0.8, 0.9, 0.7, np.nan, ("baseline", "open")),
        (0.8, 0.3, np.nan, 0.01, ("open", "reached")),
    ],
)
@pytest.mark.parametrize("direction", ["higher", "lower"])
def test_a_cell_says_whether_the_nearest_model_is_enough(
    structure, score, base, ceiling, p, outcomes, direction
):
    sign = 1 if direction == "higher" else -1
    one = structure.isel(comparator=[0]).assign_attrs(directions=json.dumps({"rho_a": direction}))
    one["point_score"][:] = sign * np.array([0.1, score, 0.0])
    one["baseline_score"][:] = sign * base
    one["ceiling_low"][:] = sign * ceiling
    one["p_holm"][:] = p
    axes = style.figure(7, 2).subplots()
    table = comparators.summary(axes, one, {"a": "variant a"})
    assert set(table["point"]) == {"a"}
    for view, outcome in zip(("full", "residual"), outcomes, strict=True):
        assert set(table.loc[table["view"] == view, "outcome"]) == {outcome}
    marked = any("\N{CHECK MARK}" in text.get_text() for text in axes.texts)
    assert marked == ("reached" in outcomes)


def test_the_figure_of_comparators_shows_every_model(structure):
    figure, table = comparators.draw(structure=structure)
    for (view, code, name), part in table.groupby(["view", "code", "comparator"]):
        one = structure.sel(view=view, code=code, comparator=name)
        drawn = part[part["series"] == "mean"].set_index("point")["value"]
        np.testing.assert_array_equal(drawn[["frozen", "a", "b"]], one["point_score"])
        assert set(part["series"]) >= {"ceiling", "lag_only", "block_only", "no_drift", "instance"}
    panels = [a for a in figure.axes if a.get_title(loc="left")]
    by_title = {a.get_title(loc="left"): a for a in panels}
    assert "not\ndefined" in [text.get_text() for text in by_title["angle"].texts]
    first = next(a for a in panels if a.get_title(loc="left") == "angle")
    assert first.xaxis_inverted() and not by_title["rho-a"].xaxis_inverted()
    # Beyond lag and block a mean is filled where the shifts reject.
    beyond = [a for a in panels if a.get_title(loc="left") == "rho-a"][2]
    fills = [line.get_markerfacecolor() for line in beyond.get_lines() if line.get_marker() == "D"]
    assert fills[0] != "white" and fills[1:] == ["white", "white"]


def test_of_many_points_the_comparators_draw_the_nearest(structure):
    many = structure.isel(point=np.zeros(40, int))
    many = many.assign_coords(point=[f"c{k}" for k in range(40)])
    many["point_score"][:] = np.arange(40.0)
    many["point_score"][:, :, 1] = -np.arange(40.0)  # of a distance, less is more alike
    kept = comparators.nearest(many, 10)["point"].values.tolist()
    assert kept == [f"c{k}" for k in range(30, 40)]


def tall(figure, path):
    save(figure, pd.DataFrame({"a": [1]}), path, dpi=150)
    header = path.with_suffix(".png").read_bytes()[16:24]
    return int.from_bytes(header[:4]), int.from_bytes(header[4:])


@pytest.mark.slow
def test_a_large_sweep_makes_no_picture_that_is_higher_than_a_screen(
    scores, structure, recovery, sweep, tmp_path
):
    k = np.arange(60) % 3
    names = [f"c{n}" for n in range(60)]
    many = scores.isel(point=k).assign_coords(point=names)
    many.attrs["titles"] = json.dumps({n: f"a long title of variant {n}" for n in names})
    for key, file in (("inference", many), ("conclusion", many)):
        file.attrs[key] = scores.attrs[key]
    variants = recovery.isel(variant=k[:12], variant_recovered=k[:12], first=k[:12], second=k[:12])
    variants = variants.assign_coords(variant=names[:12], variant_recovered=names[:12])
    matrices = structure.isel(comparator=np.arange(7) % 2).assign_coords(
        comparator=[f"by {n}" for n in range(7)]
    )
    figure, table = comparison.draw(scores=many, structure=matrices, recovery=variants)
    width, height = tall(figure, tmp_path / "5")
    assert width == 1050 and height <= 1400
    assert len(set(table.loc[table["panel"] == "score", "point"]) - {""}) == 8
    recordings_ = [many.assign_attrs(recording=f"m{n}") for n in range(9)]
    figure, table = sweep_map.draw(scores=recordings_)
    assert tall(figure, tmp_path / "6")[1] <= 1400
    assert table["recording"].nunique() == 9 and "4 of 9 recordings are drawn" in words(figure)
    points = [f"p{n // 2}" for n in range(64)]
    figure, table = model_drift.draw(index=sweep["index"] * 16, points=points)
    assert tall(figure, tmp_path / "4")[1] <= 1400


def test_comparison_says_of_matrices_that_nothing_was_tested(scores, structure):
    open_ones = structure.assign(p_holm=structure["p_holm"] * np.nan)
    for one, said in ((structure, False), (open_ones, True)):
        figure, _ = comparison.draw(scores=scores, structure=one)
        words = " ".join(text.get_text() for axes in figure.axes for text in axes.texts)
        words += " ".join(text.get_text() for text in figure.texts)
        assert (comparators.UNTESTED in " ".join(words.split())) == said


def test_comparison_says_what_is_missing_and_refuses_others(scores, structure):
    figure, table = comparison.draw(scores=scores)
    texts = [item.get_text() for axes in figure.axes for item in axes.texts]
    assert any("no recovery test" in text for text in texts)
    none = xr.Dataset(attrs={"recording": "mouse.movie", "refused": "recovery: too few instances"})
    said, _ = comparison.draw(scores=scores, recovery=none)
    texts = [item.get_text() for axes in said.axes for item in axes.texts]
    assert any("too few instances" in text.replace("\n", " ") for text in texts)
    assert any("similarity matrices were not compared" in text for text in texts)
    assert any("a survey keeps no trials" in text.replace("\n", " ") for text in texts)
    assert set(table["panel"]) == {"score", "point", "note"}
    with pytest.raises(InputError, match="mixed"):
        comparison.draw(scores=scores, structure=structure.assign_attrs(recording="other.movie"))


@pytest.mark.fault("outcome", "no statistic is left to compare: figures 5 and 6 say so")
def test_where_no_statistic_is_left_the_figures_say_so(scores, structure):
    none = scores.assign({name: scores[name] * np.nan for name in ("score", "instance_score")})
    none = none.assign_attrs(conclusion="No statistic is left to compare: all of them.")
    for figure, _ in (
        comparison.draw(scores=none, structure=structure),
        sweep_map.draw(scores=[none]),
    ):
        said = " ".join(text.get_text() for axes in figure.axes for text in axes.texts)
        assert "No statistic is left to compare" in said.replace("\n", " ")


# 6 sweep maps


def squares(axes):
    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


def test_a_sweep_without_axes_is_a_strip(scores):
    figure, table = sweep_map.draw(scores=[scores])
    strip = figure.axes[0]
    assert [label.get_text() for label in strip.get_yticklabels()] == [
        "all frozen",
        "variant a",
        "variant b",
    ]
    assert [patch.get_hatch() for patch in squares(strip)] == [None, None, "//////"]
    (star,) = [line for line in strip.get_lines() if line.get_marker() == "*"]
    assert star.get_ydata()[0] == 1
    assert list(table["best"]) == [False, True, False]
    assert "best point variant a at 0.60" in words(figure)
    assert "best baseline lag only at 0.90" in words(figure)


@pytest.mark.parametrize("n_axes", [1, 2])
def test_maps_have_the_color_of_the_score_at_the_place_of_the_point(scores, n_axes):
    rates, noises = [0.01, 0.1, 1.0], [1.0, 2.0]
    rows = [("a", rate, noise) for rate in rates for noise in noises[:n_axes]]
    rows += [("frozen", np.nan, np.nan)]
    value = np.exp(np.random.default_rng(1).normal(size=len(rows)))
    value[0] = np.nan
    n = len(rows)
    file = xr.Dataset(
        {
            "score": ("point", value),
            "instances_given": ("point", np.full(n, 2)),
            "instances_scored": (
                "point",
                np.where(np.isnan(value), 0, 2) - (np.arange(n) == n - 1),  # the last lost one
            ),
            "ceiling_low": 0.4,
            "ceiling_high": 1.0,
            "incomparable": ("point", np.zeros(n, bool)),
            "baseline_score": scores["baseline_score"],
        },
        coords={
            "point": [f"p{k}" for k in range(n)],
            "variant": ("point", [row[0] for row in rows]),
            "axis_eta": ("point", [row[1] for row in rows]),
            "instances_failed": ("point", [0] * (n - 1) + [1]),
            "instances_rejected": ("point", [0] * n),
        },
        attrs=scores.attrs | {"titles": json.dumps({f"p{k}": rows[k][0] for k in range(n)})},
    )
    axes = [{"name": "eta", "title": "rate (1)", "scale": "log"}]
    if n_axes == 2:
        file = file.assign_coords(axis_noise=("point", [row[2] for row in rows]))
        axes.append({"name": "noise", "title": "noise (mV)", "scale": "linear"})
    figure, table = sweep_map.draw(scores=[file], axes=axes)
    drawn = figure.axes[0]
    assert len(squares(drawn)) == n - 1
    bar = next(a for a in figure.axes if a.get_label() == "<colorbar>")
    low, high = bar.get_ylim()
    for patch in squares(drawn):
        x, y = round(patch.get_x() + 0.5), round(patch.get_y() + 0.5)
        k = x * n_axes + (y if n_axes == 2 else 0)
        if np.isnan(value[k]):
            assert patch.get_hatch()
            continue
        place = np.clip(np.log(value[k] / low) / np.log(high / low), 0, 1)
        np.testing.assert_allclose(
            patch.get_facecolor(), to_rgba(colormaps["viridis_r"](place)), atol=0.02
        )
    best = table.loc[table["best"]].iloc[0]
    assert best["score"] == np.nanmin(value)
    (square,) = squares(figure.axes[1])  # the frozen control has no values: a strip beside
    assert square.get_hatch() == "..."
    assert "1 of 2 not scored" in " ".join(text.get_text() for text in figure.axes[1].texts)


@pytest.mark.fault("labels", "a row of a map of two values is labeled with one of them")
def test_the_map_of_one_point_counts_one(scores):
    one = scores.isel(point=[0])
    said = words(sweep_map.draw(scores=[one])[0])
    assert "1 point, 2 network instances" in said
    assert "Not comparable with it: 1 point (" in said


def test_a_row_of_points_is_labeled_with_what_they_share(scores):
    file = scores.assign_coords(
        variant=("point", ["a", "a", "frozen"]),
        variant_title=("point", ["variant a", "variant a", "all frozen"]),
        axis_eta=("point", [0.1, 1.0, np.nan]),
    ).assign_attrs(titles=json.dumps({"frozen": "variant a, eta 0.1", "a": "variant a, eta 1.0",
                                      "b": "all frozen"}))  # fmt: skip
    axes = [{"name": "eta", "title": "", "scale": "log"}]
    figure, _ = sweep_map.draw(scores=[file], axes=axes)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["variant a"]
    two = file.assign_coords(axis_noise=("point", [1.0, 2.0, np.nan]))
    more = [*axes, {"name": "noise", "title": "", "scale": "log"}]
    figure, _ = sweep_map.draw(scores=[two], axes=more)
    assert figure.axes[0].get_title(loc="left") == "variant a"


def test_a_map_refuses_comparisons_of_two_sweeps(scores):
    other = scores.assign_coords(point=["x", "y", "z"])
    with pytest.raises(InputError, match="one sweep"):
        sweep_map.draw(scores=[scores, other])


# What the plan makes of a configuration


RECORDING = {"name": "m.movie", "source": "synthetic"}
FROZEN = {"name": "off", "control": True, "set": {"plasticity.inhibitory.eta": 0.0}}
SWEEP = {"name": "s", "variants": [{"name": "on"}, FROZEN]}


def planned(**blocks):
    return plan_for(blocks)


def final(plan):
    return {figure.file.removeprefix("final/"): figure for figure in plan.final.figures}


def test_the_plan_makes_what_the_configuration_carries():
    plan = planned(
        recordings=[RECORDING],
        sweeps=[SWEEP],
        comparisons=[{"name": "c", "recording": "m.movie", "sweep": "s"}],
        figures={
            "learning": [{"sweep": "s", "matrices": "all"}],
            "rules": [{"rule": "pair_stdp", "induction": "window"}],
        },
    )
    assert list(final(plan)) == [
        "1_recordings", "2_plasticity_rules", "3_network", "4_model_drift", "5_comparison.c",
        "6_sweep_map.s",
    ]  # fmt: skip
    assert plan.final.omitted == {} and plan.notices == []
    assert set(plan.final.made) <= set(plan.results)
    assert set(final(plan)["1_recordings"].inputs) == {
        "trials", "rate_matrix", "timing_matrix", "index"
    }  # fmt: skip
    assert set(final(plan)["4_model_drift"].inputs) == {"index"}
    network = final(plan)["3_network"]
    assert network.arguments["shown"] == ["off", "on"]
    assert len(network.inputs["traces"]) == 6


def test_the_plan_says_what_it_leaves_out_and_why():
    plan = planned(recordings=[RECORDING])
    assert list(final(plan)) == ["1_recordings"]
    assert set(plan.final.omitted) == {
        "2 (plasticity rules)", "3 (networks)", "4 (drift in models)", "5 (comparison)",
        "6 (sweep maps)",
    }  # fmt: skip
    (line,) = plan.notices
    assert "\n" not in line and "3 (networks) and 4 (drift in models): figures.learning" in line


def test_final_figures_refuse_unknown_names():
    with pytest.raises(InputError, match=r"figures.recordings\[0\].*did you mean 'm.movie'"):
        planned(recordings=[RECORDING], figures={"recordings": ["m.movi"]})
    with pytest.raises(InputError, match=r"figures.rules\[0\].rule.*did you mean 'pair_stdp'"):
        planned(
            recordings=[RECORDING],
            figures={"rules": [{"rule": "pair_stpd", "induction": "window"}]},
        )


DOCS = Path(__file__).resolve().parents[4] / "docs"


def test_the_page_of_figures_is_what_the_figures_say():
    page = (DOCS / "figures.md").read_text(encoding="utf-8")
    assert page == gallery.page()
    pictures = re.findall(r"\]\((figures/[^)]+\.png)\)", page)
    assert [Path(name).name[0] for name in pictures] == list("123456")
    for name in pictures:
        content = (DOCS / name).read_bytes()
        assert content.startswith(b"\x89PNG") and len(content) <= 200_000
