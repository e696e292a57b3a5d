"""The area decoder against brute force, and areas with and without structures of their own."""

from itertools import permutations

import numpy as np
import pytest
import xarray as xr

from spikedrift import trials
from spikedrift.analyses import area_decoder as decoder
from spikedrift.analyses.contract.analysis import analyze
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.responses import responses_of
from spikedrift.sources.pooling import pool
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout

AREAS = ("A", "B", "C")
FAST = {"surrogates": 39, "splits": 10, "min_units": 10}


def animal(seed: int, shares: float, repeats: int = 8, units: int = 40) -> xr.Dataset:
    """Areas whose units follow three factors of the area over segments, by weights of their own.

    `shares`: part of a unit's log rate that comes from its area's factors; 0: areas are alike.
    """
    rng = np.random.default_rng(seed)
    n_segments = 12
    of_area = np.random.default_rng(99).normal(size=(len(AREAS), 3, n_segments))
    area = np.repeat(np.arange(len(AREAS)), units)
    weight = rng.normal(size=(area.size, 3))
    factor = np.einsum("uk,uks->us", weight, of_area[area]) / np.sqrt(3)
    own = rng.normal(size=factor.shape)
    rate = 8 * np.exp(0.8 * (np.sqrt(shares) * factor + np.sqrt(1 - shares) * own))
    segment = np.tile(np.arange(n_segments), repeats)
    count = rng.poisson(rate.T[segment])
    time = np.concatenate([np.linspace(0.1, 0.9, n) for n in count.ravel()])
    return trials.assemble(
        time,
        count,
        recording=f"mouse{seed}.movie",
        kind="synthetic",
        trial={
            "stimulus": "movie",
            "segment": segment,
            "repeat": np.repeat(np.arange(repeats), n_segments),
            "duration": np.ones(segment.size),
        },
        unit={"unit_id": np.arange(area.size).astype(str), "population": np.array(AREAS)[area]},
    )


def test_assignment_is_the_best_of_all_permutations():
    dataset = animal(1, 0.2)
    population, areas, left = decoder.prepare(dataset, responses_of(Layout.of(dataset)), 10)
    assert areas == list(AREAS) and not left
    rng = np.random.default_rng(3)
    mouse = decoder.divide(population.area, population.source, False, 10, rng)
    number = rng.random(mouse.size)
    accuracy, matched = decoder.decode(
        population, population.area, mouse[None], number[None], np.array([12])
    )
    vectors = []
    for m in (0, 1):
        for a in range(3):
            units = np.flatnonzero((mouse == m) & (population.area == a))
            units = units[np.argsort(number[units])][:12]
            one, two = population.mean[m][..., units]
            value = np.corrcoef(one, two)[:12, 12:]
            vectors.append(((value + value.T) / 2)[np.triu_indices(12, 1)])
    score = np.corrcoef(vectors)[:3, 3:]
    best = max(permutations(range(3)), key=lambda p: sum(score[a, p[a]] for a in range(3)))
    assert accuracy[0, 0] == np.mean(np.array(best) == np.arange(3))
    assert np.flatnonzero(matched.ravel()).tolist() == [3 * a + b for a, b in enumerate(best)]


def test_areas_with_structures_of_their_own_are_distinguished_over_animals():
    pooled = pool([animal(seed, 0.6) for seed in range(4)], "pool.movie")
    found = analyze(pooled, "area_decoder", FAST, 1)
    assert found.attrs["divided"] == "recordings"
    assert float(found["value"].sel(statistic="accuracy")) > 0.9
    assert float(found["p_value"].sel(statistic="accuracy")) <= 0.05
    assert float(found["accuracy"][0]) <= float(found["accuracy"][-1])
    # Each of two animals on either side has 40 units of an area.
    assert found["size"].values.tolist() == [5, 10, 20, 40, 80]


def test_areas_within_one_animal_are_distinguished_by_halves_of_units():
    found = analyze(animal(1, 0.8, units=80), "area_decoder", FAST, 1)
    assert found.attrs["divided"] == "units" and found["size"].values[-1] == 40
    assert float(found["value"].sel(statistic="accuracy")) > 0.9
    assert float(found["p_value"].sel(statistic="accuracy")) <= 0.05


@pytest.mark.slow
def test_areas_that_are_alike_are_not_distinguished():
    p, value = [], []
    for seed in range(20):
        found = analyze(animal(seed, 0.0, repeats=4), "area_decoder", {**FAST, "surrogates": 19})
        p.append(float(found["p_value"].sel(statistic="accuracy")))
        value.append(float(found["value"].sel(statistic="accuracy")))
    assert np.mean(value) == pytest.approx(1 / 3, abs=0.12)
    assert np.mean(np.array(p) <= 0.05) <= 0.15


def test_pseudo_mice_share_no_repeat_of_one_animal_and_no_recording_of_a_pool():
    block = np.repeat([0, 1], 9)
    one = decoder.repeat_sets(block, pooled=False)
    assert one.sum(axis=(0, 1)).tolist() == [1] * 18
    assert one.sum(axis=2).min() >= 4
    assert decoder.repeat_sets(block, pooled=True).sum(axis=(0, 1)).tolist() == [2] * 18
    source = np.repeat(np.arange(5), 20)
    area = np.tile([0, 1], 50)
    for seed in range(5):
        mouse = decoder.divide(area, source, True, 10, np.random.default_rng(seed))
        assert all(np.unique(mouse[source == index]).size == 1 for index in range(5))
        halves = decoder.divide(area, source, False, 10, np.random.default_rng(seed))
        assert np.bincount(halves * 2 + area).tolist() == [25] * 4


def test_permuted_areas_keep_their_numbers_in_each_recording():
    rng = np.random.default_rng(1)
    source, area = rng.integers(0, 4, 200), rng.integers(0, 3, 200)
    dealt = decoder.permuted_areas(area, source, rng)
    assert np.bincount(source * 3 + dealt).tolist() == np.bincount(source * 3 + area).tolist()
    assert (dealt != area).mean() > 0.4


def test_what_it_cannot_do_is_said_in_one_line():
    made = record(SyntheticOptions(segments=5, repeats=4, units=60), "made.movie", 1)
    with pytest.raises(InputError, match="two populations of 100 units"):
        analyze(made, "area_decoder", {"min_units": 50})
    with pytest.raises(InputError, match="3 segments"):
        analyze(trials.select(made, trials=made["segment"].values < 2), "area_decoder")
    short = record(SyntheticOptions(segments=5, repeats=2, units=60), "made.movie", 1)
    with pytest.raises(InputError, match="4 repeats in a block"):
        analyze(short, "area_decoder", {"min_units": 10})


def test_small_areas_are_left_out_and_named():
    dataset = animal(2, 0.5)
    keep = np.r_[np.arange(85), 110:120]  # 15 units of C stay
    found = analyze(trials.select(dataset, units=keep), "area_decoder", FAST)
    assert found.attrs["areas_left_out"] == "C"
    assert found["area"].values.tolist() == ["A", "B"]


def test_same_seed_same_bits():
    dataset = animal(3, 0.4)
    first, again, other = (analyze(dataset, "area_decoder", FAST, seed) for seed in (1, 1, 2))
    assert first.identical(again)
    assert not first["accuracy_null_mean"].equals(other["accuracy_null_mean"])
