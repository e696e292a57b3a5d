"""Geometry of mean responses and of the variation around them, free of sampling noise.

The *variational space* of a segment in a block is spanned by the principal components of its
single-trial responses around their mean (Aitken et al. 2022). Means over few trials differ by noise
alone, and principal components are fitted to noise, too. Squares are therefore estimated without
the square of the noise, and components and what is read along them come from different trials.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy.special import gammaln


def unbiased_squares(samples: Sequence[np.ndarray], exact: np.ndarray | float = 0.0) -> np.ndarray:
    """Square of every component of a sum of means, without the square of its sampling noise.

    It is the square of the summed sample means, less variance / n of each sample. It equals the
    product of two halves of the trials of each sample, averaged over all ways of halving them.

    Parameters
    ----------
    samples : sequence of float64 arrays, shape (n_i, n_components)
        Independent; their means are added. At least two rows each.
    exact : float64, shape (n_components,)
        A term of the sum that is known without noise.

    Returns
    -------
    float64, shape (n_components,)
        Unbiased, and therefore sometimes negative.
    """
    total = exact + sum(sample.mean(axis=0) for sample in samples)
    noise = sum(sample.var(axis=0, ddof=1) / sample.shape[0] for sample in samples)
    return np.asarray(total**2 - noise)


def mean_geometry(
    response: np.ndarray, earlier: Sequence[np.ndarray], later: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Lengths and angles of mean responses in two blocks.

    Parameters
    ----------
    response : float64, shape (n_trials, n_units)
    earlier, later : sequence of int arrays
        Trials of each segment in either block.

    Returns
    -------
    free : float64, shape (n_segments, 4)
        Squared length of the earlier mean, of the later mean and of their difference, and their
        scalar product, without sampling noise.
    plug_in : float64, shape (n_segments, 4)
        The same from the sample means.
    """
    free, plug_in = np.empty((2, len(earlier), 4))
    for row, (one, two) in enumerate(zip(earlier, later, strict=True)):
        x, y = response[one], response[two]
        mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
        noise_x = x.var(axis=0, ddof=1).sum() / one.size
        noise_y = y.var(axis=0, ddof=1).sum() / two.size
        drift = mean_y - mean_x
        product = mean_x @ mean_y
        plug_in[row] = mean_x @ mean_x, mean_y @ mean_y, drift @ drift, product
        free[row] = plug_in[row] - [noise_x, noise_y, noise_x + noise_y, 0.0]
    return free, plug_in


def relative_drift(moments: np.ndarray) -> float:
    """|drift| / |earlier mean|, each the root of squares summed over segments; 0 if negative.

    `moments` are those of `mean_geometry`, shape (n_segments, 4).
    """
    return float(np.sqrt(max(moments[:, 2].sum(), 0.0) / moments[:, 0].sum()))


def angle(moments: np.ndarray) -> float:
    """Angle between earlier and later means, degrees, from the cosine averaged over segments.

    `moments` are those of `mean_geometry`, shape (n_segments, 4).
    """
    length = moments[:, 0] * moments[:, 1]
    cosine = moments[:, 3][length > 0] / np.sqrt(length[length > 0])
    return float(np.degrees(np.arccos(np.clip(cosine.mean(), -1, 1)))) if cosine.size else np.nan


def _centered(gram: np.ndarray) -> np.ndarray:
    """Gram matrix of rows minus their mean, in the last two axes."""
    rows, columns = gram.mean(axis=-1, keepdims=True), gram.mean(axis=-2, keepdims=True)
    return np.asarray(gram - rows - columns + gram.mean(axis=(-2, -1), keepdims=True))


def spread_moments(response: np.ndarray) -> tuple[float, float]:
    """Squared trace of a covariance, and trace of its square, both unbiased.

    They hold for any distribution with finite fourth moments (Himeno & Yamada 2014, J Multivar Anal
    130:27).

    Parameters
    ----------
    response : float64, shape (n_trials, n_units)
        At least four trials.
    """
    n = response.shape[0]
    gram = _centered(response @ response.T)
    trace = np.trace(gram) / (n - 1)
    square = (gram**2).sum() / (n - 1) ** 2
    fourth = (np.diag(gram) ** 2).sum() / (n - 1)
    scale = (n - 1) / (n * (n - 2) * (n - 3))
    return (
        float(scale * (2 * square + (n * n - 3 * n + 1) * trace**2 - n * fourth)),
        float(scale * ((n - 1) * (n - 2) * square + trace**2 - n * fourth)),
    )


def participation(responses: Sequence[np.ndarray]) -> tuple[float, float]:
    """Participation ratio (sum v)^2 / sum v^2 of the variance v along principal components.

    Parameters
    ----------
    responses : sequence of float64 arrays, shape (n_trials, n_units)
        One array for each segment, which has its own mean and components.

    Returns
    -------
    free : float
        Ratio of unbiased moments, each summed over segments; NaN where the denominator is not
        positive. Needs four trials.
    plug_in : float
        Mean over segments of the ratio from the sample covariance; it is always below the number of
        trials.
    """
    moments = np.array([spread_moments(response) for response in responses]).sum(axis=0)
    plug_in = [_dimension(variances(response)[0]) for response in responses]
    free = moments[0] / moments[1] if moments[1] > 0 else np.nan
    return float(free), float(np.mean(plug_in))


def _dimension(variance: np.ndarray) -> np.ndarray:
    square = (variance**2).sum(axis=-1)
    total = variance.sum(axis=-1) ** 2
    return np.divide(total, square, out=np.zeros_like(total), where=square > 0)


def leading(variance: np.ndarray) -> int:
    """Components of a variational space: the participation ratio, rounded up (at least one)."""
    return max(1, int(np.ceil(_dimension(variance) - 1e-9)))


def variances(response: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Principal components of single trials around their mean.

    Returns
    -------
    share : float64, shape (n_trials - 1,)
        Share of the variance, descending; fewer where units are fewer or trials repeat.
    axes : float64, shape (n_trials - 1, n_units)
        Orthonormal.
    """
    _, size, axes = np.linalg.svd(response - response.mean(axis=0), full_matrices=False)
    kept = size > 1e-10 * max(size[0], 1e-300)
    square = size[kept] ** 2
    return square / max(square.sum(), 1e-300), axes[kept]


def overlap(first: np.ndarray, second: np.ndarray, cross: np.ndarray) -> np.ndarray:
    """Overlap of variational spaces: Gamma = sum_i v_i |P w_i|, between 0 and 1.

    v_i and w_i are variance shares and components of the first set of trials, P projects onto the
    leading components of the second (as many as its participation ratio, rounded up).

    Parameters
    ----------
    first, second, cross : float64, shape (..., n, n), (..., m, m), (..., n, m)
        Scalar products of trials within the first set, within the second, and between them.

    Returns
    -------
    float64, shape (...)
    """
    variance_1, weight_1 = _principal(_centered(first))
    variance_2, weight_2 = _principal(_centered(second))
    cosine = np.swapaxes(weight_1, -1, -2) @ _centered(cross) @ weight_2
    count = np.ceil(_dimension(variance_2) - 1e-9)
    inside = np.arange(variance_2.shape[-1]) < count[..., None]
    length = np.sqrt(((cosine * inside[..., None, :]) ** 2).sum(axis=-1))
    total = variance_1.sum(axis=-1)
    return np.divide((variance_1 * length).sum(axis=-1), total, where=total > 0,
                     out=np.full(total.shape, np.nan))  # fmt: skip


def _principal(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variances in descending order, and weights of trials that give components of length 1."""
    value, vector = np.linalg.eigh(gram)
    value, vector = value[..., ::-1], vector[..., ::-1]
    real = value > 1e-10 * np.maximum(value[..., :1], 1e-300)
    value = np.where(real, value, 0.0)
    scale = np.divide(1.0, np.sqrt(value), out=np.zeros_like(value), where=real)
    return value, vector * scale[..., None, :]


def random_length(dimensions: float, units: int) -> float:
    """Expected length of the projection of a random unit vector onto a subspace.

    Parameters
    ----------
    dimensions : float
        Of the subspace.
    units : int
        Dimensions of the space.
    """
    if dimensions >= units:
        return 1.0
    k, n = dimensions / 2, units / 2
    return float(np.exp(gammaln(k + 0.5) + gammaln(n) - gammaln(k) - gammaln(n + 0.5)))


def perturbed(
    kind: Literal["dropout", "gaussian"], size: float, shape: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Draw a later block that differs from the earlier one by known random changes.

    The later response is keep * response + shift, the same in all trials of a segment.

    Parameters
    ----------
    kind : {"dropout", "gaussian"}
        Dropout: each unit falls silent for all segments with probability `size`. Gaussian: a normal
        deviate of standard deviation `size` is added to each (segment, unit).
    size : float
    shape : (n_segments, n_units)

    Returns
    -------
    keep, shift : float64, shape (n_segments, n_units)
    """
    if kind == "dropout":
        keep = (rng.random(shape[1]) >= size).astype(np.float64)
        return np.broadcast_to(keep, shape), np.zeros(shape)
    return np.ones(shape), size * rng.standard_normal(shape)
