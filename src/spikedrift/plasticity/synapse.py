"""A projection's synapses, put together from its plasticity rules.

Variables that a rule needs in the postsynaptic cell bear the projection's prefix there, since
several projections end on one cell, and so do traces that were moved into a cell (`placing`); in
the presynaptic cell `from_` follows the prefix, since a cell may be on both sides. Every parameter
goes into the synapses, and also into the cells whose statements use it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spikedrift.cells.cell import OFFERED
from spikedrift.plasticity.placing import Kept, anchor, extend, place
from spikedrift.plasticity.rule import Regular, Rule
from spikedrift.simulation.statements import first_values


@dataclass(frozen=True)
class Projection:
    """What the rules of a projection ask of Brian2.

    Attributes
    ----------
    model, on_pre, on_late, on_post : str
        Code of the `Synapses`; `on_late` is a presynaptic pathway with a delay of its own.
    start, late : str
        First values of the state, and the parameter that holds that delay.
    cell, cell_start : str
        Equations to add to the postsynaptic cells, and their first values.
    at_spike, move : str
        What else these cells do with traces that they keep (`placing.Kept`).
    source : Kept
        What the presynaptic cells keep.
    asked : frozenset of str
        What these need of the cells: keys of `cells.cell.OFFERED`.
    every : tuple of Regular
    placed : tuple of (rule, parameter, "synapse", "cell" or "source", name of the variable)
    prefix : str
        Begins the names of what the rules add to the cell.
    """

    model: str
    on_pre: str
    on_late: str
    on_post: str
    start: str
    late: str
    cell: str
    cell_start: str
    at_spike: str
    move: str
    source: Kept
    asked: frozenset[str]
    every: tuple[Regular, ...]
    placed: tuple[tuple[str, str, str, str], ...]
    prefix: str

    @property
    def events(self) -> dict[str, str]:
        """Events of the cells besides spikes: name -> condition."""
        return {
            f"{self.prefix}where_{number}": one.where
            for number, one in enumerate(self.every)
            if one.where
        }

    def variables(
        self, values: Mapping[str, Mapping[str, float]], synapses: str, cells: str, source: str = ""
    ) -> dict[str, float]:
        """Values of the program's variables, `group.variable`.

        Parameters
        ----------
        values : mapping of rule -> parameter -> value
        synapses, cells, source : str
            Names of the groups: the synapses and the cells on either side.
        """
        group = {"synapse": synapses, "cell": cells, "source": source}
        return {
            f"{group[place]}.{name}": values[rule][parameter]
            for rule, parameter, place, name in self.placed
        }

    def synapses(
        self, source: Any, target: Any, cells: Any, name: str, delay: Any = None, number: str = ""
    ) -> Any:
        """Make the Brian2 `Synapses`, and schedule the regular statements.

        The source gets the variables that it keeps. When spikes change these, and when the
        anchors of traces move, is up to the caller (`placing.relays`, `placing.let_move`).

        Parameters
        ----------
        source, target : Brian2 groups
            What the synapses join.
        cells : NeuronGroup
            The group that `target` is or is a part of; it has `events`.
        name : str
        delay : Quantity, optional
            Delay of the transmission, s, where it is that of all synapses.
        number : str, optional
            Name of a variable that numbers the synapses between the same two cells.
        """
        import brian2 as b

        extend(source, self.source.equations)
        for group, move in ((source, self.source.move), (cells, self.move)):
            if move:
                anchor(group)
        late = {"late": self.on_late} if self.on_late else {}
        post = {"post": self.on_post} if self.on_post else {}
        where = {f"where_{k}": one.code for k, one in enumerate(self.every) if one.where}
        synapses = b.Synapses(
            source,
            target,
            model=self.model,
            on_pre={"pre": self.on_pre, **late},
            on_post={**post, **where},
            on_event={name: f"{self.prefix}{name}" for name in where},
            delay={
                **({} if delay is None else {"pre": delay}),
                **dict.fromkeys([*post, *where], 0 * b.ms),
            },
            multisynaptic_index=number or None,
            method=("exact", "euler"),
            name=name,
        )
        for rank, one in enumerate(self.every):
            interval = one.interval * b.second if one.interval else None
            order = 2 * rank + 1
            if one.where:
                pathway = getattr(synapses, f"where_{rank}")
                cells.set_event_schedule(pathway.event, when="start", order=order - 1)
                pathway.when, pathway.order = "start", order
            elif one.on == "synapse":
                synapses.run_regularly(one.code, interval, order=order, codeobj_class=_adding())
            else:
                cells.run_regularly(one.code, interval, order=order)
        return synapses

    def begin(self, synapses: Any, cells: Any) -> None:
        """Give the state its first values; weights and parameters must be set already."""
        if self.late:
            synapses.late.delay = self.late
        first_values(cells, self.cell_start)
        first_values(synapses.source, self.source.start)
        first_values(synapses, self.start)


def combine(
    rules: Sequence[Rule],
    transmit: str,
    extra: str = "",
    prefix: str = "",
    in_cells: Collection[str] = (),
) -> Projection:
    """Put rules that act on one weight together.

    Parameters
    ----------
    rules : sequence of Rule
        At most one may act on presynaptic spikes, besides short-term plasticity, which comes first.
    transmit : str
        Statement that passes the spike on, such as `g_e_post += {weight}`.
    extra : str
        Further Brian2 equations of the projection.
    prefix : str
        Begins the names of the variables that the rules add to the cells.
    in_cells : collection of "pre", "post"
        Sides on which cells keep the traces that they alone determine.

    Raises
    ------
    ValueError
        Where two rules use the same name, or both act on presynaptic spikes.
    """
    from brian2.equations import Equations
    from brian2.utils.stringtools import get_identifiers, word_substitute

    names = [name for rule in rules for name in (*Equations(rule.model).names,
             *Equations(rule.cell).names, *(p.name for p in rule.parameters))]  # fmt: skip
    twice = [name for name, n in Counter(names).items() if n > 1]
    if twice:
        told = " and ".join(rule.name for rule in rules)
        raise ValueError(f"{told} cannot act on one projection: both have {twice[0]!r}")

    placing = [place(rule, in_cells, f"{prefix}now_") for rule in rules]
    rules = [rule for rule, _, _ in placing]
    in_cell = {name for rule in rules for name in Equations(rule.cell).names}
    in_source = {name for _, source, _ in placing for name in Equations(source.equations).names}
    cell_code = {
        rule.name: "\n".join(
            [
                rule.cell,
                rule.cell_start,
                kept.code,
                *(r.code if r.on == "cell" else r.where for r in rule.every),
            ]
        )
        for rule, _, kept in placing
    }
    of_source = f"{prefix}from_"
    placed, synapse_lines = [], ["w : 1", "w_max : 1 (shared, constant)", extra]
    cell_lines, source_lines = [], []
    for rule, before, _ in placing:
        used, used_before = get_identifiers(cell_code[rule.name]), get_identifiers(before.code)
        for one in rule.parameters:
            placed.append((rule.name, one.name, "synapse", one.name))
            synapse_lines.append(one.line)
            if one.name in used:
                placed.append((rule.name, one.name, "cell", prefix + one.name))
                cell_lines.append(f"{prefix}{one.line}")
            if one.name in used_before:
                placed.append((rule.name, one.name, "source", of_source + one.name))
                source_lines.append(f"{of_source}{one.line}")
        synapse_lines.append(rule.model)

    into_cell = {
        name: prefix + name
        for name in in_cell | {p for _, p, where, _ in placed if where == "cell"}
    }
    # Also where an equation names it: dx/dt.
    into_cell |= {f"d{name}": f"d{prefix}{name}" for name in in_cell}
    into_source = {
        name: of_source + name
        for name in in_source | {p for _, p, where, _ in placed if where == "source"}
    }
    to_cells = {f"{name}_post": f"{prefix}{name}_post" for name in in_cell}
    to_cells |= {f"{name}_pre": f"{of_source}{name}_pre" for name in in_source}

    def synapse(text: str) -> str:
        return word_substitute(_tidy(text), to_cells)

    def cell(text: str) -> str:
        return word_substitute(_tidy(text), into_cell)

    def source(texts: Iterable[str], *lines: str) -> str:
        return "\n".join([word_substitute(_tidy("\n".join(texts)), into_source), *lines])

    releasing = [rule for rule in rules if rule.release]
    spiking = [r for r in rules if not r.release and r.on_pre.strip() != "{transmit}"]
    late = [rule for rule in rules if rule.on_late]
    for acting, what in ((spiking, "presynaptic spikes"), (late, "late presynaptic spikes")):
        if len(acting) > 1:
            raise ValueError(f"two rules act on {what}: their order is not defined")
    weight = "*".join(["w", *(rule.release for rule in releasing)])
    passing = [rule.on_pre for rule in spiking] or ["{transmit}"]
    on_pre = "\n".join([*(rule.on_pre for rule in releasing), *passing])
    return Projection(
        model=synapse("\n".join(synapse_lines)),
        on_pre=synapse(on_pre.format(transmit=transmit.format(weight=weight))),
        on_late=synapse("\n".join(rule.on_late for rule in late)),
        on_post=synapse("\n".join(rule.on_post for rule in rules)),
        start=synapse("\n".join(rule.start for rule in rules)),
        late=late[0].late if late else "",
        cell=cell("\n".join([*(rule.cell for rule in rules)]))
        + "".join(f"\n{line}" for line in cell_lines),
        asked=frozenset(set().union(*map(get_identifiers, cell_code.values())) & set(OFFERED)),
        cell_start=cell("\n".join(rule.cell_start for rule in rules)),
        at_spike=cell("\n".join(kept.at_spike for _, _, kept in placing)),
        move=cell("\n".join(kept.move for _, _, kept in placing)),
        source=Kept(
            source((one.equations for _, one, _ in placing), *source_lines),
            source(one.start for _, one, _ in placing),
            source(one.at_spike for _, one, _ in placing),
            source(one.move for _, one, _ in placing),
        ),
        every=tuple(
            replace(
                one,
                code=(synapse if one.on == "synapse" else cell)(one.code),
                where=cell(one.where),
            )
            for rule in rules
            for one in rule.every
        ),
        placed=tuple(placed),
        prefix=prefix,
    )


def _adding() -> Any:
    """Class of code in which all synapses of a cell may add to its variables at once.

    Only Brian2CUDA needs it: without, additions outside of spike pathways would race.
    """
    import brian2 as b

    if type(b.get_device()).__name__ != "CUDAStandaloneDevice":
        return None
    from brian2cuda.codeobject import CUDAStandaloneAtomicsCodeObject

    return CUDAStandaloneAtomicsCodeObject


def _tidy(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())
