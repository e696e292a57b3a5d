"""The page of all plasticity rules, written from them: `python -m ...plasticity.document`."""

from importlib import import_module
from textwrap import dedent

from spikedrift.plasticity import registry
from spikedrift.plasticity.rule import Regular

LONGEST = 30  # lines of code that are shown whole

OPENING = """\
# Plasticity rules

One file a rule in `src/spikedrift/plasticity/rules/`; a network names the file. A rule sees the
weight `w`, its bound `w_max`, its own parameters and traces; `{transmit}` marks where the synapse
passes the spike on. Statements run in the order given, presynaptic ones first where both sides fire
in one time step. Equations are [Brian2](https://brian2.readthedocs.io)'s.

In a network the projection's key `eta` (config/README.md) takes the place of a rule's parameter of
that name, or of the one that turns it off: the default listed here acts in the induction protocols
only, and a projection whose `eta` is 0, as of most by default, does not learn.

A parameter set says where its values are from. None of the values is fitted here.

This page is written from the rules:
`python -m spikedrift.plasticity.document > docs/plasticity.md`.
"""


def document() -> str:
    """Markdown with one section per rule: source, equations, parameters, sets."""
    rows = ["| rule | what | from | sets |", "|---|---|---|---|"]
    for name in registry.names():
        rule = registry.declared(name)
        sets = ", ".join(f"`{key}`" for key in rule.sets)
        rows.append(f"| [`{name}`](#{name}) | {rule.title} | {rule.citation} | {sets} |")
    return "\n".join([OPENING, *rows, "", *(_section(name) for name in registry.names())])


def _section(name: str) -> str:
    rule = registry.declared(name)
    story = (import_module(f"{registry.PACKAGE}.{name}").__doc__ or "").strip()
    lines = [f"## {name}\n", f"*{rule.title}*\n", story, "", f"Source: {rule.citation}\n"]
    code = [
        (title, dedent(text).strip())
        for title, text in (
            ("equations", rule.model),
            (
                "first values",
                "\n".join(dedent(one).strip() for one in (rule.start, rule.cell_start)),
            ),
            ("presynaptic spike", rule.on_pre),
            (f"presynaptic spike, {rule.late} later", rule.on_late),
            ("postsynaptic spike", rule.on_post),
            ("postsynaptic cell", rule.cell),
            *((f"{one.on}, {_clock(one)}", one.code) for one in rule.every),
        )
        if dedent(text).strip() not in ("", "{transmit}")
    ]
    blocks = (f"# {title}\n{_short(text)}" for title, text in code)
    lines += ["```", "\n".join(blocks), "```\n"]
    lines += ["| parameter | default | unit | meaning |", "|---|---|---|---|"]
    lines += [f"| `{p.name}` | {p.default:g} | {p.unit} | {p.meaning} |" for p in rule.parameters]
    if rule.sets:
        lines += ["", "| set | values | from |", "|---|---|---|"]
        for key, chosen in rule.sets.items():
            values = ", ".join(f"{name} {value:g}" for name, value in chosen.values.items())
            lines.append(f"| `{key}` | {values} | {chosen.source} |")
    lines += ["", f"![{name} in its induction protocols](images/induction/{name}.png)"]
    return "\n".join(lines) + "\n"


def _short(text: str) -> str:
    lines = text.splitlines()
    if len(lines) <= LONGEST:
        return text
    left = len(lines) - LONGEST // 2
    return "\n".join([*lines[: LONGEST // 2], f"... {left} more lines, written by the rule's file"])


def _clock(one: Regular) -> str:
    if one.where:
        return f"every time step in which the cell has {one.where}"
    return f"every {one.interval:g} s" if one.interval else "every time step"


if __name__ == "__main__":
    print(document(), end="")
