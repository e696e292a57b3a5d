"""One cell whose rate additive STDP holds, while its weights are pulled apart.

Song, Miller & Abbott (2000), Nature Neuroscience 3:919, in the form of Brian2's example: 1,000
Poisson inputs of 15 Hz onto an integrate-and-fire cell without a dead time, with first weights
uniform up to the greatest one, .01 leak conductances. Depression outweighs potentiation, so that
inputs compete for the cell's spikes, and most weights end near one of their bounds.
"""

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from spikedrift.config.networks import NetworkOptions, Probes
from spikedrift.config.simulation import Simulation
from spikedrift.networks.catalog import Curve, Experiment, Model, Readout, Target
from spikedrift.networks.declaration import (
    Network,
    Phase,
    Population,
    Projection,
    Protocol,
    Recording,
    Source,
    all_to_all,
    uniform,
)
from spikedrift.networks.poisson import poisson
from spikedrift.networks.probing import probed

if TYPE_CHECKING:
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.session_plan import Plan

BIN = 10.0  # of the curve, and of the first rates, s
LAST = 100.0  # s in which the rate at the end, and irregularity, are measured
LOW, HIGH = 0.1, 0.9  # shares of the greatest weight that count as near a bound
SHAPE = np.linspace(0, 1, 21)  # edges of the distribution of weights


class SongNetwork(NetworkOptions):
    """The cell of Song et al. (2000)."""

    n_inputs: int = Field(default=1000, gt=1, description="Poisson inputs")
    input_rate: float = Field(default=15.0, gt=0, description="their rate; Hz")
    n_cells: int = Field(
        default=1, gt=0, description="cells that hear the inputs, each with weights of its own"
    )
    w_max: float = Field(default=0.01, gt=0, description="greatest weight; leak conductances")
    eta: float = Field(default=0.01, ge=0, description="potentiation by a pair; greatest weights")
    ratio: float = Field(default=1.05, ge=0, description="depression over potentiation")
    tau: float = Field(default=0.020, gt=0, description="both windows of the rule; s")
    duration: float = Field(default=1000.0, gt=0, description="length of the session; s")
    probes: Probes | None = Field(default=None, description="patterns shown afterwards")
    simulation: Simulation = Simulation(dt=1e-4)


def declare(options: SongNetwork) -> Network:
    """Declare the network."""
    dt, inputs, cell = options.simulation.dt, "inputs", "cell"
    rule = {
        "eta": options.eta,
        "ratio": options.ratio,
        "tau_plus": options.tau,
        "tau_minus": options.tau,
    }
    membrane = {
        "rest": -0.074,
        "threshold": -0.054,
        "reset": -0.060,
        "tau_membrane": 0.010,
        "tau_excitatory": 0.005,
        "reversal_excitatory": 0.0,
        "dead_time": 0.0,
    }
    network = Network(
        populations=(
            Population(cell, options.n_cells, "conductance_lif", membrane, start="v = reset"),
        ),
        projections=(
            Projection(
                "afferent", inputs, cell, "excitatory", all_to_all(), uniform(0, options.w_max),
                w_max=options.w_max, plasticity={"pair_stdp": rule},
            ),
        ),
        sources=(
            Source(inputs, options.n_inputs, poisson(options.input_rate, options.n_inputs, dt)),
        ),
        protocol=Protocol((Phase("pause", duration=options.duration),)),
        recording=Recording(cell, trace_interval=BIN),
    )  # fmt: skip
    return probed(network, options.probes, dt)


def readout(plan: "Plan", recorded: "Recorded") -> Readout:
    """Rates from first to last, irregularity, and the distribution of weights at the end."""
    from spikedrift.networks.stability import interval_cv

    network, stop = plan.network, plan.timetable.stop * plan.options.simulation.dt
    n_cells, (afferent,) = network.units.size, network.plastic
    time, cell = recorded.spike_time, recorded.spike_cell

    def rate(start: float, end: float) -> float:
        inside = (time >= start) & (time < end)
        return float(inside.sum() / n_cells / (end - start)) if end <= stop else np.nan

    weight = recorded.weights[afferent.name][-1] / afferent.w_max
    late = time >= stop - LAST
    edges = np.arange(0, stop + BIN / 2, BIN)
    by_time = np.histogram(time, edges)[0] / n_cells / BIN
    by_weight = np.histogram(weight, SHAPE)[0] / weight.size
    return {
        "first": rate(0, BIN),
        "settled": rate(90, 100),
        "last": rate(stop - LAST, stop),
        "cv": interval_cv(time[late], cell[late], n_cells),
        "low": float((weight < LOW).mean()),
        "high": float((weight > HIGH).mean()),
        "mean": float(weight.mean()),
        "rate": Curve(edges[:-1] + BIN / 2, by_time, "time (s)", "rate (Hz)"),
        "weights": Curve(
            (SHAPE[:-1] + SHAPE[1:]) / 2, by_weight, "weight (of the greatest)", "share of weights"
        ),
    }


PORT = "an independent program of the same equations, one seed; tolerance by judgment"


def _target(name: str, meaning: str, value: float, by: float, unit: str = "1") -> Target:
    return Target("balance", name, meaning, PORT, "computed", value=value,
                  low=value - by, high=value + by, unit=unit)  # fmt: skip


MODEL = Model(
    name="song_2000",
    title="additive STDP holds a cell's rate and pulls its weights apart",
    citation="Song S, Miller KD, Abbott LF (2000) Nature Neuroscience 3:919-926",
    options=SongNetwork,
    declare=declare,
    experiments=(Experiment("balance", "1,000 s of additive STDP", instances=(3, 10)),),
    readout=readout,
    targets=(
        _target("first", "rate in the first 10 s", 36.0, 7.2, "Hz"),
        _target("settled", "rate from 90 to 100 s", 19.9, 4.0, "Hz"),
        _target("last", "rate in the last 100 s", 21.1, 3.2, "Hz"),
        _target("cv", "CV of intervals in the last 100 s", 0.92, 0.1),
        _target("low", "weights below a tenth of the greatest, share", 0.28, 0.05),
        _target("high", "weights above nine tenths, share", 0.24, 0.05),
        _target("mean", "mean weight, of the greatest", 0.474, 0.02),
    ),
)
