"""Sessions of a trained balanced network: trial by trial, from wherever a training has come to.

A trial draws by its number, so that a session goes on from a state with the bits of one that was
not stopped. The state is the weights, the matrices P, and what the session has left until then.
"""

import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from spikedrift.core.errors import InputError
from spikedrift.networks.after_training import AfterTraining
from spikedrift.networks.lost import Diverged

if TYPE_CHECKING:
    from spikedrift.networks.balanced_training import Trained
    from spikedrift.networks.checkpoints import Checkpoints
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.session_plan import Plan

log = logging.getLogger(__name__)
TOLD_EVERY = 20.0  # s
FIXED = "trials", "cell", "weight", "outside_weight"  # all else grows with the session
LEARNED = "rls."  # before the names of what recursive least squares keeps


class Session:
    """A session, as far as it has come.

    Parameters
    ----------
    plan : Plan
    network : Trained
        Of the plan.

    Attributes
    ----------
    trials : int
        Trials that were run.
    saved : dict of projection -> list of float32, shape (n_synapses,)
        Weights at the first ones of the plan's `save_time`.
    """

    def __init__(self, plan: "Plan", network: "Trained") -> None:
        self.plan, self.network, self.trials = plan, network, 0
        self.after = AfterTraining(network, plan)
        self.saved: dict[str, list[np.ndarray]] = {name: [] for name in network.ends}
        self._cells, self._steps = [np.empty(0, np.int64)], [np.empty(0, np.int64)]

    def go_on(self, checkpoints: "Checkpoints | None" = None) -> None:
        """Run the trials that are left.

        Parameters
        ----------
        checkpoints : Checkpoints, optional
            Get the state after loops of training.
        """
        from spikedrift.simulation.run import Run, Save

        plan, told, saves = self.plan, time.monotonic(), 0
        begins, dt = self._begins, plan.options.simulation.dt
        size = plan.network.protocol.n_segments
        for step in plan.steps:
            if isinstance(step, Save):
                if saves == self.n_saved:
                    self._save()
                saves += 1
            elif isinstance(step, Run):
                stop = round((step.start + step.duration) / dt)
                while self.trials < begins.size and begins[self.trials] < stop:
                    self._run(int(begins[self.trials]))
                    if checkpoints and self.trials % size == 0 and checkpoints.due:
                        checkpoints.write(self.state())
                    if time.monotonic() > told + TOLD_EVERY:
                        told = time.monotonic()
                        log.info("%s: trial %d of %d", plan.run.recording, self.trials, begins.size)
                self.after.reach(stop)

    @property
    def n_saved(self) -> int:
        """How often weights were saved."""
        return len(next(iter(self.saved.values())))

    @property
    def _begins(self) -> np.ndarray:
        begins: np.ndarray = self.plan.timetable.presentation_step - self.network.times.outside
        return begins

    def _save(self) -> None:
        self.after.save()
        for name, values in self.network.weights().items():
            self.saved[name].append(values.astype(np.float32))

    def _run(self, begins: int) -> None:
        timetable, phases = self.plan.timetable, self.plan.network.protocol.phases
        phase = phases[timetable.presentation_phase[self.trials]]
        segment = int(timetable.segment[self.trials])
        self.after.reach(begins)
        found = self.network.run(
            segment, f"trial {self.trials}", learn=phase.kind == "train", rules=self.after.rules
        )
        self._cells.append(self.network.numbers[found.cell])
        self._steps.append(begins + found.step)
        self.trials += 1

    @property
    def recorded(self) -> "Recorded":
        """What the session left."""
        from spikedrift.networks.copies import Recorded

        weights, ends = self.after.joined(
            {name: np.stack(values) for name, values in self.saved.items()}, self.network.ends
        )
        finite = all(np.isfinite(values).all() for values in weights.values())
        time = np.concatenate(self._steps) * self.plan.options.simulation.dt
        return Recorded(np.concatenate(self._cells), time, weights, ends, finite)

    # What is kept between two processes

    def left(self) -> dict[str, np.ndarray]:
        """What the session has left, for `take`: spikes, weights, and where it stands, by name."""
        self._cells, self._steps = [np.concatenate(self._cells)], [np.concatenate(self._steps)]
        weights = {
            f"{name}_weight": np.array(self.saved[name], np.float32).reshape(-1, pre.size)
            for name, (pre, _) in self.network.ends.items()
        }
        return {
            "spike_cell": self._cells[0].astype(np.int32),
            "spike_step": self._steps[0],
            "save_time": self.plan.save_time[: self.n_saved],
            **weights,
            "trials": np.array(self.trials),
            "cell": self.network.cells,
            "weight": self.network.rls.state.weights.copy(),
            "outside_weight": self.network.outside.copy(),
        }

    def take(self, left: Mapping[str, np.ndarray]) -> None:
        """Go on from what `left` returned, without learning.

        Raises
        ------
        InputError
            For what is not of this network; nothing has changed then.
        """
        self._check(left)
        self.trials = int(left["trials"])
        self.saved = {name: list(left[f"{name}_weight"]) for name in self.saved}
        self._cells, self._steps = [left["spike_cell"].astype(np.int64)], [left["spike_step"]]
        self.network.rls.state.weights[:] = left["weight"]
        self.network.outside[:] = left["outside_weight"]
        for _ in range(self.n_saved):
            self.after.save()  # training exchanges no synapses

    def _check(self, left: Mapping[str, np.ndarray]) -> None:
        what = f"{self.plan.run.recording}: what was trained"
        for name, own in self.left().items():
            grows, found = name not in FIXED, left.get(name)
            fits = found is not None and found.dtype == own.dtype
            if found is None or not fits or found.shape[grows:] != own.shape[grows:]:
                raise InputError(f"{what}: {name} does not fit this network")
        if not np.array_equal(left["cell"], self.network.cells):
            raise InputError(f"{what}: is of other cells: what it learned has changed")
        if not np.array_equal(left["save_time"], self.plan.save_time[: left["save_time"].size]):
            raise InputError(f"{what}: weights were saved at other times")

    def state(self) -> dict[str, np.ndarray]:
        """All that learning has changed, for `restore`: `left`, and what P has become."""
        learned = self.network.rls.saved()
        return self.left() | {f"{LEARNED}{name}": value for name, value in learned.items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` returned, learning.

        Raises
        ------
        InputError
            As `take`.
        """
        self._check(state)
        learned = {
            name.removeprefix(LEARNED): value
            for name, value in state.items()
            if name.startswith(LEARNED)
        }
        self.network.rls.restore(learned)
        self.take(state)


def train(plan: "Plan", network: "Trained", checkpoints: "Checkpoints") -> Session:
    """Run a session of training, from the last checkpoint on where there is one.

    Raises
    ------
    Diverged
        For weights that did not stay finite.
    """
    session, name = Session(plan, network), plan.run.recording
    if (state := checkpoints.read()) is not None:
        try:
            session.restore(state)
        except InputError as error:
            checkpoints.refuse(str(error))
        else:
            log.info("%s: goes on behind trial %d", name, session.trials)
    session.go_on(checkpoints)
    if not session.recorded.finite:
        raise Diverged(name)
    return session
