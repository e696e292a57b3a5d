"""Networks that learn a recording of the same configuration, which they name: the path of its file.

The module imports nothing that takes long, since Snakemake reads it at every start.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from spikedrift.config.sweeps import Sweep


def located(sweeps: Iterable[Sweep], names: Collection[str], trials: str) -> list[Sweep]:
    """Return sweeps with paths in place of names of recordings (`NetworkOptions.recordings`).

    Parameters
    ----------
    sweeps : iterable of Sweep
    names : collection of str
        Recordings and pools.
    trials : str
        Path of a trials file, with `{recording}`.
    """

    def path(value: Any) -> Any:
        known = isinstance(value, str) and value in names
        return trials.format(recording=value) if known else value

    return [_located(sweep, path) for sweep in sweeps]


def _located(sweep: Sweep, path: Callable[[Any], Any]) -> Sweep:
    keys = sweep.options.recordings
    if not keys:
        return sweep
    variants = tuple(
        one.model_copy(update={"set": {k: path(v) if k in keys else v for k, v in one.set.items()}})
        for one in sweep.variants
    )
    axes = tuple(
        one.model_copy(update={"values": tuple(map(path, one.values))})
        if one.values and {*one.keys} <= {*keys}
        else one
        for one in sweep.axes
    )
    own = {key: path(getattr(sweep.options, key)) for key in keys}
    changed = {"options": sweep.options.model_copy(update=own), "variants": variants, "axes": axes}
    return sweep.model_copy(update=changed)
