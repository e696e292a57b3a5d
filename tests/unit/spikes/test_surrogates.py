import numpy as np
import pytest
from scipy import stats

from spikedrift import trials
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.similarity.correlation import pearson_pairs
from spikedrift.sources.synthetic import record
from spikedrift.spikes import surrogates
from spikedrift.spikes.arrays import put
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.thinning import match_gain, thin_blocks


def recording(
    seed=0, n_segments=4, n_repeats=6, n_blocks=2, n_units=12, rate=6.0, gain=1.0, **attributes
):
    """Poisson spikes, uniform in time except that unit and segment set a narrow peak."""
    rng = np.random.default_rng(seed)
    table = [
        (segment, block * n_repeats + repeat, block)
        for block in range(n_blocks)
        for repeat in range(n_repeats)
        for segment in range(n_segments)
    ]
    segment, repeat, block = np.array(table).T
    mean = rate * rng.lognormal(0, 0.5, (n_segments, n_units))
    count = rng.poisson(mean[segment] * np.where(block > 0, gain, 1.0)[:, None])
    trial, unit = np.divmod(np.repeat(np.arange(count.size), count.ravel()), n_units)
    peak = rng.uniform(0.2, 0.8, (n_segments, n_units))
    time = np.clip(peak[segment[trial], unit] + 0.03 * rng.standard_normal(trial.size), 0, 0.999)
    spike_time, spike_count = trials.ragged(trial, unit, time, count.shape)
    return trials.assemble(
        spike_time,
        spike_count,
        recording="test.movie",
        kind="synthetic",
        trial={
            "stimulus": "movie",
            "segment": segment,
            "repeat": repeat,
            "block": block,
            "duration": 1.0,
        },
        unit={"unit_id": np.arange(n_units)},
        attributes=attributes,
    )


def draw(name, dataset, seed=1):
    return surrogates.surrogate(dataset, name, np.random.default_rng(seed), window=0.1, bin=0.01)


def pooled(spikes, *groups):
    """Times of each group of (trial column, unit), sorted."""
    trial, unit = spikes.cells
    key = np.stack([g[trial] for g in groups] + [unit])
    order = np.lexsort((spikes.times, *key))
    return key[:, order], spikes.times[order]


ALL = ["permute", "exchange", "redraw", "shuffle", "jitter", "poisson", "circular_shift",
       "permute_labels"]  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_every_surrogate_keeps_the_contract_and_its_seed(name):
    dataset = recording()
    first, again, other = draw(name, dataset), draw(name, dataset), draw(name, dataset, seed=2)
    trials.check(first)
    assert first.identical(again)
    assert not np.array_equal(first["spike_time"], other["spike_time"])
    assert not np.array_equal(first["spike_time"], dataset["spike_time"])


@pytest.mark.parametrize("name", ["permute", "exchange", "redraw", "jitter", "poisson"])
def test_counts_are_kept(name):
    dataset = recording()
    np.testing.assert_array_equal(draw(name, dataset)["spike_count"], dataset["spike_count"])


def test_permute_keeps_the_times_of_a_unit_and_mixes_segments():
    dataset = recording(n_units=1, rate=40.0)
    before = Layout.of(dataset).spikes
    after = Layout.of(draw("permute", dataset)).spikes
    np.testing.assert_array_equal(np.sort(before.times), np.sort(after.times))
    # Each segment had its own peak; afterwards all segments have one profile.
    parts = [after.times[after.segment[after.cells[0]] == s] for s in range(4)]
    assert stats.kruskal(*parts).pvalue > 1e-3
    parts = [before.times[before.segment[before.cells[0]] == s] for s in range(4)]
    assert stats.kruskal(*parts).pvalue < 1e-50


def test_exchange_moves_times_between_blocks_only_within_segment_and_unit():
    dataset = recording()
    before, after = Layout.of(dataset).spikes, Layout.of(draw("exchange", dataset)).spikes
    for left, right in zip(pooled(before, before.segment), pooled(after, after.segment), strict=1):
        np.testing.assert_array_equal(left, right)
    assert not np.array_equal(
        pooled(before, before.segment, before.block)[1],
        pooled(after, after.segment, after.block)[1],
    )


def test_exchange_is_uniform_over_the_trials():
    """Each spike of a (segment, unit) lands in each trial in proportion to its count."""
    dataset = recording(n_segments=1, n_repeats=2, n_units=1, rate=8.0)
    spikes = Layout.of(dataset).spikes
    marked = spikes.times.min()
    landed = np.zeros(4)
    rng = np.random.default_rng(0)
    for _ in range(4000):
        drawn = surrogates.exchange_blocks(spikes, rng)
        landed[drawn.cells[0][drawn.times == marked][0]] += 1
    expected = 4000 * spikes.counts[:, 0] / spikes.counts.sum()
    assert stats.chisquare(landed, expected).pvalue > 1e-3


def test_redraw_takes_block_two_from_one_other_segment_and_leaves_block_one():
    dataset = recording()
    before, after = Layout.of(dataset).spikes, Layout.of(draw("redraw", dataset)).spikes
    trial, unit = before.cells
    first = before.block[trial] == 0
    np.testing.assert_array_equal(before.times[first], after.times[first])
    segment = before.segment[trial]
    for s in range(4):
        for u in range(12):
            here = after.times[~first & (segment == s) & (unit == u)]
            sources = {int(other) for t in here for other in segment[~first & (before.times == t)]}
            assert len(sources) == 1
            assert s not in sources


def test_thinning_matches_mean_counts_and_only_removes():
    dataset = recording(gain=1.5)
    observed = dataset["observed"].values.copy()
    observed[:4, :3] = False
    lost = trials.select(dataset)
    trial, unit = trials.spike_cells(lost)
    keep = observed[trial, unit]
    count = np.where(observed, lost["spike_count"].values, 0)
    lost = lost.isel(spike=keep)
    lost["spike_count"] = (("trial", "unit"), count)
    lost["observed"] = (("trial", "unit"), observed)
    spikes = Layout.of(lost).spikes
    thin = thin_blocks(spikes, np.random.default_rng(0))
    assert (thin.counts <= spikes.counts).all()
    assert np.isin(thin.times, spikes.times).all()
    for s in range(4):
        for u in range(12):
            means = [
                thin.counts[(spikes.segment == s) & (spikes.block == b) & observed[:, u], u].mean()
                for b in (0, 1)
            ]
            n = ((spikes.segment == s) & observed[:, u]).sum() / 2
            assert abs(means[0] - means[1]) <= 0.5 / (n - 1) + 1e-12
    trials.check(put(lost, thin))


def test_matching_the_gain_evens_blocks_without_evening_units():
    dataset = recording(gain=1.5, n_units=60, n_repeats=20)
    spikes = Layout.of(dataset).spikes
    even = match_gain(spikes, np.random.default_rng(0))
    rate = [even.counts[spikes.block == b].mean() for b in (0, 1)]
    assert rate[1] / rate[0] == pytest.approx(1.0, abs=0.02)
    np.testing.assert_array_equal(even.counts[spikes.block == 0], spikes.counts[spikes.block == 0])


def test_shuffle_deals_whole_trains_within_segment_and_block():
    dataset = recording()
    before, after = Layout.of(dataset).spikes, Layout.of(draw("shuffle", dataset)).spikes
    groups = (before.segment, before.block)
    for left, right in zip(pooled(before, *groups), pooled(after, *groups), strict=True):
        np.testing.assert_array_equal(left, right)
    trains = {tuple(t) for t in np.split(before.times, before.offsets[1:-1]) if t.size}
    assert {tuple(t) for t in np.split(after.times, after.offsets[1:-1]) if t.size} == trains


def test_shuffle_is_refused_for_a_pseudo_population():
    with pytest.raises(InputError, match="pseudo-population"):
        draw("shuffle", recording(pseudo_population=1))


def test_two_photon_events_are_refused():
    dataset = recording()
    dataset["event_amplitude"] = ("spike", np.ones(dataset.sizes["spike"]))
    with pytest.raises(InputError, match="two-photon"):
        _ = Layout.of(dataset).spikes


def test_jitter_keeps_window_counts_and_is_uniform_inside():
    dataset = recording(n_units=40)
    before, after = Layout.of(dataset).spikes, Layout.of(draw("jitter", dataset)).spikes
    for spikes in (before, after):
        spikes.times[:] = np.minimum(spikes.times, np.nextafter(1.0, 0))
    window = [np.bincount(np.floor(s.times / 0.1).astype(int)) for s in (before, after)]
    np.testing.assert_array_equal(*window)
    assert stats.kstest(after.times / 0.1 % 1, "uniform").pvalue > 1e-3


def test_poisson_keeps_the_profile_and_loses_the_trial():
    dataset = recording(n_units=2, rate=50.0)
    before, after = Layout.of(dataset).spikes, Layout.of(draw("poisson", dataset)).spikes
    for s in range(4):
        for u in range(2):
            left, right = (
                k.times[(k.segment[k.cells[0]] == s) & (k.cells[1] == u)] for k in (before, after)
            )
            assert stats.ks_2samp(left, right).pvalue > 1e-4
    assert not np.isin(after.times, before.times).any()


def test_redraw_needs_two_segments():
    with pytest.raises(InputError, match="two segments"):
        draw("redraw", recording(n_segments=1))


def test_a_circular_shift_keeps_the_order_of_responses_in_a_repeat():
    dataset = recording(n_segments=7, n_repeats=4)
    before = Layout.of(dataset).spikes
    after = Layout.of(draw("circular_shift", dataset)).spikes
    shifts = set()
    for repeat in range(8):
        here = before.repeat == repeat
        rolled = [
            k for k in range(7)
            if np.array_equal(np.roll(before.counts[here], k, axis=0), after.counts[here])
        ]  # fmt: skip
        assert len(rolled) == 1  # one shift for all units
        shifts.add(rolled[0])
        trains = [np.split(s.times, s.offsets[1:-1]) for s in (before, after)]
        cells = np.flatnonzero(np.repeat(here, 12)).reshape(7, 12)
        for source, target in zip(
            np.roll(cells, rolled[0], axis=0).ravel(), cells.ravel(), strict=1
        ):
            np.testing.assert_array_equal(trains[0][source], trains[1][target])
    assert len(shifts) > 2


@pytest.mark.slow
def test_circular_shifts_are_uniform_and_those_of_units_hold_in_all_repeats():
    dataset = recording(n_segments=5, n_repeats=2, n_units=3)
    spikes = Layout.of(dataset).spikes
    rng = np.random.default_rng(3)
    landed = np.zeros((2, 5))
    for _ in range(2000):
        for row, each in enumerate(("repeat", "unit")):
            counts = surrogates.circular_shift(spikes, rng, each).counts
            shift = [
                [k for k in range(5) if np.array_equal(np.roll(old, k), new)]
                for old, new in zip(
                    spikes.counts.reshape(4, 5, 3).transpose(0, 2, 1).reshape(12, 5),
                    counts.reshape(4, 5, 3).transpose(0, 2, 1).reshape(12, 5),
                    strict=True,
                )
            ]
            assert all(shift)
            table = np.array([one[0] for one in shift]).reshape(4, 3)
            assert (np.ptp(table, axis=row ^ 1) == 0).all()
            landed[row, table[0, 0]] += 1
    assert (stats.chisquare(landed, axis=1).pvalue > 1e-3).all()


def test_a_circular_shift_takes_the_stimulus_out_and_keeps_autocorrelation():
    """Reliability over repeats goes; the correlation of successive segments stays."""
    made = record(
        SyntheticOptions(segments=20, repeats=10, units=40, segment_correlation=0.8),
        "made.movie",
        1,
    )
    shifted = draw("circular_shift", made)
    counts_of = [d["spike_count"].values.reshape(20, 20, 40) for d in (made, shifted)]

    def reliability(counts):
        z = stats.zscore(counts, axis=1)
        pairs = np.einsum("rsu,qsu->rqu", z, z)[np.triu_indices(20, k=1)]
        return np.nanmean(pairs) / 20

    def successive(counts):
        z = stats.zscore(counts, axis=1)
        return np.nanmean(z * np.roll(z, 1, axis=1))

    assert reliability(counts_of[0]) > 0.5
    assert abs(reliability(counts_of[1])) < 0.05
    assert successive(counts_of[1]) == pytest.approx(successive(counts_of[0]), abs=1e-12)
    assert successive(counts_of[0]) > 0.2


def test_what_is_missing_moves_with_the_response_and_trains_stay_in_their_trial():
    made = record(SyntheticOptions(segments=6, repeats=4, units=20, unit_loss=0.3), "made.movie", 1)
    duration = made["duration"].values.copy()
    duration[::6] -= 1 / 30
    trial, _ = trials.spike_cells(made)
    made["spike_time"] = ("spike", np.minimum(made["spike_time"], duration[trial] - 1e-9).values)
    made["duration"] = ("trial", duration)
    for name in ("circular_shift", "permute_labels"):
        out = draw(name, made)
        trials.check(out)
        np.testing.assert_array_equal(
            out["observed"].values.sum(axis=0), made["observed"].values.sum(axis=0)
        )


def test_permuted_labels_move_whole_trials_within_a_segment():
    dataset = recording()
    before = Layout.of(dataset).spikes
    after = Layout.of(draw("permute_labels", dataset)).spikes
    for s in range(4):
        here = before.segment == s
        rows = [sorted(map(tuple, k.counts[here])) for k in (before, after)]
        assert rows[0] == rows[1]
    np.testing.assert_array_equal(np.sort(before.times), np.sort(after.times))
    assert not np.array_equal(before.counts, after.counts)


def test_one_segment_cannot_be_shifted():
    with pytest.raises(InputError, match="two segments"):
        draw("circular_shift", recording(n_segments=1))


def test_permuted_labels_reject_far_too_often_under_a_slow_state():
    """The bad example: no drift, an AR(1) state of coefficient .9 that adds to all rates."""
    rejected = 0
    for seed in range(40):
        made = record(
            SyntheticOptions(
                segments=6, repeats=6, units=40, state_coefficient=0.9, state_background=1.0
            ),
            "made.movie",
            seed,
        )
        spikes = Layout.of(made).spikes
        rng = np.random.default_rng(seed)
        first, second = np.triu_indices(spikes.segment.size, k=1)
        same = spikes.segment[first] == spikes.segment[second]
        first, second = first[same], second[same]
        between = spikes.block[first] != spikes.block[second]

        def step(counts, first=first, second=second, between=between, observed=spikes.observed):
            value, _ = pearson_pairs(np.sqrt(counts), observed, first, second, 3)
            return value[~between].mean() - value[between].mean()

        null = [step(surrogates.permute_labels(spikes, rng).counts) for _ in range(59)]
        rejected += (1 + np.sum(null >= step(spikes.counts))) / 60 <= 0.05
    # A valid test at 5 % gets there in less than one of ten thousand such experiments.
    assert rejected >= 10
