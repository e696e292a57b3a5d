"""A tiny declared network that has one of every part, and how tests change a part of it.

Every cell of R passes on the spikes of one cell of the source, and every cell of C those of its own
drive: what these two receive can be read from their spikes.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from spikedrift.config.networks import NetworkOptions
from spikedrift.config.simulation import Simulation
from spikedrift.networks.catalog import Model
from spikedrift.networks.copies import Recorded
from spikedrift.networks.declaration import (
    Draws,
    Drive,
    Network,
    Phase,
    Population,
    Projection,
    Protocol,
    Recording,
    Source,
    Wiring,
    clustered,
    constant,
    in_degree,
    lognormal,
    out_degree,
    ring,
    spread,
    uniform,
)
from spikedrift.networks.session_plan import Plan
from spikedrift.networks.sheet import disc
from spikedrift.networks.timetable import Timetable
from spikedrift.simulation import streams

N_E, N_I, N_R, N_C, N_S = 24, 15, 20, 30, 16  # cells of the populations, and of the source
DT = 0.0002
DEGREES = {"fixed_in": 7, "fixed_out": 6, "from_source": 4, "relay": 1}
RING = (0.9, 0.15)  # probability at distance 0, width
CLUSTERS = (3, 0.9, 0.2)  # number, probability within, probability between
RADIUS, SIDE = 1.5, 4  # of discs on the sheet of the source
TICKS = np.linspace(50.0, 450.0, N_C)  # rates of the drive of C; Hz
# The first time step after a spike arrives takes the potential across the threshold, and the next
# one leaves nothing of the conductance.
PASSING = {"tau_excitatory": DT, "dead_time": 0.0}
ENDS = {
    "fixed_in": ("E", N_E, N_E),
    "fixed_out": ("E", N_I, N_E),
    "on_ring": ("I", N_E, N_I),
    "in_clusters": ("I", N_I, N_I),
    "from_source": ("I", N_S, N_I),
    "relay": ("R", N_S, N_R),
    "on_sheet": ("I", N_S, N_I),
    "on_torus": ("I", N_S, N_I),
}
"""Postsynaptic population and the two sizes of every projection."""


class TinyOptions(NetworkOptions):
    """What runs of the tiny network differ in."""

    simulation: Simulation = Simulation(jobs=1)
    noise: float = 400.0
    degree: int = DEGREES["fixed_in"]


def regular(timetable: Timetable, draws: Draws) -> tuple[np.ndarray, np.ndarray]:
    """Every cell of the source once in 100 steps, at a draw of its own."""
    first = draws.input.integers(100, size=N_S)
    step = np.arange(timetable.stop)[:, np.newaxis]
    step, index = np.nonzero(step % 100 == first)
    return index.astype(np.int32), step.astype(np.int32)


def projection(name: str, pre: str, post: str, wiring: Wiring, **others: Any) -> Projection:
    """A plastic projection, whose synapses are therefore recorded."""
    standing: dict[str, Any] = {
        "receptor": "excitatory", "weight": constant(0.02), "w_max": 0.1,
        "plasticity": {"pair_stdp": {"eta": 0.01}},
    }  # fmt: skip
    return Projection(name, pre, post, wiring=wiring, **{**standing, **others})


def declare(options: TinyOptions) -> Network:
    """Declare the tiny network; its two segments differ in the drive of C."""
    return Network(
        populations=(
            Population(
                "E",
                N_E,
                "conductance_lif",
                {"membrane_noise": 0.004, "threshold": np.linspace(-0.051, -0.049, N_E)},
            ),
            Population("I", N_I, "current_lif", start="v = reset"),
            Population("R", N_R, "conductance_lif", PASSING, start="v = reset"),
            Population("C", N_C, "conductance_lif", PASSING, start="v = reset"),
        ),
        sources=(Source("S", N_S, regular),),
        projections=(
            projection(
                "fixed_in",
                "E",
                "E",
                in_degree(options.degree),
                weight=uniform(0.01, 0.03),
                delay=uniform(0.001, 0.003),
            ),
            projection(
                "fixed_out",
                "I",
                "E",
                out_degree(DEGREES["fixed_out"]),
                receptor="inhibitory",
                weight=spread(0.05),
                w_max=0.2,
                delay=0.001,
                plasticity={"inhibitory": {"eta": 0.001}},
            ),
            projection("on_ring", "E", "I", ring(*RING), weight=lognormal(0.02, 0.5)),
            projection("in_clusters", "I", "I", clustered(*CLUSTERS), receptor="inhibitory"),
            projection(
                "from_source",
                "S",
                "I",
                in_degree(DEGREES["from_source"]),
                weight=constant(0.8),
                w_max=2.0,
            ),
            projection(
                "relay",
                "S",
                "R",
                in_degree(DEGREES["relay"]),
                weight=constant(60.0),
                w_max=100.0,
                delay=uniform(0.001, 0.003),
                plasticity={"pair_stdp": {"eta": 0.0}},
            ),
            projection("on_sheet", "S", "I", disc(RADIUS, SIDE)),
            projection("on_torus", "S", "I", disc(RADIUS, SIDE, wrapped=True)),
        ),
        drives=(
            Drive("noise", "E", "excitatory", 0.06, options.noise),
            Drive("ticks", "C", "excitatory", 60.0, TICKS),
        ),
        protocol=Protocol(
            phases=(
                Phase("settle", duration=0.1, plastic=False),
                Phase("block", repeats=4),
                Phase("pause", duration=0.1, set={"C.ticks_rate": 0.0}),
                Phase("block", repeats=4, set={"C.ticks_rate": TICKS}),
            ),
            n_segments=2,
            duration=0.05,
            gap=0.05,
            cues=({"C.ticks_rate": (2 * TICKS, TICKS)}, {"C.ticks_rate": (0.0, TICKS)}),
        ),
        recording=Recording(
            "E",
            trace_interval=0.1,
            n_synapses=None,
            ensembles="fixed_in",
            states=("E.v", "I.v"),
        ),
    )


TINY = declare(TinyOptions())
MODEL = Model("tiny", "a tiny network", "none", TinyOptions, declare)


def changed(parts: str, which: str, /, **others: Any) -> Network:
    """The tiny network with one of its `parts` changed."""
    found: Sequence[Any] = getattr(TINY, parts)
    assert which in [one.name for one in found]
    new = tuple(replace(one, **others) if one.name == which else one for one in found)
    return replace(TINY, **{parts: new})


def with_protocol(**others: Any) -> Network:
    """The tiny network with another protocol."""
    return replace(TINY, protocol=replace(TINY.protocol, **others))


def with_recording(**others: Any) -> Network:
    """The tiny network of which something else is kept."""
    return replace(TINY, recording=replace(TINY.recording, **others))


def draws(plan: Plan, name: str, what: str, draw: Any = streams.uniform) -> np.ndarray:
    """Numbers of a projection for all pairs of cells, (post, pre)."""
    population, n_pre, n_post = ENDS[name]
    key = np.asarray(plan.parameters[f"{population}.key"])
    assert key.shape == (n_post,)
    pair = streams.branch(key[:, None], streams.purpose(f"{name}.{what}"), np.arange(n_pre))
    return np.asarray(draw(pair, 0))


def lowest(values: np.ndarray, k: int, axis: int) -> np.ndarray:
    """Where the k lowest values along an axis are."""
    return values <= np.sort(values, axis=axis).take([k - 1], axis=axis)


def joined(plan: Plan, name: str) -> np.ndarray:
    """Whether cells are joined by a projection, (post, pre), worked out from their draws."""
    wiring = draws(plan, name, "wiring")
    _, n_pre, n_post = ENDS[name]
    post, pre = np.ogrid[:n_post, :n_pre]
    if name in ("fixed_in", "from_source", "relay"):
        degree = DEGREES[name]
        if name == "fixed_in":
            wiring[np.diag_indices(N_E)] = np.inf
            assert isinstance(plan.options, TinyOptions)
            degree = plan.options.degree
        return lowest(wiring, degree, axis=1)
    if name == "fixed_out":
        return lowest(wiring, DEGREES[name], axis=0)
    if name == "on_ring":
        apart = np.abs((pre + 0.5) / n_pre - (post + 0.5) / n_post)
        p, width = RING
        return wiring < p * np.exp(-0.5 * (np.minimum(apart, 1 - apart) / width) ** 2)
    if name in ("on_sheet", "on_torus"):
        places = [np.floor(SIDE * draws(plan, name, word)[:, :1]) for word in "xy"]
        away = [np.abs(one - at) for one, at in zip(divmod(pre, SIDE), places, strict=True)]
        if name == "on_torus":
            away = [np.minimum(one, SIDE - one) for one in away]
        return np.asarray(np.hypot(*away) < RADIUS)
    n, within, between = CLUSTERS
    return (wiring < np.where(pre * n // n_pre == post * n // n_post, within, between)) & (
        pre != post
    )


def spikes_of(plan: Plan, recorded: Recorded, population: str) -> set[tuple[int, int]]:
    """(cell, step) of the spikes of a population."""
    sizes = {one.name: one.size for one in plan.network.populations}
    first = sum(sizes[name] for name in list(sizes)[: list(sizes).index(population)])
    cell = recorded.spike_cell - first
    inside = (cell >= 0) & (cell < sizes[population])
    step = np.round(recorded.spike_time / DT).astype(int)
    return {*zip(cell[inside].tolist(), step[inside].tolist(), strict=True)}
