"""Spikes of any simulator, read from files: one .npz file a session, which nothing simulates.

docs/adding-a-network.md has the format. A session is a point and an instance of a sweep like any
other: it has trials, rates and measures of learning, and no weights.
"""

import string
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import Field

from spikedrift.config.base import Location
from spikedrift.config.networks import NetworkOptions
from spikedrift.config.simulation import Simulation
from spikedrift.core.columns import typed
from spikedrift.core.errors import InputError, missing, unknown
from spikedrift.networks import checks
from spikedrift.networks.catalog import Model
from spikedrift.networks.declaration import Network, Phase, Population, Protocol, Recording
from spikedrift.networks.timetable import Timetable

if TYPE_CHECKING:
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.session_plan import Plan

# Array -> (dtype, whether it may be left out). Those of one table are equally long.
SPIKES = {"spike_time": ("float64", False), "spike_unit": ("int64", False)}
PRESENTATIONS = {
    "start_time": ("float64", False),
    "segment": ("int64", False),
    "phase": ("str", True),
    "block": ("int64", True),
    "plasticity_on": ("bool", True),
}
UNITS = {"population": ("str", False)}
DURATION = {"duration": ("float64", False)}
ARRAYS = {**SPIKES, **PRESENTATIONS, **UNITS, **DURATION}


class SpikeTables(NetworkOptions):
    """Sessions that another program simulated; see docs/adding-a-network.md for the format."""

    file: Location | None = Field(
        default=None,
        description="path of a session's .npz file; {instance} stands for the number of the "
        "instance, from 0, and {name} for the parameter of this name",
    )
    parameters: dict[str, bool | int | float | str] = Field(
        default_factory=dict,
        description="what variants and axes say of a session, for tables and in the path",
    )
    population: str = Field(
        default="E", description="population of the file whose cells become units"
    )
    simulation: Simulation = Field(
        default=Simulation(dt=1e-7), description="of it only dt counts, to which times are rounded"
    )

    def of_instance(self, instance: int) -> Self:
        """Fill the places of the path.

        Raises
        ------
        InputError
            Without a path, or for a place in it that is no parameter.
        """
        if self.file is None:
            raise InputError("file: give the path of the session's .npz file")
        known = {**self.parameters, "instance": instance}
        try:
            names = [name for _, name, _, _ in string.Formatter().parse(self.file)]
        except ValueError as error:
            raise InputError(f"file: {self.file}: {error}") from None
        for name in names:
            if name is not None and name not in known:
                raise unknown(f"file: {self.file}: no parameter", name, known)
        return self.model_copy(update={"file": self.file.format_map(known)})

    def files(self) -> list[str]:
        """Return the session's file."""
        return [self.file or ""]


def declare(options: SpikeTables) -> Network:
    """Declare what the session's file holds.

    Raises
    ------
    InputError
        Naming the file, the array and what is wrong with it.
    """
    file, dt = str(options.file), options.simulation.dt
    arrays = _arrays(file)
    phases, timetable = _laid_out(file, arrays, dt)
    names, sizes = _populations(file, arrays)
    if options.population not in names:
        raise unknown(f"{file}: population: no cell is of the option population,",
                      options.population, names)  # fmt: skip
    return Network(
        populations=tuple(map(Population, names, sizes)),
        projections=(),
        protocol=Protocol(
            phases,
            n_segments=int(timetable.segment.max()) + 1,
            duration=timetable.segment_steps * dt,
            timetable=lambda dt, rng: timetable,
        ),
        recording=Recording(options.population),
    )


def read(plan: "Plan") -> "Recorded":
    """Read the spikes of a session.

    Raises
    ------
    InputError
        As `declare`.
    """
    from spikedrift.networks.copies import Recorded

    (file,), dt = plan.options.files(), plan.options.simulation.dt
    arrays = _arrays(file)
    time, unit = arrays["spike_time"], arrays["spike_unit"]
    population = arrays["population"]
    _refuse(file, "spike_time", ~np.isfinite(time), time, "is not finite")
    _refuse(file, "spike_time", time < 0, time, "is before the start of the session, 0 s")
    _refuse(file, "spike_unit", (unit < 0) | (unit >= population.size), unit,
            f"is no unit: population has {population.size}, counted from 0")  # fmt: skip
    # Cells are numbered through the populations.
    names = [one.name for one in plan.network.populations]
    cell_of = np.argsort(
        np.argsort([names.index(name) for name in population], kind="stable"), kind="stable"
    )
    step, cell = np.rint(time / dt), cell_of[unit]
    order = np.lexsort((cell, step))
    order = order[step[order] < plan.timetable.stop]
    return Recorded(cell[order], step[order] * dt, {}, {}, finite=True)


def _arrays(file: str) -> dict[str, np.ndarray]:
    """Arrays of a file, of the right types and lengths.

    Raises
    ------
    InputError
        Naming the file and the array.
    """
    if not Path(file).is_file():
        raise missing("spike tables", file)
    try:
        with np.load(file, allow_pickle=False) as archive:
            given = {name: archive[name] for name in archive.files}
    except Exception:  # numpy, zipfile and zlib raise errors of many kinds
        raise InputError(
            f"{file}: is no .npz file of numbers and texts, as numpy.savez writes it"
        ) from None
    for name in given:
        if name not in ARRAYS:
            raise unknown(f"{file}: no array of the format is", name, ARRAYS)
    for name, (_, optional) in ARRAYS.items():
        if name not in given and not optional:
            raise InputError(f"{file}: array {name} is missing; it holds {', '.join(given)}")
    found = {
        name: typed(array, ARRAYS[name][0], f"{file}: array {name}")
        for name, array in given.items()
    }
    for table in (SPIKES, PRESENTATIONS, UNITS):
        first, *others = (name for name in table if name in found)
        for name in (first, *others):
            if found[name].ndim != 1:
                raise InputError(
                    f"{file}: array {name} has {found[name].ndim} dimensions, must have one"
                )
        for name in others:
            if found[name].size != found[first].size:
                raise InputError(
                    f"{file}: array {name} has {found[name].size} values and {first} has "
                    f"{found[first].size}"
                )
    return found


def _populations(file: str, arrays: dict[str, np.ndarray]) -> tuple[list[str], list[int]]:
    """Names and sizes of the populations, in the order of their first cells."""
    names, first, sizes = np.unique(arrays["population"], return_index=True, return_counts=True)
    for name in names:
        if not checks.NAME.fullmatch(str(name)):
            raise InputError(
                f"{file}: population {str(name)!r} is no name: letters, digits and _, a letter "
                "first"
            )
    order = np.argsort(first)
    return [str(name) for name in names[order]], sizes[order].tolist()


def _laid_out(
    file: str, arrays: dict[str, np.ndarray], dt: float
) -> tuple[tuple[Phase, ...], Timetable]:
    """Phases of a session, with pauses before and between them, and its timetable.

    A new phase begins where `phase` or `block` changes from one presentation to the next.

    Raises
    ------
    InputError
        Naming the file, the array and the presentation, as it is counted in the file.
    """
    order, length = _order(file, arrays, dt)
    step = np.rint(arrays["start_time"][order] / dt).astype(np.int64)
    segment = arrays["segment"][order]
    kind = arrays.get("phase", np.full(step.size, "block"))[order]
    block = arrays.get("block", np.zeros(step.size, dtype=np.int64))[order]
    plastic = arrays.get("plasticity_on", np.zeros(step.size, dtype=bool))[order]
    stage = np.cumsum([False, *((kind[1:] != kind[:-1]) | (block[1:] != block[:-1]))])
    _check_segments(file, segment, stage, order)
    phases, start, of_stage, now = [], [], [], 0
    for one in range(stage[-1] + 1):
        shown = np.flatnonzero(stage == one)
        if np.unique(plastic[shown]).size > 1:
            raise InputError(
                f"{file}: plasticity_on changes within the phase that begins with presentation "
                f"{order[shown[0]]}; give what follows a block of its own"
            )
        if (first := int(step[shown[0]])) > now:
            phases.append(Phase("pause", duration=(first - now) * dt))
            start.append(now)
        of_stage.append(len(phases))
        repeats = shown.size // np.unique(segment).size
        phases.append(Phase(str(kind[shown[0]]), repeats=repeats, plastic=bool(plastic[shown[0]])))
        start.append(first)
        now = int(step[shown[-1]]) + length
    repeat = np.empty_like(segment)
    for one in np.unique(segment):
        repeat[segment == one] = np.arange(np.count_nonzero(segment == one))
    return tuple(phases), Timetable(
        phase_start=np.array(start),
        phase_stop=np.array([*start[1:], now]),
        presentation_phase=np.array(of_stage)[stage],
        presentation_step=step,
        segment=segment,
        repeat=repeat,
        segment_steps=length,
        stop=now,
    )


def _order(file: str, arrays: dict[str, np.ndarray], dt: float) -> tuple[np.ndarray, int]:
    """Presentations in order of their start, and their length in time steps."""
    start, duration = arrays["start_time"], arrays["duration"]
    if not start.size:
        raise InputError(f"{file}: start_time: there are no presentations")
    _refuse(file, "start_time", ~np.isfinite(start), start, "is not finite")
    _refuse(file, "start_time", start < 0, start, "is before the start of the session, 0 s")
    if duration.ndim or not np.isfinite(duration) or duration < dt:
        raise InputError(
            f"{file}: duration must be one number above 0, the length of every presentation in s"
        )
    phase = arrays.get("phase", np.array(["block"]))
    known = np.isin(phase, checks.SHOWING)
    _refuse(file, "phase", ~known, phase, f"is none of {', '.join(checks.SHOWING)}")
    order, length = np.argsort(start, kind="stable"), round(float(duration) / dt)
    overlap = np.diff(np.rint(start[order] / dt)) < length
    if overlap.any():
        a, b = order[int(np.argmax(overlap)) :][:2]
        raise InputError(
            f"{file}: start_time: presentations {a} and {b} overlap: they start at {start[a]:g} "
            f"and {start[b]:g} s and last {duration:g} s"
        )
    return order, length


def _check_segments(file: str, segment: np.ndarray, stage: np.ndarray, order: np.ndarray) -> None:
    """Refuse segments that are not all shown equally often in every phase and block."""
    n = int(segment.max(initial=0)) + 1
    if n < 2 or segment.min(initial=0) < 0:
        raise InputError(f"{file}: segment must count two segments or more, from 0")
    for one in np.unique(stage):
        shown = np.bincount(segment[stage == one], minlength=n)
        if (shown != shown[0]).any() or not shown[0]:
            few, many = int(shown.argmin()), int(shown.argmax())
            at = order[int(np.argmax(stage == one))]
            raise InputError(
                f"{file}: segment {few} is shown {shown[few]} times and segment {many} "
                f"{shown[many]} times in the phase or block that begins with presentation {at}; "
                "a repeat shows every segment once"
            )


def _refuse(file: str, name: str, bad: np.ndarray, values: np.ndarray, why: str) -> None:
    if bad.any():
        place = int(np.argmax(bad))
        raise InputError(f"{file}: {name}: value {place}, {values[place]}, {why}")


MODEL = Model(
    name="spike_tables",
    title="spikes that another program simulated",
    citation="docs/adding-a-network.md",
    options=SpikeTables,
    declare=declare,
    integrate=read,
)
