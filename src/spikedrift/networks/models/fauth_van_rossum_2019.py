"""Assemblies that outlive their synapses because they reactivate themselves.

Fauth & van Rossum (2019), eLife 8:e43717. Rate cells with global inhibition and short-term
depression; each connection has 16 sites, at which synapses come and go. A weak synapse lasts about
an hour and a strong one a month; synapses of cells that are active together become strong. In the
learning phase three groups of cells become assemblies. Later the network is shown passing patterns
of other cells, in which assemblies decay, or rests: then assemblies become active by themselves,
one at a time, and new synapses make good what they have lost.

Equations and values are those printed in the paper (its Materials and methods), its Euler step of
100 ms included, at which potentials, inhibition and noise are coarse; days are simulated in full.
Chosen by us: in a step inhibition goes first and potentials follow it, since with both at once all
cells would swing up and down together; sites are looked at once a minute, where the authors'
program handles each event at its time; no cell is joined to itself; phases last whole seconds.

`shown` adds blocks after the retention, with a day of it in each pause. A segment is a cue in the
paper's sense: a part of the cells of a group is left out and as many others are in. Cells answer as
in its test of recall, with the rates for the currents from cells that are all on or off. Rates
become trials by Poisson spikes (`networks/rates.py`).
"""

from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import Field, model_validator

from spikedrift.config.networks import NetworkOptions
from spikedrift.config.simulation import Simulation
from spikedrift.networks import rates
from spikedrift.networks.catalog import Curve, Experiment, Model, Readout, Target
from spikedrift.networks.declaration import Network, Phase, Population

if TYPE_CHECKING:
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.session_plan import Plan

STEP, SECOND, EPISODE = 0.1, 10, 600  # s; steps in a second, and between looks at the sites
HOUR, DAY, NEW = 3600.0, 86400.0, 0.001  # s; weight of a new synapse
LEARNING, TAUGHT, TURN = 200.0, 180, 540  # stimulus; steps that it lasts, and until the next group
SENSORY, AT_ONCE = 50.0, 15  # stimulus of passing patterns, and cells in each
CORRUPTED = np.arange(0.0, 0.65, 0.05)  # shares of a cue that the readout leaves out
CUES, WRONG = 20, 0.01  # cues of each group and share; share of wrong cells that counts as errors


class CueShown(rates.Shown):
    """Corrupted cues of the groups that are shown in blocks; segment k is one of group k."""

    segments: int = Field(default=3, gt=1, description="segments; after the groups, in turn again")
    pause: float = Field(default=DAY, gt=0, description="time between blocks; s")
    corruption: float = Field(default=0.15, ge=0, le=1, description="share of a group left out")


class FauthNetwork(NetworkOptions):
    """The network of Fauth & van Rossum (2019)."""

    n: int = Field(default=240, gt=1, description="cells")
    groups: int = Field(default=3, gt=0, description="groups of cells that become assemblies")
    size: int = Field(default=30, gt=1, description="cells of a group")
    sites: int = Field(default=16, gt=0, description="potential synapses of a connection")
    tau: float = Field(default=0.155, gt=STEP, description="of potentials and inhibition; s")
    noise: float = Field(default=1.5, ge=0, description="SD of the noise current of a step")
    w_max: float = Field(default=0.7, gt=0, description="greatest weight of a synapse")
    inhibition: float = Field(default=3.5, ge=0, description="global inhibition over w_max")
    recovery: float = Field(default=5.0, gt=STEP, description="from short-term depression; s")
    use: float = Field(default=1.0, ge=0, description="onset of short-term depression; 1/s")
    potentiation: float = Field(default=0.1, ge=0, description="rate of potentiation; 1/s")
    depression: float = Field(default=0.01, ge=0, description="rate of depression; 1/s")
    decay: float = Field(default=0.5, ge=0, description="decay of weights of silent cells; 1/day")
    creation: float = Field(default=1.0, ge=0, description="synapses made at an empty site; 1/day")
    removal: float = Field(default=24.0, ge=0, description="removal of weak synapses; 1/day")
    least_removal: float = Field(default=0.03, ge=0, description="and of strong ones; 1/day")
    offset: float = Field(default=0.35, description="weight between weak and strong, over w_max")
    steepness: float = Field(default=20.0, gt=0, description="of removal over weights")
    start: int = Field(default=0, ge=0, description="synapses of ready-made assemblies; 0: none")
    settling: float = Field(default=6.0, gt=0, description="passing patterns, before learning; h")
    learning: float = Field(default=9.0, gt=0, description="learning; h")
    retention: float = Field(default=285.0, gt=0, description="time after it; h")
    sensory: float = Field(default=4.0, gt=0, description="mean length of sensory phases; h")
    rest: float = Field(default=2.0, ge=0, description="mean length of rest; 0: there is none; h")
    exponential: bool = Field(default=True, description="lengths are exponential, or all alike")
    rewiring: bool = Field(default=True, description="sites fill and empty after learning too")
    trace_interval: float = Field(default=DAY, gt=0, description="step of traces; s")
    shown: CueShown | None = Field(default=None, description="blocks after the retention")
    simulation: Simulation = Simulation(dt=1e-3)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        taken = self.groups * self.size
        if taken + AT_ONCE > self.n:
            raise ValueError(f"groups: {taken} cells leave less than {AT_ONCE} of {self.n} others")
        if self.start > self.sites:
            raise ValueError(f"start: {self.start} synapses at {self.sites} sites")
        return self

    @property
    def member(self) -> np.ndarray:
        """Group of every cell; -1 for the others."""
        group = np.arange(self.n) // self.size
        return np.where(group < self.groups, group, -1)

    @property
    def stages(self) -> dict[str, float]:
        """Length of every stage, in hours."""
        before = {} if self.start else {"settle": self.settling, "learn": self.learning}
        return {**before, "retain": self.retention}


def declare(options: FauthNetwork) -> Network:
    """Declare the network; the sites of a connection stand side by side."""
    phases = tuple(
        Phase("settle" if stage == "settle" else "pause", duration=hours * HOUR)
        for stage, hours in options.stages.items()
    )
    return Network(
        populations=(Population("E", options.n),),
        projections=(
            rates.matrix("recurrent", "E", "E", options.w_max, "Hebbian learning and turnover"),
        ),
        protocol=rates.protocol("E", phases, options.shown),
        recording=rates.recording("E", options.trace_interval, options.shown),
    )


class Reactivating:
    """The network while it runs."""

    def __init__(self, plan: "Plan") -> None:
        options = plan.options
        assert isinstance(options, FauthNetwork)
        self.options, self.now, self.left, self.resting = options, 0, 0, True
        self.noise, self.turnover, self.phases = map(plan.rng, ("noise", "turnover", "phases"))
        n, member = options.n, options.member
        self.potential, self.available, self.inhibition = np.zeros(n), np.ones(n), np.zeros(1)
        self.site = np.zeros((n, n, options.sites))
        self.site[within(member), : options.start] = options.w_max
        self.number, self.total = (self.site > 0).sum(axis=2).astype(float), self.site.sum(axis=2)
        self.gain, self.added = np.ones((n, n)), np.zeros((n, n))
        self.lone, self.faded = np.ones(n), np.ones(1)
        rng, shown = plan.rng("cues"), options.shown
        groups = [member == k % options.groups for k in range(shown.segments if shown else 0)]
        self.cues = [corrupted(one, shown.corruption, rng) for one in groups if shown]

    def _settle(self) -> None:
        from spikedrift.networks.integrators.structural import settle

        settle(self.site, self.number, self.total, self.gain, self.added, self.lone, self.faded)

    def _advance(self, outside: np.ndarray) -> np.ndarray:
        from spikedrift.networks.integrators.structural import advance

        options = self.options
        inhibiting, use = options.inhibition * options.w_max, options.use * STEP
        cell = STEP / options.tau, inhibiting, STEP / options.recovery, use
        decay = options.decay * STEP / DAY
        learning = options.potentiation * STEP, options.depression * STEP, decay
        summed = advance(
            self.potential, self.available, self.inhibition, self.total, self.number, self.gain,
            self.added, self.lone, self.faded, outside, cell, learning, options.w_max,
        )  # fmt: skip
        return np.asarray(summed)

    def update(self, n: int, phase: int) -> None:
        """Go on by `n` steps."""
        stages = list(self.options.stages)
        stage = stages[min(phase, len(stages) - 1)]
        while n:
            if stage == "retain" and not self.left:
                self._next_phase()
            piece = min(n, EPISODE - self.now % EPISODE)
            if stage == "retain":
                piece = min(piece, self.left)
                self.left -= piece
            self._advance(self._outside(piece, stage))
            self.now, n = self.now + piece, n - piece
            if self.now % EPISODE == 0:
                self._settle()
                if self.options.rewiring or stage != "retain":
                    self._turn_over()

    def _next_phase(self) -> None:
        options = self.options
        self.resting = bool(options.rest) and not self.resting
        hours = options.rest if self.resting else options.sensory
        if options.exponential:
            hours *= self.phases.exponential()
        self.left = SECOND * max(1, round(hours * HOUR))

    def _outside(self, n: int, stage: str) -> np.ndarray:
        """Stimulus and noise of the next `n` steps."""
        options, member = self.options, self.options.member
        found = options.noise * self.noise.standard_normal((n, options.n))
        step = self.now + np.arange(n)
        if stage == "learn":
            step = step - round(options.settling * HOUR / STEP)
            taught = np.where(step % TURN < TAUGHT, step // TURN % options.groups, -2)
            found += LEARNING * (taught[:, None] == member)
        elif stage == "settle" or not self.resting:
            second = step // SECOND - step[0] // SECOND
            others = np.flatnonzero(member < 0)
            order = self.noise.random((second[-1] + 1, others.size)).argsort(axis=1)
            found[np.arange(n)[:, None], others[order[second, :AT_ONCE]]] += SENSORY
        return found

    def _turn_over(self) -> None:
        from spikedrift.networks.integrators.structural import turn_over

        options, time = self.options, EPISODE * STEP / DAY
        rates_of = (options.creation, options.removal, options.least_removal)
        empty, *_ = chance = -np.expm1(-np.array(rates_of) * time)
        most = float(chance.max())
        if not most:
            return
        size = self.site.size
        gaps = self.turnover.geometric(most, int(size * most + 10 * np.sqrt(size * most)) + 10)
        places = np.cumsum(gaps) - 1
        places = places[places < size]
        turn_over(
            self.site, self.number, self.total, places, self.turnover.random(places.size), most,
            empty, NEW, options.removal, options.least_removal,
            options.offset * options.w_max, options.steepness, time,
        )  # fmt: skip

    def respond(self, segment: int) -> np.ndarray:
        """Rates for the currents that a cue evokes, as the paper tests recall."""
        from scipy.special import expit

        self._settle()
        return np.asarray(expit(evoked(self.options, self.total, self.cues[segment])))

    def weights(self) -> dict[str, np.ndarray]:
        """Weights of all sites, presynaptic cells first; 0 where there is no synapse."""
        self._settle()
        return {"recurrent": self.site.ravel()}


def within(member: np.ndarray) -> np.ndarray:
    """Which connections are inside of a group, shape (n, n)."""
    same = (member[:, None] == member) & (member >= 0)
    np.fill_diagonal(same, False)
    return same


def corrupted(group: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return a cue: a share of a group's cells is left out and as many others are in."""
    inside, outside = np.flatnonzero(group), np.flatnonzero(~group)
    swapped = min(round(share * inside.size), outside.size)
    cue = group.copy()
    cue[rng.choice(inside, swapped, replace=False)] = False
    cue[rng.choice(outside, swapped, replace=False)] = True
    return cue


def integrate(plan: "Plan") -> "Recorded":
    """Run the phases, and what is shown after them."""
    options = plan.options
    assert isinstance(options, FauthNetwork)
    pre, post, _ = np.indices((options.n, options.n, options.sites)).reshape(3, -1)
    return rates.session(plan, Reactivating(plan), STEP, {"recurrent": (pre, post)}, options.shown)


def survival(options: FauthNetwork, hours: np.ndarray | float) -> np.ndarray:
    """Share of an assembly's synapses left after so long without reactivation (equation 3)."""
    hour = np.linspace(0, np.max(hours), 10_000)
    above = options.w_max * (np.exp(-options.decay * hour * HOUR / DAY) - options.offset)
    more = (options.removal - options.least_removal) / (1 + np.exp(options.steepness * above))
    rate = options.least_removal + more
    step = np.diff(hour, prepend=0.0) * HOUR / DAY
    removed = np.cumsum(step * (rate + np.append(rate[0], rate[:-1])) / 2)
    return np.asarray(np.interp(hours, hour, np.exp(-removed)))


def expected(options: FauthNetwork, first: float, hours: np.ndarray | float) -> np.ndarray:
    """Synapses of a connection after so long without reactivation, weak ones included."""
    left = first * survival(options, hours)
    weak = options.creation / (options.removal + options.creation)
    return np.asarray(left + weak * (options.sites - left))


def after_cycles(options: FauthNetwork, first: float, cycles: int) -> float:
    """Synapses of a connection after cycles of equal phases (equation 6)."""
    kept = float(survival(options, options.sensory))
    strong = options.removal / (options.removal + options.creation)
    gamma = strong * np.exp(-options.creation * options.rest * HOUR / DAY)
    for _ in range(cycles):
        first += options.sites * (1 - gamma) - first * (1 - gamma * kept)
    return first


def evoked(options: FauthNetwork, total: np.ndarray, cue: np.ndarray) -> np.ndarray:
    """Current of every cell from those of a cue, global inhibition included."""
    return np.asarray(total[cue].sum(axis=0) - options.inhibition * options.w_max * cue.sum())


def errors(options: FauthNetwork, total: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Share of cells that a corrupted cue makes active or silent wrongly, by `CORRUPTED`."""
    member, found = options.member, []
    for share in CORRUPTED:
        wrong = []
        for group in range(options.groups):
            for _ in range(CUES):
                current = evoked(options, total, corrupted(member == group, share, rng))
                wrong.append(np.mean((current > 0) != (member == group)))
        found.append(np.mean(wrong))
    return np.array(found)


def readout(plan: "Plan", recorded: "Recorded") -> Readout:
    """Synapses of the assemblies and of other cells, their turnover, and recall."""
    options = plan.options
    assert isinstance(options, FauthNetwork)
    n, member = options.n, options.member
    begin = sum(hours for stage, hours in options.stages.items() if stage != "retain") * HOUR
    learned = int(np.searchsorted(plan.save_time, begin - 1e-6))
    hours = (plan.save_time[learned:] - begin) / HOUR
    sites = recorded.weights["recurrent"].reshape(-1, n, n, options.sites)[learned:]
    own, other = within(member), (member[:, None] < 0) & (member < 0)
    np.fill_diagonal(other, False)
    there = sites[:, own] > 0
    number = there.sum(axis=2).mean(axis=1)
    others = (sites[:, other] > 0).sum(axis=2).mean(axis=1)
    strength = np.array([one[own].sum(axis=1, dtype=float).mean() for one in sites])
    day = max(1, round(DAY / options.trace_interval))
    changed = (there[day:] != there[:-day]).sum(axis=(1, 2)) / 2
    before = there[:-day].sum(axis=(1, 2))
    rng = plan.rng("recall")
    at_first, at_last = (errors(options, sites[save].sum(axis=2), rng) for save in (0, -1))
    theory = expected(options, float(number[0]), hours)
    cycles = round(options.retention / (options.sensory + options.rest))
    ended = after_cycles(options, float(number[0]), cycles)
    beyond = CORRUPTED[at_first > WRONG]
    return {
        "synapses": float(number[-1]),
        "growth": float(number[-1] / number[0]),
        "strength": float(strength[-1] / strength[0]),
        "others": float(others[-1] / number[-1]),
        "exchanged": float(np.mean(changed / before)) if before.size else np.nan,
        "lasting": float((there[0] & there[-1]).sum() / there[0].sum()),
        "corruption": float(beyond[0]) if beyond.size else np.nan,
        "recall": float((at_last > WRONG).mean() - (at_first > WRONG).mean()),
        "off_decay": float(np.abs(number - theory).max() / number[0]),
        "off_cycles": float(abs(number[-1] - ended) / number[0]),
        "number": Curve(hours, number, "time after learning (h)", "synapses of a connection"),
        "theory": Curve(hours, theory, "time after learning (h)", "the same, no reactivation"),
        "errors_first": Curve(CORRUPTED, at_first, "corruption of the cue", "wrong cells"),
        "errors_last": Curve(CORRUPTED, at_last, "corruption of the cue", "wrong cells at the end"),
    }


KEPT = "abstract: reactivations during rest do not only maintain assemblies but strengthen them"
LOST = "results, figure 4A: without rest the assemblies decay"
DAILY = "results: around 10 % of an assembly's synapses are exchanged in a day; within a half"
RECALL = "results: directly after learning errors increase beyond a corruption of 15 %"
BETTER = "abstract: pattern completion improves"
THEORY = "equations 3 and 4 of the paper, which match its simulations; within a tenth"
CYCLES = "equation 6 of the paper, which matches its simulations; within a tenth"
WEAK = "results: connectivity of other cells remains low; less than half of an assembly's"
MODEL = Model(
    name="fauth_van_rossum_2019",
    title="assemblies reactivate and outlive their synapses",
    citation="Fauth MJ, van Rossum MCW (2019) eLife 8:e43717",
    options=FauthNetwork,
    declare=declare,
    integrate=integrate,
    experiments=(
        Experiment("rest", "learning, then sensory phases and rest", {},
                   {"retention": 36.0}, instances=(1, 3)),
        Experiment("wake", "learning, then sensory phases alone",
                   {"rest": 0.0, "retention": 96.0, "trace_interval": 6 * HOUR},
                   {"retention": 36.0}, instances=(1, 2)),
        Experiment("cycles", "assemblies of 8 synapses; 4.5 h sensory, 0.5 h rest, in turn",
                   {"start": 8, "sensory": 4.5, "rest": 0.5, "exponential": False,
                    "retention": 120.0}, {"retention": 30.0}, instances=(1, 3)),
    ),
    readout=readout,
    targets=(
        Target("rest", "growth", "synapses at the end / after learning", KEPT, "published",
               low=1.0),
        Target("rest", "strength", "summed weights at the end / after learning", KEPT,
               "published", low=1.0),
        Target("rest", "exchanged", "synapses exchanged in a day", DAILY, "published",
               value=0.1, low=0.05, high=0.15, sizes=("full",)),
        Target("rest", "corruption", "corruption with errors, after learning", RECALL, "published",
               value=0.15, low=0.1, high=0.25),
        Target("rest", "recall", "corruptions with errors, at the end less then", BETTER,
               "published", high=0.0),
        Target("rest", "others", "synapses, other cells / assemblies", WEAK, "published",
               high=0.5),
        Target("wake", "strength", "summed weights at the end / after learning", LOST,
               "published", high=0.5),
        Target("wake", "off_decay", "greatest distance from theory / after learning", THEORY,
               "computed", high=0.1),
        Target("cycles", "off_cycles", "distance from theory / at the start", CYCLES,
               "computed", high=0.1),
    ),
)  # fmt: skip
