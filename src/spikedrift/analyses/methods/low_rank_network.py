"""Recurrent networks of low rank, fitted to trial averages.

    x_{t+1} = (1 - a) x_t + a m (n' phi(x_t) + input_c)

with connectivity m n' of rank r, an input that is constant in each condition c, and phi the
identity or tanh. Inputs and first states lie along the columns of m, so that a trajectory is x = m
k, and k follows r-dimensional dynamics. Without noise the linear network is a latent linear
dynamical system with loadings m and transition (1 - a) 1 + a n'm, and every such system is a
network (Valente, Ostojic & Pillow 2022, Neural Computation 34:1871): what sets the two apart is
noise, since a latent state is pushed on its way and a network with the same push hears it in its
own activity. Networks are fitted to whole trajectories that they run alone, as by Valente, Pillow &
Ostojic (2022, NeurIPS).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from spikedrift.analyses.methods.latent_system import LatentSystem

RIDGE = 1e-3  # of the regression that begins a network with tanh, as a share of the mean variance


@dataclass(frozen=True)
class LowRankNetwork:
    """A network of low rank.

    Attributes
    ----------
    m, n : float64, shape (n_units, rank)
    inputs, first : float64, shape (n_conditions, rank)
        Along the columns of m.
    leak : float
        a, the share of activity that is replaced from bin to bin.
    saturating : bool
        phi is tanh, not the identity.
    """

    m: np.ndarray
    n: np.ndarray
    inputs: np.ndarray
    first: np.ndarray
    leak: float
    saturating: bool

    def run(self, n_bins: int) -> np.ndarray:
        """Activity from the first state on: shape (n_conditions, n_bins, n_units)."""
        k = self.first
        out = np.empty((k.shape[0], n_bins, self.m.shape[0]))
        for t in range(n_bins):
            out[:, t] = k @ self.m.T
            rate = np.tanh(out[:, t]) if self.saturating else out[:, t]
            k = (1 - self.leak) * k + self.leak * (rate @ self.n + self.inputs)
        return out


def network_of(system: LatentSystem, leak: float) -> LowRankNetwork:
    """The linear network that runs as a latent system does without noise."""
    c, rank = system.loading, system.transition.shape[0]
    wanted = (system.transition - (1 - leak) * np.eye(rank)) / leak
    n = np.linalg.lstsq(c.T, wanted.T, rcond=None)[0]
    return LowRankNetwork(c, n, system.push / leak, system.first, leak, saturating=False)


def saturated(network: LowRankNetwork, n_bins: int) -> LowRankNetwork:
    """The network with tanh whose n says what that of a linear one says, along its trajectories.

    n is the ridge regression of the linear network's recurrent input on tanh of its activity.
    """
    x = network.run(n_bins).reshape(-1, network.m.shape[0])
    rate = np.tanh(x)
    gram = rate @ rate.T
    gram += RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    n = rate.T @ np.linalg.solve(gram, x @ network.n)
    return replace(network, n=n, saturating=True)


def fit(start: LowRankNetwork, responses: np.ndarray, iterations: int) -> LowRankNetwork:
    """Least squares of a network's activity and the responses, by L-BFGS with its own gradient.

    Parameters
    ----------
    start : LowRankNetwork
        Where the fit begins; leak and phi stay.
    responses : float64, shape (n_conditions, n_bins, n_units)
    iterations : int
        At most so many. Stopping early keeps a network with many parameters near its start.
    """
    n_units = responses.shape[2]
    # All parameters of one size: activity per root of units, with phi to match.
    scale = np.sqrt(n_units)
    wanted, m, n = responses / scale, start.m / scale, start.n * scale
    gain, axes = scale if start.saturating else 0.0, None
    if not start.saturating:
        # The best m lies in the span of the responses, and only n'm counts.
        axes = np.linalg.svd(wanted.reshape(-1, n_units), full_matrices=False)[2]
        wanted, m = wanted @ axes.T, axes @ m
        n = np.linalg.lstsq(m.T, start.m.T @ start.n, rcond=None)[0]
    shapes = [part.shape for part in (m, n, start.inputs, start.first)]
    cuts = np.cumsum([rows * columns for rows, columns in shapes])[:-1]

    def parts(values: np.ndarray) -> list[np.ndarray]:
        split = zip(np.split(values, cuts), shapes, strict=True)
        return [part.reshape(shape) for part, shape in split]

    def error(values: np.ndarray) -> tuple[float, np.ndarray]:
        return loss(*parts(values), leak=start.leak, gain=gain, wanted=wanted)

    begin = np.concatenate([part.ravel() for part in (m, n, start.inputs, start.first)])
    found = minimize(error, begin, jac=True, method="L-BFGS-B", options={"maxiter": iterations})
    m, n, inputs, first = parts(found.x)
    if axes is not None:
        m, n = axes.T @ m, axes.T @ n
    return replace(start, m=scale * m, n=n / scale, inputs=inputs, first=first)


def loss(
    m: np.ndarray,
    n: np.ndarray,
    inputs: np.ndarray,
    first: np.ndarray,
    *,
    leak: float,
    gain: float,
    wanted: np.ndarray,
) -> tuple[float, np.ndarray]:
    """Half of the mean squared distance of a network from what is wanted, and its gradient.

    Parameters
    ----------
    m, n, inputs, first : as in `LowRankNetwork`
    leak : float
    gain : float
        phi(x) = tanh(gain x) / gain; 0: the identity.
    wanted : float64, shape (n_conditions, n_bins, n_units)

    Returns
    -------
    value : float
        Mean over conditions and bins, summed over units.
    gradient : float64
        With respect to m, n, inputs and first, one after the other, flat.
    """
    n_conditions, n_bins, _ = wanted.shape
    k = np.empty((n_bins, *first.shape))
    x = np.empty((n_bins, n_conditions, m.shape[0]))
    rate = np.empty_like(x)
    k[0] = first
    for t in range(n_bins):
        x[t] = k[t] @ m.T
        rate[t] = np.tanh(gain * x[t]) / gain if gain else x[t]
        if t + 1 < n_bins:
            k[t + 1] = (1 - leak) * k[t] + leak * (rate[t] @ n + inputs)
    left = (x - wanted.swapaxes(0, 1)) / (n_conditions * n_bins)
    value = 0.5 * float((left * (x - wanted.swapaxes(0, 1))).sum())
    slope = 1 - (gain * rate) ** 2 if gain else np.ones_like(rate)
    back = np.zeros_like(k)  # derivative with respect to k after each bin, times the leak
    of_x, of_k = left, np.zeros_like(first)
    for t in range(n_bins - 1, -1, -1):
        back[t] = leak * of_k
        of_x[t] += (back[t] @ n.T) * slope[t]
        of_k = of_x[t] @ m + (1 - leak) * of_k
    of_m = np.einsum("tcu,tcr->ur", of_x, k, optimize=True)
    of_n = np.einsum("tcu,tcr->ur", rate, back, optimize=True)
    of_inputs = back.sum(axis=0)
    return value, np.concatenate([part.ravel() for part in (of_m, of_n, of_inputs, of_k)])
