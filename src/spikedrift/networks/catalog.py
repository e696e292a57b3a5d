"""The library of networks: what a model file holds beside the declaration of its network.

The module imports nothing that takes long, since Snakemake lists networks at every start.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from spikedrift.config.networks import NetworkOptions
from spikedrift.core.plugins import Plugins
from spikedrift.networks.declaration import Network


@dataclass(frozen=True)
class Experiment:
    """Sessions of a network that a claim of its paper is about.

    Attributes
    ----------
    name, title : str
        The name is a word for tables.
    set : mapping of dotted key -> value
        Options in place of the paper's.
    quick : mapping of dotted key -> value
        Further ones of a quick reproduction, such as a shorter session.
    instances : (quick, full)
        Number of sessions, which differ in all that is drawn; 0 leaves the experiment out.
    """

    name: str
    title: str
    set: Mapping[str, Any] = field(default_factory=dict)
    quick: Mapping[str, Any] = field(default_factory=dict)
    instances: tuple[int, int] = (1, 3)


class Curve(NamedTuple):
    """A curve that a readout returns, for figures.

    Attributes
    ----------
    x, y : float64, shape (n,)
    x_label, y_label : str, with units
    """

    x: np.ndarray
    y: np.ndarray
    x_label: str
    y_label: str


# A number is NaN where it is not defined, such as the latency of a cell that never fires.
type Readout = Mapping[str, float | Curve]


@dataclass(frozen=True)
class Target:
    """What a paper, or an independent computation, says of a network.

    The mean over instances of what the readout measures, where it is defined, is held against it.

    Attributes
    ----------
    experiment, name : str
        Experiment, and key of what the model's `readout` returns.
    meaning : str
    source : str
        Where the number is from.
    trust : "published", "computed" or "unverified"
        Only the first two are fit to judge by; `computed` is of an independent port.
    low, high : float, optional
        Least and greatest value that meets it; None for no bound.
    value : float, optional
        The number itself, where there is one.
    unit : str
    sizes : tuple of "quick", "full"
        Sizes of a reproduction that can meet it.
    """

    experiment: str
    name: str
    meaning: str
    source: str
    trust: Literal["published", "computed", "unverified"]
    low: float | None = None
    high: float | None = None
    value: float | None = None
    unit: str = "1"
    sizes: tuple[str, ...] = ("quick", "full")

    def met(self, measured: float) -> bool:
        """Whether a measured value meets it; NaN does not."""
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        return bool(low <= measured <= high)


@dataclass(frozen=True)
class Model:
    """A published network.

    Attributes
    ----------
    name, title, citation : str
        The name is that of the file.
    options : type of NetworkOptions
        Sizes, cells, wiring, rules, stimulus, protocol; defaults are the paper's.
    declare : callable
        `declare(options)` returns the Network.
    integrate : callable, optional
        `integrate(plan)` returns what the network leaves behind (`copies.Recorded`), where it is
        not for Brian2: rate models, or dynamics that a compiled loop runs much faster. Its
        populations then name no cell.
    experiments : tuple of Experiment
        What `snakemake reproduce` runs; none for a network without a paper.
    readout : callable, optional
        `readout(plan, recorded)` returns what the paper reports of a session.
    targets : tuple of Target
    runaway : mapping of name -> value
        What the paper says of a network that passed the limit of its recording; what else targets
        name is not defined then. Empty where such a network is an error.
    train : callable, optional
        `train(plan, checkpoints)` trains the network of a plan of `options.as_trained()` and
        returns a Dataset of what it has become. It writes its state to `checkpoints.Checkpoints`
        now and then, and goes on from the one that it finds there. `integrate` finds the Dataset
        by `training.learned(plan)`, and returns to the bit what it does without one.
    """

    name: str
    title: str
    citation: str
    options: type[NetworkOptions]
    declare: Callable[[Any], Network]
    integrate: Callable[[Any], Any] | None = None
    experiments: tuple[Experiment, ...] = ()
    readout: Callable[[Any, Any], Readout] | None = None
    targets: tuple[Target, ...] = ()
    runaway: Mapping[str, float] = field(default_factory=dict)
    train: Callable[[Any, Any], Any] | None = None


MODELS = Plugins("networks", "MODEL", Model, "network")
names, get = MODELS.names, MODELS.get
