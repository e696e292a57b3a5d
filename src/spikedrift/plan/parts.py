"""What the networks of a sweep are made of: rules, cells, recorded population, what they show.

The module imports nothing that takes long, since Snakemake reads it at every start.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from spikedrift.config.networks import NetworkOptions
from spikedrift.config.sweeps import Sweep
from spikedrift.core.errors import InputError
from spikedrift.networks import catalog, checks
from spikedrift.networks.declaration import Network
from spikedrift.sweeps import points


@dataclass(frozen=True)
class Shown:
    """What a network shows in its blocks, and to how many units.

    Attributes
    ----------
    duration : float, s
        Length of a trial.
    segments, units : int
    repeats : tuple of int
        Of every block.
    """

    duration: float
    segments: int
    units: int
    repeats: tuple[int, ...]


@dataclass(frozen=True)
class Parts:
    """Parts of the networks of a variant.

    Attributes
    ----------
    rules, cells : list of str
        Plug-ins, sorted.
    units : frozenset of str, optional
        Populations whose cells become units; None where only files that are read can tell.
    blocks : int, optional
        Least number of phases of kind block; None likewise.
    shown : frozenset of Shown, optional
        None likewise.
    cued : bool
        Whether any shows parts of its segments.
    """

    rules: list[str]
    cells: list[str]
    units: frozenset[str] | None
    blocks: int | None
    shown: frozenset[Shown] | None
    cued: bool = False


def parts_of(sweep: Sweep) -> dict[str, Parts]:
    """Parts by variant, '' for the sweep's options before a variant sets any.

    Raises
    ------
    InputError
        For a declaration that does not hold, such as a parameter that a rule does not have, and for
        a variant whose networks show nothing: it has no trials.
    """
    of_variant: dict[str, Iterator[NetworkOptions]] = {"": iter([sweep.options])} | {
        variant.name: points.networks(sweep, variant) for variant in sweep.variants
    }
    found = {}
    for variant, options_of in of_variant.items():
        where = f"config: sweep {sweep.name}" + f", variant {variant}" * bool(variant)
        of_networks = list(options_of)
        if any(options.files() for options in of_networks):
            found[variant] = Parts([], [], None, None, None)
            continue
        networks = [_declared(sweep.network, options, where) for options in of_networks]
        for one in networks:
            if variant and not any(p.kind in checks.SHOWING for p in one.protocol.phases):
                raise InputError(f"{where}: {_nothing_shown(sweep)}")
        rules = {r for one in networks for p in one.projections for r in p.plasticity}
        found[variant] = Parts(
            sorted(rules),
            sorted({p.cell for one in networks for p in one.populations if p.cell}),
            frozenset(one.recording.units for one in networks),
            min(sum(p.kind == "block" for p in one.protocol.phases) for one in networks),
            frozenset(map(_shown, networks)),
            any(p.rest is not None for one in networks for p in one.protocol.phases),
        )
    return found


def _shown(network: Network) -> Shown:
    kept, protocol = network.recording, network.protocol
    can = network.units.size if kept.cells is None else len(kept.cells)
    return Shown(
        duration=protocol.duration + protocol.tail,
        segments=protocol.n_segments,
        units=can if kept.n_units is None else kept.n_units,
        repeats=tuple(phase.repeats or 0 for phase in protocol.phases if phase.kind == "block"),
    )


def _nothing_shown(sweep: Sweep) -> str:
    words = f"the network {sweep.network} shows no segments, and so has no trials"
    if "probes" in type(sweep.options).model_fields:
        words += "; give it the option `probes: {}`, which shows it patterns"
    return words


def _declared(name: str, options: NetworkOptions, where: str) -> Network:
    model = catalog.get(name)
    try:
        network = model.declare(options)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    checks.check(network, where, whole=model.integrate is None)
    return network
