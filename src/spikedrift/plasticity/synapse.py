"""A projection's synapse model, put together from its plasticity rules."""

from collections.abc import Sequence
from dataclasses import dataclass

from spikedrift.plasticity.registry import Rule


@dataclass(frozen=True)
class Synapse:
    """Arguments of a Brian2 `Synapses`, and the statements that run at a slow clock."""

    model: str
    on_pre: str
    on_post: str
    every: tuple[tuple[str, float], ...]


def combine(rules: Sequence[Rule], transmit: str, extra: str = "") -> Synapse:
    """Put rules that act on one weight together.

    Parameters
    ----------
    rules : sequence of Rule
        Their parameters and traces must have different names; at most one may say where
        `{transmit}` stands among its own statements.
    transmit : str
        Statement that passes the spike on, such as `g_e_post += w`.
    extra : str
        Further Brian2 equations of the projection.
    """
    lines = ["w : 1", "w_max : 1 (shared, constant)", extra]
    for rule in rules:
        lines += [f"{p.name} : {p.unit} (shared, constant)" for p in rule.parameters]
        lines.append(rule.model)
    spiking = [rule for rule in rules if rule.on_pre.strip() != "{transmit}"]
    if len(spiking) > 1:
        raise ValueError("two rules act on presynaptic spikes: their order is not defined")
    on_pre = (spiking[0].on_pre if spiking else "{transmit}").format(transmit=transmit)
    return Synapse(
        model=_tidy("\n".join(lines)),
        on_pre=_tidy(on_pre),
        on_post=_tidy("\n".join(rule.on_post for rule in rules)),
        every=tuple((rule.every, rule.interval) for rule in rules if rule.every),
    )


def _tidy(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())
