"""Training of a balanced network: who is trained, through which synapses, to which targets.

All is drawn by the instance: static wiring, targets, the cells that are matched to them, plastic
synapses, stimuli and rates of cells outside; and by the trial: first potentials and spikes of cells
outside. Variants of an instance share them.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spikedrift.networks import rates
from spikedrift.networks.balanced import BIN, Balanced, Times, Trial, chances

if TYPE_CHECKING:
    from spikedrift.networks.balanced import Push, Rules
    from spikedrift.networks.models.balanced_trained import BalancedTrained
    from spikedrift.networks.session_plan import Plan

INHIBITION = 6.5 / 12.0  # plastic weights from I over those from E, as the rates are


class Wanted(NamedTuple):
    """Rates that are to be learned.

    Attributes
    ----------
    rate : float64, shape (n_segments, n_times, n_trained), Hz
    units : str, shape (n_trained,)
        Their names.
    held_out : float64, shape (n_segments, n_times, n_trained), Hz, optional
        Rates of the same units in repeats that are not learned; None where rates are drawn.
    """

    rate: np.ndarray
    units: np.ndarray
    held_out: np.ndarray | None = None


class Trained:
    """The network, its targets and its weights.

    Parameters
    ----------
    plan : Plan
    options : BalancedTrained
        Of the plan.

    Raises
    ------
    RuntimeError
        For a network that is silent before training.

    Attributes
    ----------
    wanted : Wanted
    target : float64, shape (n_conditions, n_times, n_trained)
        Input that makes the rates.
    held_out : float64, of that shape, optional
        Input that would make the rates of repeats that are not learned.
    """

    def __init__(self, plan: "Plan", options: "BalancedTrained") -> None:
        from spikedrift.simulation import streams
        from spikedrift.training import recorded, siegert
        from spikedrift.training.rls import RecursiveLeastSquares

        self.options, self.plan, dt = options, plan, options.simulation.dt
        balance = options.balance
        begins = round(options.before / dt)
        self.times = Times(
            begins - round(options.stimulus / dt), begins, begins + round(options.duration / dt),
            round(options.learn_every / dt),
        )  # fmt: skip
        key = int(streams.branch(plan.key, streams.purpose("wiring"), 0))
        self.network = Balanced(balance, dt, self.times, key)
        self.initial = self.network.trial(plan.rng("initial"), inputs=True)
        excitatory = slice(balance.n_e)
        self.seconds = self.times.stop * dt
        rate = self.initial.spikes / self.seconds
        if not (noise := float(self.initial.sd[excitatory].mean())) > 0:
            raise RuntimeError(f"{plan.run.recording}: silent before training: a larger drive?")
        cell = siegert.Cell(
            # What reaches V at low frequencies of noise through synapses, see `siegert.Cell`.
            sd=noise * (balance.tau_static / balance.tau) ** 0.5,
            tau=balance.tau,
            tau_syn=balance.tau_static,
        )
        self.wanted = wanted = rates_wanted(plan, options)
        self.target = recorded.drive(cell, wanted.rate, options.lowest, wanted.units)
        self.held_out = None
        if wanted.held_out is not None:
            self.held_out = siegert.mean_input(cell, np.maximum(wanted.held_out, options.lowest))
        self.cells = recorded.matched(wanted.rate.mean(axis=(0, 1)), rate[excitatory])
        rng = plan.rng("plastic")
        inhibitory = np.arange(balance.n_e, balance.n_cells)
        n_in = options.in_degree
        self.presynaptic = [
            np.concatenate(
                [
                    rng.choice(np.delete(self.cells, unit), n_in, replace=False),
                    rng.choice(inhibitory, n_in, replace=False),
                ]
            )
            for unit in range(options.n_trained)
        ]
        first = balance.weight / options.plastic_scale * np.repeat([1, -INHIBITION], n_in)
        n, n_outside = balance.n_cells, options.n_outside
        self.rls = RecursiveLeastSquares(
            self.presynaptic,
            [first] * options.n_trained,
            n + n_outside,
            ridge=np.repeat([options.ridge, options.outside_ridge], [n, n_outside]),
            row_sum=[options.row_sum, options.row_sum, 0.0],
            group=np.repeat([0, 1, 2], [balance.n_e, balance.n_e, n_outside]),
            common=np.arange(n, n + n_outside),
            precision=options.precision,
        )
        self.network.train(self.cells, self.presynaptic, self.rls)
        self.outside = np.zeros((len(options.conditions), *self.rls.state.common_weights.shape))
        self.stimulus, self.chance = [], []
        for one in options.conditions:
            rng = plan.rng(one)
            self.stimulus.append(options.stimulus_size * rng.uniform(-1, 1, n))
            n_steps = self.times.stop - self.times.outside
            self.chance.append(chances(n_outside, n_steps, options.outside_rate, dt, rng))

    def run(
        self,
        condition: int,
        purpose: str,
        learn: bool = False,
        inputs: bool = False,
        rules: "Rules | None" = None,
        push: "Push | None" = None,
    ) -> Trial:
        """Run a trial, which learns, or leaves all weights as they are, or has rules act."""
        weights = self.rls.state.common_weights
        weights[:] = self.outside[condition]
        found = self.network.trial(
            self.plan.rng(purpose),
            stimulus=self.stimulus[condition],
            chance=self.chance[condition],
            target=self.target[condition] if learn else None,
            spikes=not inputs,
            inputs=inputs,
            rules=rules,
            push=push,
        )
        self.outside[condition] = weights
        return found

    def followed(self, trial: Trial) -> np.ndarray:
        """Input of all cells at the times of the targets, means over `window` on either side.

        Parameters
        ----------
        trial : Trial
            With inputs.

        Returns
        -------
        float64, shape (n_times, n_cells)
        """
        at = self.options.learn_every * np.arange(1, self.options.n_times + 1)
        window = self.options.window
        edges = [np.round((at + side) / BIN).astype(int) for side in (-window, window)]
        return np.array(
            [trial.total[max(a, 0) : b].mean(axis=0) for a, b in zip(*edges, strict=True)]
        )

    @property
    def ends(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """(pre, post) of every projection."""
        options, n_in = self.options, self.options.in_degree
        place = self.numbers
        pre = place[np.array(self.presynaptic)]
        unit = np.repeat(np.arange(options.n_trained), n_in)
        found = {
            "TtoT": (pre[:, :n_in].ravel(), unit),
            "ItoT": (pre[:, n_in:].ravel() - options.balance.n_e, unit),
        }
        outside = rates.matrix_ends(options.n_outside, options.n_trained)
        return found | {f"{one}_to_T": outside for one in options.conditions}

    @property
    def numbers(self) -> np.ndarray:
        """Number of every cell through the populations: units first, then E cells, then I."""
        n_e = self.options.balance.n_e
        found = np.arange(self.options.balance.n_cells)
        found[self.cells] = np.arange(self.cells.size)
        rest = np.setdiff1d(np.arange(n_e), self.cells)
        found[rest] = np.arange(self.cells.size, n_e)
        return found

    def weights(self) -> dict[str, np.ndarray]:
        """Weights of every projection, unit after unit."""
        own = self.rls.state.weights.reshape(self.options.n_trained, 2, -1)
        found = {"TtoT": own[:, 0].ravel(), "ItoT": own[:, 1].ravel()}
        return found | {
            f"{name}_to_T": one.ravel()
            for name, one in zip(self.options.conditions, self.outside, strict=True)
        }

    def put(self, weights: dict[str, np.ndarray]) -> None:
        """Give the network weights that `weights` returned."""
        own = self.rls.state.weights.reshape(self.options.n_trained, 2, -1)
        for k, name in enumerate(("TtoT", "ItoT")):
            own[:, k] = weights[name].reshape(own[:, k].shape)
        for one, name in zip(self.outside, self.options.conditions, strict=True):
            one[:] = weights[f"{name}_to_T"].reshape(one.shape)


def rates_wanted(plan: "Plan", options: "BalancedTrained") -> Wanted:
    """Rates that are to be learned, of a trials file or drawn.

    Parameters
    ----------
    plan : Plan
        Draws rates, or the units of the file that are learned.
    options : BalancedTrained

    Raises
    ------
    InputError
        For a file of other segments, shorter trials, or less units of the least rate.
    """
    from spikedrift import trials
    from spikedrift.core.errors import InputError
    from spikedrift.training import recorded

    n, n_times, step = options.n_trained, options.n_times, options.learn_every
    if not options.file:
        rate = recorded.synthetic(
            plan.rng("targets"),
            n,
            options.segments,
            n_times,
            step,
            options.depth,
            relaxation=options.relaxation,
        )
        return Wanted(rate, np.arange(n).astype(str))
    dataset = trials.read(options.file)
    learned, held_out = recorded.halves(dataset)
    found = recorded.responses(dataset, step, options.smoothing, learned)
    if found.segment.size != options.segments:
        raise InputError(
            f"{options.file}: has {found.segment.size} segments, and {options.segments} are to be "
            "learned: set the option segments"
        )
    if found.time.size < n_times:
        raise InputError(
            f"{options.file}: trials last {found.time[-1]:.4g} s, and {options.duration:g} s are "
            "to be learned: set the option duration"
        )
    rate = found.rate[:, :n_times]
    active = np.flatnonzero(rate.mean(axis=(0, 1)) >= options.least_rate)
    if active.size < n:
        raise InputError(
            f"{options.file}: {active.size} units have {options.least_rate:g} Hz or more, and {n} "
            "are to be learned: set the option n_trained or least_rate"
        )
    kept = np.sort(plan.rng("targets").choice(active, n, replace=False))
    other = recorded.responses(dataset, step, options.smoothing, held_out)
    return Wanted(rate[..., kept], found.unit_id[kept], other.rate[:, :n_times][..., kept])
