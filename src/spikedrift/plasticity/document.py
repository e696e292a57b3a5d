"""The page of all plasticity rules, written from them: `python -m ...plasticity.document`."""

from dataclasses import replace
from importlib import import_module
from math import isnan
from textwrap import dedent

from spikedrift.core.errors import InputError
from spikedrift.plasticity import registry
from spikedrift.plasticity.balance import closed_form
from spikedrift.plasticity.rule import Point, Regular, Rule

LONGEST = 30  # lines of code that are shown whole
POINT = Point(pre=4.0, post=4.0)  # where the page balances rules
EXCITATION = 0.010  # V, for a rule that reads it

OPENING = f"""\
# Plasticity rules

One file a rule in `src/spikedrift/plasticity/rules/`; a network names the file. A rule sees the
weight `w`, its bound `w_max`, its own parameters and traces; `{{transmit}}` marks where the synapse
passes the spike on. Statements run in the order given, presynaptic ones first where both sides fire
in one time step. Equations are [Brian2](https://brian2.readthedocs.io)'s.

In a network the projection's key `eta` (config/README.md) takes the place of a rule's parameter of
that name, or of the one that turns it off: the default listed here acts in the induction protocols
only, and a projection whose `eta` is 0, as of most by default, does not learn.

A parameter set says where its values are from. None of the values is fitted here.

A rule is balanced at an operating point where independent Poisson spikes of both sides change no
mean weight. As published, a rule is balanced at rates of its own, and a network that fires at lower
ones is only depressed, or only potentiated. Some rules say which of their parameters scales the
depression, and give the balanced value in closed form; `spikedrift.plasticity.balance` finds that
of any rule and parameter on the bench of inductions, with its standard error, and the mean change
that is left. Balanced values are listed here for {POINT.pre:g} Hz on both sides and a weight at
half its bound; where there is none, the rule depresses without that parameter.

`snakemake -- balance` writes `results/validate/balance.tsv`, a line for every entry of
`validation.balance` (config/README.md): `rule`, `set`; rates of both sides, `pre` and `post` (Hz);
`weight` in units of its bound; `excitation`, the drive that is held (V); the `parameter`, its
balanced `value` in the unit that is listed here, and the standard `error` of one that was searched
for (0: closed form); `change`, the mean change of the weight on the bench a second, in units of its
bound, and `change_error`; `published`, `published_change` and `published_error`, the same for the
value of the set; `how`: `closed form` or `bench`.

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
    lines += _balance(rule)
    lines += ["", f"![{name} in its induction protocols](images/induction/{name}.png)"]
    return "\n".join(lines) + "\n"


def _balance(rule: Rule) -> list[str]:
    """What balances a rule at POINT, in every parameter set."""
    if rule.balance is None:
        return []
    name = rule.balance.parameter
    if rule.balance.value is None:
        return ["", f"`{name}` balances the rule; its value has no closed form."]
    point, drive = POINT, ""
    if rule.balance.clamp:
        point = replace(POINT, excitation=EXCITATION)
        drive = f", with an excitatory drive of {1000 * EXCITATION:g} mV"
    lines = ["", f"`{name}` balances the rule{drive}:", ""]
    lines += [f"| set | `{name}` | balanced |", "|---|---|---|"]
    for key in rule.sets:
        values = rule.values(key)
        try:
            value = closed_form(rule, values, point)
            told = "on the bench" if isnan(value) else f"{value:.3g}"
        except InputError:
            told = "none"
        lines.append(f"| `{key}` | {values[name]:g} | {told} |")
    return lines


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
