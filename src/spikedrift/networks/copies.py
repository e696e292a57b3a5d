"""Several networks of one structure as one network of disjoint copies.

A program of one network keeps each parameter once. In a program of several copies it is a variable
of the cells, and synapses read it from the cell that they end on. The cells of a population, and of
a source, are in order of the copies.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from spikedrift.plasticity.synapse import Projection
from spikedrift.simulation.run import Output, Set, Step

SHARED = re.compile(r"^ *(\w+) : ([^(\n]+) \(shared, constant\) *$", re.MULTILINE)


def own_cell(equations: str) -> str:
    """Turn shared parameters into parameters of every cell."""
    return SHARED.sub(r"\1 : \2 (constant)", equations)


def own(made: Projection, name: str) -> Projection:
    """Let the synapses of a projection read their parameters from the postsynaptic cell.

    The cell's variable is `{projection}_{parameter}`, which it is already where the rule uses the
    parameter in the cell.
    """
    in_cell = {found[1] for found in SHARED.finditer(made.cell)}
    moved = [
        f"{name}_{found[1]} : {found[2]} (constant)"
        for found in SHARED.finditer(made.model)
        if f"{name}_{found[1]}" not in in_cell
    ]
    return replace(
        made,
        model=SHARED.sub(rf"\1 = {name}_\1_post : \2", made.model),
        cell="\n".join([own_cell(made.cell), *moved]),
        source=replace(made.source, equations=own_cell(made.source.equations)),
    )


@dataclass(frozen=True)
class Recorded:
    """What a copy left behind.

    Attributes
    ----------
    spike_cell : int, shape (n_spikes,)
        In order of step, then cell; cells are numbered through the populations.
    spike_time : float, shape (n_spikes,), s, start of the time step
    weights : mapping of projection -> float32, shape (n_saves, n_synapses)
    ends : mapping of projection -> (pre, post), int, shape (n_synapses,)
        Places in their populations or sources.
    finite : bool
        Whether all state of cells and all weights are finite.
    counts : int, shape (n_saves - 1, n_populations), optional
        Spikes between consecutive saves. An integrator of a network's own that gives them may leave
        out the spikes of phases that show nothing: a session of 1e6 s would not fit into memory.
    states : mapping of `population.variable` -> float32, shape (n_saves, n_cells), SI units
        Variables of cells that the declaration asks to be kept.
    """

    spike_cell: np.ndarray
    spike_time: np.ndarray
    weights: Mapping[str, np.ndarray]
    ends: Mapping[str, tuple[np.ndarray, np.ndarray]]
    finite: bool
    counts: np.ndarray | None = None
    states: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Copies:
    """The layout of `n` copies, and what that makes of their parameters, input and output.

    Attributes
    ----------
    n : int
    populations, sources : mapping of name -> number of cells of one copy
    ends : mapping of projection -> (pre, post)
    """

    n: int
    populations: Mapping[str, int]
    sources: Mapping[str, int]
    ends: Mapping[str, tuple[str, str]]

    def variables(self, of_copies: Sequence[Mapping[str, float | np.ndarray]]) -> dict:
        """Merge the values of variables: name -> one value, or one per cell, of every copy."""
        return {
            self._name(name): self._values(name, [values[name] for values in of_copies])
            for name in of_copies[0]
        }

    def steps(self, of_copies: Sequence[Sequence[Step]]) -> list[Step]:
        """Merge sessions that differ only in the values that they set."""
        merged: list[Step] = []
        for together in zip(*of_copies, strict=True):
            match together[0]:
                case Set(name, _) if not name.endswith(".w"):
                    values = [step.value for step in together if isinstance(step, Set)]
                    merged.append(Set(self._name(name), self._values(name, values)))
                case step:
                    merged.append(step)
        return merged

    def spikes(
        self, source: str, of_copies: Sequence[tuple[np.ndarray, np.ndarray]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Merge spikes of a source (cell, step), each of shape (n_spikes,), sorted by step."""
        size = self.sources[source]
        index = np.concatenate([i + k * size for k, (i, _) in enumerate(of_copies)])
        step = np.concatenate([step for _, step in of_copies])
        # A merge sort: those of one copy are in order, and sorting them anew would take seconds.
        order = np.argsort(step.astype(np.int64) * (self.n * size) + index, kind="stable")
        return index[order], step[order]

    def split(
        self,
        output: Output,
        plastic: Sequence[str],
        state: Mapping[str, Sequence[str]],
        recorded: Collection[str],
        n_saves: int,
        states: Sequence[str] = (),
    ) -> Iterator[Recorded]:
        """Yield what every copy left behind, in order of the copies.

        Parameters
        ----------
        output : Output
        plastic : sequence of projection
        state : mapping of population -> its variables that must be finite
        recorded : collection of population
            Those whose spikes were kept.
        n_saves : int
        states : sequence of `population.variable`
            Variables of cells that were kept.
        """
        sizes = {**self.populations, **self.sources}
        found, first = [], 0
        finite = np.ones(self.n, dtype=bool)
        for name, size in self.populations.items():
            if name in recorded:
                index = output.array(f"{name}.spikes.i").astype(np.int64)
                time = output.array(f"{name}.spikes.t")
                found.append((index // size, index % size + first, time))
            first += size
            for variable in state[name]:
                values = output.array(f"{name}.{variable}").reshape(self.n, size)
                finite &= np.isfinite(values).all(axis=1)
        copy, cell, time = (np.concatenate(column) for column in zip(*found, strict=True))
        order = np.lexsort((cell, time, copy))
        edges = np.searchsorted(copy[order], np.arange(self.n + 1))
        weights, ends, of_synapse = {}, {}, {}
        for name in plastic:
            n_pre, n_post = (sizes[end] for end in self.ends[name])
            pre, post = output.array(f"{name}.pre"), output.array(f"{name}.post")
            weights[name] = output.saved(f"{name}.w", n_saves)
            ends[name] = (pre % n_pre, post % n_post)
            # Synapses were made in order of a cell of either side, and so of the copies.
            of_synapse[name] = np.searchsorted(post // n_post, np.arange(self.n + 1))
        of_cells = {
            name: output.saved(name, n_saves).reshape(n_saves, self.n, -1) for name in states
        }
        for k in range(self.n):
            spikes = order[edges[k] : edges[k + 1]]
            own = {name: slice(*edge[k : k + 2]) for name, edge in of_synapse.items()}
            kept = {name: np.array(weights[name][:, own[name]]) for name in plastic}
            yield Recorded(
                cell[spikes],
                time[spikes],
                kept,
                {name: (ends[name][0][own[name]], ends[name][1][own[name]]) for name in plastic},
                bool(finite[k] and all(np.isfinite(array).all() for array in kept.values())),
                states={name: np.array(values[:, k]) for name, values in of_cells.items()},
            )

    def _name(self, name: str) -> str:
        """Name of a variable: those of projections lie in the postsynaptic cell."""
        group, _, variable = name.partition(".")
        if self.n == 1 or group in self.populations or group in self.sources:
            return name
        return f"{self.ends[group][1]}.{group}_{variable}"

    def _values(self, name: str, of_copies: Sequence[float | np.ndarray]) -> float | np.ndarray:
        if self.n == 1:
            return of_copies[0]
        group = name.partition(".")[0]
        sizes = {**self.populations, **self.sources}
        size = sizes[group if group in sizes else self.ends[group][1]]
        return np.concatenate(
            [v if isinstance(v, np.ndarray) else np.full(size, float(v)) for v in of_copies]
        )
