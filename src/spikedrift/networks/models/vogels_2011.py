"""The balanced network whose inhibitory plasticity finds its set point.

Vogels, Sprekeler, Zenke, Clopath & Gerstner (2011), Science 334:1569. 8,000 excitatory and 2,000
inhibitory conductance-based integrate-and-fire cells with a constant input current of 200 pA, wired
with a probability of .02. Weights from I to E begin near 0, so that the network fires at a high
rate, and are plastic: a spike pair potentiates, a lone presynaptic spike depresses, and the rate of
every excitatory cell falls toward the set point of the rule. Weights are in units of the leak
conductance, 10 nS.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from spikedrift.config.base import Options
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
    constant,
    probability,
)
from spikedrift.networks.probing import probed

if TYPE_CHECKING:
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.session_plan import Plan


class Wiring(Options):
    """Sizes, probability and weights; leak conductances of 10 nS."""

    n_excitatory: int = Field(default=8000, gt=1, description="excitatory cells (E)")
    n_inhibitory: int = Field(default=2000, gt=0, description="inhibitory cells (I)")
    p: float = Field(default=0.02, gt=0, le=1, description="probability of every connection")
    w_e: float = Field(default=0.03, ge=0, description="weights from E; .3 nS")
    w_ii: float = Field(default=0.3, ge=0, description="weights from I to I; 3 nS")
    w_ie: float = Field(default=0.0, ge=0, description="first weights from I to E")
    w_max: float = Field(default=10.0, gt=0, description="greatest weight from I to E; 100 nS")
    current: float = Field(default=0.020, description="input current over leak conductance; V")


class VogelsNetwork(NetworkOptions):
    """The balanced network of Vogels et al. (2011)."""

    wiring: Wiring = Wiring()
    eta: float = Field(default=1e-3, ge=0, description="step of the rule; .01 nS")
    target_rate: float = Field(default=3.0, gt=0, description="set point of the rule; Hz")
    before: float = Field(default=1.0, gt=0, description="time without plasticity; s")
    duration: float = Field(default=10.0, gt=0, description="time with plasticity; s")
    probes: Probes | None = Field(default=None, description="patterns shown afterwards")
    simulation: Simulation = Simulation(dt=1e-4)


def declare(options: VogelsNetwork) -> Network:
    """Declare the network."""
    wiring = options.wiring
    cell = {"rest": -0.060 + wiring.current, "reset": -0.060}

    def projection(pre: str, post: str, weight: float, **plastic: Any) -> Projection:
        receptor = "excitatory" if pre == "E" else "inhibitory"
        w_max = wiring.w_max if plastic else 2 * weight
        return Projection(
            f"{pre}to{post}", pre, post, receptor, probability(wiring.p), constant(weight), w_max,
            **plastic,
        )  # fmt: skip

    rule = {"eta": options.eta, "target_rate": options.target_rate, "tau": 0.020}
    network = Network(
        populations=(
            Population("E", wiring.n_excitatory, "conductance_lif", cell),
            Population("I", wiring.n_inhibitory, "conductance_lif", cell),
        ),
        projections=(
            projection("E", "E", wiring.w_e),
            projection("E", "I", wiring.w_e),
            projection("I", "I", wiring.w_ii),
            projection("I", "E", wiring.w_ie, plasticity={"inhibitory": rule}),
        ),
        protocol=Protocol(
            (
                Phase("pause", duration=options.before, plastic=False),
                Phase("pause", duration=options.duration),
            )
        ),
        recording=Recording("E", trace_interval=1.0, settling="ItoE"),
    )
    return probed(network, options.probes, options.simulation.dt)


def readout(plan: "Plan", recorded: "Recorded") -> Readout:
    """Rates of the E cells by second, irregularity in the last second, mean plastic weight."""
    from spikedrift.networks.stability import interval_cv

    n, stop = plan.network.sizes["E"], plan.timetable.stop * plan.options.simulation.dt
    of_e = recorded.spike_cell < n
    time, cell = recorded.spike_time[of_e], recorded.spike_cell[of_e]
    rate = np.histogram(time, np.arange(round(stop) + 1))[0] / n
    last = time >= stop - 1
    return {
        "first": rate[0],
        "second": rate[1],
        "last": rate[-1],
        "falls": float((np.diff(rate[1:]) < 0).mean()),
        "cv": interval_cv(time[last], cell[last], n),
        "weight": 10.0 * float(recorded.weights["ItoE"][-1].mean()),
        "rate": Curve(np.arange(rate.size) + 0.5, rate, "time (s)", "rate of E (Hz)"),
    }


PORT = "an independent program of the same equations, one seed"
MODEL = Model(
    name="vogels_2011",
    title="inhibitory plasticity balances excitation and inhibition",
    citation="Vogels TP, Sprekeler H, Zenke F, Clopath C, Gerstner W (2011) Science 334:1569-1573",
    options=VogelsNetwork,
    declare=declare,
    experiments=(Experiment("balance", "10 s of inhibitory plasticity", instances=(1, 3)),),
    readout=readout,
    targets=(
        Target("balance", "last", "rate of E in the last second", PORT, "computed",
               low=3.0, high=12.0, value=9.1, unit="Hz"),
        Target("balance", "falls", "share of seconds in which the rate falls", PORT, "computed",
               low=0.8, value=1.0),
        Target("balance", "cv", "CV of intervals in the last second", PORT, "computed",
               low=0.8, high=1.0, value=0.94),
        Target("balance", "first", "rate of E without the rule", PORT, "computed",
               value=164.0, low=131.0, high=197.0, unit="Hz"),
        Target("balance", "weight", "mean weight from I to E", PORT, "computed",
               value=1.5, low=1.2, high=1.8, unit="nS"),
    ),
)  # fmt: skip
