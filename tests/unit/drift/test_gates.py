"""A gate says which of several answers it gives, and every reader repeats that one."""

import numpy as np
import pytest

from spikedrift.comparison.scores.usable import codes_of
from spikedrift.config.drift import DriftOptions, SignalOptions
from spikedrift.config.ground_truth import GroundTruth
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.drift import gates
from spikedrift.drift.signal.recording import drift_values
from spikedrift.figures import drift_curves, learning
from spikedrift.figures.final import model_drift, recordings
from spikedrift.ground_truth import verdicts
from spikedrift.report.tables import index_table
from spikedrift.sources import synthetic

OPTIONS = SignalOptions(flips=99, bootstrap=99, max_standard_error=0.9)


def found(name, strict=1.0, **knobs):
    options = OPTIONS.model_copy(update={"max_standard_error": 0.9 * strict})
    sizes = {"units": 20, "segments": 4, "repeats": 4, "segment_duration": 0.5, "mean_rate": 12.0}
    recording = synthetic.record(SyntheticOptions(**sizes, **knobs), f"{name}.movie", 1)
    return drift_values(recording, DriftOptions(index=options), 1)


@pytest.fixture(scope="module")
def three():
    """Index files: open, without a code, too imprecise."""
    return found("open"), found("flat", flat_code=True), found("wide", strict=1e-4)


@pytest.mark.fault("labels", "an index that is too imprecise is called a code that is not there")
def test_the_two_answers_are_distinguished_in_the_file(three):
    states = [gates.of(file, "timing") for file in three]
    assert states == [gates.OPEN, gates.NO_CODE, gates.IMPRECISE]
    notes = [str(f["gate_note"].sel(matching="none", code="timing").values) for f in three]
    p = [float(f["code_p_value"].sel(matching="none", code="timing")) for f in three]
    assert notes[0] == ""
    assert notes[1].startswith("no timing code was detected in block ")
    assert f"(p = {p[1]:.2g}, level 0.01)" in notes[1]
    error = float(three[2]["standard_error"].sel(matching="none", code="timing"))
    assert notes[2] == (
        f"too imprecise (standard error {error:.3f} of the index, above the limit 9e-05)"
    )
    # A code is there where the index is too imprecise: the test rejects its absence, and the index
    # has a value with its interval.
    assert p[0] == p[2] <= OPTIONS.code_level < p[1]
    value = [float(f["index"].sel(matching="none", code="timing")) for f in three]
    assert np.isfinite(value).tolist() == [True, False, True]


def test_figures_and_tables_repeat_it(three):
    rows = learning.indices(three, ["a"] * 3)
    timing = rows[rows["code"] == "timing"]
    assert timing["gate"].tolist() == [gates.OPEN, gates.NO_CODE, gates.IMPRECISE]
    said = "no timing code detected: 1 of 3; timing index too imprecise: 1 of 3"
    assert gates.counted(timing["gate"], "timing") == said
    # Of what is not there an imprecise index is no part: it is drawn.
    absent = map(gates.absent, timing["gate"], timing["value"])
    assert gates.counted(absent, "timing") == "no timing code detected: 1 of 3"
    assert learning.filled(rows).endswith("diamonds: too imprecise to say that nothing drifts.")
    table = index_table([({"recording": str(k)}, file) for k, file in enumerate(three)])
    shown = table[(table["code"] == "timing") & (table["matching"] == "none")]
    assert shown["gate"].tolist() == timing["gate"].tolist()


@pytest.mark.parametrize(("place", "text"), [(1, "timing\nno timing\ncode detected"),
                                             (2, "\n(imprecise)")])  # fmt: skip
def test_the_panel_of_an_index_says_it(three, place, text):
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    drift_curves.indices(axes, three[place])
    _, timing = [label.get_text() for label in axes.get_xticklabels()]
    assert timing.endswith(text)


def test_an_open_gate_without_a_value_is_undefined():
    assert gates.state_of(gates.OPEN, np.nan) == gates.UNDEFINED
    assert gates.state_of(gates.OPEN, 0.1) == gates.OPEN
    assert gates.state_of(gates.IMPRECISE, np.nan) == gates.IMPRECISE
    assert gates.short(gates.OPEN, "rate") == ""
    assert all(gates.short(state, "rate") for state in gates.STATES if state != gates.OPEN)


def test_a_statistic_names_the_codes_whose_index_it_needs():
    assert codes_of("timing_step") == ["timing"] and codes_of("rate_step") == ["rate"]
    assert codes_of("timing_to_rate") == ["rate", "timing"] and codes_of("rate_drop") == []


def test_every_case_of_the_ground_truth_has_words():
    options = GroundTruth()
    for case in options.every_case():
        knob, _ = options.knob(case) or ("", None)
        words = verdicts.CAUSES.get(case.name) or verdicts.CAUSES_OF_KNOBS.get(knob)
        assert words, case.name
        assert "_" not in words and case.name not in verdicts.CAUSES.values()
    shipped = verdicts.read()
    for measure in shipped["measure"].unique():
        for note in verdicts.notes(str(measure), matched=True):
            assert note.count(".") == 2 and "_" not in note  # one sentence, the page has a dot


def test_docstrings_of_figures_do_not_call_an_imprecise_index_absent():
    for module in (model_drift, recordings):
        assert "too imprecise" in module.__doc__
