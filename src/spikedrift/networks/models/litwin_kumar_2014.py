"""Assemblies of cells that form by voltage-based plasticity and are kept by balance.

Litwin-Kumar & Doiron (2014), Nature Communications 5:5319, with the constants of the first author's
program. 4,000 excitatory cells (AdEx with an adaptive threshold) and 1,000 inhibitory ones, wired
with a probability of .2. Twenty assemblies, each with every excitatory cell with a probability of
.05, get more external input one after the other, 1 s each with gaps of 3 s. Weights among
excitatory cells follow the voltage-based rule with a subtractive normalization of the sum onto
every cell, weights from inhibitory to excitatory cells the rule of Vogels et al. (2011). Weights
within assemblies grow and are kept, and after training assemblies become active again by
themselves.

Weights are in pF. A member of an assembly is what that is in the program: excitatory cells only.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from spikedrift.config.base import Options
from spikedrift.config.networks import NetworkOptions
from spikedrift.config.simulation import Simulation
from spikedrift.networks.catalog import Curve, Experiment, Model, Readout, Target
from spikedrift.networks.declaration import (
    Cues,
    Drive,
    Network,
    Phase,
    Population,
    Projection,
    Protocol,
    Recording,
    constant,
    probability,
)

if TYPE_CHECKING:
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.session_plan import Plan


class Wiring(Options):
    """Sizes, probability and weights (pF)."""

    n_excitatory: int = Field(default=4000, gt=1, description="excitatory cells (E)")
    n_inhibitory: int = Field(default=1000, gt=0, description="inhibitory cells (I)")
    p: float = Field(default=0.2, gt=0, le=1, description="probability of every connection")
    w_ee: float = Field(default=2.86, gt=0, description="first weights from E to E; pF")
    w_ee_min: float = Field(default=1.78, ge=0, description="least weight from E to E; pF")
    w_ee_max: float = Field(default=21.4, gt=0, description="greatest weight from E to E; pF")
    w_ie: float = Field(default=48.7, gt=0, description="first and least weight from I to E; pF")
    w_ie_max: float = Field(default=243.0, gt=0, description="greatest weight from I to E; pF")
    w_ei: float = Field(default=1.27, gt=0, description="weights from E to I; pF")
    w_ii: float = Field(default=16.2, gt=0, description="weights from I to I; pF")
    delay: float = Field(default=1e-4, ge=0, description="delay of all synapses; s")


class External(Options):
    """Poisson input of every cell from outside, and the stimulus."""

    rate_e: float = Field(default=4500.0, ge=0, description="to E; Hz")
    rate_i: float = Field(default=2250.0, ge=0, description="to I; Hz")
    weight_e: float = Field(default=1.78, ge=0, description="to E; pF")
    weight_i: float = Field(default=1.27, ge=0, description="to I; pF")
    stimulus: float = Field(default=8000.0, ge=0, description="added for a stimulated cell; Hz")
    n_assemblies: int = Field(default=20, gt=1, description="assemblies (segments)")
    p: float = Field(default=0.05, gt=0, le=1, description="probability that a cell is a member")
    duration: float = Field(default=1.0, gt=0, description="length of a stimulus; s")
    gap: float = Field(default=3.0, ge=0, description="time before every stimulus; s")


class LitwinKumarNetwork(NetworkOptions):
    """The network of Litwin-Kumar & Doiron (2014)."""

    wiring: Wiring = Wiring()
    external: External = External()
    eta_e: float = Field(default=1.0, ge=0, description="factor on the rule from E to E")
    eta_i: float = Field(default=1.0, ge=0, description="step of the rule from I to E; pF")
    normalization: float = Field(default=1.0, ge=0, le=1, description="share taken back; 0: off")
    warm_up: float = Field(default=10.0, gt=0, description="time before training, not plastic; s")
    repetitions: int = Field(default=20, ge=0, description="stimuli of every assembly")
    spontaneous: float = Field(default=0.0, ge=0, description="time after training; s")
    blocks: int = Field(default=0, ge=0, description="blocks of trials after training")
    repeats: int = Field(default=10, gt=0, description="stimuli of every assembly in a block")
    pause: float = Field(default=60.0, gt=0, description="time before every block; s")
    plasticity: bool = Field(default=True, description="rules act in blocks and in these pauses")
    simulation: Simulation = Simulation(dt=1e-4)


def declare(options: LitwinKumarNetwork) -> Network:
    """Declare the network."""
    wiring, external = options.wiring, options.external
    ends = {
        "EtoE": (wiring.w_ee, wiring.w_ee_max),
        "EtoI": (wiring.w_ei, 2 * wiring.w_ei),
        "ItoE": (wiring.w_ie, wiring.w_ie_max),
        "ItoI": (wiring.w_ii, 2 * wiring.w_ii),
    }
    plastic = {
        "EtoE": {
            "clopath_assemblies": {"eta": options.eta_e, "w_min": wiring.w_ee_min},
            "subtractive_normalization": {
                "normalization": options.normalization,
                "lower": wiring.w_ee_min,
            },
        },
        "ItoE": {
            "inhibitory": {"eta": options.eta_i, "target_rate": 3.0, "w_min": wiring.w_ie}
        },
    }  # fmt: skip
    phases = [Phase("pause", duration=options.warm_up, plastic=False)]
    if options.repetitions:
        phases.append(Phase("train", repeats=options.repetitions))
    if options.spontaneous:
        phases.append(Phase("pause", duration=options.spontaneous))
    for _ in range(options.blocks):
        phases.append(Phase("pause", duration=options.pause, plastic=options.plasticity))
        phases.append(Phase("block", repeats=options.repeats, plastic=options.plasticity))
    return Network(
        populations=(
            Population("E", wiring.n_excitatory, "adex_litwin_kumar"),
            Population("I", wiring.n_inhibitory, "lif_litwin_kumar"),
        ),
        projections=tuple(
            Projection(
                name,
                name[0],
                name[-1],
                "excitatory" if name[0] == "E" else "inhibitory",
                probability(wiring.p),
                constant(weight),
                w_max,
                wiring.delay,
                plastic.get(name, {}),
            )
            for name, (weight, w_max) in ends.items()
        ),
        drives=(
            Drive("external", "E", "excitatory", external.weight_e, external.rate_e),
            Drive("input", "I", "excitatory", external.weight_i, external.rate_i),
        ),
        protocol=Protocol(
            tuple(phases),
            n_segments=external.n_assemblies,
            duration=external.duration,
            gap=external.gap,
        ),
        recording=Recording(
            "E", trace_interval=10.0, ensembles="EtoE", settling="ItoE", weights="pF"
        ),
        draw=lambda network, rng: replace(
            network, protocol=replace(network.protocol, cues=_stimuli(options, rng))
        ),
    )


def _stimuli(options: LitwinKumarNetwork, rng: np.random.Generator) -> Cues:
    """Draw the assemblies; their members get more external input while they are stimulated."""
    external = options.external
    shape = (external.n_assemblies, options.wiring.n_excitatory)
    member = rng.random(shape) < external.p
    rest = np.full(shape[1], external.rate_e)
    return tuple({"E.external_rate": (rest + external.stimulus * one, rest)} for one in member)


def members(plan: "Plan") -> np.ndarray:
    """Whether each E cell is a member of each assembly: bool, shape (n_assemblies, n_cells)."""
    pairs = [cue["E.external_rate"] for cue in plan.network.protocol.cues]
    return np.array([shown > otherwise for shown, otherwise in pairs])


def readout(plan: "Plan", recorded: "Recorded") -> Readout:
    """Weights within and between assemblies after every repetition, and rates in the warm-up.

    A pair of cells is within if it shares at least one assembly.
    """
    dt, n = plan.options.simulation.dt, plan.network.sizes["E"]
    timetable, save_time = plan.timetable, plan.save_time
    warm = timetable.phase_stop[0] * dt
    # The first tenth, in which the potentials leave their start, is left out.
    calm = (recorded.spike_time >= warm / 10) & (recorded.spike_time < warm)
    of_e = recorded.spike_cell < n
    rates = [(calm & which).sum() / (0.9 * warm) / size
             for which, size in ((of_e, n), (~of_e, plan.network.sizes["I"]))]  # fmt: skip
    found: dict[str, float | Curve] = {"rate_e": rates[0], "rate_i": rates[1]}
    member = members(plan)
    pre, post = recorded.ends["EtoE"]
    within = np.zeros(pre.size, dtype=bool)
    for one in member:
        within |= one[pre] & one[post]
    weight = recorded.weights["EtoE"]
    after = _after_repetitions(plan)
    at = np.searchsorted(save_time, after - dt / 2).clip(max=save_time.size - 1)
    inside = np.array([weight[k][within].mean() for k in at])
    outside = np.array([weight[k][~within].mean() for k in at])
    ratio = inside / outside
    for repetition in (1, 3, 7):
        if repetition < ratio.size:
            found[f"ratio_{repetition}"] = float(ratio[repetition])
    first, last = (np.bincount(post, weight[k], n) for k in (0, -1))
    found |= {
        "ratio_last": float(ratio[-1]),
        "row_sum": float(np.abs(last - first).max()),
        "within": Curve(np.arange(at.size), inside, "repetition", "weight within (pF)"),
        "between": Curve(np.arange(at.size), outside, "repetition", "weight between (pF)"),
        "ratio": Curve(np.arange(at.size), ratio, "repetition", "within over between"),
        "rate": _rates(plan, recorded.spike_time[of_e], n),
    }
    return found


def _after_repetitions(plan: "Plan") -> np.ndarray:
    """Time at which training begins and every repetition of it ends; s."""
    timetable, dt = plan.timetable, plan.options.simulation.dt
    kinds = [phase.kind for phase in plan.network.protocol.phases]
    begin = float(timetable.phase_stop[0] * dt)
    if "train" not in kinds:
        return np.array([begin, timetable.stop * dt])
    shown = timetable.presentation_phase == kinds.index("train")
    ends = (timetable.presentation_step[shown] + timetable.segment_steps) * dt
    repeat = timetable.repeat[shown]
    return np.array([begin, *(ends[repeat == k].max() for k in np.unique(repeat))])


def _rates(plan: "Plan", time: np.ndarray, n: int) -> Curve:
    edges = np.arange(0, plan.timetable.stop * plan.options.simulation.dt + 5, 10.0)
    rate = np.histogram(time, edges)[0] / n / 10.0
    return Curve(edges[:-1] + 5, rate, "time (s)", "rate of E (Hz)")


PORT = "an independent program of the same equations, one seed; the tolerance is a judgment"
NOTES = "a third party's notes on the triplet variant of the network"
MODEL = Model(
    name="litwin_kumar_2014",
    title="assemblies form and are kept in a balanced network",
    citation="Litwin-Kumar A, Doiron B (2014) Nature Communications 5:5319",
    options=LitwinKumarNetwork,
    declare=declare,
    experiments=(
        Experiment(
            "training",
            "stimuli of twenty assemblies",
            set={"repetitions": 8},
            quick={"repetitions": 3},
            instances=(1, 1),
        ),
        Experiment(
            "no_stimulus",
            "the same time without stimuli",
            set={"repetitions": 0, "spontaneous": 640.0},
            quick={"spontaneous": 80.0},
            instances=(1, 1),
        ),
    ),
    readout=readout,
    targets=(
        Target("training", "rate_e", "rate of E before training", PORT, "computed",
               low=1.43, high=1.73, value=1.58, unit="Hz"),
        Target("training", "rate_i", "rate of I before training", PORT, "computed",
               low=2.30, high=2.60, value=2.45, unit="Hz"),
        Target("training", "ratio_1", "within over between, repetition 1", PORT, "computed",
               low=1.19, high=1.61, value=1.40),
        Target("training", "ratio_3", "within over between, repetition 3", PORT, "computed",
               low=2.46, high=3.32, value=2.89),
        Target("training", "ratio_7", "within over between, repetition 7", PORT, "computed",
               low=5.1, high=7.0, value=6.07, sizes=("full",)),
        Target("no_stimulus", "ratio_last", "within over between", NOTES, "unverified",
               low=0.99, high=1.01, value=0.997),
        Target("training", "row_sum", "greatest change of the sum onto a cell", NOTES,
               "unverified", low=0.0, high=1.0, value=0.03, unit="pF"),
    ),
)  # fmt: skip
