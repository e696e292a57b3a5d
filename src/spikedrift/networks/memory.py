"""How much GPU memory a batch of pattern networks takes, before it is built."""

import re

from spikedrift.config.networks import PatternNetwork
from spikedrift.networks import pattern_model
from spikedrift.networks.copies import own

STATE = re.compile(r"^ *(?:d(\w+)/dt *=|(\w+) *:)", re.MULTILINE)  # not expressions, `name = `
PROGRAM = 768 * 2**20  # CUDA's own, and Brian2CUDA's heap of 128 MiB
BLOCKS = 160  # multiprocessors of a large GPU: Brian2CUDA sorts synapses by source and by these
SPIKE = 3 * (8 + 4)  # time and cell; an array that grows is copied to one of twice its size
RATE = 20.0  # Hz, mean rate of all cells that is allowed for


def memory(options: PatternNetwork, copies: int, n_input: int, seconds: float) -> int:
    """Estimate the memory of a batch, bytes.

    Parameters
    ----------
    options : PatternNetwork
        Options of any run of the batch.
    copies : int
    n_input : int
        Number of input spikes of all copies.
    seconds : float
        Length of the session.
    """
    cells, wiring = options.cells, options.wiring
    n_cells = cells.n_excitatory + cells.n_inhibitory
    sizes = {"afferents": options.patterns.n_afferents, "excitatory": cells.n_excitatory,
             "inhibitory": cells.n_inhibitory}  # fmt: skip
    p = {"afferent": wiring.p_afferent, "afferent_i": wiring.p_afferent, "recurrent": wiring.p_ee,
         "inhibitory": wiring.p_ie, "ei": wiring.p_ei, "ii": wiring.p_ii}  # fmt: skip
    rules = pattern_model.structure(options)["rules"]
    total: float = 8 * n_cells * _variables(pattern_model.CELL)
    for name, (source, target) in pattern_model.ENDS.items():
        made = own(pattern_model.projection(name, rules), name)
        pathways = sum(map(bool, (made.on_pre, made.on_late, made.on_post))) + len(made.events)
        # State and the time of its last update, two ends, and a list and a delay per pathway.
        each = 8 * (_variables(made.model) + 1) + 8 + 12 * pathways
        total += each * p[name] * sizes[source] * sizes[target]
        total += 12 * BLOCKS * pathways * max(sizes[source], sizes[target])
        total += 8 * n_cells * _variables(made.cell)
    total += SPIKE * n_cells * RATE * seconds
    return PROGRAM + 8 * n_input + int(copies * total)


def _variables(equations: str) -> int:
    return len(STATE.findall(equations))
