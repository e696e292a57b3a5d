"""Representations that drift as learning goes on while units drop out.

Aitken, Garrett, Olsen & Mihalas (2022), PLoS Comput Biol 18:e1010716. A network that classifies
stimuli well goes on learning by gradient descent with noise in its hidden layer. With node dropout
its responses drift along the directions in which they vary most within a class, and classifiers of
one session go on to work in another. The paper trains convolutional networks on images; here it is
one hidden layer of rectified units and two classes of Gaussian stimuli whose variance falls off
along their axes, of which the abstract's claims on dropout do not speak. Gaussian noise is an
experiment too; that it does otherwise, as the paper finds in its networks, is not judged here.

An update is one batch, and stands for `interval`. Rates become trials by Poisson spikes
(`networks/rates.py`); trials are of the network without noise.
"""

from itertools import pairwise
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

PER_CLASS = 1000  # stimuli of a class in a session: classifiers have a weight for every unit
EXPLAINED = 0.9  # of the variance within a class: the directions that count as varying


class AitkenNetwork(NetworkOptions):
    """A network that goes on learning with noise, after Aitken et al. (2022)."""

    n: int = Field(default=100, gt=1, description="hidden units")
    n_inputs: int = Field(default=40, gt=1, description="inputs")
    distance: float = Field(default=3.0, gt=0, description="of the means of the classes; SD")
    decline: float = Field(
        default=1.0, ge=0, description="variance of the k-th axis of the stimuli is k**-decline"
    )
    noise: Literal["dropout", "gaussian", "none"] = Field(
        default="dropout", description="noise of the hidden units while learning"
    )
    dropout: float = Field(default=0.5, ge=0, lt=1, description="probability that a unit is out")
    sigma: float = Field(default=0.1, ge=0, description="SD of the Gaussian noise")
    eta: float = Field(default=0.1, gt=0, description="step of learning")
    weight_decay: float = Field(default=1e-3, ge=0, description="decay of weights")
    batch: int = Field(default=32, gt=0, description="stimuli of a batch")
    training: float = Field(default=5000.0, gt=0, description="learning before the session; s")
    session: float = Field(default=20_000.0, gt=0, description="learning that goes on; s")
    interval: float = Field(default=1.0, gt=0, description="time that a batch stands for; s")
    trace_interval: float = Field(default=1000.0, gt=0, description="step of traces; s")
    shown: rates.Shown | None = Field(default=None, description="blocks after the session")
    simulation: Simulation = Simulation(dt=1e-3)


def declare(options: AitkenNetwork) -> Network:
    """Declare the network."""
    before = (
        Phase("settle", duration=options.training),
        Phase("pause", duration=options.session),
    )
    learned = "gradient descent with noise"

    return Network(
        populations=(Population("H", options.n), Population("C", 2)),
        sources=(rates.inputs("X", options.n_inputs),),
        projections=(
            rates.matrix("hidden", "X", "H", 10.0, learned),
            rates.matrix("readout", "H", "C", 10.0, learned),
        ),
        protocol=rates.protocol("H", before, options.shown),
        recording=rates.recording("H", options.trace_interval, options.shown),
    )


class Stimuli:
    """Two classes of Gaussian stimuli, drawn by the instance."""

    def __init__(self, options: AitkenNetwork, rng: np.random.Generator) -> None:
        n = options.n_inputs
        axes, _ = np.linalg.qr(rng.standard_normal((n, n)))
        self.mix = (np.arange(1, n + 1) ** (-options.decline / 2))[:, None] * axes.T
        apart = rng.standard_normal(n)  # in units of the SD of each axis
        self.apart = options.distance * apart / np.linalg.norm(apart) @ self.mix

    def draw(self, of_class: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Stimuli of some classes, shape (n, n_inputs)."""
        side = np.asarray(of_class)[:, None] - 0.5
        return np.asarray(rng.standard_normal((len(side), len(self.mix))) @ self.mix
                          + side * self.apart)  # fmt: skip


class Learner:
    """The network while it learns."""

    def __init__(self, plan: "Plan") -> None:
        options = plan.options
        assert isinstance(options, AitkenNetwork)
        self.options = options
        start, self.rng, test = (plan.rng(name) for name in ("start", "learning", "test"))
        self.stimuli = Stimuli(options, start)
        self.hidden = start.standard_normal((options.n, options.n_inputs))
        self.hidden *= np.sqrt(2 / options.n_inputs)
        self.bias = np.zeros(options.n)
        self.out = start.standard_normal((2, options.n)) * np.sqrt(1 / options.n)
        of_class = np.repeat([0, 1], PER_CLASS)
        self.test = (of_class, self.stimuli.draw(of_class, test))
        shown = options.shown.segments if options.shown else 0
        self.segments = self.stimuli.draw(np.arange(shown) % 2, test)

    def respond_to(self, x: np.ndarray) -> np.ndarray:
        """Responses without noise, shape (n_stimuli, n)."""
        return np.asarray(np.maximum(x @ self.hidden.T + self.bias, 0.0))

    def respond(self, segment: int) -> np.ndarray:
        """Responses to a stimulus that is shown."""
        return self.respond_to(self.segments[segment][None])[0]

    def update(self, n: int, phase: int) -> None:
        """Learn from `n` batches; cross entropy."""
        options, rng = self.options, self.rng
        for _ in range(n):
            of_class = rng.integers(2, size=options.batch)
            x = self.stimuli.draw(of_class, rng)
            answer = self.respond_to(x)
            kept = answer > 0
            gain = np.ones_like(answer)
            if options.noise == "dropout":
                gain = (rng.random(answer.shape) >= options.dropout) / (1 - options.dropout)
            noisy = answer * gain
            if options.noise == "gaussian":
                noisy = noisy + options.sigma * rng.standard_normal(answer.shape)
            logit = noisy @ self.out.T
            wrong = np.exp(logit - logit.max(axis=1, keepdims=True))
            wrong /= wrong.sum(axis=1, keepdims=True)
            wrong[np.arange(options.batch), of_class] -= 1
            wrong /= options.batch
            back = (wrong @ self.out) * gain * kept
            self.out -= options.eta * (wrong.T @ noisy + options.weight_decay * self.out)
            self.hidden -= options.eta * (back.T @ x + options.weight_decay * self.hidden)
            self.bias -= options.eta * back.sum(axis=0)

    def weights(self) -> dict[str, np.ndarray]:
        """Both matrices, row by row."""
        return {"hidden": self.hidden.ravel(), "readout": self.out.ravel()}


def integrate(plan: "Plan") -> "Recorded":
    """Learn through the session."""
    options = plan.options
    assert isinstance(options, AitkenNetwork)
    ends = {
        "hidden": rates.matrix_ends(options.n_inputs, options.n),
        "readout": rates.matrix_ends(options.n, 2),
    }
    return rates.session(plan, Learner(plan), options.interval, ends, options.shown)


def readout(plan: "Plan", recorded: "Recorded") -> Readout:
    """Geometry of the drift between sessions a trace apart; the session is run again."""
    options = plan.options
    assert isinstance(options, AitkenNetwork)
    model, step = Learner(plan), round(options.trace_interval / options.interval)
    model.update(round(options.training / options.interval), 0)
    of_class, x = model.test
    sessions, accuracy = [model.respond_to(x)], []
    for _ in range(round(options.session / options.trace_interval)):
        model.update(step, 1)
        sessions.append(model.respond_to(x))
        accuracy.append(((sessions[-1] @ model.out.T).argmax(axis=1) == of_class).mean())
    pairs = [
        _geometry(one[of_class == c], other[of_class == c])
        for one, other in pairwise(sessions)
        for c in (0, 1)
    ]
    inside, follows = np.mean(pairs, axis=0)
    half = np.arange(x.shape[0]) % 2 == 0  # to fit the classifier, and to test it
    vector = _classifier(sessions[0][half], of_class[half])
    across = np.array([_hits(vector, one[~half], of_class[~half]) for one in sessions])
    own = np.array(
        [
            _hits(_classifier(one[half], of_class[half]), one[~half], of_class[~half])
            for one in sessions
        ]
    )
    kept = np.array([np.corrcoef(one.ravel(), sessions[0].ravel())[0, 1] for one in sessions])
    time = options.trace_interval * np.arange(len(sessions))
    return {
        "accuracy": float(np.mean(accuracy)),
        "inside": float(inside),
        "follows": float(follows),
        "across": float((across[1:] - 0.5).mean() / (own[1:] - 0.5).mean()),
        "response": float(kept[-1]),
        "kept": Curve(time / options.interval, kept, "time (batches)", "responses kept"),
        "fixed": Curve(time / options.interval, across, "time (batches)", "first readout"),
    }  # fmt: skip


def _geometry(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Share of the drift of a class mean in varying directions over chance, and a correlation.

    The second is the correlation, over principal components, of the logarithms of the variance and
    of the squared drift along them.
    """
    drift = other.mean(axis=0) - one.mean(axis=0)
    _, scale, axes = np.linalg.svd(one - one.mean(axis=0), full_matrices=False)
    share = scale**2 / np.sum(scale**2)
    along = (axes @ drift) ** 2
    n = int(np.searchsorted(np.cumsum(share), EXPLAINED)) + 1
    seen = share > 1e-6  # the others are directions of rounding
    inside = along[:n].sum() / (drift @ drift) / (n / drift.size)
    return float(inside), float(np.corrcoef(np.log(share[seen]), np.log(along[seen]))[0, 1])


def _classifier(response: np.ndarray, of_class: np.ndarray) -> np.ndarray:
    """Linear classifier by ridge regression; the last weight is the constant."""
    x = np.column_stack([response, np.ones(len(response))])
    ridge = 1e-2 * np.trace(x.T @ x) / x.shape[1] * np.eye(x.shape[1])
    return np.asarray(np.linalg.solve(x.T @ x + ridge, x.T @ (2.0 * of_class - 1)))


def _hits(vector: np.ndarray, response: np.ndarray, of_class: np.ndarray) -> float:
    return float(((response @ vector[:-1] + vector[-1] > 0) == of_class).mean())


ALONG = "abstract: drift most often occurs along directions that have the most in-class variance"
STABLE = "abstract: little to no degradation of linear classifiers; nine tenths stay"
PERFORMS = "abstract: representations change during persistent performance"
MODEL = Model(
    name="aitken_2022",
    title="drift by learning with dropout",
    citation="Aitken K, Garrett M, Olsen S, Mihalas S (2022) PLoS Computational Biology "
    "18:e1010716",
    options=AitkenNetwork,
    declare=declare,
    integrate=integrate,
    experiments=(
        Experiment("dropout", "learning goes on with node dropout", instances=(3, 10)),
        Experiment("gaussian", "additive Gaussian noise instead", {"noise": "gaussian"},
                   instances=(3, 10)),
    ),
    readout=readout,
    # The stimuli were spread after a first run in which old classifiers did worse: not judged.
    targets=(
        Target("dropout", "accuracy", "accuracy of the network", PERFORMS, "published", low=0.75),
        Target("dropout", "inside", "drift in varying directions / chance", ALONG, "published",
               low=1.0),
        Target("dropout", "follows", "correlation of drift with variance", ALONG, "published",
               low=0.0),
        Target("dropout", "across", "accuracy of an old classifier / new", STABLE, "unverified",
               low=0.9),
        Target("dropout", "response", "correlation of responses", PERFORMS, "published", high=0.95),
    ),
)  # fmt: skip
