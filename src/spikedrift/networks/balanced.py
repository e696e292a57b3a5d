"""A balanced network of which some excitatory cells also hear plastic synapses: trial by trial.

Cells are numbered E before I. A trial begins from potentials drawn anew and no input, has a
stimulus, and after it spikes of cells outside, which trained cells hear. While it learns, weights
change every `learn_every`; what trained cells hear by static synapses and as constant input is
taken off their targets.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from pydantic import Field

from spikedrift.config.base import Options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spikedrift.networks.integrators.acting import Memory
    from spikedrift.networks.integrators.balanced import Seen, State, Wiring
    from spikedrift.networks.integrators.rules import Compiled
    from spikedrift.training.rls import RecursiveLeastSquares

BIN = 0.01  # s, in which input is averaged


class Balance(Options):
    """Cells and static synapses; half of the cells are inhibitory."""

    n_cells: int = Field(default=5000, gt=3, multiple_of=2, description="cells, half of them E")
    k: int = Field(
        default=500, gt=0, description="mean number of synapses from E, and from I, onto a cell"
    )
    tau: float = Field(default=0.010, gt=0, description="membrane time constant; s")
    tau_static: float = Field(default=0.003, gt=0, description="static synapses; s")
    tau_plastic: float = Field(default=0.150, gt=0, description="plastic synapses; s")
    strength: float = Field(
        default=2.0, gt=0, description="weight times root k over the membrane time constant"
    )
    ee: float = Field(default=0.15, ge=0, description="weight from E to E over that")
    ei: float = Field(default=0.75, ge=0, description="weight from I to E over that")
    drive: float = Field(default=0.12, gt=0, description="constant input of I over root k")
    drive_e: float = Field(default=1.5, gt=0, description="constant input of E over that of I")

    @property
    def n_e(self) -> int:
        """E cells."""
        return self.n_cells // 2

    @property
    def weight(self) -> float:
        """Weight that others are a multiple of; ms, of a threshold of 1."""
        return self.strength * 1000 * self.tau / float(np.sqrt(self.k))

    @property
    def weights(self) -> np.ndarray:
        """Static weights (from, to), E before I; ms."""
        return self.weight * np.array([[self.ee, 1.0], [-self.ei, -1.0]])

    @property
    def bias(self) -> np.ndarray:
        """Constant input of every cell."""
        of_i = self.drive * float(np.sqrt(self.k))
        return np.repeat([self.drive_e * of_i, of_i], self.n_e)


class Times(NamedTuple):
    """A trial, in time steps."""

    stimulus: int  # begins
    outside: int  # begins, and the stimulus ends
    stop: int
    learn_every: int


class Trial(NamedTuple):
    """What a trial leaves.

    Attributes
    ----------
    spikes : int64, shape (n_cells,)
        How many.
    cell, step : int32 and int64, shape (n_spikes,)
        Spikes, where they were asked for.
    total : float64, shape (n_bins, n_cells)
        Mean input through all synapses in bins of `BIN` after the stimulus, where asked for.
    sd : float64, shape (n_cells,)
        SD of that input over the time of the bins; NaN without bins.
    """

    spikes: np.ndarray
    cell: np.ndarray
    step: np.ndarray
    total: np.ndarray
    sd: np.ndarray


class Push(NamedTuple):
    """Input that is added for a while."""

    first: int  # time step
    last: int
    input: np.ndarray  # float64 (cell,)


@dataclass
class Rules:
    """Plasticity rules of the plastic synapses, what they keep, and steps on their own clock."""

    compiled: "Compiled"
    memory: "Memory"
    clock: int = 0


class Balanced:
    """The network.

    Parameters
    ----------
    options : Balance
    dt : float, s
    times : Times
    key : int
        Of counted draws: static wiring.
    """

    def __init__(self, options: Balance, dt: float, times: Times, key: int) -> None:
        from spikedrift.networks.integrators import balanced as kernel

        self.options, self.dt, self.times = options, dt, times
        self.step = kernel.exact(dt, options.tau, options.tau_static, options.tau_plastic)
        target = kernel.draw_targets(key, options.n_cells, 2 * options.k)
        none = np.zeros(0, np.int32)
        self.wiring: Wiring = kernel.Wiring(
            target,
            (target < options.n_e).sum(axis=1).astype(np.int32),
            options.weights / (1000 * options.tau_static),
            options.n_e,
            np.zeros(options.n_cells + 1, np.int64),
            none,
            none.astype(np.int64),
            none,
            np.zeros(1, np.int64),
            np.full(options.n_cells, -1, np.int32),
        )
        self.rls: RecursiveLeastSquares | None = None
        self.n_outside = 0

    def train(
        self, cells: np.ndarray, presynaptic: list[np.ndarray], rls: "RecursiveLeastSquares"
    ) -> None:
        """Join plastic synapses to the network; all of `rls` beyond `n_cells` are cells outside.

        Parameters
        ----------
        cells : int, shape (n_units,)
            The trained cell of every unit.
        presynaptic : list of int, each of shape (in-degree,)
            Cells that every unit hears by itself, as `rls` was given them.
        rls : RecursiveLeastSquares
            Its weights are those of the network from here on.
        """
        unit = np.full(self.options.n_cells, -1, np.int32)
        unit[cells] = np.arange(len(cells))
        self.rls, self.n_outside = rls, rls.n_cells - self.options.n_cells
        self.wiring = self.wiring._replace(
            trained=np.asarray(cells, np.int32),
            first=np.concatenate([[0], np.cumsum([one.size for one in presynaptic])]),
            unit=unit,
        )
        self.hear(presynaptic)

    def hear(self, presynaptic: "Sequence[np.ndarray]") -> None:
        """Let trained cells hear these by the weights that they have.

        Parameters
        ----------
        presynaptic : sequence of int, each of shape (in-degree,)
            As `train`.
        """
        n, pre = self.options.n_cells, np.concatenate(presynaptic)
        post = np.repeat(self.wiring.trained, [one.size for one in presynaptic])
        by_pre = np.argsort(pre, kind="stable")  # weights lie unit after unit
        self.wiring = self.wiring._replace(
            start=np.searchsorted(pre[by_pre], np.arange(n + 1)),
            post=post[by_pre].astype(np.int32),
            weight=by_pre.astype(np.int64),
        )

    def trial(
        self,
        rng: np.random.Generator,
        *,
        stimulus: np.ndarray | None = None,
        chance: np.ndarray | None = None,
        target: np.ndarray | None = None,
        spikes: bool = False,
        inputs: bool = False,
        rules: "Rules | None" = None,
        push: Push | None = None,
    ) -> Trial:
        """Run a trial.

        Parameters
        ----------
        rng : Generator
            Draws first potentials and spikes from outside.
        stimulus : float64, shape (n_cells,), optional
            Input added while the stimulus is on.
        chance : float, shape (n_steps, n_outside), optional
            Probability of a spike from outside in every step after the stimulus.
        target : float64, shape (n_times, n_units), optional
            Total input of trained cells that is learned, `learn_every` after the stimulus and so
            on; None for a trial with frozen weights.
        spikes, inputs : bool
            What is kept.
        rules : Rules, optional
            Plasticity rules that act on plastic synapses.
        push : Push, optional
            After the stimulus, in a trial that learns nothing.
        """
        times = self.times
        state = self._start(rng)
        arrives, outer = self._outside(rng, chance)
        seen = self._seen(spikes, inputs)
        bias = self.options.bias
        driven = bias if stimulus is None else bias + stimulus
        edges = [(times.stimulus, bias), (times.outside, driven)]
        edges += [(stop, bias) for stop in self.learning] if target is not None else []
        edges += [(push.first, bias), (push.last, bias + push.input)] if push is not None else []
        edges += [(times.stop, bias)]
        now = n_seen = learned = 0
        trained = self.wiring.trained
        for stop, of in edges:
            n_seen = self._advance(state, of, arrives, outer, now, stop, seen, n_seen, rules)
            if target is not None and stop > times.outside and learned < len(target):
                assert self.rls is not None
                step = self.step  # what is heard in it: at its beginning, jumps have just come
                activity = step.mean_plastic * np.concatenate([state.trace, state.outside])
                known = step.mean_static * state.static[trained] + bias[trained]
                self.rls.update(activity, target[learned] - known)
                learned += 1
            now = stop
        if rules is not None:
            rules.clock += now
        total, steps = seen.total / self.bin_steps, len(seen.total) * self.bin_steps
        with np.errstate(invalid="ignore", divide="ignore"):
            mean, square = seen.total.sum(axis=0) / steps, seen.square / steps
        sd = np.sqrt(np.maximum(square - mean**2, 0.0))
        return Trial(seen.spikes, seen.cell[:n_seen], seen.step[:n_seen], total, sd)

    def rest(self, rng: np.random.Generator, n_steps: int, rules: "Rules | None" = None) -> Trial:
        """Run without a stimulus and spikes from outside, from potentials drawn anew.

        Parameters
        ----------
        rng : Generator
        n_steps : int
        rules : Rules, optional
            As `trial`.
        """
        state, seen = self._start(rng), self._seen(False, False)
        arrives, none = np.zeros(n_steps + 1, np.int64), np.empty(0, np.int32)
        self._advance(state, self.options.bias, arrives, none, 0, n_steps, seen, 0, rules)
        if rules is not None:
            rules.clock += n_steps
        return Trial(
            seen.spikes, seen.cell, seen.step, seen.total, np.full(seen.square.size, np.nan)
        )

    @property
    def bin_steps(self) -> int:
        """Steps of a bin."""
        return max(1, round(BIN / self.dt))

    @property
    def learning(self) -> list[int]:
        """Steps at which weights are learned."""
        times = self.times
        return list(range(times.outside + times.learn_every, times.stop + 1, times.learn_every))

    def _advance(
        self,
        state: "State",
        bias: np.ndarray,
        arrives: np.ndarray,
        outer: np.ndarray,
        first: int,
        last: int,
        seen: "Seen",
        n_seen: int,
        rules: "Rules | None" = None,
    ) -> int:
        from spikedrift.networks.integrators.balanced import advance, advance_plastic

        none = np.empty(0), np.empty((self.wiring.trained.size, 0))
        rls = self.rls
        weights, common = none if rls is None else (rls.state.weights, rls.state.common_weights)
        given = (
            self.wiring, self.step, state, bias, weights, common, arrives, outer, first, last,
            self.times.outside, self.bin_steps, seen, n_seen,
        )  # fmt: skip
        if rules is None:
            found = advance(*given)
        else:
            acting = rules.compiled
            found = advance_plastic(
                *given, acting.act, rules.memory, acting.regular, np.int64(rules.clock)
            )
        if found < 0:
            raise RuntimeError("cells fire more often than every second millisecond on average")
        return int(found)

    def _start(self, rng: np.random.Generator) -> "State":
        from spikedrift.networks.integrators.balanced import State

        n = self.options.n_cells
        return State(rng.random(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(self.n_outside))

    def _outside(
        self, rng: np.random.Generator, chance: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Where spikes from outside begin for every step, and their cells."""
        arrives = np.zeros(self.times.stop + 1, np.int64)
        if chance is None:
            return arrives, np.empty(0, np.int32)
        step, cell = np.nonzero(rng.random(chance.shape, np.float32) < chance)
        at = np.arange(self.times.stop + 1) - self.times.outside
        return np.searchsorted(step, at), cell.astype(np.int32)

    def _seen(self, spikes: bool, inputs: bool) -> "Seen":
        from spikedrift.networks.integrators.balanced import Seen

        n, steps = self.options.n_cells, self.times.stop
        bins = (steps - self.times.outside) // self.bin_steps if inputs else 0
        room = round(n * steps * self.dt / 0.002) if spikes else 0
        return Seen(
            np.zeros(n, np.int64), np.zeros((bins, n)), np.zeros(n),
            np.empty(room, np.int32), np.empty(room, np.int64),
        )  # fmt: skip


def chances(n: int, n_steps: int, rate: float, dt: float, rng: np.random.Generator) -> np.ndarray:
    """Probabilities of spikes of cells outside, whose rates are Ornstein-Uhlenbeck processes.

    The rates begin at their mean, relax in 400 ms, have an SD of 2.8 Hz before they are averaged
    over 100 ms, and are not negative (Kim et al. 2023).

    Parameters
    ----------
    n, n_steps : int
    rate : float, Hz
    dt : float, s
    rng : Generator

    Returns
    -------
    float32, shape (n_steps, n)
    """
    from scipy.signal import lfilter

    ms = 1000 * dt
    steps = 0.2 * np.sqrt(ms) * rng.standard_normal((n_steps, n), np.float32)
    steps[0] = 0
    away = lfilter([1.0], [1.0, -(1 - ms / 400)], steps, axis=0)
    half = round(0.05 / dt)
    summed = np.concatenate([np.zeros((1, n)), np.cumsum(away, axis=0)])
    at = np.arange(n_steps)
    low, high = np.maximum(at - half, 0), np.minimum(at + half + 1, n_steps)
    mean = (summed[high] - summed[low]) / (high - low)[:, None]
    found: np.ndarray = (np.maximum(rate + mean, 0.0) * dt).astype(np.float32)
    return found
