"""Tables over animals: what is counted, what is tested, what is refused."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from planning import words
from scipy import stats

from spikedrift.config.figures import Figures
from spikedrift.config.inference import Inference
from spikedrift.core.errors import InputError
from spikedrift.drift.over_animals import contrasts, infer, long_table
from spikedrift.figures.inference import draw
from spikedrift.plan.inference import Inferences
from spikedrift.spikes.caveats import ASSUMED, subject_of


def options(**more) -> Inference:
    return Inference(**{"name": "mice", "recordings": ["a"], **more})


def values(n_animals=8, sessions=1, shift=1.0, seed=0, statistics=("s",), group="movie"):
    rng = np.random.default_rng(seed)
    rows = [
        {
            "group": group,
            "selection": "all",
            "analysis": "x",
            "statistic": name,
            "recording": f"m{animal}-{session}.movie",
            "animal": f"animal {animal}",
            "value": shift * (k == 0) + mean + 0.3 * rng.standard_normal(),
            "no_drift": 0.0,
            "n_units": 40 + animal,
            "caveat": "",
        }
        for k, name in enumerate(statistics)
        for animal, mean in enumerate(0.5 * rng.standard_normal(n_animals))
        for session in range(sessions)
    ]
    return pd.DataFrame(rows)


def test_a_row_is_taken_over_animals_and_not_over_recordings():
    table = values(n_animals=6, sessions=4)
    row = infer(table, options(), 1).iloc[0]
    animals = table.groupby("animal")["value"].mean()
    assert (row["n_animals"], row["n_recordings"]) == (6, 24)
    assert row["n_units"] == table["n_units"].sum()
    assert row["mean"] == pytest.approx(animals.mean())
    low, high = stats.t.interval(0.95, 5, animals.mean(), stats.sem(animals))
    assert (row["low"], row["high"]) == (pytest.approx(low), pytest.approx(high))
    assert row["smallest_p"] == 2 / 64 and row["p_value"] >= row["smallest_p"]
    # Balanced: the mixed model has the same mean, and what normal limits make of the same error.
    assert row["mixed_mean"] == pytest.approx(animals.mean(), abs=1e-5)
    reach = (row["mixed_high"] - row["mixed_low"]) / (row["high"] - row["low"])
    assert reach == pytest.approx(1.959964 / stats.t.ppf(0.975, 5), rel=0.01)
    narrow = infer(table, options(interval="bootstrap"), 1).iloc[0]
    assert "bootstrap" in narrow["interval"] and narrow["low"] > row["low"]


def test_unequal_numbers_of_recordings_do_not_weigh():
    table = values(n_animals=5, sessions=3)
    one = table["animal"] == "animal 0"
    kept = table[~one | (table["recording"] == "m0-0.movie")].copy()
    kept.loc[kept["animal"] == "animal 0", "value"] = table.loc[one, "value"].mean()
    assert infer(kept, options(), 1)["mean"][0] == pytest.approx(
        infer(table, options(), 1)["mean"][0]
    )


def test_holm_is_over_the_statistics_of_one_group_and_selection():
    names = ("real", "b", "c", "d")
    table = pd.concat(
        [values(10, statistics=names, shift=3.0), values(10, statistics=names, group="other")]
    )
    out = infer(table, options(), 1)
    for _, part in out.groupby("group"):
        order = np.argsort(part["p_value"].to_numpy())
        p = part["p_value"].to_numpy()[order]
        expected = np.minimum(1, np.maximum.accumulate(p * np.arange(4, 0, -1)))
        np.testing.assert_allclose(part["p_holm"].to_numpy()[order], expected)
    real = out[(out["group"] == "movie") & (out["statistic"] == "real")].iloc[0]
    assert real["p_value"] == pytest.approx(2 / 1024) and real["g"] > 2
    kept = infer(table, options(statistics=["x.real"]), 1)
    assert list(kept["p_holm"]) == list(kept["p_value"])


def test_what_is_not_tested_says_why_and_keeps_its_mean():
    two = infer(values(2), options(), 1).iloc[0]
    assert "2 animals or instances, 3 are needed" in two["note"] and np.isnan(two["p_value"])
    assert np.isfinite(two["mean"]) and np.isnan(two["g"])
    free = infer(values().assign(no_drift=np.nan), options(), 1).iloc[0]
    assert "no value is known" in free["note"] and np.isnan(free["p_value"])
    unknown = infer(values().assign(animal="", caveat="its animal is not known"), options(), 1)
    assert unknown["n_animals"][0] == 0 and np.isnan(unknown["mean"][0])
    assert unknown["note"][0] == "no test: its animal is not known"
    table = values()
    table.loc[3, "value"] = np.nan
    part = infer(table, options(), 1).iloc[0]
    assert (part["n_animals"], part["n_undefined"]) == (7, 1)
    with pytest.raises(InputError, match=r"no statistic 'x\.t'; there are x\.s"):
        infer(table, options(statistics=["x.t"]), 1)


def test_no_drift_of_each_recording_is_taken_off():
    table = values(shift=0.0)
    moved = table.assign(value=table["value"] + np.arange(8.0), no_drift=np.arange(8.0))
    one, two = (infer(t, options(), 1).iloc[0] for t in (table, moved))
    assert two["p_value"] == one["p_value"] and two["g"] == pytest.approx(one["g"])
    assert two["no_drift"] == pytest.approx(3.5)


def test_contrasts_are_paired_by_instance():
    base = values(6, seed=3, group="frozen")
    more = base.assign(group="plastic", value=base["value"] + 0.2 + 0.01 * np.arange(6))
    table = pd.concat([base, more], ignore_index=True)
    found = contrasts(table, {"plastic": "frozen"})
    row = infer(found, options(), 1).iloc[0]
    assert row["group"] == "plastic minus frozen" and row["n_animals"] == 6
    assert row["mean"] == pytest.approx(0.225)
    # Paired, the spread of instances is out: the effect is large.
    assert row["g"] > 5 and row["p_value"] == pytest.approx(2 / 64)
    assert contrasts(table, {}).empty


@pytest.mark.parametrize(
    ("attributes", "animal", "caveat"),
    [
        ({"subject": "animal 7"}, "animal 7", ""),
        ({"subject": "instance 0"}, "instance 0", ""),
        ({"subject": ""}, "", "not known"),
        ({"subject": "session 3"}, "", "not known"),
        ({"subject": "a; b"}, "", "pooled"),
        ({"subject": "animal 7", "pseudo_population": 1}, "", "pooled"),
    ],
)
def test_who_is_one_animal(attributes, animal, caveat):
    found = subject_of({"pseudo_population": 0, **attributes})
    assert found[0] == animal and caveat in found[1] and bool(found[1]) == bool(caveat)


KNOWN = {"subject": "animal 1", "pseudo_population": 0, "trial_order_known": 1}


def result(**attrs) -> xr.Dataset:
    return xr.Dataset(
        {
            "value": ("statistic", [0.3, 0.4]),
            "no_drift": ("statistic", [0.0, np.nan]),
            "ordered": ("statistic", [True, False]),
        },
        {"statistic": ["lag", "share"]},
        {**KNOWN, "n_units": 30, **attrs},
    )


def test_long_table_reads_both_kinds_and_warns_of_what_rests_on_an_assumed_order():
    index = xr.Dataset(
        {"index": (("matching", "code"), [[0.1, np.nan], [0.3, 0.4]])},
        {"matching": ["none", "state"], "code": ["rate", "timing"]},
        {**KNOWN, "n_units": 30},
    )
    key = {"group": "movie", "recording": "m.movie", "selection": "all"}
    table = long_table([(key, index)], [({**key, "analysis": "behavior"}, result())])
    found = table.set_index(["analysis", "statistic"])["value"].to_dict()
    assert found["signal_index", "rate.index"] == 0.1
    assert found["signal_index", "timing.index_matched"] == 0.4
    assert np.isnan(found["signal_index", "timing.index"])
    assert found["behavior", "lag"] == 0.3 and not table["caveat"].any()
    assumed = long_table([], [({**key, "analysis": "b"}, result(trial_order_known=0))])
    assert list(assumed["caveat"]) == [ASSUMED, ""]


def plan(entries, **more):
    members = {
        "a.movie": {"a.movie": "movie"},
        "cohort": {"a.movie": "movie", "b.movie": "movie"},
        "sweep": {"s-1.x": "frozen", "s-2.x": "plastic"},
    }
    given = {
        "members": members,
        "controls": {"sweep": {"plastic": "frozen"}},
        "pools": ["p.movie"],
        "selections": lambda name: ["all", "few"] if name == "a.movie" else ["all"],
        "analyzed": [{"recording": "a.movie", "selection": "all", "analysis": "behavior"}],
    }
    return Inferences(entries, **{**given, **more})


class Wildcards:
    inference = "mice"


def test_files_of_cohorts_and_sweeps():
    found = plan([options(recordings=["cohort", "sweep"])])
    files = found.inputs(Wildcards)
    assert [*map(words, files["indices"])] == [
        f"signal_index.index {name}"
        for name in ("a.movie all", "a.movie few", "b.movie all", "s-1.x all", "s-2.x all")
    ]
    assert [*map(words, files["analyses"])] == ["analysis.result a.movie all behavior"]
    entry = found.entry(Wildcards)
    assert entry["controls"] == {"plastic": "frozen"}
    assert [row["group"] for row in entry["indices"]] == ["movie"] * 3 + ["frozen", "plastic"]
    only = plan([options(recordings=["cohort"], selections=["few"], indices=True)])
    (index,) = only.inputs(Wildcards)["indices"]
    assert words(index) == "signal_index.index a.movie few"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"recordings": ["p.movie"]}, r"p\.movie is a pool"),
        ({"recordings": ["cohrt"]}, "cohort"),
        ({"recordings": ["cohort", "a.movie"]}, "named twice"),
        ({"recordings": ["cohort"], "selections": ["alll"]}, "all"),
        ({"recordings": ["sweep"], "indices": False}, "neither an index nor an analysis"),
    ],
)
def test_bad_entries_are_refused_in_one_line(more, said):
    with pytest.raises(InputError, match=said) as raised:
        plan([options(**more)])
    assert "\n" not in str(raised.value) and str(raised.value).startswith("config: inference[0]")


@pytest.mark.parametrize("n", [8, 2])
def test_forest_plot(n):
    table = infer(values(n, statistics=("s", "t", "u")), options(), 1)
    data = xr.Dataset.from_dataframe(table.rename_axis("row")).assign_attrs(confidence=0.95)
    figure, shown = draw(data, Figures())
    assert len(shown) == (3 if n == 8 else 0)
    if n == 8:
        assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == [
            "x.s",
            "x.t",
            "x.u",
        ]
