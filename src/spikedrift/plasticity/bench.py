"""The bench on which rules are induced: synapses k -> k from given spikes to cells told to spike.

The same objects are made for every Brian2 device, so that the C++ program, the CUDA program and a
run in Python share one model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

import numpy as np

from spikedrift.cells import cell as cells
from spikedrift.plasticity import placing, registry
from spikedrift.plasticity.rule import Rule
from spikedrift.plasticity.synapse import Projection, combine
from spikedrift.simulation import streams
from spikedrift.simulation.build import Standalone
from spikedrift.simulation.statements import first_values

# There are `bundle` synapses between two cells. At the start, the first `n_low` of every `copies`
# synapses have the weight `w_low`, the others `w_high`.
START = """
bundle : 1 (shared, constant)
w_low : 1 (shared, constant)
w_high : 1 (shared, constant)
copies : 1 (shared, constant)
n_low : 1 (shared, constant)
"""
IN_CELLS = ("pre", "post")  # where traces live, as in networks
PREFIX = "rule_"  # of what a rule adds to the cell: a synapse and its cell must not share names


@dataclass(frozen=True)
class Bench:
    """Brian2 objects of a bench.

    Attributes
    ----------
    source, orders : SpikeGeneratorGroup
        Presynaptic spikes, and orders to the cells to spike.
    cells : NeuronGroup
    synapses, tell : Synapses
        From `source` and from `orders`.
    relays : list of Synapses
        From `source` to what it keeps.
    network : Network of all of them
    projection : Projection
    cell : Cell
    """

    source: Any
    orders: Any
    cells: Any
    synapses: Any
    tell: Any
    relays: list[Any]
    network: Any
    projection: Projection
    cell: cells.Cell

    def connect(self, bundle: str = "1") -> None:
        """Connect k with k, by as many synapses as the expression `bundle` says."""
        for one in (self.tell, *self.relays):
            one.connect(j="i")
        self.synapses.connect(j="i", n=bundle)

    def begin(self) -> None:
        """Give weights and all other state their first values; parameters must be set already."""
        self.synapses.w = "w_low + (w_high - w_low)*int((i*bundle + number) % copies >= n_low)"
        first_values(self.cells, self.cell.start)
        self.projection.begin(self.synapses, self.cells)


def assemble(
    rules: Sequence[Rule], cell_name: str, n: int, pre: Any = ((), ()), order: Any = ((), ())
) -> Bench:
    """Make the objects; nothing is connected yet.

    Parameters
    ----------
    rules : sequence of Rule
    cell_name : str
    n : int
        Cells on either side.
    pre, order : (index, time in s)
        Presynaptic spikes, and orders to spike; an order takes effect one time step later.

    Raises
    ------
    InputError
        For an unknown cell, or one that lacks what the rules need.
    """
    import brian2 as b

    cell = cells.get(cell_name)
    projection = combine(rules, cell.transmit, START, PREFIX, IN_CELLS)
    cells.refuse(cell, projection.asked, ", ".join(rule.name for rule in rules))
    source = b.SpikeGeneratorGroup(n, pre[0], pre[1] * b.second, name="source", sorted=False)
    orders = b.SpikeGeneratorGroup(n, order[0], order[1] * b.second, name="orders", sorted=False)
    group = _cells(cell, projection, n)
    synapses = projection.synapses(source, group, group, "synapses", 0 * b.second, number="number")
    relays = placing.relays([(source, 0.0, projection.source.at_spike)])
    placing.let_move([(group, projection.move), (source, projection.source.move)])
    tell = b.Synapses(orders, group, on_pre=cell.order, name="tell")
    if _added(cell):
        tell.pre.when = "end"  # a spike of this step does not take it back
    network = b.Network(source, orders, group, synapses, tell, relays)
    return Bench(source, orders, group, synapses, tell, relays, network, projection, cell)


def keys(cell: cells.Cell, n: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Keys of the cells' random numbers, by `group.variable`; empty where they draw none."""
    if not cell.draws:
        return {}
    return {"cells.key": streams.branch(seed, streams.purpose("cell"), np.arange(n))}


def _added(cell: cells.Cell) -> bool:
    """Whether the bench adds the variable by which a cell is told to spike."""
    return "told_post" in cells.NAME.findall(cell.order) and "told" not in cell.variables()


def _cells(cell: cells.Cell, projection: Projection, n: int) -> Any:
    """Make the cells: those of networks with their default parameters, and told to spike."""
    import brian2 as b

    asked, told = projection.asked, _added(cell)
    equations = [cell.equations(asked), projection.cell]
    equations += [
        f"{one.name} = {one.default!r}*{one.unit} : {one.unit} (shared)" for one in cell.used(asked)
    ]
    equations += ["told : 1"] if told else []
    equations += ["key : integer (constant)"] if cell.draws else []
    reset = [dedent(cell.reset).strip(), "told = 0" if told else "", projection.at_spike]
    reset = [part for part in reset if part]
    dead = f"timestep(t - lastspike, dt) < timestep({cell.dead_time}, dt)"
    group = b.NeuronGroup(
        n,
        "\n".join(equations),
        threshold=f"({cell.threshold}) or told > 0" if told else cell.threshold,
        reset="\n".join(reset) or None,
        # An order finds a cell in its dead time, too. Without one, it is for `lastspike`.
        refractory=f"{dead} and told <= 0" if told and cell.dead_time else 0 * b.ms,
        events=projection.events,
        method="euler",
        name="cells",
        dtype={"key": np.int64},
    )
    if cell.draws:
        group.namespace.update(streams.functions())
    for name, value in keys(cell, n).items():
        setattr(group, name.partition(".")[2], value)
    for number, one in enumerate(cell.every):
        group.run_regularly(
            one.code, dt=one.interval * b.second if one.interval else None, order=number
        )
    return group


def define(standalone: Standalone, structure: Mapping[str, Any]) -> None:
    """Describe the bench as a program (runs where the program is built)."""
    rules = [registry.get(name) for name in structure["rules"]]
    bench = assemble(rules, structure["cell"], structure["n"])
    standalone.read_session({"source": bench.source, "orders": bench.orders})
    bench.connect("bundle")
    bench.begin()
    standalone.run_session(bench.network, {})
    standalone.keep("w", bench.synapses, "w")
    for rule in rules:
        if rule.release:
            standalone.keep("released", bench.synapses, rule.release)
