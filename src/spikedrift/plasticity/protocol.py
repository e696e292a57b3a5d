"""What an induction protocol is: conditions, each with the spikes of one synapse."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikedrift.core.plugins import Plugins


@dataclass(frozen=True)
class Condition:
    """One point of a curve.

    Attributes
    ----------
    x : float
        Place along the axis, in the axis' unit.
    curve : str
        Which curve it belongs to.
    pre, post : float64, shape (n_spikes,)
        Spike times from the start of the protocol; s.
    duration : float
        When the weight is read; s.
    held : float, optional
        Potential at which the membrane is held; V.
    rates : (pre, post), optional
        Rates of independent Poisson trains; Hz.
    """

    x: float
    curve: str
    pre: np.ndarray
    post: np.ndarray
    duration: float
    held: float | None = None
    rates: tuple[float, float] | None = None


@dataclass(frozen=True)
class Protocol:
    """An induction protocol.

    Attributes
    ----------
    axis : callable
        `axis(options)` gives the label of the axis, with its unit.
    conditions : callable
        `conditions(options, dt, rng)` gives a list of Condition; times lie on multiples of `dt`.
    random : bool
        Whether they differ from one draw to the next.
    """

    name: str
    title: str
    axis: Callable[[Any], str]
    conditions: Callable[[Any, float, np.random.Generator], list[Condition]]
    random: bool = False


PROTOCOLS = Plugins("protocols", "PROTOCOL", Protocol, "induction protocol")
PACKAGE = PROTOCOLS.package
names, get = PROTOCOLS.names, PROTOCOLS.get


def on_grid(times: Any, dt: float) -> np.ndarray:
    """Round times (s, of any shape) to multiples of `dt`."""
    rounded: np.ndarray = np.round(np.asarray(times, dtype=float) / dt) * dt
    return rounded
