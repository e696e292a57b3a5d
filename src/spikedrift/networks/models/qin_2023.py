"""Receptive fields that drift together while the similarity of responses stays.

Qin, Farashahi, Lipshutz, Sengupta, Chklovskii & Pehlevan (2023), Nat Neurosci 26:339. A rate model
whose Hebbian forward and anti-Hebbian lateral synapses match the similarity of outputs to that of
inputs, which many sets of weights do equally well; noise in the updates moves the network through
them. Two tasks: `ring`, cells that do not go below 0 and inputs on a ring, for which localized
receptive fields form; and `psp`, linear cells that project inputs onto their principal subspace.

An update is a step of learning from one input, and stands for `interval`. Rates become trials by
Poisson spikes (`networks/rates.py`); of linear cells the part above 0 is taken.
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

POSITIONS = 120  # at which receptive fields are measured
ACTIVE = 0.05  # least peak of a receptive field


class RingShown(rates.Shown):
    """Places on the ring, or inputs, that are shown in blocks."""

    pause: float = Field(default=100.0, gt=0, description="time between blocks; s")


class QinNetwork(NetworkOptions):
    """The similarity matching network of Qin et al. (2023)."""

    task: Literal["ring", "psp"] = Field(default="ring", description="inputs, and kind of cells")
    n: int = Field(default=200, gt=1, description="cells")
    variances: tuple[float, ...] = Field(
        default=(4.5, 3.5, 1.0, *[0.01] * 7),
        min_length=2,
        description="variances of the inputs of psp along their principal axes",
    )
    samples: int = Field(default=10_000, gt=1, description="inputs of psp that are learned from")
    eta: float = Field(default=0.05, gt=0, lt=1, description="step of learning")
    noise: float = Field(
        default=0.005, ge=0, description="noise of an update, SD over the square root of eta"
    )
    ridge: float = Field(
        default=0.02, ge=0, description="leak of rectified cells, which bounds their rates"
    )
    settling: float = Field(default=5000.0, gt=0, description="learning before the session; s")
    parts: tuple[float, ...] = Field(
        default=(5000.0,), min_length=1, description="lengths of parts of the session; s"
    )
    factors: tuple[float, ...] = Field(
        default=(1.0,),
        min_length=1,
        description="noise of the parts, over `noise`; blocks have that of the last",
    )
    interval: float = Field(default=1.0, gt=0, description="time that an update stands for; s")
    trace_interval: float = Field(default=25.0, gt=0, description="step of traces; s")
    shown: RingShown | None = Field(default=None, description="blocks after the session")
    simulation: Simulation = Simulation(dt=1e-3)


def declare(options: QinNetwork) -> Network:
    """Declare the network."""
    before = (
        Phase("settle", duration=options.settling),
        *(Phase("pause", duration=part) for part in options.parts),
    )
    learned = "Hebbian learning with noise"

    n_inputs = 2 if options.task == "ring" else len(options.variances)
    return Network(
        populations=(Population("Y", options.n),),
        sources=(rates.inputs("X", n_inputs),),
        projections=(
            rates.matrix("forward", "X", "Y", 10.0, learned),
            rates.matrix("lateral", "Y", "Y", 10.0, f"anti-{learned}", "inhibitory"),
        ),
        protocol=rates.protocol("Y", before, options.shown),
        recording=rates.recording("Y", options.trace_interval, options.shown),
    )


class Similarity:
    """The network while it runs."""

    def __init__(self, plan: "Plan") -> None:
        from spikedrift.simulation import streams

        options = plan.options
        assert isinstance(options, QinNetwork)
        self.options, self.drawn = options, 0
        self.key = int(streams.branch(plan.key, streams.purpose("learning"), 0))
        rng = plan.rng("start")
        self.inputs = inputs(options, rng)
        small = 0.1 if options.task == "ring" else 1.0
        self.forward = small * rng.standard_normal((options.n, self.inputs.shape[1]))
        self.lateral = np.eye(options.n)
        shown = options.shown.segments if options.shown else 0
        self.segments = on_ring(shown) if options.task == "ring" else self.inputs[:shown]

    def update(self, n: int, phase: int) -> None:
        """Learn from `n` inputs."""
        from spikedrift.networks.integrators.similarity_matching import learn

        options = self.options
        part = min(max(phase - 1, 0), len(options.parts) - 1)
        noise = options.noise * options.factors[min(part, len(options.factors) - 1)]
        self.drawn = learn(
            self.forward, self.lateral, self.inputs, n, options.eta, noise, noise,
            options.task == "ring", _ridge(options), self.key, self.drawn,
        )  # fmt: skip

    def respond(self, segment: int) -> np.ndarray:
        """Rates to a place on the ring or an input."""
        found = responses(self.options, self.forward, self.lateral, self.segments[segment][None])
        return np.maximum(found[0], 0.0)

    def weights(self) -> dict[str, np.ndarray]:
        """Both matrices, row by row."""
        return {"forward": self.forward.ravel(), "lateral": self.lateral.ravel()}


def integrate(plan: "Plan") -> "Recorded":
    """Learn through the session."""
    options = plan.options
    assert isinstance(options, QinNetwork)
    sizes = plan.network.sizes
    ends = {
        one.name: rates.matrix_ends(sizes[one.pre], sizes[one.post])
        for one in plan.network.projections
    }
    return rates.session(plan, Similarity(plan), options.interval, ends, options.shown)


def on_ring(n: int) -> np.ndarray:
    """Inputs at equal distances on the ring, shape (n, 2)."""
    angle = 2 * np.pi * np.arange(n) / n
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def inputs(options: QinNetwork, rng: np.random.Generator) -> np.ndarray:
    """Inputs to learn from, shape (n_samples, n_inputs)."""
    if options.task == "ring":
        return on_ring(1000)
    n = len(options.variances)
    axes, _ = np.linalg.qr(rng.standard_normal((n, n)))
    scores = rng.standard_normal((options.samples, n)) * np.sqrt(options.variances)
    return np.asarray(scores @ axes.T)


def responses(
    options: QinNetwork, forward: np.ndarray, lateral: np.ndarray, x: np.ndarray
) -> np.ndarray:
    """Answers to inputs, shape (n_inputs, n)."""
    from spikedrift.networks.integrators.similarity_matching import answer

    rectified = options.task == "ring"
    return np.array([answer(forward, lateral, one, rectified, _ridge(options)) for one in x])


def _ridge(options: QinNetwork) -> float:
    return options.ridge if options.task == "ring" else 0.0


def readout(plan: "Plan", recorded: "Recorded") -> Readout:
    """Similarity of responses that stays, responses that go, and the walk of receptive fields."""
    options = plan.options
    assert isinstance(options, QinNetwork)
    n, size = options.n, plan.network.sizes["X"]
    ring = options.task == "ring"
    x = on_ring(POSITIONS) if ring else inputs(options, plan.rng("start"))[:200]
    forward = list(rates.matrices(recorded, "forward", (n, size)))
    lateral = list(rates.matrices(recorded, "lateral", (n, n)))
    settled = int(np.searchsorted(plan.save_time, options.settling - 1e-6))
    y = np.array(
        [
            responses(options, f, m, x)
            for f, m in zip(forward[settled:], lateral[settled:], strict=True)
        ]
    )
    time = plan.save_time[settled:] - plan.save_time[settled]
    first = time <= options.parts[0] + 1e-6
    stays = np.array([_correlation(one @ one.T, y[0] @ y[0].T) for one in y[first]])
    goes = np.array([_correlation(one, y[0]) for one in y[first]])
    late = time[first] >= options.parts[0] / 2  # a mean over the last half, not one draw
    similarity, response = float(stays[late].mean()), float(goes[late].mean())
    found: dict[str, float | Curve] = {
        "similarity": similarity,
        "response": response,
        "share": (1 - similarity) / (1 - response),
        "stays": Curve(time[first], stays, "time (updates)", "similarity kept"),
        "goes": Curve(time[first], goes, "time (updates)", "responses kept"),
    }
    return found | (_walk(options, time, y) if options.task == "ring" else {})


def _walk(options: QinNetwork, time: np.ndarray, y: np.ndarray) -> dict[str, float | Curve]:
    """How centers of receptive fields move; y: (n_saves, n_positions, n_cells)."""
    angle = 2 * np.pi * np.arange(POSITIONS) / POSITIONS
    center = np.angle(np.einsum("spc,p->sc", y, np.exp(1j * angle)))
    center[y.max(axis=1) <= ACTIVE] = np.nan

    def moved(part: np.ndarray, lag: int) -> np.ndarray:
        return np.asarray(np.angle(np.exp(1j * (part[lag:] - part[:-lag]))))

    edges = np.searchsorted(time, np.cumsum([0.0, *options.parts]) - 1e-6)
    parts = [center[a : b + 1] for a, b in pairwise(edges)]
    lags = np.array([1, 2, 3, 4, 6, 8])
    msd = np.array([np.nanmean(moved(parts[0], lag) ** 2) for lag in lags])
    step = time[1] - time[0]
    first = [float(np.nanmean(moved(part, 1) ** 2)) / (2 * step) for part in parts]
    # Displacements of pairs of cells, by the distance of their centers before.
    by = moved(parts[0], 1)
    apart = np.abs(np.angle(np.exp(1j * (parts[0][:-1, :, None] - parts[0][:-1, None, :]))))
    product = by[:, :, None] * by[:, None, :] / np.nanmean(by**2)
    product[:, np.eye(options.n, dtype=bool)] = np.nan
    bins = np.linspace(0, np.pi, 9)
    together = [float(np.nanmean(product[(apart >= a) & (apart < b)])) for a, b in pairwise(bins)]
    slope = np.polyfit(np.log(lags[:3]), np.log(msd[:3]), 1)[0]
    found: dict[str, float | Curve] = {
        "diffusion": first[0],
        "exponent": float(slope),
        "evenness": _evenness(y[: edges[1] + 1]),
        "active": float(np.isfinite(center).mean()),
        "msd": Curve(lags * step, msd, "lag (updates)", "squared displacement (rad2)"),
        "together": Curve(
            (bins[:-1] + bins[1:]) / 2, np.array(together), "distance (rad)", "correlation"
        ),
    }
    if len(first) > 1:
        found["growth"] = first[1] / first[0]
    return found


def _evenness(y: np.ndarray) -> float:
    """Unevenness of the summed activity over the ring, over that of fields turned at random.

    1 where each field goes where it likes; fields that share the ring out are below.
    """
    rng = np.random.default_rng(0)  # of the measure, not of the network
    turned = np.empty_like(y)
    for save, one in enumerate(y):
        place = (np.arange(POSITIONS)[:, None] + rng.integers(POSITIONS, size=one.shape[1])) % (
            POSITIONS
        )
        turned[save] = np.take_along_axis(one, place, axis=0)
    uneven, alone = (part.sum(axis=2).std(axis=1).mean() for part in (y, turned))
    return float(uneven / alone)


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


STABLE = "abstract: the representational similarity of population codes is stable over time"
DRIFTS = "abstract: despite drift of receptive fields similarity is stable; less than half of both"
WALK = "abstract: a random walk; nearer to 1 than to 0, a bound, or 2, a straight line"
COORDINATED = "abstract: the random walk is coordinated; alone, fields would be at 1"
NOISE = "abstract: noisy updates drive drift, and diffusion depends on the noise amplitude"
MODEL = Model(
    name="qin_2023",
    title="similarity stays while receptive fields walk",
    citation="Qin S, Farashahi S, Lipshutz D, Sengupta AM, Chklovskii DB, Pehlevan C (2023) "
    "Nature Neuroscience 26:339-349",
    options=QinNetwork,
    declare=declare,
    integrate=integrate,
    experiments=(
        Experiment(
            "psp", "principal subspace projection, 1e5 updates",
            {
                "task": "psp", "n": 3, "noise": 0.02, "settling": 2000.0, "parts": [1e5],
                "trace_interval": 500.0,
            },
            instances=(3, 10),
        ),
        Experiment(
            "ring", "200 cells and inputs on a ring; then noise of twice the SD",
            {"parts": [3000.0, 3000.0], "factors": [1.0, 2.0]}, instances=(2, 5),
        ),
        Experiment("few", "20 cells on the ring", {"n": 20, "parts": [3000.0]},
                   instances=(2, 5)),
    ),
    readout=readout,
    # Bounds of what is unverified were chosen after a first run: they show, and judge nothing.
    targets=(
        Target("psp", "similarity", "correlation of similarity matrices", STABLE, "published",
               low=0.5),
        Target("psp", "share", "change of similarity / of responses", DRIFTS, "unverified",
               high=0.5),
        Target("ring", "similarity", "correlation of similarity matrices", STABLE, "published",
               low=0.5),
        Target("ring", "share", "change of similarity / of responses", DRIFTS, "unverified",
               high=0.5),
        Target("ring", "exponent", "exponent of squared displacement", WALK, "published",
               value=1.0, low=0.5, high=1.5),
        Target("ring", "evenness", "unevenness of activity on the ring / alone", COORDINATED,
               "unverified", high=1.0),
        Target("ring", "growth", "diffusion, noise of twice the SD / once", NOISE, "published",
               low=1.0),
        Target("few", "share", "change of similarity / of responses", DRIFTS, "unverified",
               high=0.5),
    ),
)  # fmt: skip
