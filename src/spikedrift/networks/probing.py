"""Frozen patterns shown to any network: one more source, one more projection, blocks at the end."""

from dataclasses import replace

from spikedrift.config.networks import Probes
from spikedrift.networks.declaration import (
    Network,
    Phase,
    Projection,
    Source,
    in_blocks,
    probability,
    spread,
)
from spikedrift.networks.frozen_patterns import Frozen, frozen_patterns


def probed(
    network: Network, probes: Probes | None, dt: float, receptor: str = "excitatory"
) -> Network:
    """Let afferents show frozen patterns to the recorded cells once the protocol has ended.

    The afferents are silent until the protocol of the paper has ended, so that this is what it was;
    then they fire at their background rate between patterns.

    Parameters
    ----------
    network : Network
        It shows no segments of its own.
    probes : Probes, optional
        None leaves the network as it is.
    dt : float, s
    receptor : str
        Of the recorded cells.
    """
    if probes is None:
        return network
    patterns, recorded = probes.patterns, network.recording.units
    block = Phase("block", repeats=probes.repeats, plastic=probes.plasticity)
    pause = Phase("pause", duration=probes.pause, plastic=probes.pause_plasticity)
    added = [*in_blocks(probes.blocks, block, pause)]
    if probes.settle:
        added.insert(0, Phase("settle", duration=probes.settle))
    background = [0.0] * len(network.protocol.phases) + [patterns.background_rate] * len(added)
    frozen = Frozen(patterns, tuple(background), (0.0,) * len(background))
    return replace(
        network,
        sources=(
            *network.sources,
            Source("probe", patterns.n_afferents, frozen_patterns(frozen, dt)),
        ),
        projections=(
            *network.projections,
            Projection(
                "probed", "probe", recorded, receptor, probability(probes.p), spread(probes.weight),
                w_max=2 * probes.weight,
            ),
        ),
        protocol=replace(
            network.protocol,
            phases=(*network.protocol.phases, *added),
            n_segments=patterns.n_patterns,
            duration=patterns.duration,
            gap=patterns.gap,
            gap_jitter=patterns.gap_jitter,
            order=patterns.order,
        ),
    )  # fmt: skip
