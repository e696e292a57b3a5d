"""A projection's synapses, put together from its plasticity rules.

Variables that a rule needs in the postsynaptic cell bear the projection's prefix there, since
several projections end on one cell. Every parameter goes into the synapses, and also into the cell
where its statements use it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spikedrift.cells.cell import OFFERED
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
    asked : frozenset of str
        What these need of the cells: keys of `cells.cell.OFFERED`.
    every : tuple of Regular
    placed : tuple of (rule, parameter, "synapse" or "cell", name of the variable)
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
        self, values: Mapping[str, Mapping[str, float]], synapses: str, cells: str
    ) -> dict[str, float]:
        """Values of the program's variables, `group.variable`.

        Parameters
        ----------
        values : mapping of rule -> parameter -> value
        synapses, cells : str
            Names of the two groups.
        """
        group = {"synapse": synapses, "cell": cells}
        return {
            f"{group[place]}.{name}": values[rule][parameter]
            for rule, parameter, place, name in self.placed
        }

    def synapses(
        self, source: Any, target: Any, cells: Any, name: str, delay: Any = None, number: str = ""
    ) -> Any:
        """Make the Brian2 `Synapses`, and schedule the regular statements.

        Parameters
        ----------
        source, target : Brian2 groups
            What the synapses join.
        cells : NeuronGroup
            The group that `target` is or is a part of; it has `events`.
        name : str
        delay : Quantity, optional
            Delay of the transmission, s.
        number : str, optional
            Name of a variable that numbers the synapses between the same two cells.
        """
        import brian2 as b

        late = {"late": self.on_late} if self.on_late else {}
        where = {f"where_{k}": one.code for k, one in enumerate(self.every) if one.where}
        synapses = b.Synapses(
            source,
            target,
            model=self.model,
            on_pre={"pre": self.on_pre, **late},
            on_post={**({"post": self.on_post} if self.on_post else {}), **where},
            on_event={name: f"{self.prefix}{name}" for name in where},
            delay={**({} if delay is None else {"pre": delay}), **dict.fromkeys(where, 0 * b.ms)},
            multisynaptic_index=number or None,
            method=("exact", "euler"),
            name=name,
        )
        for place, one in enumerate(self.every):
            interval = one.interval * b.second if one.interval else None
            order = 2 * place + 1
            if one.where:
                pathway = getattr(synapses, f"where_{place}")
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
        first_values(synapses, self.start)


def combine(rules: Sequence[Rule], transmit: str, extra: str = "", prefix: str = "") -> Projection:
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
        Begins the names of the variables that the rules add to the cell.

    Raises
    ------
    ValueError
        Where two rules use the same name, or both act on presynaptic spikes.
    """
    from brian2.equations import Equations
    from brian2.utils.stringtools import get_identifiers, word_substitute

    in_cell = {name for rule in rules for name in Equations(rule.cell).names}
    cell_code = {
        rule.name: "\n".join(
            [
                rule.cell,
                rule.cell_start,
                *(r.code if r.on == "cell" else r.where for r in rule.every),
            ]
        )
        for rule in rules
    }
    placed, synapse_lines, cell_lines = [], ["w : 1", "w_max : 1 (shared, constant)", extra], []
    for rule in rules:
        used = get_identifiers(cell_code[rule.name])
        for one in rule.parameters:
            placed.append((rule.name, one.name, "synapse", one.name))
            synapse_lines.append(f"{one.name} : {one.unit} (shared, constant)")
            if one.name in used:
                placed.append((rule.name, one.name, "cell", prefix + one.name))
                cell_lines.append(f"{prefix}{one.name} : {one.unit} (shared, constant)")
        synapse_lines.append(rule.model)
    names = [name for rule in rules for name in (*Equations(rule.model).names,
             *Equations(rule.cell).names, *(p.name for p in rule.parameters))]  # fmt: skip
    twice = [name for name, n in Counter(names).items() if n > 1]
    if twice:
        told = " and ".join(rule.name for rule in rules)
        raise ValueError(f"{told} cannot act on one projection: both have {twice[0]!r}")

    into_cell = {
        name: prefix + name
        for name in in_cell | {p for _, p, place, _ in placed if place == "cell"}
    }
    # Also where an equation names it: dx/dt.
    into_cell |= {f"d{name}": f"d{prefix}{name}" for name in in_cell}
    to_cell = {f"{name}_post": f"{prefix}{name}_post" for name in in_cell}

    def synapse(text: str) -> str:
        return word_substitute(_tidy(text), to_cell)

    def cell(text: str) -> str:
        return word_substitute(_tidy(text), into_cell)

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
