"""Slow excitability: the threshold of every cell wanders, each cell's by itself.

How excitable a cell is changes over hours and days, and which cells take part in a memory goes
with it (Delamare, Zaki, Cai & Clopath 2024, eLife 12:RP88053, who exchange the excitable cells from
day to day). Here the state `slow` of a cell is an Ornstein-Uhlenbeck process of mean 0 and variance
1, and its threshold lies lower by `slow` times `excitability`, which is the SD of that shift:

    slow(t + h) = k slow(t) + sqrt(1 - k^2) z,    k = exp(-h/tau_excitability),

with z standard normal and h = .1 s, for which a value is held. This is exact for any h, and the
state begins with a draw from its own distribution, so that neither its mean nor its variance
drifts. It goes on where `excitability` is 0.
"""

from dataclasses import replace

from spikedrift.cells.cell import Cell
from spikedrift.simulation import streams
from spikedrift.simulation.statements import Parameter, Regular

HELD = 0.1  # s
PARAMETERS = (
    Parameter("excitability", 0.001, "volt", "SD of the slow shift of the threshold"),
    Parameter("tau_excitability", 100.0, "second", "time constant of the shift"),
)


def excitable(cell: Cell) -> Cell:
    """Return a cell whose threshold wanders, of one that spikes at `v > threshold`."""
    draw = f"normal(branch(key, {streams.purpose('excitability')}, 0), t_in_timesteps)"
    step = f"""
    kept = exp(-{HELD}*second/tau_excitability)
    slow = kept*slow + sqrt(1 - kept**2)*{draw}
    """
    return replace(
        cell,
        name=f"excitable_{cell.name}",
        title=f"{cell.title}, slow excitability",
        citation="Delamare G, Zaki Y, Cai DJ, Clopath C (2024) eLife 12:RP88053",
        parameters=(*cell.parameters, *PARAMETERS),
        sets={},
        model=f"{cell.model}slow : 1\n",
        threshold=f"{cell.threshold} - excitability*slow",
        start=f"{cell.start}\nslow = randn()",
        every=(*cell.every, Regular(step, HELD, on="cell")),
    )
