"""What every analysis shares: needs, statistics, tests, and where a test is void."""

import sys
from types import ModuleType

import numpy as np
import pytest
import xarray as xr

from spikedrift.analyses.contract import analysis
from spikedrift.analyses.contract.analysis import Analysis, Statistic, analyze, check, monte_carlo
from spikedrift.config.analyses import AnalysisEntry
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core import plugins
from spikedrift.core.errors import InputError
from spikedrift.figures import registry
from spikedrift.plan.analyses import Analyses
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout
from spikedrift.trials import select


@pytest.fixture(scope="module")
def recording() -> xr.Dataset:
    return record(SyntheticOptions(segments=4, repeats=4, units=30), "made.movie", 3)


def needing(*needs) -> Analysis:
    return Analysis("x", "x", "", lambda *_: (xr.Dataset(), []), frozenset(needs))


def changed(dataset: xr.Dataset, **columns) -> xr.Dataset:
    return dataset.assign({name: (dataset[name].dims, value) for name, value in columns.items()})


@pytest.mark.parametrize(
    ("needs", "change", "said"),
    [
        ((), lambda d: select(d, units=np.array([0])), "needs two units"),
        ((), lambda d: select(d, trials=d["repeat"].values == 0), "needs two repeats"),
        (
            (),
            lambda d: changed(d, observed=np.zeros(d["observed"].shape, bool)),
            "no unit spikes",
        ),
        (("timing",), lambda d: d.assign(event_amplitude=d["spike_time"]), "needs spike times"),
        (("segments",), lambda d: select(d, trials=d["segment"].values == 0), "two segments"),
        (("blocks",), lambda d: select(d, trials=d["block"].values == 0), "two blocks"),
        (("simultaneous",), lambda d: d.assign_attrs(pseudo_population=1), "recorded together"),
        (("sessions",), lambda d: d, "the selection has one session"),
        (
            ("sessions",),
            lambda d: changed(
                d,
                session=d["block"].values,
                observed=np.equal.outer(d["block"].values, np.arange(d.sizes["unit"]) % 2),
            ),
            "match units over days",
        ),
    ],
)
def test_what_is_missing_is_said_in_one_line(recording, needs, change, said):
    check(Layout.of(recording), needing(*(set(needs) - {"sessions"})))
    with pytest.raises(InputError, match=said) as raised:
        check(Layout.of(change(recording)), needing(*needs))
    assert "\n" not in str(raised.value) and str(raised.value).startswith("made.movie: x")


def test_tails_of_a_test():
    null = np.arange(99.0)
    values = {tail: monte_carlo("a", 95.5, null, tail, "x", n=3, unit="units").p_value
              for tail in ("upper", "lower", "two")}  # fmt: skip
    assert values == {"upper": 4 / 100, "lower": 97 / 100, "two": 8 / 100}
    assert (
        monte_carlo("a", 0.5, np.append(null[:-1], np.nan), "upper", "x", n=3, unit="").p_value
        == 0.99
    )
    assert np.isnan(monte_carlo("a", np.nan, null, "upper", "x", n=3, unit="").p_value)


def test_p_is_uniform_where_value_and_null_are_exchangeable():
    rng = np.random.default_rng(5)
    for tail in ("upper", "lower", "two"):
        p = [
            monte_carlo("a", rng.normal(), rng.normal(size=19), tail, "x", n=1, unit="").p_value
            for _ in range(2000)
        ]
        # 0.05 and 0.1 can be reached exactly with 19 surrogates.
        assert np.mean(np.array(p) <= (0.1 if tail == "two" else 0.05)) == pytest.approx(
            0.1 if tail == "two" else 0.05, abs=0.02
        )


def test_a_test_is_void_where_the_order_of_trials_is_assumed(recording, monkeypatch):
    def run(dataset, options, seed):
        p = {"n": 1, "unit": "units", "null_mean": 0.1, "p_value": 0.01}
        return xr.Dataset(), [Statistic("a", 1.0, **p), Statistic("b", 1.0, ordered=False, **p)]

    monkeypatch.setattr(analysis, "get", lambda name: Analysis(name, "x", "", run))
    known = analyze(recording, "mine", {"free": 1})
    assumed = analyze(recording.assign_attrs(trial_order_known=0), "mine")
    assert known["p_value"].values.tolist() == [0.01, 0.01] and not known.attrs["test_note"]
    assert np.isnan(assumed["p_value"].values).tolist() == [True, False]
    assert np.isnan(assumed["null_mean"].values).tolist() == [True, False]
    assert "assumed" in assumed.attrs["test_note"]


def test_bad_names_and_options_are_named(recording):
    with pytest.raises(InputError, match="template_reliability"):
        analyze(recording, "template_reliabilty")
    with pytest.raises(InputError, match="option surrogates"):
        analyze(recording, "template_reliability", {"surrogates": 2})
    with pytest.raises(InputError, match="option surogates"):
        analyze(recording, "template_reliability", {"surogates": 99})


@pytest.mark.fault("config", "an analysis without its figure")
def test_an_analysis_without_its_figure_is_refused(monkeypatch):
    found = plugins.names
    monkeypatch.setattr(
        plugins,
        "names",
        lambda package: [*found(package), *["mean_lag"] * (package == "spikedrift.analyses")],
    )
    entry = AnalysisEntry(name="mine", analysis="mean_lag")
    with pytest.raises(InputError) as refused:
        Analyses([entry], ["a.b"], {"a.b": ["a.b"]}, lambda _: ["all"])
    assert str(refused.value) == (
        "config: analyses[0].analysis: mean_lag has no figure; write "
        "figures/mean_lag.py, with a function `draw`, in the folder of plug-ins that holds the "
        "analysis"
    )


@pytest.mark.fault("config", "a figure file without draw")
def test_a_figure_without_draw_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "spikedrift.figures.raster", ModuleType("raster"))
    with pytest.raises(InputError, match=r"figure raster: .*raster\.py must define draw,"):
        registry.get("raster")
