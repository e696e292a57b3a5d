"""The pattern network: a small one that runs in a second, and what its source draws."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from spikedrift.config.overrides import override
from spikedrift.networks import catalog
from spikedrift.networks.declaration import Draws, Network
from spikedrift.networks.models.pattern_network import PatternNetwork
from spikedrift.networks.timetable import Timetable, lay_out
from spikedrift.plasticity import registry

MODEL = catalog.get("pattern_network")
SMALL = {
    "simulation.jobs": 1,  # two compilers read twice as many headers
    "cells.n_excitatory": 20,
    "cells.n_inhibitory": 5,
    "patterns.n_afferents": 40,
    "wiring.w_afferent_e": 0.3,
    "wiring.w_afferent_i": 0.3,
    "plasticity.afferent.w_max": 0.6,
    "recording.trace_interval": 1.0,
    "recording.n_synapses": 30,
    "phases": [
        {"kind": "settle", "duration": 2.0},
        {"kind": "naive", "repeats": 2, "plasticity": False},
        {"kind": "pause", "duration": 1.0},
        {"kind": "train", "repeats": 3},
        {"kind": "block", "repeats": 2},
        {"kind": "pause", "repeats": 1},
        {"kind": "block", "repeats": 2},
    ],
}
# After the session, parts of the patterns, and the same once E to E was cut, with learning on.
CUED = [
    *SMALL["phases"],
    {"kind": "cue", "repeats": 3, "plasticity": False},
    {"kind": "cue", "repeats": 2, "plasticity": False, "cue": {"by": "onset", "share": 0.4}},
    {"kind": "pause", "duration": 1.0, "plasticity": False, "background": False},
    {"kind": "pause", "duration": 3.0, "lesion": ["recurrent"]},
    {"kind": "cue", "repeats": 2, "cue": {"by": "onset", "share": 0.4}},
]
DT = 0.0002
QUARTET = [
    value
    for name in ("stable_ee", "stable_ei", "stable_ie", "stable_ii")
    for value in registry.declared("six_parameter").sets[name].values.values()
]


def small(**changes: Any) -> PatternNetwork:
    """Options of the small network."""
    return override(PatternNetwork(), {**SMALL, **changes}, "small")


def declared(changes: Mapping[str, Any]) -> Network:
    """The pattern network of its own size, with some other options."""
    return MODEL.declare(override(PatternNetwork(), changes, "test"))


def drawn(
    changes: Mapping[str, Any], seed: int = 0
) -> tuple[PatternNetwork, Timetable, np.ndarray, np.ndarray]:
    """Options, timetable, and the afferents' spikes: cell and time step."""
    options = override(PatternNetwork(), changes, "test")
    assert options.simulation.dt == DT
    rng = [np.random.default_rng([seed, k]) for k in range(3)]
    network = MODEL.declare(options)
    timetable = lay_out(network.protocol, DT, rng[0])
    (source,) = network.sources
    return options, timetable, *source.spikes(timetable, Draws(rng[1], rng[2]))
