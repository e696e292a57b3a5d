"""A readout that heals itself while the code that it reads drifts.

Rule & O'Leary (2022), PNAS 119:e2106692119. 120 encoding cells have tuning on a ring that drifts
from day to day (log-Gaussian fields whose activations are an Ornstein-Uhlenbeck process, with
homeostasis of mean and spread of each cell's rate). 60 readout cells learn places at first. Later
no teacher is left: every few days each cell, from its own activity, strengthens or weakens its
Hebbian inputs by how much less or more it varies than it should, moves its threshold by its mean
rate, and competes by divisive normalization. Values are those of the authors' program
(github.com/michaelerule/selfhealingcodes). The same session has readout cells without plasticity,
whose weights meet the same noise.

A day is an update, and stands for `interval`. Rates become trials by Poisson spikes
(`networks/rates.py`), of the encoding or the readout cells.
"""

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from spikedrift.config.networks import NetworkOptions
from spikedrift.config.simulation import Simulation
from spikedrift.networks import rates
from spikedrift.networks.catalog import Curve, Experiment, Model, Readout, Target
from spikedrift.networks.declaration import (
    Network,
    Phase,
    Population,
)

if TYPE_CHECKING:
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.session_plan import Plan

MEAN, SPREAD = 4.0, 5.0  # of an encoding cell's rate over places
BIAS_STEP, GAIN_STEP, BIAS, SETTLING, ROUNDS = 0.2, 0.1, -2.0, 100, 5  # of their homeostasis
HEIGHT = 0.05  # of the fields that the readout learns
SMALL = 1e-6


class DayShown(rates.Shown):
    """Places that are shown in blocks."""

    pause: float = Field(default=50.0, gt=0, description="time between blocks; s")
    gain: float = Field(default=2.0, gt=0, description="rate of the spikes for a rate of 1; Hz")


class RuleNetwork(NetworkOptions):
    """The self-healing readout of Rule & O'Leary (2022)."""

    places: int = Field(default=60, gt=3, description="places on the ring")
    n: int = Field(default=120, gt=1, description="encoding cells")
    n_readout: int = Field(default=60, gt=1, description="readout cells")
    width: float = Field(default=0.10, gt=0, description="smoothness of encoding; of the ring")
    field: float = Field(default=0.06, gt=0, description="width of readout fields; of the ring")
    tau: float = Field(default=100.0, gt=0, description="correlation time of the drift; days")
    variability: float = Field(
        default=0.05, ge=0, lt=1, description="share of tuning variance that is of the day alone"
    )
    synaptic_noise: float = Field(
        default=0.01, ge=0, lt=1, description="share of readout weights' variance renewed in a day"
    )
    every: int = Field(default=5, gt=0, description="days between bouts of plasticity")
    rounds: int = Field(default=100, gt=0, description="updates in a bout")
    inertia: float = Field(default=0.5, ge=0, lt=1, description="of homeostatic errors")
    threshold_step: float = Field(default=0.1, ge=0, description="step of thresholds")
    gain_step: float = Field(default=0.001, ge=0, description="step of weights")
    decay: float = Field(default=1e-4, ge=0, description="decay of weights")
    days: int = Field(default=1000, gt=0, description="days")
    plasticity: bool = Field(default=True, description="readout cells are plastic")
    units: Literal["encoding", "readout"] = Field(
        default="encoding", description="cells that become units"
    )
    interval: float = Field(default=1.0, gt=0, description="time that a day stands for; s")
    trace_interval: float = Field(default=20.0, gt=0, description="step of traces; s")
    shown: DayShown | None = Field(default=None, description="blocks after the days")
    simulation: Simulation = Simulation(dt=1e-3)


def declare(options: RuleNetwork) -> Network:
    """Declare the network."""
    return Network(
        populations=(
            Population("encoding", options.n),
            Population("readout", options.n_readout),
        ),
        projections=(rates.matrix("decoding", "encoding", "readout", 10.0, "Hebbian homeostasis"),),
        protocol=rates.protocol(
            options.units,
            (Phase("pause", duration=options.days * options.interval),),
            options.shown,
        ),
        recording=rates.recording(options.units, options.trace_interval, options.shown),
    )


class Healing:
    """The network while it runs; both readouts read the same code and meet the same noise."""

    def __init__(self, plan: "Plan") -> None:
        options = plan.options
        assert isinstance(options, RuleNetwork)
        self.options, self.day = options, 0
        self.rng = plan.rng("days")
        self.smooth = smoothing(options.places, options.width * options.places)
        self.activation = self.rng.standard_normal((options.n, options.places))
        self.gain, self.bias = np.zeros(options.n), np.full(options.n, BIAS)
        for _ in range(SETTLING):
            self.code = self._encode()
        fields = readout_fields(options)
        self.weight = learned(self.code, fields, options.decay)
        self.still = self.weight.copy()
        self.level = float(fields.mean())  # the sum over cells that normalization keeps
        self.first = self.decode(self.weight)
        self.mean, self.spread = float(self.first.mean()), float(self.first.std())
        self.of_threshold, self.of_gain = np.zeros(options.n_readout), np.ones(options.n_readout)

    def _encode(self) -> np.ndarray:
        """Encoding tuning: rates less their means, and a constant; (n + 1, places)."""
        options, share = self.options, self.options.variability
        own = self.rng.standard_normal(self.activation.shape)
        x = (np.sqrt(1 - share) * self.activation + np.sqrt(share) * own) @ self.smooth.T
        level = x.mean(axis=1, keepdims=True)
        for _ in range(ROUNDS):
            rate = self._rate(x, level)
            self.bias = self.bias + BIAS_STEP * (MEAN - rate.mean(axis=1))
            self.gain = self.gain + GAIN_STEP * (1 - rate.std(axis=1) / SPREAD)
        self.encoding = self._rate(x, level)
        centered = self.encoding - self.encoding.mean(axis=1, keepdims=True)
        return np.vstack([centered, np.ones(options.places)])

    def _rate(self, x: np.ndarray, level: np.ndarray) -> np.ndarray:
        return np.exp(np.minimum(self.gain[:, None] * (x - level) + self.bias[:, None] + level, 20))

    def decode(self, weight: np.ndarray) -> np.ndarray:
        """Readout tuning, (n_readout, places), after normalization over cells."""
        rate = np.exp(np.minimum(weight.T @ self.code, 20.0))
        return np.asarray(self.level * (SMALL + rate) / (SMALL + rate.mean(axis=0)))

    def update(self, n: int, phase: int) -> None:
        """Go on by `n` days."""
        options, rng = self.options, self.rng
        keep = np.exp(-1 / options.tau)
        share = options.synaptic_noise
        for _ in range(n):
            self.day += 1
            fresh = rng.standard_normal(self.activation.shape)
            self.activation = keep * self.activation + np.sqrt(1 - keep**2) * fresh
            self.code = self._encode()
            noise = rng.standard_normal((options.n, options.n_readout))
            for weight in (self.weight, self.still):
                synapses = weight[:-1]  # thresholds, the last row, meet no noise
                synapses[:] = (
                    np.sqrt(1 - share) * synapses + np.sqrt(share) * synapses.std() * noise
                )
            if options.plasticity and self.day % options.every == 0:
                self._heal()

    def _heal(self) -> None:
        options, x = self.options, self.code[:-1]
        decay = 2 * options.decay / options.n
        for _ in range(options.rounds):
            y = self.decode(self.weight)
            self.of_threshold = options.inertia * self.of_threshold + self.mean - y.mean(axis=1)
            self.of_gain = options.inertia * self.of_gain + 1 - y.std(axis=1) / self.spread
            hebbian = x @ y.T / options.places - self.weight[:-1]
            self.weight[:-1] += options.gain_step * self.of_gain * hebbian
            self.weight[:-1] -= decay * self.weight[:-1]
            self.weight[-1] += options.threshold_step * self.of_threshold

    def respond(self, segment: int) -> np.ndarray:
        """Rates at a place; readout rates in units of their mean."""
        options = self.options
        shown = options.shown.segments if options.shown else 1
        place = segment * options.places // shown
        if options.units == "encoding":
            return np.asarray(self.encoding[:, place])
        return np.asarray(self.decode(self.weight)[:, place] / self.mean)

    def weights(self) -> dict[str, np.ndarray]:
        """Weights of the plastic readout without thresholds, row by row."""
        return {"decoding": self.weight[:-1].T.ravel()}


def smoothing(n: int, width: float) -> np.ndarray:
    """Diffusion on a ring of `n` places; rows sum to 1."""
    from scipy.linalg import expm

    step = np.roll(np.eye(n), 1, axis=1) + np.roll(np.eye(n), -1, axis=1)
    found = expm(-(width**2) / 2 * (2 * np.eye(n) - step))
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def readout_fields(options: RuleNetwork) -> np.ndarray:
    """Tuning that the readout learns: bumps that tile the ring, (n_readout, places)."""
    place = np.arange(options.places) / options.places
    center = np.arange(options.n_readout) / options.n_readout
    apart = np.abs(place - center[:, None])
    apart = np.minimum(apart, 1 - apart)
    bump = np.exp(-0.5 * (apart / options.field) ** 2)
    low, high = bump.min(axis=1, keepdims=True), bump.max(axis=1, keepdims=True)
    return np.asarray(HEIGHT * (bump - low) / (high - low))


def learned(code: np.ndarray, fields: np.ndarray, decay: float) -> np.ndarray:
    """Weights of a log-linear Poisson readout of the fields, (n + 1, n_readout)."""
    from scipy.optimize import fmin_l_bfgs_b

    n, places = code.shape
    cost = np.append(np.full(n - 1, decay / n), 0.0)[:, None]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weight = flat.reshape(n, -1)
        drive = weight.T @ code
        rate = np.exp(np.minimum(drive, 20.0))
        value = np.sum(rate - fields * drive) / places + np.sum(cost * weight**2)
        return float(value), (code @ (rate - fields).T / places + 2 * cost * weight).ravel()

    start = np.zeros((n, len(fields)))
    start[-1] = -4.0
    found, *_ = fmin_l_bfgs_b(loss, start.ravel(), maxiter=2000)
    return np.asarray(found).reshape(n, -1)


def error(tuning: np.ndarray, reference: np.ndarray) -> float:
    """Normalized error of tuning curves: 0 for the same, 1 for unrelated ones."""

    def standard(one: np.ndarray) -> np.ndarray:
        one = one - one.mean(axis=1, keepdims=True)
        return np.asarray(one / np.maximum(one.std(axis=1, keepdims=True), 1e-300))

    return float(np.sqrt(np.mean((standard(tuning) - standard(reference)) ** 2) / 2))


def integrate(plan: "Plan") -> "Recorded":
    """Run the days, and what is shown after them."""
    options = plan.options
    assert isinstance(options, RuleNetwork)
    ends = {"decoding": rates.matrix_ends(options.n, options.n_readout)}
    return rates.session(plan, Healing(plan), options.interval, ends, options.shown)


def readout(plan: "Plan", recorded: "Recorded") -> Readout:
    """Errors of the readout with and without plasticity; the session is run again."""
    options = plan.options
    assert isinstance(options, RuleNetwork)
    model = Healing(plan)
    reference, code = model.first, model.encoding
    step = max(1, options.days // 50)
    day = np.arange(0, options.days + 1, step)
    healed, still, kept = [], [], []
    for number in range(day.size):
        if number:
            model.update(step, 0)
        healed.append(error(model.decode(model.weight), reference))
        still.append(error(model.decode(model.still), reference))
        kept.append(np.corrcoef(model.encoding.ravel(), code.ravel())[0, 1])
    at_tau = int(np.searchsorted(day, options.tau))
    return {
        "healed_at_tau": healed[at_tau],
        "still_at_tau": still[at_tau],
        "share_at_tau": healed[at_tau] / still[at_tau],
        "healed": healed[-1],
        "still": still[-1],
        "share": healed[-1] / still[-1],
        "encoding": float(kept[-1]),
        "with_plasticity": Curve(day.astype(float), np.array(healed), "day", "error, plastic"),
        "without": Curve(day.astype(float), np.array(still), "day", "error, not plastic"),
        "code": Curve(day.astype(float), np.array(kept), "day", "encoding kept"),
    }


HEALS = "abstract: Hebbian learning and homeostasis compensate for gradual changes in tuning"
DRIFTS = "abstract: activity for fixed variables changes dramatically; less than half is kept"
MODEL = Model(
    name="rule_2022",
    title="a readout that heals itself",
    citation="Rule ME, O'Leary T (2022) PNAS 119:e2106692119",
    options=RuleNetwork,
    declare=declare,
    integrate=integrate,
    experiments=(
        Experiment("healing", "drift of 1,000 days; correlation time 100 days", instances=(3, 10)),
    ),
    readout=readout,
    targets=(
        Target("healing", "encoding", "correlation of the encoding", DRIFTS, "published", high=0.5),
        Target("healing", "share_at_tau", "error, plastic / not, day 100", HEALS, "published",
               high=1.0),
        Target("healing", "share", "error, plastic / not, at the end", HEALS, "published",
               high=1.0),
    ),
)  # fmt: skip
