"""A sweep: variants times axes times instances, as points with stable short ids.

The module imports nothing that takes long, since Snakemake reads the points while it parses the
workflow.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from spikedrift.config.check import validated
from spikedrift.config.networks import NetworkOptions
from spikedrift.config.overrides import changed, override, place, whole
from spikedrift.config.sweeps import Axis, Sweep, Variant
from spikedrift.core.errors import InputError
from spikedrift.sweeps.coordinates import value_words
from spikedrift.sweeps.rows import Row, axis_values, instance_seed, rows

if TYPE_CHECKING:
    import pandas as pd

_MOST_NAMED = 2  # axes of a grid or a list whose values name a point; of more, its number does
_OF_THE_PLAN = ("axes", "factors", "files", "called", "shared", "trained")  # no columns of a table


@dataclass(frozen=True)
class Point:
    """One simulation of a sweep: a variant at one value of each axis, in one instance.

    Attributes
    ----------
    sweep, variant : str
    id : str
        Id of the point's network: the same options have the same id, whatever the point is called
        and wherever the options were set.
    parameters : dict of dotted key -> value
        The options of the sweep that the point changes.
    axes : dict of axis -> value
        Empty for a variant that is not swept.
    seed, instance : int
    control : bool
    files : list of path
        Files of the user's own from which its session is read; empty where it is simulated.
    called : str
        What it is called where its values are too many to be named by them, such as `draw 7`;
        empty where it is called by its values. One number is the same values, or the same places
        between the ends of the axes, in all variants.
    shared : list of path
        Files that it reads while it is simulated, and others too.
    trained : str
        Name of the training that it begins with, which others may begin with too; empty where it
        is not trained apart.
    factors : list of str
        Axes whose values multiply what the variant has.
    """

    sweep: str
    variant: str
    title: str
    id: str
    parameters: dict[str, Any]
    axes: dict[str, Any]
    seed: int
    instance: int
    control: bool
    files: list[str] = field(default_factory=list)
    called: str = ""
    shared: list[str] = field(default_factory=list)
    trained: str = ""
    factors: list[str] = field(default_factory=list)

    @property
    def recording(self) -> str:
        """Recording id of the point's trials."""
        return f"{self.sweep}-{self.id}-i{self.instance}.patterns"

    @property
    def name(self) -> str:
        """Word for a variant at its values on the axes: `pair`, or `pair@rate=0.05`."""
        values = ",".join(f"{axis}={value}" for axis, value in self.axes.items())
        return f"{self.variant}@{values}" if values else self.variant

    @property
    def words(self) -> str:
        """Title of the variant with its values of the axes, or with its number."""
        return ", ".join([self.title, *([self.called] if self.called else self.values)])

    @property
    def values(self) -> list[str]:
        """Words for its values on the axes."""
        pairs = self.axes.items()
        return [value_words(axis, value, axis in self.factors) for axis, value in pairs]

    @property
    def instance_seed(self) -> str:
        """Seed of the random draws of an instance: wiring, patterns and noise."""
        return instance_seed(self.seed, self.instance)


def labels(points: Iterable[Point]) -> list[dict[str, Any]]:
    """What a comparison calls the point of every simulation, where its instance was drawn."""
    return [
        {
            "point": point.name,
            "variant": point.variant,
            "title": point.words,
            "variant_title": point.title,
            "control": point.control,
            "axes": point.axes,
            "factors": point.factors,
            "instance_seed": point.instance_seed,
        }
        for point in points
    ]


def in_sweep(sweep: str, name: str) -> str:
    """Name of a point, a variant or an axis beside those of other sweeps."""
    return f"{sweep}.{name}"


def in_words(sweep: str, title: str) -> str:
    """Words for a point or a variant beside those of other sweeps."""
    return f"{sweep}: {title}"


def told_apart(label: Mapping[str, Any], sweep: str) -> dict[str, Any]:
    """Label of a point beside those of other sweeps: names and words begin with its sweep's.

    An axis of one sweep is another than that of another sweep, whatever they are called.
    """
    return {
        **label,
        "sweep": sweep,
        **{key: in_sweep(sweep, label[key]) for key in ("point", "variant")},
        **{key: in_words(sweep, label[key]) for key in ("title", "variant_title")},
        "axes": {in_sweep(sweep, axis): value for axis, value in label["axes"].items()},
        "factors": [in_sweep(sweep, axis) for axis in label["factors"]],
    }


def first_controls(labels: Iterable[Mapping[str, Any]], key: str) -> str:
    """Control of every sweep, one a line, by what is called `key` in its label."""
    found: dict[str, str] = {}
    for label in labels:
        if label["control"]:
            found.setdefault(label.get("sweep", ""), label[key])
    return "\n".join(found.values())


def controls(points: Iterable[Point]) -> dict[str, str]:
    """Name of the control of every other point: that at the same values, or that without values."""
    every = list(points)
    at = {tuple(p.axes.items()): p.name for p in every if p.control}
    found = {p.name: at.get(tuple(p.axes.items()), at.get(())) for p in every if not p.control}
    return {name: control for name, control in found.items() if control is not None}


def points(sweep: Sweep) -> list[Point]:
    """Expand a sweep: variants outermost, then axes, then instances.

    Raises
    ------
    InputError
        As `Expansion.points`.
    """
    return Expansion(sweep).points


class Expansion:
    """Points of a sweep, each made when it is first asked for.

    Parameters
    ----------
    sweep : Sweep
    """

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._made: dict[tuple[str, int], list[Point]] = {}
        self._variants: dict[str, _Network] = {}

    @cached_property
    def rows(self) -> list[Row]:
        """Rows of the sweep, of which no network is made yet."""
        return rows(self._sweep)

    @cached_property
    def points(self) -> list[Point]:
        """All points: variants outermost, then axes, then instances.

        Raises
        ------
        InputError
            As `of`, and where two points are the same network.
        """
        seen: dict[str, Row] = {}
        for row in self.rows:
            key = self.of(row)[0].id
            if (first := seen.setdefault(key, row)) is not row:
                twice = self._where(first).removeprefix(f"sweep {self._sweep.name}, variant ")
                raise InputError(
                    f"{self._where(row)}: describes the same network as {twice}; remove one"
                    + ", or set swept: false where the axes change nothing" * bool(row.values)
                )
        return [point for row in self.rows for point in self.of(row)]

    def of(self, row: Row) -> list[Point]:
        """Points of one row, by instance.

        Raises
        ------
        InputError
            Where the variant or an axis sets something that is no option of the network, or a
            value that is not allowed.
        """
        key = row.variant.name, row.number
        if key not in self._made:
            self._made[key] = self._points(row)
        return self._made[key]

    def _points(self, row: Row) -> list[Point]:
        sweep, variant, here = self._sweep, row.variant, self._where(row)
        network = self._network(variant)
        changes = _changes(network.axes, row.values, network.tree, here)
        options = network.changed(changes, here) if changes else network.options
        dumped = {"network": sweep.network, "options": options.model_dump(mode="json")}
        key, training = _short_id(dumped), _training(sweep, options)
        parameters = {**variant.set, **changes}
        called, shared = _called(sweep, network.axes, row.number), options.shared_files()
        return [
            Point(
                sweep=sweep.name,
                variant=variant.name,
                title=variant.title or variant.name,
                id=key,
                parameters=parameters,
                axes=row.values,
                seed=sweep.seed,
                instance=instance,
                control=variant.control,
                files=own,
                called=called,
                shared=shared,
                trained=f"{training}-i{instance}" if training else "",
                factors=[axis.name for axis in network.axes if axis.factor],
            )
            for instance, own in zip(
                row.instances, _files(options, row.instances, here), strict=True
            )
        ]

    def _network(self, variant: Variant) -> "_Network":
        if variant.name not in self._variants:
            self._variants[variant.name] = _Network(self._sweep, variant)
        return self._variants[variant.name]

    def _where(self, row: Row) -> str:
        values = "".join(f", {name} {value}" for name, value in row.values.items())
        return _where(self._sweep, row.variant) + values


class _Network:
    """Network of a variant before its axes change anything.

    Attributes
    ----------
    axes : tuple of Axis
        As the variant takes them.
    options : NetworkOptions
    tree : dict
        Its options as values of JSON.
    """

    def __init__(self, sweep: Sweep, variant: Variant) -> None:
        self.axes = sweep.axes_of(variant)
        self.options = override(sweep.options, variant.set, _where(sweep, variant))
        self.tree = whole(self.options)

    def changed(self, changes: Mapping[str, Any], where: str) -> NetworkOptions:
        """Do as `override`."""
        return validated(type(self.options), changed(self.tree, changes, where), where)


def _where(sweep: Sweep, variant: Variant) -> str:
    return f"sweep {sweep.name}, variant {variant.name}"


def _training(sweep: Sweep, options: NetworkOptions) -> str:
    """Name of a training before the instance: the same for all that it does not tell apart."""
    if (trained := options.as_trained()) is None:
        return ""
    asked = {"options": trained.model_dump(mode="json"), "seed": sweep.seed}
    return f"{sweep.network}-{_short_id(asked)}"


def _called(sweep: Sweep, axes: Sequence[Axis], number: int) -> str:
    """Number of a point within its variant, where it has more values than a reader can follow."""
    if sweep.samples is not None:
        return f"draw {number}" if len(axes) > 1 else ""
    return f"point {number}" if len(axes) > _MOST_NAMED else ""


def _files(options: NetworkOptions, numbers: Sequence[int], where: str) -> list[list[str]]:
    """Files from which the session of every instance is read."""
    try:
        return [options.of_instance(k).files() for k in numbers]
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def networks(sweep: Sweep, variant: Variant) -> Iterator[NetworkOptions]:
    """Networks of a variant that differ in rules: one, unless an axis chooses among them.

    Networks that differ only in the value of a rule's parameter count as one, since only the name
    of the parameter can be wrong.
    """
    network, where = _Network(sweep, variant), _where(sweep, variant)
    choosing = [axis.name for axis in network.axes if _chooses(axis)]
    seen: set[str] = set()
    for row in axis_values(sweep, network.axes):
        chosen = json.dumps([row[name] for name in choosing], sort_keys=True, default=str)
        if chosen not in seen:
            seen.add(chosen)
            yield network.changed(_changes(network.axes, row, network.tree, where), where)


def _chooses(axis: Axis) -> bool:
    """Whether an axis may choose among rules: whatever takes numbers alone does not."""
    return any(isinstance(v, bool) or not isinstance(v, int | float) for v in axis.values or ())


def _changes(
    axes: Sequence[Axis], row: Mapping[str, Any], tree: Mapping[str, Any], where: str
) -> dict[str, Any]:
    """Options that the axes change in a variant, whose options `tree` holds."""
    changes: dict[str, Any] = {}
    for axis in axes:
        for key in axis.keys:
            value = row[axis.name]
            if axis.factor:
                held: Any = tree
                for part in key.split("."):
                    held = held[place(held, part, key, where)]
                if isinstance(held, bool) or not isinstance(held, int | float):
                    raise InputError(f"{where}: {key}: is no number that a factor could multiply")
                value = held / value if axis.divide else held * value
                value = float(f"{value:.6g}")
            changes[key] = value
    return changes


def table(expanded: Sequence[Point]) -> "pd.DataFrame":
    """Return points as a table, one row for each recording; parameters are JSON.

    `point_title` says what figures and pages call the point, beside its values.
    """
    import pandas as pd

    rows = [
        {
            "recording": point.recording,
            **{key: value for key, value in asdict(point).items() if key not in _OF_THE_PLAN},
            "point_title": point.words,
            "parameters": json.dumps(point.parameters, sort_keys=True),
            **{f"axis_{name}": value for name, value in point.axes.items()},
        }
        for point in expanded
    ]
    return pd.DataFrame(rows)


def _short_id(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:10]  # thousands of points, and no two alike
