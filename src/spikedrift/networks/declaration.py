"""What a network is: populations, projections, inputs, protocol and recordings, as data.

A model file (`networks/models/`) turns its options into a `Network`, and the engine makes all else
of it: Brian2 objects, draws, copies, CUDA, memory, sessions, trials. The module imports nothing
that takes long, since Snakemake reads declarations at every start.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from spikedrift.config.phases import Until

type Values = Mapping[str, float]
type Cues = tuple[Mapping[str, tuple[Any, Any]], ...]


@dataclass(frozen=True)
class Population:
    """Cells of one kind.

    Attributes
    ----------
    name : str
    size : int
    cell : str
        A cell of the library; empty where the model has an integrator of its own.
    parameters : mapping of parameter of the cell -> value or float64, shape (size,)
        In place of its default, SI units.
    start : str
        First values, one `variable = expression` a line, in place of those of the cell; `rand()`
        and `randn()` are draws of the instance.
    recorded : bool
        Whether spikes are kept: those of many inputs would fill the memory and say nothing.
    """

    name: str
    size: int
    cell: str = ""
    parameters: Mapping[str, float | np.ndarray] = field(default_factory=dict)
    start: str | None = None
    recorded: bool = True


class Draws(NamedTuple):
    """Random streams of what is drawn before the program runs, all from seed and instance."""

    patterns: np.random.Generator
    input: np.random.Generator


@dataclass(frozen=True)
class Source:
    """Cells outside of the network whose spikes are drawn beforehand.

    Attributes
    ----------
    name : str
    size : int
    spikes : callable
        `spikes(timetable, draws)` returns (index, step), int32, each of shape (n_spikes,): cell and
        time step, sorted by step, no two of one cell in one step; see `networks/poisson.py`.
    period : float, s
        Spikes are those of the first period, and come again in every further one; 0 for never.
        Compiled in.
    """

    name: str
    size: int
    spikes: Callable[[Any, Draws], tuple[np.ndarray, np.ndarray]]
    period: float = 0.0


@dataclass(frozen=True)
class Distribution:
    """An expression of random numbers, drawn once for every synapse.

    Attributes
    ----------
    code : str
        Brian2's words; `rand()` and `randn()` are draws of the instance. Compiled in.
    values : mapping of name -> value
        Parameters of the expression, dimensionless; set at run time.
    """

    code: str
    values: Values = field(default_factory=dict)


def constant(value: float) -> Distribution:
    """All alike."""
    return Distribution("w_start", {"w_start": value})


def spread(mean: float, by: float = 0.5) -> Distribution:
    """Draw from a uniform distribution around a mean, from (1 - by) to (1 + by) times it."""
    return Distribution(f"w_start*({1 - by!r} + {2 * by!r}*rand())", {"w_start": mean})


def uniform(low: float, high: float) -> Distribution:
    """Draw from a uniform distribution."""
    return Distribution("w_low + (w_high - w_low)*rand()", {"w_low": low, "w_high": high})


def lognormal(median: float, sigma: float) -> Distribution:
    """Draw from a log-normal distribution; sigma is the SD of the logarithm."""
    return Distribution("w_median*exp(w_sigma*randn())", {"w_median": median, "w_sigma": sigma})


@dataclass(frozen=True)
class Wiring:
    """Which cells are joined.

    Attributes
    ----------
    condition : str
        Joins a pair of cells where it holds; empty for all. Words: `rand()`, a draw for the pair;
        `{x}`, `{y}`, draws for the postsynaptic cell; `{pre}`, `{post}`, places of the two in
        their populations, and `{n_pre}`, `{n_post}`, the sizes. Compiled in.
    values : mapping of name -> value
        Parameters of the condition, dimensionless; set at run time.
    p : float
        Share of pairs that are joined, for estimates of memory.
    degree : int, optional
        Partners that are drawn for every cell of the side `fixed`; the condition is then empty.
    fixed : "post" (in-degree) or "pre" (out-degree)
    n_pre : int, optional
        Presynaptic cells that the condition is written for; None for any number.
    """

    condition: str = ""
    values: Values = field(default_factory=dict)
    p: float = 1.0
    degree: int | None = None
    fixed: Literal["pre", "post"] = "post"
    n_pre: int | None = None


def probability(p: float) -> Wiring:
    """Join every pair with a probability."""
    return Wiring("rand() < p", {"p": p}, p)


def in_degree(n: int) -> Wiring:
    """Draw so many presynaptic cells for every postsynaptic one, none twice."""
    return Wiring(degree=n)


def out_degree(n: int) -> Wiring:
    """Draw so many postsynaptic cells for every presynaptic one, none twice."""
    return Wiring(degree=n, fixed="pre")


def all_to_all() -> Wiring:
    """Join every pair; no cell is joined to itself."""
    return Wiring()


def ring(p: float, width: float) -> Wiring:
    """Join cells on a ring with a probability that falls off with distance as a Gaussian.

    Parameters
    ----------
    p : float
        Probability at distance 0.
    width : float
        SD; the ring is 1 long.
    """
    apart = "abs(({pre} + 0.5)/{n_pre} - ({post} + 0.5)/{n_post})"
    return Wiring(
        f"rand() < p*exp(-0.5*((0.5 - abs(0.5 - {apart}))/width)**2)",
        {"p": p, "width": width},
        min(p, p * width * np.sqrt(2 * np.pi)),
    )


def clustered(n: int, within: float, between: float) -> Wiring:
    """Join cells of one cluster with one probability and others with another.

    Clusters are `n` stretches of equal length in either population.
    """
    same = f"({{pre}}*{n}//{{n_pre}} == {{post}}*{n}//{{n_post}})"
    return Wiring(
        f"rand() < p_between + (p_within - p_between)*int({same})",
        {"p_within": within, "p_between": between},
        within / n + between * (1 - 1 / n),
    )


@dataclass(frozen=True)
class Projection:
    """Synapses from one population or source to a population.

    Attributes
    ----------
    name, pre, post : str
    receptor : str
        Of the postsynaptic cell. The weight of a receptor whose name begins with `excitatory` or
        `inhibitory` counts as such.
    wiring : Wiring
    weight : Distribution
        First weights, in units of the cell's receptor, clipped to [0, w_max].
    w_max : float
        Upper bound of the weight.
    delay : float, or Distribution in s
    plasticity : mapping of rule -> its parameters that differ from its defaults
        Rules act in this order.
    changed_by : str
        What changes the weights in place of rules, in words; for the model's own integrator only.
    """

    name: str
    pre: str
    post: str
    receptor: str
    wiring: Wiring
    weight: Distribution
    w_max: float
    delay: float | Distribution = 0.0
    plasticity: Mapping[str, Values] = field(default_factory=dict)
    changed_by: str = ""


@dataclass(frozen=True)
class Drive:
    """Poisson spikes that every cell of a population gets from outside, on its own.

    Attributes
    ----------
    name, post, receptor : str
    weight : float
    rate : float or float64, shape (size,), Hz
        A protocol changes it as `{post}.{name}_rate`.
    """

    name: str
    post: str
    receptor: str
    weight: float
    rate: float | np.ndarray


@dataclass(frozen=True)
class Phase:
    """A stretch of the protocol.

    Attributes
    ----------
    kind : str
        `settle`, `pause` and `cue` give no trials; `naive`, `train` and `block` show every segment
        `repeats` times, and every showing is a trial of that phase. `cue` shows them for
        `networks/completion.py` and `networks/reactivation.py`.
    duration : float, s, or None where segments are shown
    repeats : int, or None
    plastic : bool
        Whether rules act, at their own rates.
    rates : mapping of `projection.rule` -> value
        Rates of rules that differ from that in this phase.
    set : mapping of `group.variable` -> value or array
        What changes when the phase begins, and stays so; `{projection}.w` gives all its weights one
        value.
    rest : float, optional
        Of a phase of kind cue that shows a part of every segment: share of its time after which
        responses are read, 0 or where the cue ends; None where segments are whole.
    label : str
        What the phase shows, in the network's own words, for its traces.
    until : Until, optional
        Of a phase of kind train: it ends when weights rest, after `repeats` at the latest.
    """

    kind: str
    duration: float | None = None
    repeats: int | None = None
    plastic: bool = True
    rates: Values = field(default_factory=dict)
    set: Mapping[str, float | np.ndarray] = field(default_factory=dict)
    rest: float | None = None
    label: str = ""
    until: "Until | None" = None


def in_blocks(n: int, block: Phase, pause: Phase) -> tuple[Phase, ...]:
    """Return a phase `n` times, with pauses between."""
    return (*(pause, block) * n,)[1:]


@dataclass(frozen=True)
class Protocol:
    """Phases, and how segments are shown in them.

    Attributes
    ----------
    phases : tuple of Phase
    n_segments : int
    duration, gap : float, s
        Length of a segment, and time before every one.
    gap_jitter : float, s
        Every segment comes earlier, by a uniform draw up to this.
    order : "random" or "fixed"
        Of the segments in a repeat.
    tail : float, s
        Trials go on so long after the segment.
    cues : tuple of mapping of `group.variable` -> (while shown, otherwise)
        What changes while a segment is shown, one mapping a segment; empty where the sources alone
        tell segments apart.
    often : int
        Showings of the first segment in a repeat of phases train and pause; all others have one.
        The further ones are no trials.
    timetable : callable, optional
        `timetable(dt, rng)` returns the Timetable of a protocol that is laid out otherwise.
    """

    phases: tuple[Phase, ...]
    n_segments: int = 0
    duration: float = 0.0
    gap: float = 0.0
    gap_jitter: float = 0.0
    order: Literal["random", "fixed"] = "random"
    tail: float = 0.0
    cues: Cues = ()
    often: int = 1
    timetable: Callable[[float, np.random.Generator], Any] | None = None


@dataclass(frozen=True)
class Recording:
    """What is kept of a session.

    Attributes
    ----------
    units : str
        Population whose cells become units.
    n_units : int, optional
        So many of them, drawn by the instance; None keeps all.
    cells : tuple of int, optional
        Places of the cells that can become units; None for all.
    trace_interval : float, s
        Step of the traces of weights and rates.
    n_synapses : int, optional
        Synapses of every plastic projection that are kept at the edges of phases; None keeps all.
    ensembles : str
        Plastic projection among the units in which weights within and between ensembles are
        compared; empty for none.
    settling : str
        Plastic projection whose mean weight should be stationary when the phase `settle` ends.
    weights : str
        Unit of the weights, for figures.
    assumed : str
        What was assumed to make spikes of the network, in words: trials carry it.
    states : tuple of str
        Variables of cells that are kept whenever weights are, `E.v` or, of a rule, `E.ItoE_x`.
    limit : float, Hz, optional
        A network with a recorded population of more spikes in a second, on average over its cells,
        ran away: its session ends there, and makes no trials.
    """

    units: str
    n_units: int | None = None
    cells: tuple[int, ...] | None = None
    trace_interval: float = 5.0
    n_synapses: int | None = 200
    ensembles: str = ""
    settling: str = ""
    weights: str = "leak conductance"
    assumed: str = ""
    states: tuple[str, ...] = ()
    limit: float | None = None


@dataclass(frozen=True)
class Network:
    """A network and what happens to it.

    Attributes
    ----------
    populations, projections, sources, drives : tuple
    protocol : Protocol
    recording : Recording
    draw : callable, optional
        `draw(network, rng)` returns the network of an instance. What is compiled in must stay the
        same, so that a parameter that is drawn by cell is an array from the beginning.
    """

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    protocol: Protocol
    recording: Recording
    sources: tuple[Source, ...] = ()
    drives: tuple[Drive, ...] = ()
    draw: Callable[["Network", np.random.Generator], "Network"] | None = None

    @property
    def sizes(self) -> dict[str, int]:
        """Number of cells of every population and source."""
        sizes = {one.name: one.size for one in self.populations}
        return sizes | {one.name: one.size for one in self.sources}

    @property
    def recorded(self) -> dict[int, Population]:
        """Populations whose spikes are kept, by their places in the declaration."""
        return {place: one for place, one in enumerate(self.populations) if one.recorded}

    @property
    def plastic(self) -> list[Projection]:
        """Projections whose weights change."""
        return [one for one in self.projections if one.plasticity or one.changed_by]

    def of_instance(self, rng: np.random.Generator) -> "Network":
        """Return the network of an instance."""
        return self if self.draw is None else self.draw(self, rng)

    @property
    def units(self) -> Population:
        """Population whose cells become units."""
        return next(one for one in self.populations if one.name == self.recording.units)

    def ending_on(self, population: str) -> Iterator[Projection]:
        """Projections that end on a population."""
        return (one for one in self.projections if one.post == population)
