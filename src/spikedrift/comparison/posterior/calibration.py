"""Whether posteriors mean what they say: simulation-based calibration, coverage and recovery.

A parameter that was drawn from the prior, and draws from the posterior of the data that it gave,
are draws of one distribution: its rank among them is uniform (Talts et al. 2018, arXiv:1804.06788).
The prior itself passes this test: what was learned is said by the recovery (Schad et al. 2021,
Psychol. Methods 26:103).
"""

from dataclasses import dataclass

import numpy as np
import scipy

LEVELS = (0.5, 0.8, 0.95)  # of central intervals whose coverage is counted
SIMULATIONS = 2000  # sets of uniform ranks
BINS = 20  # of the chi-square test


def ranks(truth: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """How many draws lie below the truth: int, shape (n_sets, n_parameters), 0 to n_draws.

    Parameters
    ----------
    truth : float, shape (n_sets, n_parameters)
    draws : float, shape (n_sets, n_draws, n_parameters)
    """
    return np.asarray((draws < truth[:, None]).sum(axis=1))


@dataclass(frozen=True)
class Uniformity:
    """Distribution function of ranks against that of uniform ones.

    Attributes
    ----------
    place : float, shape (n_places,)
        Fractions of the ranks, at which the distribution function is looked at.
    share : float, shape (n_places, n_parameters)
        Share of the ranks below.
    low, high : float, shape (n_places,)
        Simultaneous band: uniform ranks leave it somewhere with the probability 1 - `confidence`.
    p_value : float, shape (n_parameters,)
        Of the farthest excursion, two-sided.
    chi_square_p : float, shape (n_parameters,)
        Of counts in bins, for comparison.
    """

    place: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_value: np.ndarray
    chi_square_p: np.ndarray


def uniformity(
    rank: np.ndarray, n_draws: int, rng: np.random.Generator, confidence: float = 0.95
) -> Uniformity:
    """Test ranks for uniformity by their distribution function.

    At every place the number of ranks below is binomial. The least of its two-sided tail
    probabilities is held against that of simulated uniform ranks, which also gives the band
    (Säilynoja, Bürkner & Vehtari 2022, Stat. Comput. 32:32).

    Parameters
    ----------
    rank : int, shape (n_sets, n_parameters)
        As `ranks` gives them.
    n_draws : int
    rng : Generator
    confidence : float
    """
    n = len(rank)
    edges = np.unique(np.round(np.linspace(0, n_draws + 1, min(n, 100) + 1)).astype(int))[1:-1]
    place = edges / (n_draws + 1)  # probability of a rank below the edge
    tail = _tails(n, place)
    simulated = rng.integers(0, n_draws + 1, size=(SIMULATIONS, n))
    null = _least(np.sort(simulated, axis=1), edges, tail)
    own = _least(np.sort(rank.T, axis=1), edges, tail)
    p = (1 + (null <= own[:, None] * (1 + 1e-9)).sum(axis=1)) / (1 + SIMULATIONS)
    inside = tail >= np.quantile(null, 1 - confidence)
    low = inside.argmax(axis=1) / n
    high = (inside.shape[1] - 1 - inside[:, ::-1].argmax(axis=1)) / n
    share = (rank[:, None] < edges[:, None]).mean(axis=0)
    return Uniformity(place, share, low, high, p, _chi_square(rank, n_draws))


def _tails(n: int, place: np.ndarray) -> np.ndarray:
    """Two-sided tail probability of every count at every place: shape (n_places, n + 1)."""
    count = np.arange(n + 1)
    of = scipy.stats.binom(n, place[:, None])
    return np.asarray(np.minimum(1.0, 2 * np.minimum(of.cdf(count), of.sf(count - 1))))


def _least(ordered: np.ndarray, edges: np.ndarray, tail: np.ndarray) -> np.ndarray:
    """Least tail probability over places of sorted ranks, one row a set: shape (n_rows,)."""
    below = np.array([np.searchsorted(row, edges) for row in ordered])
    return np.asarray(tail[np.arange(len(edges)), below].min(axis=1))


def _chi_square(rank: np.ndarray, n_draws: int) -> np.ndarray:
    bins = min(BINS, n_draws + 1)
    of = rank * bins // (n_draws + 1)
    ways = np.bincount(np.arange(n_draws + 1) * bins // (n_draws + 1), minlength=bins)
    expected = ways / ways.sum() * len(rank)
    counts = np.array([np.bincount(column, minlength=bins) for column in of.T])
    square = ((counts - expected) ** 2 / expected).sum(axis=1)
    return np.asarray(scipy.stats.chi2.sf(square, bins - 1))


def coverage(rank: np.ndarray, n_draws: int) -> np.ndarray:
    """Share of truths in the central intervals: shape (n_levels, n_parameters), see `LEVELS`."""
    place = (rank + 0.5) / (n_draws + 1)
    off = np.abs(place - 0.5)
    return np.array([(off <= level / 2).mean(axis=0) for level in LEVELS])


@dataclass(frozen=True)
class Recovered:
    """How well parameters are found again.

    Attributes
    ----------
    correlation : float, shape (n_parameters,)
        Of posterior means with truths; NaN where either does not vary.
    contraction : float, shape (n_sets, n_parameters)
        1 less posterior over prior variance.
    z_score : float, shape (n_sets, n_parameters)
        Posterior mean less truth, over the posterior's standard deviation.
    """

    correlation: np.ndarray
    contraction: np.ndarray
    z_score: np.ndarray


def recovered(truth: np.ndarray, draws: np.ndarray, prior: np.ndarray) -> Recovered:
    """Hold posteriors against truths.

    Parameters
    ----------
    truth : float, shape (n_sets, n_parameters)
    draws : float, shape (n_sets, n_draws, n_parameters)
    prior : float, shape (n_runs, n_parameters)
        Draws of the prior, as far as it was accepted.
    """
    mean, spread = draws.mean(axis=1), draws.std(axis=1)
    a, b = truth - truth.mean(axis=0), mean - mean.mean(axis=0)
    norm = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    r = np.divide((a * b).sum(axis=0), norm, out=np.full(norm.shape, np.nan), where=norm > 0)
    z = np.divide(mean - truth, spread, out=np.full(mean.shape, np.nan), where=spread > 0)
    return Recovered(r, 1 - spread**2 / prior.var(axis=0), z)
