"""Training apart from what comes after it: a job of its own, whose file sessions begin with.

Variants that differ in nothing that training depends on (`NetworkOptions.as_trained`) share it.
"""

import hashlib
import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

from spikedrift.config.networks import NetworkOptions
from spikedrift.core import results
from spikedrift.core.errors import InputError
from spikedrift.networks import session_plan
from spikedrift.networks.catalog import Model
from spikedrift.networks.checkpoints import Checkpoints
from spikedrift.networks.session_plan import NetworkRun

if TYPE_CHECKING:
    from spikedrift.networks.session_plan import Plan

log = logging.getLogger(__name__)


class NotTrained(InputError, RuntimeError):
    """A network that could not be trained: an outcome of all sessions that begin with it."""


def train(
    model: Model, options: NetworkOptions, run: NetworkRun, checkpoints: Checkpoints
) -> xr.Dataset:
    """Train a network, or go on with a training that was stopped.

    Parameters
    ----------
    model : Model
        With `train`.
    options : NetworkOptions
        As its `as_trained` returns them.
    run : NetworkRun
        Its name is that of the training.
    checkpoints : Checkpoints

    Returns
    -------
    Dataset
        What `Model.train` returns, for `learned`. Attributes say of what it is, and `failed` why
        there is nothing: a network that cannot be trained, such as a silent one, is an outcome.

    Raises
    ------
    InputError
        For a network that is not trained apart, or options that do not hold.
    DiskError
        Where the disk takes no checkpoint.
    """
    if model.train is None:
        raise InputError(f"network {model.name}: is not trained apart from what it shows")
    plan = session_plan.plan(model, options, run)
    try:
        found = model.train(plan, checkpoints)
    except RuntimeError as error:
        log.warning("%s", error)
        found = xr.Dataset(attrs={"failed": str(error)})
    return found.assign_attrs(
        trained=run.recording,
        training=_key(plan),
        options=_options(plan),
        seed=run.seed,
        instance=run.instance,
    )


def learned(plan: "Plan") -> xr.Dataset | None:
    """What the network of a session was trained to; None where training is part of the session.

    Raises
    ------
    InputError
        For a file that is damaged, or of another training.
    NotTrained
        Where training failed.
    """
    if not plan.run.trained:
        return None
    found = results.read(plan.run.trained, training=_key(plan))
    if "failed" in found.attrs:
        raise NotTrained(f"{plan.run.recording}: {found.attrs['failed']}")
    return found


def _options(plan: "Plan") -> str:
    options = plan.options.as_trained()
    if options is None:
        raise InputError(f"{plan.run.recording}: its network is not trained apart")
    return json.dumps(options.model_dump(mode="json"), sort_keys=True)


def _key(plan: "Plan") -> str:
    """What a training depends on apart from code and files, in short."""
    asked = f"{_options(plan)} {plan.run.seed} {plan.run.instance}"
    return hashlib.sha256(asked.encode()).hexdigest()[:16]


def digest(source: str, options: NetworkOptions, seed: int, instance: int) -> str:
    """Digest of all that a training depends on: its code, options, draws and files.

    Parameters
    ----------
    source : str
        Digest of the code.
    options : NetworkOptions
    seed, instance : int

    Raises
    ------
    InputError
        For a file that is not there.
    """
    asked = [source, options.model_dump(mode="json"), seed, instance, *_contents(options)]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def _contents(options: NetworkOptions) -> Iterable[str]:
    for file in options.shared_files():
        try:
            yield hashlib.sha256(Path(file).read_bytes()).hexdigest()
        except OSError as error:
            raise InputError(f"{file}: cannot be read ({error.strerror or error})") from None
