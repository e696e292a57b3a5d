"""How much GPU memory a batch of networks takes, before it is built."""

from spikedrift.cells import cell as cells
from spikedrift.networks import engine
from spikedrift.networks.copies import own
from spikedrift.networks.declaration import Network, Projection

PROGRAM = 768 * 2**20  # CUDA's own, and Brian2CUDA's heap of 128 MiB
BLOCKS = 160  # multiprocessors of a large GPU: Brian2CUDA sorts synapses by source and by these
SPIKE = 3 * (8 + 4)  # time and cell; an array that grows is copied to one of twice its size
RATE = 20.0  # Hz, mean rate of all cells that is allowed for


def memory(network: Network, copies: int, n_input: int, seconds: float) -> int:
    """Estimate the memory of a batch, bytes.

    Parameters
    ----------
    network : Network
        Any of the batch.
    copies : int
    n_input : int
        Number of input spikes of all copies.
    seconds : float
        Length of the session.
    """
    sizes = network.sizes
    asked = engine.structure(network)
    made = engine.made_of(asked)
    total = 0.0
    for one in network.populations:
        cell, offered = cells.get(one.cell), engine.asked_of(one.name, asked, made)
        variables = _variables(cell.equations(offered)) + len(cell.used(offered)) + 1
        variables += sum(_variables(own(made[p.name], p.name).cell)
                         for p in network.ending_on(one.name))  # fmt: skip
        variables += sum(_variables(own(made[p.name], p.name).source.equations)
                         for p in network.projections if p.pre == one.name)  # fmt: skip
        variables += 2 * sum(drive.post == one.name for drive in network.drives)
        total += one.size * (8 * variables + SPIKE * RATE * seconds)
    for projection in network.projections:
        alone = own(made[projection.name], projection.name)
        pathways = sum(map(bool, (alone.on_pre, alone.on_late, alone.on_post))) + len(alone.events)
        # State and the time of its last update, two ends, and a list and a delay per pathway.
        each = 8 * (_variables(alone.model) + 1) + 8 + 12 * pathways
        n_pre, n_post = sizes[projection.pre], sizes[projection.post]
        total += each * synapses(projection, n_pre, n_post)
        total += 12 * BLOCKS * pathways * max(n_pre, n_post)
    return PROGRAM + 8 * n_input + int(copies * total)


def synapses(projection: Projection, n_pre: int, n_post: int) -> float:
    """Expected number of synapses of a projection."""
    wiring = projection.wiring
    if wiring.degree is not None:
        return wiring.degree * (n_post if wiring.fixed == "post" else n_pre)
    return wiring.p * n_pre * n_post


def _variables(equations: str) -> int:
    return len(cells.STATE.findall(equations))
