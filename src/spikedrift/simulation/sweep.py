"""A sweep: named conditions times instances, as points with stable short ids.

Imports nothing heavy: Snakemake reads the points while it parses the workflow.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from spikedrift.config.base import Options
from spikedrift.config.check import checked
from spikedrift.config.networks import Sweep
from spikedrift.errors import InputError, unknown

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Point:
    """One simulation of a sweep.

    Attributes
    ----------
    sweep, condition : str
    id : str
        Of the condition's network: the same options have the same id whatever their names are
        and wherever they were set.
    parameters : dict of dotted key -> value
        What the condition changes in the sweep's options.
    seed, instance : int
    control : bool
    """

    sweep: str
    condition: str
    title: str
    id: str
    parameters: dict[str, Any]
    seed: int
    instance: int
    control: bool

    @property
    def recording(self) -> str:
        """Recording id of the point's trials."""
        return f"{self.sweep}-{self.id}-i{self.instance}.patterns"


def points(sweep: Sweep) -> list[Point]:
    """Expand a sweep, conditions outermost.

    Raises
    ------
    InputError
        Where a condition sets something that is no option of the network, or two conditions
        describe the same network.
    """
    expanded: list[Point] = []
    seen: dict[str, str] = {}
    for condition in sweep.conditions:
        where = f"sweep {sweep.name}, condition {condition.name}"
        options = override(sweep.options, condition.set, where)
        network = {"network": sweep.network, "options": options.model_dump(mode="json")}
        key = _short_id(network)
        if key in seen:
            raise InputError(f"{where}: describes the same network as {seen[key]}; remove one")
        seen[key] = condition.name
        expanded += [
            Point(
                sweep=sweep.name,
                condition=condition.name,
                title=condition.title or condition.name,
                id=key,
                parameters=dict(condition.set),
                seed=sweep.seed,
                instance=instance,
                control=condition.control,
            )
            for instance in range(sweep.instances)
        ]
    return expanded


def table(expanded: Sequence[Point]) -> "pd.DataFrame":
    """Return points as a table, one row a recording; parameters as JSON."""
    import pandas as pd

    rows = [
        {
            "recording": point.recording,
            **asdict(point),
            "parameters": json.dumps(point.parameters, sort_keys=True),
        }
        for point in expanded
    ]
    return pd.DataFrame(rows)


def override[T: Options](options: T, changes: Mapping[str, Any], where: str) -> T:
    """Return options with some values changed.

    Parameters
    ----------
    options : Options
    changes : mapping of dotted key -> value
        Parts of the key are field names and, in lists, indices: `phases.6.background`.
    where : str
        Begins the message of an error.

    Raises
    ------
    InputError
        For a key that is no option (naming the nearest) or a value that is not allowed.
    """
    tree = options.model_dump(mode="json")
    for key, value in changes.items():
        node: Any = tree
        *parents, last = key.split(".")
        for part in parents:
            node = node[_place(node, part, key, where)]
        # Parameters of a rule are free names; who uses them checks them.
        free = isinstance(node, dict) and parents[-1:] == ["parameters"]
        node[last if free else _place(node, last, key, where)] = value
    return checked(type(options), tree, where)


def _place(node: Any, part: str, key: str, where: str) -> str | int:
    if isinstance(node, list) and part.isdigit() and int(part) < len(node):
        return int(part)
    if isinstance(node, dict) and part in node:
        return part
    known = list(node) if isinstance(node, dict) else []
    if isinstance(node, list):
        known = [str(index) for index in range(len(node))]
    raise unknown(f"{where}: {key}: unknown option", part, known)


def _short_id(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:8]
