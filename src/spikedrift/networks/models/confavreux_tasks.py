"""Familiarity and order of stimuli in networks with any four rules of six parameters.

The two tasks of Confavreux, Agnes, Zenke, Sprekeler & Vogels (2025), in the network of
`confavreux_2025`; sizes and times are those of the authors' programs. Inputs lie on a sheet, and
every cell hears a disc of them around a place that it draws. Stimuli are groups of inputs that
fire at a higher rate, for excitatory cells alone; inhibitory cells hear a sheet of their own.

*Familiarity*: one stimulus is shown for 10 s; after every break it is shown once more, and before
that another one that is new. *Sequence*: five stimuli are shown in a loop for 50 s; after every
break each of them and two new ones are shown alone, then four in a row, in the order of the loop or
with a last one that does not follow. The answer to something new is its rate less that to something
familiar, by the mean of the two.

The authors go back to the state before a test after every stimulus, and let weights change during
it. Here nothing is undone: weights rest during tests, and the cells settle between the stimuli.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from spikedrift.config.base import Options
from spikedrift.networks.catalog import Curve, Experiment, Model, Readout, Target
from spikedrift.networks.declaration import (
    Cues,
    Network,
    Phase,
    Population,
    Projection,
    Protocol,
    Recording,
    constant,
)
from spikedrift.networks.models.confavreux_2025 import NO_ADAPTATION, FourRules, among
from spikedrift.networks.sheet import disc
from spikedrift.networks.timetable import Timetable

if TYPE_CHECKING:
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.session_plan import Plan

LOOP, NEW, IN_A_ROW = 5, 2, 4  # stimuli of a sequence, new ones beside them, stimuli of a test
MARGIN = 5 / 35  # of a third of the sheet, which the stimuli of a sequence leave free on each side
# Which seventh of the rows every stimulus of a sequence takes in each third of the columns.
SEVENTHS = ((0, 6, 2), (1, 2, 5), (2, 4, 3), (3, 1, 1), (4, 5, 6), (5, 0, 4), (6, 3, 0))


class Inputs(Options):
    """Sheets of Poisson inputs, and stimuli on them."""

    side: int = Field(default=100, gt=6, description="inputs of E on an edge of their sheet")
    side_i: int = Field(default=100, gt=6, description="inputs of I on an edge of their sheet")
    radius: float = Field(default=8.0, gt=0, description="radius of a receptive field; inputs")
    wrapped: bool = Field(default=False, description="whether the sheets have no edges")
    weight: float = Field(default=0.075, ge=0, description="weight of an input")
    background: float = Field(default=10.0, ge=0, description="rate of the inputs; Hz")
    rate: float = Field(default=60.0, ge=0, description="rate of stimulated inputs; Hz")
    active: int = Field(default=500, gt=0, description="inputs of a stimulus (familiarity)")


class Task(Options):
    """What is shown when."""

    kind: Literal["familiarity", "sequence"] = Field(
        default="familiarity", description="one stimulus, or five in a loop"
    )
    settle: float = Field(default=30.0, gt=0, description="time before training; s")
    train: float = Field(default=10.0, gt=0, description="length of training; s")
    shown: float = Field(default=1.0, gt=0, description="length of a stimulus; s")
    off: float = Field(default=0.01, ge=0, description="time after a round of training; s")
    rest: float = Field(default=3.0, ge=0, description="time after a stimulus of a test; s")
    breaks: tuple[float, ...] = Field(
        default=(1.0, 9.0, 10.0, 40.0, 60.0, 180.0, 300.0, 600.0, 2400.0, 10800.0),
        min_length=1,
        description="breaks, each before a test; s",
    )

    @property
    def familiar(self) -> list[int]:
        """Stimuli (segments) of training, in their order."""
        return list(range(LOOP if self.kind == "sequence" else 1))

    @property
    def n_stimuli(self) -> int:
        """Stimuli of training, and new ones after them."""
        return LOOP + NEW if self.kind == "sequence" else 2

    @property
    def rounds(self) -> int:
        """Rounds of training."""
        return max(1, round(self.train / (len(self.familiar) * self.shown + self.off)))

    @property
    def tests(self) -> list[list[int]]:
        """Stimuli that are shown in a row, one list after the other."""
        alone = [[one] for one in (*range(len(self.familiar), self.n_stimuli), *self.familiar)]
        return alone + (in_order() + out_of_order() if self.kind == "sequence" else [])


def in_order() -> list[list[int]]:
    """Four stimuli in the order of the loop, from each of the five on."""
    return [[(first + k) % LOOP for k in range(IN_A_ROW)] for first in range(LOOP)]


def out_of_order() -> list[list[int]]:
    """The same with the stimulus before the first in place of the last."""
    return [[*row[:-1], (row[0] - 1) % LOOP] for row in in_order()]


class ConfavreuxTasks(FourRules):
    """A network with four plasticity rules, and stimuli that become familiar."""

    n_excitatory: int = Field(default=4096, gt=1, description="excitatory cells (E)")
    n_inhibitory: int = Field(default=1024, gt=0, description="inhibitory cells (I)")
    p: float = Field(default=0.1, gt=0, le=1, description="probability among the cells")
    inputs: Inputs = Inputs()
    task: Task = Task()


def declare(options: ConfavreuxTasks) -> Network:
    """Declare the network."""
    inputs, task = options.inputs, options.task
    heard = (("inputs", "E", inputs.side), ("background", "I", inputs.side_i))
    sheets = [
        Projection(
            f"to{post}", pre, post, "excitatory", disc(inputs.radius, side, inputs.wrapped),
            constant(inputs.weight), 2 * inputs.weight,
        )
        for pre, post, side in heard
    ]  # fmt: skip
    test = Phase("block", repeats=1, plastic=False)
    return Network(
        populations=(
            Population("E", options.n_excitatory, "zenke_2015", NO_ADAPTATION),
            Population("I", options.n_inhibitory, "zenke_2015", NO_ADAPTATION),
            *(
                Population(
                    pre, side**2, "poisson", {"rate": np.full(side**2, inputs.background)},
                    recorded=False,
                )
                for pre, _, side in heard
            ),
        ),
        projections=(*among(options, options.p), *sheets),
        protocol=Protocol(
            (
                Phase("pause", duration=task.settle),
                Phase("train", repeats=task.rounds),
                *(one for length in task.breaks for one in (Phase("pause", duration=length), test)),
            ),
            n_segments=task.n_stimuli,
            duration=task.shown,
            cues=_cues(options),
            timetable=timetable(task),
        ),
        recording=Recording("E", trace_interval=10.0, ensembles="EtoE", limit=options.limit),
    )  # fmt: skip


def stimuli(options: ConfavreuxTasks) -> list[np.ndarray]:
    """Inputs of every stimulus."""
    side, n = options.inputs.side, options.inputs.side**2
    if options.task.kind == "familiarity":  # both are a fifth of the sheet away from an edge
        active = options.inputs.active
        return [np.arange(active) + first for first in (n - n // 5 - active, n // 5)]
    seventh, third = side // 7, side // 3
    margin = round(MARGIN * third)
    found = []
    for places in SEVENTHS:
        taken = np.zeros((side, side), dtype=bool)
        for column, place in enumerate(places):
            rows = slice(place * seventh, (place + 1) * seventh)
            taken[rows, column * third + margin : (column + 1) * third - margin] = True
        found.append(np.flatnonzero(taken))
    return found


def _cues(options: ConfavreuxTasks) -> Cues:
    inputs = options.inputs
    otherwise = np.full(inputs.side**2, inputs.background)
    cues = []
    for which in stimuli(options):
        rate = otherwise.copy()
        rate[which] = inputs.rate
        cues.append({"inputs.rate": (rate, otherwise)})
    return tuple(cues)


def timetable(task: Task) -> Callable[[float, np.random.Generator], Timetable]:
    """Return the function that lays out training, breaks and tests; nothing is drawn."""

    def lay_out(dt: float, _rng: np.random.Generator) -> Timetable:
        shown, off, rest = (round(time / dt) for time in (task.shown, task.off, task.rest))
        edges, rows, now, showing = [0], [], round(task.settle / dt), 0

        def show(stimuli: list[int], pause: int) -> None:
            nonlocal now, showing
            for stimulus in stimuli:
                rows.append((len(edges) - 1, now, stimulus, showing))
                now += shown
            now += pause
            showing += 1

        edges.append(now)
        for _ in range(task.rounds):
            show(task.familiar, off)
        edges.append(now)
        for length in task.breaks:
            now += round(length / dt)
            edges.append(now)
            for row in task.tests:
                show(row, rest)
            edges.append(now)
        phase, step, segment, repeat = np.array(rows, dtype=np.int64).T
        bounds = np.array(edges, dtype=np.int64)
        return Timetable(
            bounds[:-1], bounds[1:], phase, step, segment, repeat, segment_steps=shown, stop=now
        )

    return lay_out


def readout(plan: "Plan", recorded: "Recorded") -> Readout:
    """Answers to what is new, after every break, and the rate of E before each test."""
    options, laid_out = plan.options, plan.timetable
    assert isinstance(options, ConfavreuxTasks)
    task, dt, n = options.task, options.simulation.dt, plan.network.sizes["E"]
    time = np.sort(recorded.spike_time[recorded.spike_cell < n])

    def rate(start: np.ndarray, length: float) -> np.ndarray:
        edges = np.searchsorted(time, (start * dt - dt / 2, start * dt + length - dt / 2))
        return np.diff(edges, axis=0)[0] / n / length

    after = np.cumsum(task.breaks)
    answer = rate(laid_out.presentation_step, task.shown)
    before, alone, order = [], [], []
    for number in range(after.size):
        phase = 3 + 2 * number
        tested = answer[laid_out.presentation_phase == phase]
        rows = np.split(tested, np.cumsum([len(row) for row in task.tests])[:-1])
        n_new = task.n_stimuli - len(task.familiar)
        single = [row[0] for row in rows[: task.n_stimuli]]
        alone.append(_more(single[:n_new], single[n_new:]))
        last = [row[-1] for row in rows[task.n_stimuli :]]
        order.append(_more(last[LOOP:], last[:LOOP]))
        second = np.array([laid_out.phase_start[phase]]) - round(1 / dt)
        before.append(rate(second, 1.0)[0])
    found: dict[str, float | Curve] = {
        "rate": float(np.mean(before)),
        "new_first": alone[0],
        "new_last": alone[-1],
        "new": Curve(after, np.array(alone), "time after training (s)", "answer to new stimuli"),
    }
    if task.kind == "sequence":
        found |= {
            "order_first": order[0],
            "order_last": order[-1],
            "order": Curve(
                after, np.array(order), "time after training (s)", "answer to a new order"
            ),
        }
    return found


def _more(new: list[float], familiar: list[float]) -> float:
    """Difference of two mean rates (Hz) by their mean; NaN of nothing."""
    if not new:
        return np.nan
    one, other = np.mean(new), np.mean(familiar)
    return float(2 * (one - other) / (one + other + 0.01))


SEQUENCE = {
    "inputs.side": 105,
    "inputs.side_i": 64,
    "inputs.wrapped": True,
    "inputs.rate": 100.0,
    "task.kind": "sequence",
    "task.train": 50.0,
    "task.shown": 0.2,
    "task.off": 0.0,
    "task.rest": 2.8,
}
SHORT = {"task.settle": 10.0, "task.breaks": [1.0, 9.0]}
LONG = {"task.breaks": [1.0, 9.0, 10.0, 40.0, 60.0]}
STATIC = "authors' notebook: static networks answer alike (p .46 to .997), a number is not given"
MODEL = Model(
    name="confavreux_tasks",
    title="familiarity and order of stimuli with any four rules of six parameters",
    citation="Confavreux B, Agnes EJ, Zenke F, Sprekeler H, Vogels TP (2025)",
    options=ConfavreuxTasks,
    declare=declare,
    experiments=(
        Experiment("familiarity", "one stimulus becomes familiar", LONG, SHORT),
        Experiment("familiarity_static", "the same, weights frozen", {**LONG, "eta": 0.0}, SHORT),
        Experiment("sequence", "five stimuli in a loop", {**SEQUENCE, **LONG},
                   {"task.settle": 10.0, "task.breaks": [1.0], "task.rest": 1.0}),
    ),
    readout=readout,
    targets=(
        Target("familiarity_static", "new_first", "answer to a new stimulus, frozen weights",
               STATIC, "unverified", low=-0.05, high=0.05, value=0.0),
    ),
)  # fmt: skip
