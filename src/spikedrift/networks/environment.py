"""Stimuli that follow each other as a Markov chain, and what drives cells besides.

Each stimulus drives a group of cells as long as it lasts. Where segments are shown, it is they that
drive the groups, above a background; elsewhere a constant input may take the place of stimuli.
"""

from collections.abc import Mapping

import numpy as np

Chain = tuple[tuple[float, ...], ...]
# In place of the number of a chain: segments that are shown, and constant input.
SEGMENTS, CONSTANT = -2, -1


def checked(chain: Chain | None) -> Chain | None:
    """Return a chain whose rows are the probabilities of the next stimulus, or None.

    Raises
    ------
    ValueError
        For a matrix that is not square, or rows that are no probabilities.
    """
    if chain is None:
        return None
    n = len(chain)
    if n < 2 or any(len(row) != n for row in chain):
        raise ValueError("give a square matrix of two stimuli or more")
    if any(p < 0 for row in chain for p in row) or any(abs(sum(row) - 1) > 1e-6 for row in chain):
        raise ValueError("every row holds probabilities that sum to 1")
    return chain


class Environment:
    """What drives the cells, stretch by stretch.

    Parameters
    ----------
    chains : mapping of number -> Chain
    group : int, shape (n_cells,)
        Stimulus that drives each cell.
    length : int
        Steps that a stimulus lasts.
    strength, constant : float
        Input by a stimulus, and in place of stimuli.
    shown, background : float
        Input by a segment, and of all cells where segments are shown.
    rng : numpy Generator
        Draws the stimuli.

    Attributes
    ----------
    number : int
        Of the chain that goes on; SEGMENTS or CONSTANT.
    segment : int
        Segment that is shown; -1 for none.
    """

    def __init__(
        self,
        chains: Mapping[int, Chain],
        group: np.ndarray,
        length: int,
        *,
        strength: float,
        constant: float,
        shown: float,
        background: float,
        rng: np.random.Generator,
    ) -> None:
        self.chains, self.length, self.rng = chains, length, rng
        self.constant = np.full(group.size, constant)
        self.background = np.full(group.size, background)
        n = int(group.max()) + 1
        self.groups = (group == np.arange(n)[:, None]).astype(float)
        self.strength, self.shown = strength, shown
        self.number, self.segment = SEGMENTS, -1
        self.state, self.left = int(rng.integers(n)), length

    def until(self, n_steps: int) -> tuple[np.ndarray, int]:
        """Input of every cell, and for how many steps it stays so, at most `n_steps`."""
        if self.number == SEGMENTS:
            on = self.segment >= 0
            return self.background + on * self.shown * self.groups[self.segment], n_steps
        if self.number == CONSTANT:
            return self.constant, n_steps
        if not self.left:
            chain = self.chains[self.number]
            self.state = int(self.rng.choice(len(chain), p=chain[self.state]))
            self.left = self.length
        steps = min(n_steps, self.left)
        self.left -= steps
        return self.strength * self.groups[self.state], steps
