"""A recurrent network whose excitation and inhibition learn by what the neighbors do.

Agnes & Vogels (2024), Nature Neuroscience 27:964. Weights among excitatory cells follow the
codependent excitatory rule and weights from inhibitory to excitatory cells the codependent
inhibitory one, in spontaneous activity: inhibition comes to rest where E = alpha I, and closes the
gate of the excitatory rule as it grows. Before and after, a brief input to some of the cells asks
how far, and how long, the network is driven from its baseline.

What stands where. The authors' program for receptive fields (ejagnes/codependent_plasticity) holds
the cell, both rules with their amplitudes, the bounds of weights and the weights of afferents and
of inhibition, for one cell with 800 excitatory and 200 inhibitory inputs. Their programs of the
recurrent network are not public, and the methods of the paper could not be read: that it has 1,000
excitatory and 250 inhibitory cells is a third party's word, and all else is chosen here.

- Every cell, inhibitory ones too, is that of the program and has 320 excitatory and 80 inhibitory
  partners, so that the small network of a quick reproduction has the currents of the large one.
- First weights from E are small, 4.8 leak conductances in all as in Vogels et al. (2011): at that
  of the program, which is for independent inputs, all cells fire in step. Those from I to E begin
  at half of the weights from I to I, so that inhibition has to find its balance.
- The afferents bring E to 60 mV, and the cells to 5 Hz once inhibition has all of its weight. With
  half of it they begin at 10 Hz, partly in step.
- At 4 Hz and E = 75 mV excitation rests after a time constant of 100 s and inhibition after 10 s,
  so that inhibition keeps up with excitation that grows; in the program it takes hours.
- Learning is in spontaneous activity, with the afferents; the stimulus doubles their rate.

Connections, external input and steps were set anew after first runs: one network fired in step,
one had hardly any current, and one ran away before inhibition could follow. With the last ones
300 s were tried in the small size, and then the 1,000 s of the large one. No target decides
anything, therefore.

Weights are in units of the leak conductance.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from spikedrift.cells import cell as cells
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
    in_blocks,
    in_degree,
)
from spikedrift.plasticity import registry

if TYPE_CHECKING:
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.session_plan import Plan

TRAINING = 2  # place of the phase in which the network learns
BASELINE = 0.2  # s before a stimulus
BIN = 0.1  # of the response; s


class Wiring(Options):
    """Sizes, partners and weights (leak conductances)."""

    n_excitatory: int = Field(default=1000, gt=1, description="excitatory cells (E)")
    n_inhibitory: int = Field(default=250, gt=0, description="inhibitory cells (I)")
    from_e: int = Field(default=320, gt=0, description="excitatory partners of every cell")
    from_i: int = Field(default=80, gt=0, description="inhibitory partners of every cell")
    w_e: float = Field(default=0.015, ge=0, description="weights from E, those to E the first ones")
    w_ie: float = Field(default=0.45, ge=0, description="first weights from I to E")
    w_ii: float = Field(default=0.9, ge=0, description="weights from I to I")
    w_e_max: float = Field(default=1.0, gt=0, description="greatest weight from E to E")
    w_i_max: float = Field(default=10.0, gt=0, description="greatest weight from I to E")


class Rules(Options):
    """What differs from the set `receptive_field` of both rules."""

    eta_e: float = Field(default=0.1, ge=0, description="factor on the rule from E to E")
    eta_i: float = Field(default=3.5, ge=0, description="step of the rule from I to E")
    alpha: float = Field(default=0.93, gt=0, description="E over I at which inhibition rests")


class External(Options):
    """Poisson input of every cell, and the stimulus, which adds some for a share of E cells."""

    rate: float = Field(default=1000.0, ge=0, description="of all afferents of a cell; Hz")
    weight: float = Field(default=0.12, ge=0, description="weight of the afferents")
    segments: int = Field(default=2, gt=0, description="stimuli, each to other cells")
    share: float = Field(default=0.1, gt=0, le=1, description="share of E cells stimulated")
    added: float = Field(default=1000.0, ge=0, description="rate that a stimulus adds; Hz")
    duration: float = Field(default=0.2, gt=0, description="length of a stimulus; s")
    gap: float = Field(default=1.0, gt=BASELINE, description="time before every stimulus; s")


class AgnesVogelsNetwork(NetworkOptions):
    """The recurrent network of Agnes & Vogels (2024)."""

    wiring: Wiring = Wiring()
    rules: Rules = Rules()
    external: External = External()
    warm_up: float = Field(default=5.0, gt=0, description="time at the start, not plastic; s")
    training: float = Field(default=1000.0, gt=0, description="time in which the network learns; s")
    repeats: int = Field(default=30, gt=1, description="showings of a stimulus in a block")
    blocks: int = Field(default=1, gt=0, description="blocks after training")
    pause: float = Field(default=60.0, gt=0, description="time between blocks, plastic; s")
    simulation: Simulation = Simulation(dt=1e-4)


def declare(options: AgnesVogelsNetwork) -> Network:
    """Declare the network."""
    wiring, rules, external = options.wiring, options.rules, options.external
    plastic = {
        "EtoE": {
            "codependent": registry.declared("codependent").values(
                "receptive_field", {"eta": rules.eta_e}
            )
        },
        "ItoE": {
            "codependent_inhibitory": registry.declared("codependent_inhibitory").values(
                "receptive_field", {"eta": rules.eta_i, "alpha": rules.alpha}
            )
        },
    }
    cell = cells.get("codependent").sets["receptive_field"]

    def projection(pre: str, post: str, weight: float) -> Projection:
        from_e = pre == "E"
        return Projection(
            f"{pre}to{post}",
            pre,
            post,
            "excitatory" if from_e else "inhibitory",
            in_degree(wiring.from_e if from_e else wiring.from_i),
            constant(weight),
            wiring.w_e_max if from_e else wiring.w_i_max,
            plasticity=plastic.get(f"{pre}to{post}", {}),
        )

    block = Phase("block", repeats=options.repeats, plastic=False)
    return Network(
        populations=(
            Population("E", wiring.n_excitatory, "codependent", cell),
            Population("I", wiring.n_inhibitory, "codependent", cell),
        ),
        projections=(
            projection("E", "E", wiring.w_e),
            projection("E", "I", wiring.w_e),
            projection("I", "E", wiring.w_ie),
            projection("I", "I", wiring.w_ii),
        ),
        drives=tuple(
            Drive(f"to{one}", one, "excitatory", external.weight, external.rate) for one in "EI"
        ),
        protocol=Protocol(
            (
                Phase("pause", duration=options.warm_up, plastic=False),
                Phase("naive", repeats=options.repeats, plastic=False),
                Phase("pause", duration=options.training),
                *in_blocks(options.blocks, block, Phase("pause", duration=options.pause)),
            ),
            n_segments=external.segments,
            duration=external.duration,
            gap=external.gap,
            tail=external.gap - BASELINE,
        ),
        recording=Recording(
            "E",
            trace_interval=options.training / 40,
            n_synapses=2000,
            settling="ItoE",
            states=("E.ItoE_E", "E.ItoE_I"),
        ),
        draw=lambda network, rng: replace(
            network, protocol=replace(network.protocol, cues=_stimuli(options, rng))
        ),
    )


def _stimuli(options: AgnesVogelsNetwork, rng: np.random.Generator) -> Cues:
    """Draw the cells that every stimulus drives."""
    external, n = options.external, options.wiring.n_excitatory
    rest = np.full(n, external.rate)
    cues = []
    for _ in range(external.segments):
        driven = rng.permutation(n) < round(external.share * n)
        cues.append({"E.toE_rate": (rest + external.added * driven, rest)})
    return tuple(cues)


def readout(plan: "Plan", recorded: "Recorded") -> Readout:
    """Balance and weights at the end of training, and responses before and after it.

    What has settled is compared with the last quarter of training, in which E, I and rates are
    means over cells and saves. The rule sees E and I at spikes alone: where these are rare and come
    when E is high, the mean of E lies below alpha times that of I.
    """
    dt, timetable = plan.options.simulation.dt, plan.timetable
    start, stop = (at[TRAINING] * dt for at in (timetable.phase_start, timetable.phase_stop))
    learned = (plan.save_time > start - dt / 2) & (plan.save_time < stop + dt / 2)
    late = learned & (plan.save_time > stop - (stop - start) / 4 - dt / 2)
    excitation, inhibition = (recorded.states[f"E.ItoE_{one}"] for one in "EI")
    options: AgnesVogelsNetwork = plan.options  # type: ignore[assignment]
    balance = np.divide(
        excitation.mean(axis=1, dtype=float),
        options.rules.alpha * inhibition.mean(axis=1, dtype=float),
        out=np.full(len(plan.save_time), np.nan),
        where=inhibition.any(axis=1),
    )
    n, weights = plan.network.sizes["E"], recorded.weights
    rate = _rate(recorded, n, stop - (stop - start) / 4, stop)
    mean = {name: one.mean(axis=1, dtype=float) for name, one in weights.items()}
    last, excited = np.flatnonzero(late)[-1], float(excitation[late].mean())
    pre, post = recorded.ends["EtoE"]
    into = np.bincount(post, weights["EtoE"][last], n)
    out = np.bincount(pre, weights["EtoE"][last], n)
    inhibited = np.bincount(recorded.ends["ItoE"][1], weights["ItoE"][last], n)
    time = plan.save_time[learned] - start
    found: dict[str, float | Curve] = {
        "rate": rate,
        "balance": float(excitation[late].mean() / inhibition[late].mean() / options.rules.alpha),
        "excitation": 1e3 * excited,
        "weight_e": float(mean["EtoE"][last]),
        "weight_i": float(mean["ItoE"][last]),
        "resting": float(mean["EtoE"][last] / resting_weight(plan, excited, rate)),
        "settled_e": _change(mean["EtoE"][late]),
        "settled_i": _change(mean["ItoE"][late]),
        "bound": float((weights["EtoE"][last] > 0.999 * options.wiring.w_e_max).mean()),
        "tuned": _correlation(into, inhibited),
        "opposed": _correlation(into, out),
        "ratio": Curve(time, balance[learned], "time (s)", "E over alpha I"),
        "from_e": Curve(time, mean["EtoE"][learned], "time (s)", "mean weight from E to E"),
        "from_i": Curve(time, mean["ItoE"][learned], "time (s)", "mean weight from I to E"),
    }
    return found | _transients(plan, recorded)


def resting_weight(plan: "Plan", excitation: float, rate: float) -> float:
    """Weight from E to E that rests if spikes are independent and of one rate (Hz), at E (V).

    The rule changes it by A_LTP tau_x E r**2 - A_LTD tau_y w r**2 - A_het (own + tau_z r) E**2 r in
    a second, times the gate.
    """
    (one,) = (each for each in plan.network.projections if each.name == "EtoE")
    rule = one.plasticity["codependent"]
    together = rule["A_LTP"] * rule["tau_x"] * excitation
    others = rule["A_het"] * (rule["own"] / rate + rule["tau_z"]) * excitation**2
    return (together - others) / (rule["A_LTD"] * rule["tau_y"])


def _change(mean: np.ndarray) -> float:
    """Relative change from the first to the last value."""
    return float(abs(mean[-1] - mean[0]) / mean[-1])


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation; NaN where one does not vary."""
    return float(np.corrcoef(one, other)[0, 1]) if np.ptp(one) and np.ptp(other) else np.nan


def _rate(recorded: "Recorded", n: int, start: float, stop: float) -> float:
    of_e = recorded.spike_cell < n
    inside = (recorded.spike_time >= start) & (recorded.spike_time < stop)
    return float((of_e & inside).sum() / n / (stop - start))


def _transients(plan: "Plan", recorded: "Recorded") -> dict[str, float | Curve]:
    """Norm of the response of E before training and in the first block after it."""
    from spikedrift.networks.response_norm import lasting, squared_norm

    dt, timetable, protocol = plan.options.simulation.dt, plan.timetable, plan.network.protocol
    n = plan.network.sizes["E"]
    edges = np.arange(0, protocol.duration + protocol.tail + BIN / 2, BIN)
    of_e = recorded.spike_cell < n
    found: dict[str, float | Curve] = {}
    peaks: list[float] = []
    for name, phase in (("before", TRAINING - 1), ("after", TRAINING + 1)):
        shown = timetable.presentation_phase == phase
        square = squared_norm(
            recorded.spike_time[of_e],
            recorded.spike_cell[of_e],
            n,
            timetable.presentation_step[shown] * dt,
            timetable.segment[shown],
            edges,
            BASELINE,
        )
        norm = np.sqrt(np.maximum(square, 0))
        peaks.append(norm.max() or np.nan)
        found |= {
            f"peak_{name}": float(peaks[-1]),
            f"lasting_{name}": lasting(square, edges, protocol.duration),
            f"end_{name}": float(norm[-2:].mean() / peaks[-1]),
            f"norm_{name}": Curve(edges[:-1] + BIN / 2, norm, "time (s)", f"norm, {name} (Hz)"),
        }
    return found | {"amplified": float(peaks[1] / peaks[0])}


RULE = "where the change by the rule is 0; the tolerance is a judgment"
NOTES = "a third party's notes on the network of the paper; the bound is ours"
ABSTRACT = "the abstract, in words: rich and stable dynamics, sensitive to input; the bound is ours"
MODEL = Model(
    name="agnes_vogels_2024",
    title="codependent excitation and inhibition in a recurrent network",
    citation="Agnes EJ, Vogels TP (2024) Nature Neuroscience 27:964-974",
    options=AgnesVogelsNetwork,
    declare=declare,
    experiments=(
        Experiment(
            "learning",
            "stimuli before and after spontaneous learning",
            quick={"wiring.n_excitatory": 400, "wiring.n_inhibitory": 100},
            instances=(1, 3),
        ),
    ),
    readout=readout,
    targets=(
        Target("learning", "balance", "E over alpha I, end of training", RULE, "unverified",
               low=0.75, high=1.25, value=1.0),
        Target("learning", "resting", "weight from E to E over that at rest for independent "
               "spikes", RULE, "unverified", low=0.5, high=2.0, value=1.0),
        Target("learning", "settled_e", "change of the mean weight from E to E in the last "
               "quarter of training", ABSTRACT, "unverified", low=0.0, high=0.1),
        Target("learning", "settled_i", "change of the mean weight from I to E in the last "
               "quarter of training", ABSTRACT, "unverified", low=0.0, high=0.1),
        Target("learning", "bound", "share of weights from E to E at their bound", ABSTRACT,
               "unverified", low=0.0, high=0.1),
        Target("learning", "tuned", "correlation over cells of the weights from E and from I",
               NOTES, "unverified", low=0.0, high=1.0),
        Target("learning", "opposed", "correlation over cells of the weights from and to E",
               NOTES, "unverified", low=-1.0, high=0.0),
        Target("learning", "amplified", "peak of the norm of the response, after over before",
               ABSTRACT, "unverified", low=1.0),
        Target("learning", "lasting_after", "time after a stimulus until the norm is 1/e of its "
               "peak, after training", ABSTRACT, "unverified", low=0.1, high=0.7, unit="s"),
        Target("learning", "end_after", "norm .6 s after a stimulus over its peak", ABSTRACT,
               "unverified", low=0.0, high=0.5),
    ),
)  # fmt: skip
