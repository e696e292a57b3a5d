"""The page of all cells, written from them: `python -m ...cells.document`."""

from importlib import import_module
from textwrap import dedent

from spikedrift.cells import cell as cells
from spikedrift.cells.cell import Cell
from spikedrift.simulation.statements import Regular

OPENING = """\
# Cells

One file a cell in `src/spikedrift/cells/models/`; a population of a network names the file, and so
does an induction protocol. A cell of yours is a file in `cells/` of a folder of plug-ins. Equations
are [Brian2](https://brian2.readthedocs.io)'s; both networks and inductions integrate them by the
forward Euler scheme. `key` is the key of a cell's random numbers, and `uniform(key,
t_in_timesteps)` a new one at every time step. `unless refractory` marks what stands still in the
dead time; the threshold is off there in any case.

A receptor says what a spike does that arrives with `{weight}`. In an induction the first one takes
the presynaptic spikes, the cell has its default parameters and is told when to spike besides: an
order is obeyed one time step later (where nothing else is said here), in its dead time, too.

`u`, `excitatory_drive` and `inhibitory_drive` are what a cell offers to the rules of
[plasticity.md](plasticity.md); what is marked as on demand is built in only where a rule asks.

This page is written from the cells: `python -m spikedrift.cells.document > docs/cells.md`.
"""


def document() -> str:
    """Markdown with one section per cell: source, equations, parameters, sets."""
    rows = ["| cell | what | from | receptors | sets |", "|---|---|---|---|---|"]
    for name in cells.names():
        cell = cells.get(name)
        receptors, sets = (
            ", ".join(f"`{key}`" for key in of) for of in (cell.receptors, cell.sets)
        )
        rows.append(
            f"| [`{name}`](#{name}) | {cell.title} | {cell.citation} | {receptors} | {sets} |"
        )
    return "\n".join([OPENING, *rows, "", *(_section(cells.get(name)) for name in cells.names())])


def _section(cell: Cell) -> str:
    story = (import_module(f"{cells.PACKAGE}.{cell.name}").__doc__ or "").strip()
    lines = [f"## {cell.name}\n", f"*{cell.title}*\n", story, ""]
    lines += [f"Source: {cell.citation}\n"] if cell.citation else []
    blocks = (f"# {title}\n{text}" for title, text in _code(cell) if text)
    lines += ["```", "\n".join(blocks), "```\n"]
    if cell.parameters:
        lines += ["| parameter | default | unit | meaning |", "|---|---|---|---|"]
        lines += [
            f"| `{p.name}` | {p.default:g} | {p.unit} | {p.meaning} |" for p in cell.parameters
        ]
        lines.append("")
    if cell.sets:
        lines += ["| set | values |", "|---|---|"]
        for key, values in cell.sets.items():
            told = ", ".join(f"`{name}` {value:g}" for name, value in values.items())
            lines.append(f"| `{key}` | {told} |")
        lines.append("")
    return "\n".join(lines)


def _code(cell: Cell) -> list[tuple[str, str]]:
    """Title and text of every part of a cell; some texts are empty."""
    order = "" if cell.order == Cell.order else cell.order
    return [
        ("equations", _tidy(cell.model)),
        ("equations on demand", "\n".join(cell.offers.values())),
        ("threshold", cell.threshold),
        ("spike", _tidy(cell.reset)),
        ("dead time", cell.dead_time),
        ("first values", _tidy(cell.start)),
        *((f"receptor {name}", _tidy(text)) for name, text in cell.receptors.items()),
        *((f"cell, {_clock(one)}", _tidy(one.code)) for one in cell.every),
        (f"order to spike, {cell.latency:g} s before the spike", order),
    ]


def _tidy(text: str) -> str:
    lines = dedent(text).splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _clock(one: Regular) -> str:
    return f"every {one.interval:g} s" if one.interval else "every time step"


if __name__ == "__main__":
    print(document(), end="")
