"""Readouts of a drifting code: fixed, and self-healing by Hebbian and homeostatic plasticity.

A readout cell j responds to the population response x with y_j = exp(g_j w_j . x + b_j). Let mu and
sigma be its mean and standard deviation over stimuli, mu0 and sigma0 their values when it was
learned, and n the number of features. One step of self-healing is (after Rule & O'Leary 2022)

    b += rate_b (mu0 - mu) / mu0,
    g += rate_g (sigma0 - sigma) / sigma0,
    w += rate (sigma0 - sigma) / sigma0 (<(y - mu) x> / (n sigma0) - decay w):

This is Hebbian learning without labels, driven by the loss of variability that drift causes. In the
kind `normalized`, responses to one stimulus have a constant sum over cells. The kind `recurrent` is
this library's form of their recurrent feedback: the drive u of each cell is predicted from the
responses of all cells (normalized and squared, so that the most active cells dominate) through
weights that are learned together with the readout and then kept. Feed-forward weights learn toward
the prediction, w += rate_r <(u_predicted - u) x> / n. Errors and rates are relative to the set
points and per feature, so that rates have no units; the scale of the published rates may differ.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from sklearn.linear_model import RidgeCV

from spikedrift.config.analyses import SelfHealingReadoutOptions

Kind = Literal["fixed", "hebbian", "normalized", "recurrent"]
READOUTS: tuple[Kind, ...] = ("fixed", "hebbian", "normalized", "recurrent")
HIGHEST = 8.0  # drive beyond which the exponential is cut
FLOOR = 0.02  # least target as a share of its maximum, since the logarithm needs one above 0
PENALTIES = np.logspace(-3, 4, 15)


@dataclass(frozen=True)
class Readout:
    """Readout cells with their set points from learning.

    Attributes
    ----------
    weight : float64, shape (n_cells, n_features)
    bias, gain : float64, shape (n_cells,)
    mean, spread : float64, shape (n_cells,)
        Set points of the mean and the standard deviation of responses.
    total : float
        Sum over cells of the set points of the mean.
    predict : float64, shape (n_cells, n_cells)
        Weights that predict the drive of each cell from the `winners` among all cells.
    center : float64, shape (n_features,)
        Subtracted from the features.
    scale : float
        The centered features are divided by it.
    """

    weight: np.ndarray
    bias: np.ndarray
    gain: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    total: float
    predict: np.ndarray
    center: np.ndarray
    scale: float

    def inputs(self, features: np.ndarray) -> np.ndarray:
        """Centered, scaled features."""
        return np.asarray((features - self.center) / self.scale)

    def drive(self, features: np.ndarray) -> np.ndarray:
        """Logarithm of the response: float64, shape (n_stimuli, n_cells)."""
        return np.asarray(self.inputs(features) @ (self.gain[:, None] * self.weight).T + self.bias)

    def response(self, features: np.ndarray, kind: Kind = "fixed") -> np.ndarray:
        """Response of all cells: float64, shape (n_stimuli, n_cells).

        The kinds `normalized` and `recurrent` have a constant sum over cells.
        """
        return self.emitted(self.drive(features), kind)

    def emitted(self, drive: np.ndarray, kind: Kind) -> np.ndarray:
        """Response to a drive, both of shape (n_stimuli, n_cells)."""
        response = np.exp(np.minimum(drive, HIGHEST))
        if kind in ("normalized", "recurrent"):
            response *= self.total / response.sum(axis=1, keepdims=True)
        return np.asarray(response)


def bumps(n: int, width: float, ring: bool) -> np.ndarray:
    """Target responses: cell j prefers segment j, Gaussian over segments, maximum 1.

    Parameters
    ----------
    n : int
        Number of segments, and of cells.
    width : float
        Standard deviation as a share of all segments.
    ring : bool
        Whether the last segment is next to the first.

    Returns
    -------
    float64, shape (n_segments, n_cells)
    """
    away = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    away = np.minimum(away, n - away) if ring else away
    return np.exp(-0.5 * (away / max(width * n, 1e-9)) ** 2)


def winners(response: np.ndarray) -> np.ndarray:
    """Share of each cell in the squared responses to each stimulus: shape (n_stimuli, n_cells)."""
    square = response**2
    return np.asarray(square / square.sum(axis=1, keepdims=True))


def learn(features: np.ndarray, target: np.ndarray) -> Readout:
    """Learn the logarithm of the target responses by ridge regression.

    Parameters
    ----------
    features : float64, shape (n_trials, n_features)
    target : float64, shape (n_trials, n_cells)
        Positive, maximum 1.
    """
    center = features.mean(axis=0)
    scale = max(float(np.sqrt(((features - center) ** 2).mean())), 1e-12)
    x = (features - center) / scale
    aim = np.log(np.maximum(target, FLOOR))
    fitted = RidgeCV(alphas=PENALTIES * x.shape[1]).fit(x, aim)
    wanted = np.exp(aim)
    # The drive of all cells when cell j is among the winners, learned from the target responses.
    belief = winners(wanted)
    mean, spread = wanted.mean(axis=0), wanted.std(axis=0)
    return Readout(
        weight=np.atleast_2d(fitted.coef_),
        bias=np.atleast_1d(fitted.intercept_),
        gain=np.ones(target.shape[1]),
        mean=mean,
        spread=spread,
        total=float(mean.sum()),
        predict=aim.T @ belief / belief.sum(axis=0),
        center=center,
        scale=scale,
    )


def heal(
    readout: Readout, features: np.ndarray, kind: Kind, options: SelfHealingReadoutOptions
) -> Readout:
    """Let a readout adapt to the responses to all stimuli, without being told which is which.

    Parameters
    ----------
    readout : Readout
    features : float64, shape (n_stimuli, n_features)
    kind : {"fixed", "hebbian", "normalized", "recurrent"}
    options : SelfHealingReadoutOptions
        Rates, decay and number of steps.
    """
    if kind == "fixed":
        return readout
    x = readout.inputs(features)
    n, n_features = x.shape
    weight, bias, gain = readout.weight.copy(), readout.bias.copy(), readout.gain.copy()
    for _ in range(options.iterations):
        drive = gain * (x @ weight.T) + bias
        y = readout.emitted(drive, kind)
        mean = y.mean(axis=0)
        lost_mean = (readout.mean - mean) / readout.mean
        lost_spread = (readout.spread - y.std(axis=0)) / readout.spread
        bias += options.bias_rate * np.clip(lost_mean, -1, 1)
        gain += options.gain_rate * np.clip(lost_spread, -1, 1)
        if kind == "recurrent":
            wanted = winners(y) @ readout.predict.T
            weight += options.recurrent_rate * (wanted - drive).T @ x / (n * n_features)
        else:
            hebb = (y - mean).T @ x / (n * n_features * readout.spread[:, None])
            lost = np.clip(lost_spread, -1, 1)[:, None]
            weight += options.rate * lost * (hebb - options.decay * weight)
    return replace(readout, weight=weight, bias=bias, gain=gain)
