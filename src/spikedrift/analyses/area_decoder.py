"""Area decoder: areas identified by the internal structure of their responses alone.

The units are divided at random into two pseudo-mice: by recording in a pool of recordings, or, in a
recording of one animal, by unit within each area, with different repeats for each pseudo-mouse.
Every area of both is cut down to the same number of units at random. Structures (segment x segment
correlations over units, between two disjoint sets of repeats) of one pseudo-mouse are matched to
those of the other by the assignment of areas with the largest sum of correlations; accuracy is the
share of areas matched to themselves, mean over divisions, against the number of units. Chance is
one over the number of areas.

Null: the areas of units are permuted within each recording, and all divisions are decoded again.
This assumes that units of all areas are exchangeable, their rates included. Any two fixed sets of
units differ by chance, and all divisions share this difference: accuracy above one over the number
of areas is no evidence by itself, however many divisions there are. Unit of inference: the recorded
units. Areas in one recording share its animal and its behavior: only pools of animals say something
about areas. After Deitch, Rubin & Ziv (2021), Current Biology 31:4327, who average over all
repeats, divide 3000 times, and redistribute units in each division.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.optimize import linear_sum_assignment

from spikedrift.analyses.contract.analysis import Analysis, Statistic, monte_carlo
from spikedrift.config.analyses import AreaDecoderOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.responses import Responses, responses_of
from spikedrift.drift.structures import FEWEST_SEGMENTS, compare, structure, triangle
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import stream

NULL = "areas of units permuted within each recording"
TRIES = 20  # draws of recordings for each division that is kept


@dataclass(frozen=True)
class Population:
    """Units that can be divided.

    Attributes
    ----------
    mean : float64, shape (n_mice, 2, n_segments, n_units), Hz
        Rates in the two disjoint sets of repeats that make a structure, for pseudo-mouse 0 and 1,
        which have different repeats where they come from one animal.
    area, source : int64, shape (n_units,)
        Area and recording of each unit.
    pooled : bool
        Whether recordings are divided, rather than units.
    """

    mean: np.ndarray
    area: np.ndarray
    source: np.ndarray
    pooled: bool


def repeat_sets(block: np.ndarray, pooled: bool) -> np.ndarray:
    """Repeats of each pseudo-mouse, in two disjoint sets: bool, (2, 2, n_repeats).

    Repeats of each block are dealt in turn to two sets that both pseudo-mice use (`pooled`), or to
    four sets.
    """
    place = np.zeros(block.size, np.int64)
    for index in np.unique(block):
        rows = np.flatnonzero(block == index)
        place[rows] = np.arange(rows.size)
    if pooled:
        return np.stack([[place % 2 == 0, place % 2 == 1]] * 2)
    return np.array([[place % 4 == mouse, place % 4 == mouse + 2] for mouse in (0, 1)])


def divide(
    area: np.ndarray, source: np.ndarray, pooled: bool, least: int, rng: np.random.Generator
) -> np.ndarray | None:
    """Pseudo-mouse (0, 1) of each unit; None where an area has too few in one of them."""
    if pooled:
        n_sources = int(source.max()) + 1
        chosen = np.zeros(n_sources, np.int64)
        chosen[rng.permutation(n_sources)[: n_sources // 2]] = 1
        mouse = chosen[source]
    else:
        mouse = _half_of_each(area, rng)
    count = np.bincount(mouse * (area.max() + 1) + area, minlength=2 * (area.max() + 1))
    return mouse if count.min() >= least else None


def _half_of_each(area: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pseudo-mouse of each unit, a random half of each area."""
    order = np.lexsort((rng.random(area.size), area))
    size = np.bincount(area)
    rank = np.empty(area.size, np.int64)
    rank[order] = np.arange(area.size) - np.repeat(np.cumsum(size) - size, size)
    return rank % 2


def decode(
    population: Population,
    area: np.ndarray,
    divisions: np.ndarray,
    order: np.ndarray,
    sizes: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy at each number of units.

    Parameters
    ----------
    population : Population
    area : int64, shape (n_units,)
        Areas of the population, or permuted ones.
    divisions : int64, shape (n_splits, n_units)
        Pseudo-mouse of each unit.
    order : float64, shape (n_splits, n_units)
        Random numbers; the units of an area are taken in the order of these.
    sizes : int64, shape (n_sizes,)

    Returns
    -------
    accuracy : float64, shape (n_sizes, n_splits)
    matched : float64, shape (n_areas, n_areas)
        How often each area was matched to each at the largest size, as a share.
    """
    n_areas = int(area.max()) + 1
    accuracy = np.empty((sizes.size, len(divisions)))
    matched = np.zeros((n_areas, n_areas))
    largest = int(sizes.max())
    for row, (mouse, number) in enumerate(zip(divisions, order, strict=True)):
        group = mouse * n_areas + area
        ranked = np.lexsort((number, group))
        start = np.searchsorted(group[ranked], np.arange(2 * n_areas))
        taken = ranked[start[:, None] + np.arange(largest)].reshape(2, n_areas, largest)
        # (mouse, set, area, segment, unit)
        rates = np.stack(
            [np.moveaxis(population.mean[one][..., taken[one]], 2, 1) for one in (0, 1)]
        )
        for column, size in enumerate(sizes):
            part = rates[..., :size]
            vectors = triangle(structure(part[:, 0], part[:, 1]))
            score = np.nan_to_num(compare(vectors[0], vectors[1]), nan=-1.0)
            one, other = linear_sum_assignment(score, maximize=True)
            accuracy[column, row] = np.mean(one == other)
            if size == largest:
                matched[one, other] += 1
    return accuracy, matched / len(divisions)


def prepare(
    dataset: xr.Dataset, responses: Responses, least: int
) -> tuple[Population, list[str], list[str]]:
    """Units with a rate in every segment and set, in areas with at least 2 x `least` of them.

    Returns
    -------
    population : Population
    kept, left_out : list of str
        Names of areas.

    Raises
    ------
    InputError
        Where fewer than two areas are left, or too few segments or repeats.
    """
    name = f"{dataset.attrs.get('recording')}: area_decoder"
    n_segments = responses.rate.shape[1]
    if n_segments < FEWEST_SEGMENTS:
        raise InputError(f"{name} needs {FEWEST_SEGMENTS} segments, the selection has {n_segments}")
    source = np.unique(dataset["recording"].values.astype(str), return_inverse=True)[1]
    pooled = bool(source.max() > 0)
    sets = repeat_sets(responses.repeats.block, pooled)
    if not sets.any(axis=2).all():
        raise InputError(
            f"{name} needs {2 if pooled else 4} repeats in a block, the selection has no such block"
        )
    mean, seen = responses.averaged(sets.reshape(4, -1))
    usable = seen.all(axis=(0, 1))
    labels = dataset["population"].values.astype(str)
    names = sorted(set(labels))
    count = {one: int((usable & (labels == one)).sum()) for one in names}
    kept = [one for one in names if count[one] >= 2 * least]
    if len(kept) < 2:
        counts = ", ".join(f"{one} {number}" for one, number in count.items())
        raise InputError(
            f"{name} needs two populations of {2 * least} units observed in every segment "
            f"({counts}); pool recordings, or lower min_units"
        )
    units = np.flatnonzero(usable & np.isin(labels, kept))
    rates = mean.reshape(2, 2, *mean.shape[1:])[..., units]
    area = np.searchsorted(kept, labels[units])
    population = Population(rates, area, source[units], pooled)
    return population, kept, [one for one in names if one not in kept]


def permuted_areas(area: np.ndarray, source: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Permute the areas of units within each recording."""
    out = np.empty_like(area)
    target = np.argsort(source, kind="stable")
    out[target] = area[np.lexsort((rng.random(area.size), source))]
    return out


def run(
    dataset: xr.Dataset, options: AreaDecoderOptions, seed: int
) -> tuple[xr.Dataset, list[Statistic]]:
    """Decode areas by their structures.

    Returns
    -------
    arrays : Dataset
        `accuracy` (size), its null's `accuracy_null_mean`, `accuracy_null_low`,
        `accuracy_null_high` (2.5 and 97.5 %), coordinate `size` in units an area; `matched` (area,
        area_other): share of divisions at the largest size. Attributes `chance`, `areas_left_out`,
        `divided`.
    statistics : list of Statistic
        `accuracy` at the largest size with its test, and `accuracy_above_chance`.
    """
    name = str(dataset.attrs.get("recording"))
    population, areas, left = prepare(dataset, responses_of(Layout.of(dataset)), options.min_units)
    rng = stream(seed, name, "area_decoder", "divisions")
    drawn: list[np.ndarray] = []
    for _ in range(TRIES * options.splits):
        mouse = divide(
            population.area, population.source, population.pooled, options.min_units, rng
        )
        if mouse is not None:
            drawn.append(mouse)
        if len(drawn) == options.splits:
            break
    if len(drawn) < options.splits:
        raise InputError(
            f"{name}: area_decoder: random halves of the recordings rarely have "
            f"{options.min_units} units of all of {', '.join(areas)} on both sides; select "
            "populations, or lower min_units"
        )
    divisions = np.stack(drawn)
    order = rng.random(divisions.shape)
    n_areas = len(areas)
    cells = divisions * n_areas + population.area
    common = min(int(np.bincount(row, minlength=2 * n_areas).min()) for row in cells)
    sizes = common // 2 ** np.arange(options.sizes)
    sizes = np.unique(sizes[sizes >= min(5, common)])
    accuracy, matched = decode(population, population.area, divisions, order, sizes)
    rng = stream(seed, name, "area_decoder", "areas")
    null = np.empty((sizes.size, options.surrogates))
    for column in range(options.surrogates):
        area = permuted_areas(population.area, population.source, rng)
        null[:, column] = _redivided(population, area, divisions, order, sizes, rng)
    mean = accuracy.mean(axis=1)
    low, high = np.nanquantile(null, [0.025, 0.975], axis=1)
    arrays = xr.Dataset(
        {
            "accuracy": ("size", mean),
            "accuracy_null_mean": ("size", np.nanmean(null, axis=1)),
            "accuracy_null_low": ("size", low),
            "accuracy_null_high": ("size", high),
            "matched": (("area", "area_other"), matched),
        },
        {"size": ("size", sizes, {"units": "units"}), "area": areas, "area_other": areas},
        {
            "chance": 1 / n_areas,
            "areas_left_out": ", ".join(left),
            "divided": "recordings" if population.pooled else "units",
        },
    )
    tested = monte_carlo(
        "accuracy", float(mean[-1]), null[-1], "upper", NULL,
        n=int(population.area.size), unit="units", ordered=False,
    )  # fmt: skip
    above = Statistic(
        "accuracy_above_chance", float(mean[-1] - 1 / n_areas), tested.n, "units", ordered=False
    )
    return arrays, [tested, above]


def _redivided(
    population: Population,
    area: np.ndarray,
    divisions: np.ndarray,
    order: np.ndarray,
    sizes: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Accuracy with permuted areas, which keep their sizes in every pseudo-mouse.

    Recordings of a pool stay divided as they were, and each has as many units of an area as before.
    Units of one animal are divided anew within the permuted areas.
    """
    if not population.pooled:
        divisions = np.stack([_half_of_each(area, rng) for _ in divisions])
    return decode(population, area, divisions, order, sizes)[0].mean(axis=1)


ANALYSIS = Analysis(
    name="area_decoder",
    title="Areas decoded by internal structure",
    citation="Deitch D, Rubin A, Ziv Y (2021) Current Biology 31:4327-4339, "
    "doi:10.1016/j.cub.2021.07.062",
    run=run,
    needs=frozenset({"segments"}),
)
