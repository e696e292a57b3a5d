"""A declared network run in Python, by the engine's own description and without a compiler."""

import gc
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import brian2 as b
import numpy as np
from brian2.core.base import BrianObject

from spikedrift.config.networks import NetworkOptions
from spikedrift.config.simulation import Simulation
from spikedrift.networks import engine, session_plan
from spikedrift.networks.catalog import Model
from spikedrift.networks.declaration import (
    Distribution,
    Drive,
    Network,
    Phase,
    Population,
    Projection,
    Protocol,
    Recording,
    Source,
    all_to_all,
)
from spikedrift.networks.session_plan import NetworkRun, Plan
from spikedrift.simulation.run import Run, Set


class Ran(NamedTuple):
    """What a run leaves.

    Attributes
    ----------
    traces : mapping of `population.variable` -> float64, shape (n_steps, n_cells)
        After every time step.
    spikes : mapping of population -> bool, shape (n_steps, n_cells)
    weights : mapping of projection -> float64, shape (n_pre, n_post)
        At the end, 0 where there is no synapse.
    start : mapping of `population.variable` -> float64, shape (n_cells,)
        Before the first time step.
    """

    traces: dict[str, np.ndarray]
    spikes: dict[str, np.ndarray]
    weights: dict[str, np.ndarray]
    start: dict[str, np.ndarray]


def of_one_population(
    cell: str,
    size: int,
    duration: float,
    *,
    parameters: Mapping[str, Any] | None = None,
    trains: Mapping[str, tuple[Any, Any, int, tuple[float, float]]] | None = None,
    start: str | None = None,
    drives: Sequence[Drive] = (),
    more: Sequence[Projection] = (),
) -> Network:
    """Declare a population `cells`, driven by a source for each of its receptors.

    Parameters
    ----------
    cell : str
    size : int
    duration : float
        s.
    parameters, start
        As those of `Population`.
    trains : mapping of receptor -> (index, step, number of inputs, bounds of the weights)
        Spikes of its source; all inputs reach all cells.
    drives, more : sequence of Drive, of Projection
    """
    trains = trains or {}

    def given(index: Any, step: Any) -> Any:
        return lambda timetable, draws: (index.astype(np.int32), step.astype(np.int32))

    return Network(
        populations=(Population("cells", size, cell, parameters or {}, start),),
        sources=tuple(
            Source(f"to_{name}", n, given(index, step))
            for name, (index, step, n, _) in trains.items()
        ),
        projections=(
            *(
                Projection(f"of_{name}", f"to_{name}", "cells", name, all_to_all(),
                           Distribution(f"{low!r} + {high - low!r}*rand()"), w_max=high)
                for name, (_, _, _, (low, high)) in trains.items()
            ),
            *more,
        ),
        drives=tuple(drives),
        protocol=Protocol((Phase("settle", duration=duration),), 1, 0.0, 0.0),
        recording=Recording("cells", trace_interval=duration),
    )  # fmt: skip


def trains(
    rng: np.random.Generator, n: int, rate: float, n_steps: int, dt: float
) -> tuple[np.ndarray, np.ndarray]:
    """Poisson trains on the grid, by step: (cell, step)."""
    step, cell = np.divmod(np.flatnonzero(rng.random(n_steps * n) < rate * dt), n)
    return cell, step


def arriving(spikes: tuple[Any, Any], weights: np.ndarray, n_steps: int) -> np.ndarray:
    """Summed weight that arrives at every step, shape (n_steps, n_cells)."""
    cell, step = spikes
    found = np.zeros((n_steps, weights.shape[1]))
    np.add.at(found, step, weights[cell])
    return found


def planned(network: Network, dt: float, seed: int = 1) -> Plan:
    model = Model("declared", "", "", NetworkOptions, lambda options: network)
    options = NetworkOptions(simulation=Simulation(dt=dt))
    return session_plan.plan(model, options, NetworkRun("declared.run", {}, seed, 0))


def run(
    network: Network,
    dt: float,
    record: Sequence[str] = (),
    *,
    seed: int = 1,
    of: Mapping[str, float] | None = None,
) -> Ran:
    """Run it.

    Parameters
    ----------
    network : Network
    dt : float
        s.
    record : sequence of `population.variable`
    seed : int
    of : mapping of `population.variable` -> value, optional
        Values that replace the first ones, in SI units.
    """
    gc.collect()
    b.start_scope()
    b.prefs.codegen.target = "numpy"
    b.get_device().defaultclock = b.Clock(dt * b.second, name="defaultclock")  # back at 0
    plan = planned(network, dt, seed)
    here = _Here(plan, tuple(record), of or {})
    engine.define(here, engine.structure(network))
    assert here.ran is not None
    return here.ran


class _Here:
    """In place of `simulation.build.Standalone`: a session that runs where it is described."""

    def __init__(self, plan: Plan, record: tuple[str, ...], of: Mapping[str, float]) -> None:
        self._plan, self._record, self._of = plan, record, of
        self._before = {id(one) for one in _living()}
        self.ran: Ran | None = None

    def keep(self, *_: Any) -> None:
        pass

    keep_now = keep

    def read_session(self, inputs: Mapping[str, Any]) -> None:
        dt = self._plan.options.simulation.dt
        for name, group in inputs.items():
            index, step = self._plan.spikes[name]
            group.set_spikes(index, step * dt * b.second, sorted=True)
        self._set(self._plan.parameters)

    def run_session(self, network: Any, saved: Any, watched: Any) -> None:
        self._set(self._of)
        groups, traced, spiking = self._groups(), {}, {}
        for name in dict.fromkeys(name.partition(".")[0] for name in self._record):
            mine = [v for k, _, v in (one.partition(".") for one in self._record) if k == name]
            traced[name] = b.StateMonitor(groups[name], mine, record=True, when="end", order=99)
        for one in self._plan.network.populations:
            spiking[one.name] = groups[f"{one.name}_spikes"]
        start = {name: self._now(name) for name in self._record}
        network.add(*traced.values())
        for step in self._plan.steps:
            match step:
                case Run(_, duration):
                    network.run(duration * b.second)
                case Set(name, value):
                    self._set({name: value})
        dt, n_steps = self._plan.options.simulation.dt, self._plan.timetable.stop
        fired = {}
        for name, monitor in spiking.items():
            fired[name] = np.zeros((n_steps, self._plan.network.sizes[name]), dtype=bool)
            fired[name][np.round(np.array(monitor.t) / dt).astype(int), np.array(monitor.i)] = True
        weights = {}
        for one in self._plan.network.projections:
            sizes, group = self._plan.network.sizes, groups[one.name]
            weights[one.name] = np.zeros((sizes[one.pre], sizes[one.post]))
            weights[one.name][np.array(group.i), np.array(group.j)] = np.array(group.w)
        self.ran = Ran(
            {
                name: np.array(getattr(traced[name.partition(".")[0]], name.partition(".")[2])).T
                for name in self._record
            },
            fired, weights, start,
        )  # fmt: skip

    def _set(self, values: Mapping[str, Any]) -> None:
        groups = self._groups()
        for name, value in values.items():
            group, _, variable = name.partition(".")
            groups[group].variables[variable].set_value(value)

    def _now(self, name: str) -> np.ndarray:
        group, _, variable = name.partition(".")
        return np.array(getattr(self._groups()[group], f"{variable}_")[:])

    def _groups(self) -> dict[str, Any]:
        return {one.name: one for one in _living() if id(one) not in self._before}


def _living() -> list[Any]:
    found = (reference() for reference in BrianObject.__instances__())
    return [one for one in found if one is not None]
