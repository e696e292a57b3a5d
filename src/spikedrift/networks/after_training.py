"""What acts on trained plastic synapses from the end of training on: rules, noise, turnover.

Training leaves weights of either sign, whatever the presynaptic cell. From then on a synapse keeps
its sign, and rules, noise and bounds see its size: rules of the library are made for sizes between
0 and a bound, and a synapse that could change its sign would be another one. A synapse may shrink
to nothing. The unit of sizes that rules see is the mean size of the projection's weights after
training, and the bound of a weight a multiple of its own size then, so that all synapses begin at
the same share of their bounds; one that training left at 0 stays there. Weights from cells outside,
which every condition has of its own, are no part of this.

Rules act in every step that is simulated: in trials, the time before their targets included, and on
spontaneous activity at the end of pauses, whose spikes are not kept. Their clock stands still
meanwhile, as if these followed one another. Noise and turnover go on all the time; both are known
in closed form over any time, and act on weights before each trial and at edges of phases.
"""

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from spikedrift.config.base import Options
from spikedrift.config.networks import Plasticity
from spikedrift.networks.weight_noise import Noise, Noisy

if TYPE_CHECKING:
    from spikedrift.networks.balanced import Rules
    from spikedrift.networks.balanced_training import Trained
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.integrators.rules import Compiled
    from spikedrift.networks.session_plan import Plan

PROJECTIONS = ("TtoT", "ItoT")


class Learning(Plasticity):
    """A plasticity rule that sees spikes and weights alone, and what acts beside it."""

    eta: float = Field(
        default=0.0,
        ge=0,
        description="size of the steps, in place of the rule's own `eta`; 1 is the mean size of "
        "weights of the projection after training; 0 is off",
    )
    w_max: float = Field(
        default=2.0, ge=1, description="bound of a weight, in units of its own size after training"
    )


class Turnover(Options):
    """Synapses that are removed, each with another presynaptic cell of the kind in its place."""

    rate: float = Field(ge=0, description="share of the plastic synapses that is removed; 1/s")
    weight: Literal["first", "trained"] = Field(
        default="first",
        description="weight of a new synapse: that of before training, or one that training left "
        "the cell, of the kind and sign of the synapse that is removed",
    )


class After(Options):
    """What acts on trained plastic synapses from the end of training on."""

    excitatory: Learning | None = Field(
        default=None, description="plasticity of synapses from trained cells"
    )
    inhibitory: Learning | None = Field(
        default=None, description="plasticity of synapses from inhibitory cells"
    )
    pause_activity: float = Field(
        default=10.0,
        ge=0,
        description="spontaneous activity at the end of every pause, in which rules act, and not "
        "longer than the pause; s",
    )
    noise: Noise | None = Field(default=None, description="noise of the weights")
    turnover: Turnover | None = Field(default=None, description="exchange of synapses")

    @property
    def learning(self) -> tuple[Learning | None, Learning | None]:
        """Plasticity of `PROJECTIONS`."""
        return self.excitatory, self.inhibitory

    def rules(self) -> list[dict[str, dict[str, float]]]:
        """Rule -> parameter -> value of `PROJECTIONS`, empty for one without plasticity.

        Raises
        ------
        InputError
            For a rule, a set or a parameter that is not there, and for a rule that needs more than
            spikes and weights.
        """
        from spikedrift.networks.checks import refuse_for_integrator
        from spikedrift.plasticity.parameters import chosen

        found = []
        for one, name in zip(self.learning, ("excitatory", "inhibitory"), strict=True):
            found.append({} if one is None else chosen(one, f"after.{name}"))
            for rule in found[-1]:
                refuse_for_integrator(rule, f"after.{name}")
        return found


def restore(network: "Trained", recorded: "Recorded", save: int) -> None:
    """Give a network the weights and the synapses that it had when weights were saved.

    Parameters
    ----------
    network : Trained
    recorded : Recorded
        Of its session.
    save : int
    """
    n_units, n_in = network.options.n_trained, network.options.in_degree
    weights = {name: values[save] for name, values in recorded.weights.items()}
    heard, cell_of = np.array(network.presynaptic), np.argsort(network.numbers)
    for number, name in enumerate(PROJECTIONS):
        pre, post = recorded.ends[name]
        if pre.size == n_units * n_in:
            continue
        # Of places with a weight of 0, which say nothing, as many as a cell has synapses.
        order = np.lexsort((weights[name] == 0, post))
        at = order[np.searchsorted(post[order], np.arange(n_units))[:, None] + np.arange(n_in)]
        offset = number * network.options.balance.n_e
        heard[:, number * n_in : (number + 1) * n_in] = cell_of[pre[at] + offset]
        weights[name] = weights[name][at].ravel()
    network.presynaptic = list(heard)
    network.network.hear(network.presynaptic)
    network.put(weights)


class AfterTraining:
    """The time from the end of training on.

    Parameters
    ----------
    network : Trained
        Its weights and synapses change.
    plan : Plan

    Raises
    ------
    InputError
        For rules that cannot act here.

    Attributes
    ----------
    rules : Rules, optional
        What acts in trials; None in training.
    """

    def __init__(self, network: "Trained", plan: "Plan") -> None:
        self.network, self.plan = network, plan
        self.options: After | None = network.options.after
        self.dt = plan.options.simulation.dt
        table, phases = plan.timetable, plan.network.protocol.phases
        self.begins = int(table.phase_stop[0])
        self.times = {*table.phase_stop.tolist()}
        self.times |= {int(one) for one in table.presentation_step - network.times.outside}
        self.pauses = [
            (int(start), int(stop))
            for phase, start, stop in zip(phases, table.phase_start, table.phase_stop, strict=True)
            if phase.kind == "pause"
        ]
        self.rules: Rules | None = None
        self.made = self._compiled()
        self.heard: list[np.ndarray] = []
        self.now: float | None = None  # s, up to which noise and turnover have acted

    def reach(self, step: int) -> None:
        """Let happen what does until a time step, if a trial begins then or a phase ends."""
        if self.options is None or step < self.begins or step not in self.times:
            return
        if self.now is None:
            self._begin(self.options)
        while self.pauses and self.pauses[0][1] <= step:
            self._pause(self.options, *self.pauses.pop(0))
        self._wander(step * self.dt)

    def save(self) -> None:
        """Keep which cells are heard, whenever weights are saved."""
        self.heard.append(np.array(self.network.presynaptic))

    def joined(
        self,
        weights: dict[str, np.ndarray],
        ends: dict[str, tuple[np.ndarray, np.ndarray]],
    ) -> tuple[dict[str, np.ndarray], dict[str, tuple[np.ndarray, np.ndarray]]]:
        """Return weights and ends of all synapses that there were when weights were saved.

        Parameters
        ----------
        weights : mapping of projection -> shape (n_saves, n_synapses)
        ends : mapping of projection -> (pre, post)
            At the last of them.

        Returns
        -------
        weights, ends
            Where synapses were exchanged, each pair of cells that were ever joined has a place, in
            order of unit and presynaptic cell, and a weight of 0 while it is not there.
        """
        first = self.heard[0]
        if all(np.array_equal(first, one) for one in self.heard):
            return weights, ends
        weights, ends = dict(weights), dict(ends)
        numbers, n_units = self.network.numbers, first.shape[0]
        n_in = first.shape[1] // 2
        for number, name in enumerate(PROJECTIONS):
            sites = slice(number * n_in, (number + 1) * n_in)
            offset = number * self.network.options.balance.n_e
            n_pre = numbers.size
            pairs = [
                (np.arange(n_units)[:, None] * n_pre + numbers[one[:, sites]] - offset).ravel()
                for one in self.heard
            ]
            union = np.unique(pairs)
            found = np.zeros((len(pairs), union.size), weights[name].dtype)
            for row, pair, values in zip(found, pairs, weights[name], strict=True):
                row[np.searchsorted(union, pair)] = values
            weights[name], ends[name] = found, (union % n_pre, union // n_pre)
        return weights, ends

    def _compiled(self) -> "Compiled | None":
        """Rules as a function, before anything takes long."""
        from spikedrift.networks.integrators.rules import compiled

        if self.options is None or not any(one is not None for one in self.options.learning):
            return None
        return compiled(self.options.rules(), self.dt, ("after.excitatory", "after.inhibitory"))

    def _begin(self, options: After) -> None:
        """Take the weights that training has left."""
        from spikedrift.networks.balanced import Rules
        from spikedrift.networks.integrators.exchange import first_waits
        from spikedrift.simulation import streams

        network, n_in = self.network, self.network.options.in_degree
        self.now = self.begins * self.dt
        self.weights = network.rls.state.weights
        self.trained = self.weights.copy().reshape(-1, 2, n_in)
        size = np.abs(self.weights)
        key = int(streams.branch(self.plan.key, streams.purpose("after"), 0))
        self.noise = Noisy(options.noise, size, key) if options.noise is not None else None
        self.bound = np.full(size.size, np.inf)
        if self.made is not None:
            unit = np.broadcast_to(
                np.abs(self.trained).mean(axis=(0, 2))[:, None], self.trained.shape
            ).ravel()
            bounds = [1.0 if one is None else one.w_max for one in options.learning]
            bound = np.broadcast_to(np.array(bounds)[:, None], self.trained.shape).ravel()
            group = np.arange(size.size) // n_in
            memory = self.made.memory(self.weights, unit, bound, group, key, self.dt)
            self.rules = Rules(self.made, memory)
            plastic = np.broadcast_to(
                np.array([one is not None for one in options.learning])[:, None],
                self.trained.shape,
            ).ravel()
            self.bound[plastic] = (bound * size)[plastic]
        if options.turnover is not None and options.turnover.rate > 0:
            self.key = int(streams.branch(key, streams.purpose("turnover"), 0))
            n_units = network.options.n_trained
            rate = options.turnover.rate * 2 * n_in
            self.until = self.now + first_waits(self.key, n_units, rate)
            self.count = np.zeros(n_units, np.int64)

    def _pause(self, options: After, start: int, stop: int) -> None:
        """Run spontaneous activity at the end of a pause, if rules act."""
        n_steps = min(round(options.pause_activity / self.dt), stop - start)
        if self.rules is None or not n_steps:
            return
        self._wander((stop - n_steps) * self.dt)
        self.network.network.rest(self.plan.rng(f"pause {start}"), n_steps, self.rules)

    def _wander(self, until: float) -> None:
        """Let noise and turnover act up to a time, s."""
        assert self.options is not None and self.now is not None
        last, self.now = self.now, until
        if until <= last:
            return
        since = np.full(self.weights.size, last)
        if self.options.turnover is not None and self.options.turnover.rate > 0:
            self._exchange(self.options.turnover, until, since)
        if self.noise is not None:
            size = np.abs(self.weights)
            after = self.noise.advance(size, self.bound, until - since)
            moved = after != size
            self.weights[moved] = np.copysign(after, self.weights)[moved]
            if self.rules is not None:
                memory = self.rules.memory
                memory.w[moved] = (after / np.abs(memory.scale))[moved]

    def _exchange(self, turnover: Turnover, until: float, since: np.ndarray) -> None:
        """Exchange synapses up to a time, and write down when new ones were made."""
        from spikedrift.networks.balanced_training import INHIBITION
        from spikedrift.networks.integrators.exchange import exchange

        network, options = self.network, self.network.options
        n_units, n_in, balance = options.n_trained, options.in_degree, options.balance
        heard = np.array(network.presynaptic)
        born = np.full(heard.shape, -np.inf)
        source = np.broadcast_to(np.arange(2 * n_in), heard.shape).copy()
        pools = np.full((2, balance.n_e), -1)
        pools[0, :n_units], pools[1] = network.cells, np.arange(balance.n_e, balance.n_cells)
        exchange(
            heard, born, source, self.until, self.count, network.cells.astype(np.int64), pools,
            np.array([0, n_in, 2 * n_in]), self.trained.reshape(n_units, -1) < 0, turnover.rate,
            self.key, until,
        )  # fmt: skip
        new = np.flatnonzero(np.isfinite(born.ravel()))
        if not new.size:
            return
        since[new] = born.ravel()[new]
        if turnover.weight == "first":
            size = balance.weight / options.plastic_scale * np.repeat([1, -INHIBITION], n_in)
            weights = np.broadcast_to(size, heard.shape)
        else:
            weights = np.take_along_axis(self.trained.reshape(n_units, -1), source, axis=1)
        self.weights[new] = weights.ravel()[new]
        network.presynaptic = list(heard)
        network.network.hear(network.presynaptic)
        size = np.abs(self.weights[new])
        if self.noise is not None:
            self.noise.renew(new, size)
        if self.rules is not None:
            self._renew(new, size)

    def _renew(self, new: np.ndarray, size: np.ndarray) -> None:
        """Let rules begin anew with new synapses."""
        assert self.rules is not None and self.options is not None
        rules, memory = self.rules, self.rules.memory
        bounds = np.array([1.0 if one is None else one.w_max for one in self.options.learning])
        plastic = np.array([one is not None for one in self.options.learning])
        unit = np.abs(memory.scale[new])
        of = memory.group[new] % 2
        memory.scale[new] = np.copysign(unit, self.weights[new])
        memory.w[new], memory.w_max[new] = size / unit, bounds[of] * size / unit
        self.bound[new] = np.where(plastic[of], bounds[of] * size, np.inf)
        rules.compiled.begin(memory, self.weights, new, rules.clock)
