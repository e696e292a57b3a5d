"""Low-rank dynamics in recordings whose network, subspace and noise are known."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter1d

from spikedrift import trials
from spikedrift.analyses.contract import analysis
from spikedrift.analyses.contract.analysis import analyze
from spikedrift.analyses.low_rank import smallest_rank
from spikedrift.analyses.methods.half_averages import halves_of
from spikedrift.config.analyses import LowRankOptions
from spikedrift.config.figures import Figures
from spikedrift.core.errors import InputError
from spikedrift.figures.analyses import low_rank as drawn
from spikedrift.spikes.layout import Layout
from spikedrift.trials import select

UNITS, SEGMENTS, BINS = 100, 4, 10
FAST = {
    "ranks": [1, 2, 3], "splits": 1, "bin": 0.1, "smoothing": 0.0, "surrogates": 19,
    "bootstrap": 100,
}  # fmt: skip


def network(
    angle: float = 0.0,
    repeats: int = 16,
    gains: tuple[float, ...] = (1.0, 1.0),
    rate: float = 60.0,
    order_known: int = 0,
):
    """Poisson spikes of a linear network of rank 2, whose m turns by an angle after each block.

    Every unit has the same mean rate (Hz), so that dividing by its root turns no subspace.
    """
    rng = np.random.default_rng(7)
    turn, decay = 0.6, 0.92
    a = decay * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    state = rng.normal(size=(SEGMENTS, 2))
    k = np.stack([state := state @ a.T for _ in range(BINS)], axis=1)
    k -= k.mean(axis=(0, 1))
    k /= np.abs(k).max()
    axes = np.linalg.qr(rng.normal(size=(UNITS, 4)))[0] * np.sqrt(UNITS)
    times, counts, columns = [], [], []
    for block, gain in enumerate(gains):
        m = np.cos(block * angle) * axes[:, :2] + np.sin(block * angle) * axes[:, 2:]
        mean = gain * rate / BINS * np.maximum(1 + 0.3 * k @ m.T, 0.0)
        for repeat in range(repeats):
            for segment in range(SEGMENTS):
                count = rng.poisson(mean[segment])  # (bins, units)
                counts.append(count.sum(axis=0))
                at = np.repeat(np.tile(np.arange(BINS), UNITS), count.T.ravel())
                unit = np.repeat(np.arange(UNITS), count.sum(axis=0))
                time = (at + 0.98 * rng.random(at.size) + 0.01) / BINS
                times.append(time[np.lexsort((time, unit))])
                columns.append((segment, block, repeat + repeats * block))
    segment, block, repeat = np.array(columns).T
    start = np.arange(segment.size) * 1.0 + 100.0 * block
    return trials.assemble(
        np.concatenate(times),
        np.array(counts),
        recording="made.movie",
        kind="synthetic",
        trial={"stimulus": "movie", "segment": segment, "block": block, "repeat": repeat,
               "start_time": start, "duration": np.ones(segment.size)},
        unit={"unit_id": np.arange(UNITS).astype(str), "population": np.full(UNITS, "VISp")},
        attributes={"trial_order_known": order_known},
    )  # fmt: skip


def value(result, name, column="value"):
    return float(result[column].sel(statistic=name))


def test_averages_are_those_of_single_trials():
    dataset = select(network(repeats=5), units=np.arange(UNITS) < 6)
    layout = Layout.of(dataset)
    options = SimpleNamespace(**LowRankOptions(smoothing=0.15, splits=2, bin=0.1).model_dump())
    halves = halves_of(layout, options, np.random.default_rng(0))
    found, spikes = halves.averages(np.arange(layout.segment.size)), layout.spikes
    assert found.shape == (2, 2, 2, SEGMENTS, BINS, 6) and halves.trials == 2
    member = halves.member.toarray().reshape(2, 2, 2, SEGMENTS, -1)
    assert (member.sum(axis=(0, 1)).max(axis=-1) <= 2).all()
    assert not (member[:, 0] * member[:, 1]).any()
    cut, edges = spikes.offsets, np.linspace(0, 1, BINS + 1)
    per_trial = np.stack([
        [np.histogram(spikes.times[cut[t * 6 + u] : cut[t * 6 + u + 1]], edges)[0]
         for u in range(6)] for t in range(layout.segment.size)
    ])  # fmt: skip
    size = np.sqrt(per_trial.mean(axis=(0, 2)))
    for split, half, block in np.ndindex(2, 2, 2):
        mean = np.stack([
            per_trial[member[split, half, block, s] > 0].mean(axis=0) for s in range(SEGMENTS)
        ])  # fmt: skip
        mean = gaussian_filter1d(mean, 1.5, axis=-1, mode="nearest") / size[:, None]
        mean -= mean.mean(axis=(0, 2), keepdims=True)
        np.testing.assert_allclose(found[split, half, block], mean.swapaxes(1, 2), atol=1e-12)


def test_smallest_rank_within_one_error_of_the_best():
    fit = np.array([[0.2, 0.50, 0.52, 0.51]])
    shared = np.linspace(-0.3, 0.3, 11)[:, None]  # differs between units, not between ranks
    own = np.where(np.arange(11) % 2, 1, -1)[:, None]
    steady = np.vstack([fit, fit + shared + 0.001 * own * [0, 1, 0, 0]])
    unsure = np.vstack([fit, fit + shared + 0.03 * own * [0, 1, 0, 0]])
    assert smallest_rank(steady) == 2
    assert smallest_rank(unsure) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("angle", "more"),
    [
        (0.0, {}),
        (0.0, {"gains": (1.0, 2.0)}),
        (0.0, {"rate": 20.0}),
        (0.7, {}),
        (0.7, {"rate": 20.0}),
        (np.pi / 2, {"gains": (1.0, 2.0)}),
    ],
)
def test_rank_and_turn_of_a_known_network_at_any_noise_and_gain(angle, more):
    out = analyze(network(angle, **more), "low_rank", FAST, 1)
    expected = np.sin(angle) ** 2 / (1 - 2 / UNITS)
    for model in ("lds", "linear", "tanh"):
        assert value(out, f"{model}.rank") == 2
        drift = value(out, f"{model}.subspace.drift")
        assert drift == pytest.approx(expected, abs=0.05)
        assert value(out, f"{model}.fit") > (0.93 if "rate" not in more else 0.8)
    # One and the same where the truth is a linear network.
    assert abs(value(out, "linear.less_lds")) < 0.03
    # Without a model, averages carry all of their noise.
    assert value(out, "averages.fit") < value(out, "linear.fit") - 0.03
    low, high = (value(out, "lds.subspace.drift", end) for end in ("low", "high"))
    assert low < value(out, "lds.subspace.drift") < high


@pytest.mark.slow
def test_exchange_test_sees_a_turn_and_nothing_else():
    p_values = {}
    for angle in (0.0, 0.5):
        out = analyze(network(angle, repeats=8, order_known=1), "low_rank", FAST, 1)
        p_values[angle] = value(out, "lds.subspace.drift", "p_value")
        assert abs(value(out, "lds.subspace.drift", "null_mean")) < 0.1
    assert p_values[0.0] > 0.1 and p_values[0.5] == 0.05


@pytest.mark.slow
def test_drift_against_lag_and_its_figure():
    """Three blocks, each turned further: drift by lag is that of the sum of the angles."""
    out = analyze(network(0.5, repeats=8, gains=(1.0, 1.0, 1.0)), "low_rank", FAST, 1)
    np.testing.assert_allclose(out["drift"].sel(model="lds"), np.sin([0.5, 1.0]) ** 2, atol=0.06)
    assert (out["drift_low"] < out["drift"]).all() and (out["drift"] < out["drift_high"]).all()
    assert (np.diff(out["overlap"].values, axis=1) < 0).all()
    assert np.isnan(out["p_value"]).all() and "no test" in out.attrs["test_note"]
    figure, table = drawn.draw(out, Figures())
    text = " ".join(item.get_text() for item in figure.texts).replace("\n", " ")
    assert "latent linear system: rank 2, drift" in text and "no test" in text
    assert f"n = {UNITS} units of one recording" in text and "halves of 4 trials" in text
    lines = {
        (what, model): part["shown"].to_numpy()
        for (what, model), part in table.groupby(["what", "model"])
    }
    for panel, what in zip(figure.axes, ("fit", "overlap", "drift"), strict=True):
        shown = [bars.lines[0].get_ydata() for bars in panel.containers]
        for line, model in zip(shown, ("lds", "linear", "tanh"), strict=True):
            np.testing.assert_array_equal(line, lines[what, model])
            np.testing.assert_array_equal(line, out[what].sel(model=model))
    assert isinstance(table, pd.DataFrame) and len(table) == 3 * (3 + 3 + 2)


def test_ranks_that_are_too_large_are_left_out_and_sorted():
    small = select(network(repeats=4), units=np.arange(UNITS) < 9)
    out = analyze(small, "low_rank", {**FAST, "ranks": [2, 1, 3, 2]}, 1)
    assert out["rank"].values.tolist() == [1, 2]


def test_subspaces_of_responses_over_time_read_both_codes():
    assert analysis.code_of("low_rank", "lds.subspace.drift") == "both"


def test_wrong_use_is_refused_in_one_line():
    recording = network(repeats=2)
    lost = recording["observed"].copy(deep=True)
    lost[:1, 1:] = False
    # The two trials of a segment respond in different halves of their time.
    odd = np.repeat(recording["repeat"].values % 2, recording["spike_count"].sum("unit").values)
    apart = recording.assign(spike_time=("spike", (recording["spike_time"].values + odd) / 2))
    one = recording["segment"].values + 10 * recording["repeat"].values > 0
    for changed, options, said in (
        (recording.assign(observed=lost), {}, "needs two units that spike and are observed"),
        (recording, {"bin": 0.3}, "choose a smaller bin"),
        (select(recording, trials=one), {}, "two trials of every segment"),
        (recording, {"ranks": [100]}, "ranks are at most 25"),
        (apart, {}, "no response in common"),
        (recording.assign(event_amplitude=recording["spike_time"]), {}, "needs spike times"),
    ):
        with pytest.raises(InputError, match=said) as raised:
            analyze(changed, "low_rank", options)
        assert "\n" not in str(raised.value)


def test_same_seed_same_bits():
    small = select(network(repeats=4), units=np.arange(UNITS) < 10)
    first, again, other = (
        analyze(small, "low_rank", {**FAST, "ranks": [1]}, seed) for seed in (1, 1, 2)
    )
    assert first.identical(again)
    assert not first["fit"].equals(other["fit"])


def test_no_drift_is_given_where_halves_agree_on_no_subspace():
    """Three dimensions in a few spikes: noise must not read as a subspace that is redrawn."""
    weak = network(repeats=8, rate=2.0)
    out = analyze(weak, "low_rank", {**FAST, "ranks": [3]}, 1)
    assert value(out, "lds.subspace.within") < 0.05
    for column in ("value", "low", "high", "p_value"):
        assert np.isnan(value(out, "lds.subspace.drift", column))
    assert np.isfinite(value(out, "lds.subspace.between"))
    figure, _ = drawn.draw(out, Figures())
    text = " ".join(item.get_text() for item in figure.texts).replace("\n", " ")
    assert "latent linear system: rank 3 (the largest tried), no subspace" in text
