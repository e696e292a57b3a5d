"""Wiring from a sheet of cells: receptive fields around places that are drawn."""

import numpy as np

from spikedrift.networks.declaration import Wiring


def disc(radius: float, side: int, wrapped: bool = False) -> Wiring:
    """Join a cell to those presynaptic cells that lie around a place of its own on a sheet.

    Every postsynaptic cell draws its place anew in each instance.

    Parameters
    ----------
    radius : float
        Cells nearer than this to the place are joined, in steps of the sheet.
    side : int
        The presynaptic cells, `side` times `side`, lie on a square sheet, row by row.
    wrapped : bool
        Whether the sheet goes on at the opposite edge; else what lies beyond an edge is lost.
    """
    step = np.arange(-side, side + 1)
    apart = [
        f"({{pre}}//{side} - floor({side}*{{x}}))",
        f"({{pre}} % {side} - floor({side}*{{y}}))",
    ]
    left = 1 - np.abs(step) / side  # share of the places that have a cell so far to one side
    if wrapped:
        apart = [f"({side / 2!r} - abs({side / 2!r} - abs{one}))" for one in apart]
        step, left = np.arange(side) - side // 2, np.ones(side)
    near = np.add.outer(step**2, step**2) < radius**2
    return Wiring(
        f"{apart[0]}**2 + {apart[1]}**2 < radius**2",
        {"radius": radius},
        float((near * np.outer(left, left)).sum()) / side**2,
        n_pre=side**2,
    )
