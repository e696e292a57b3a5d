"""Recordings that are made from a simulation, so that their plasticity rule is known.

The module imports nothing that takes long, since Snakemake reads it at every start.
"""

from collections.abc import Iterable, Mapping

from spikedrift.config.simulated import SimulatedOptions
from spikedrift.config.sources import SourceOptions
from spikedrift.core.errors import InputError, unknown
from spikedrift.sweeps.points import Point


class Origins:
    """Simulations from which recordings are made.

    Parameters
    ----------
    options : mapping of recording -> SourceOptions
    points : iterable of Point
        Points of all sweeps whose runs keep trials.
    trials : str
        Path of a trials file, with `{recording}`.

    Attributes
    ----------
    points : dict of recording -> Point
        Only recordings that are made from a simulation of this configuration.

    Raises
    ------
    InputError
        Where the options of a recording name no simulation, or several.
    """

    def __init__(
        self, options: Mapping[str, SourceOptions], points: Iterable[Point], trials: str
    ) -> None:
        self._trials = trials
        runs = list(points)
        by_path = {trials.format(recording=point.recording): point for point in runs}
        self.points: dict[str, Point] = {}
        for name, chosen in options.items():
            if not isinstance(chosen, SimulatedOptions):
                continue
            if chosen.trials is None:
                found = _run(chosen, runs, f"config: recording {name}: options.")
                self.points[name] = found
            elif chosen.trials in by_path:
                self.points[name] = by_path[chosen.trials]

    def runs(self, recording: str) -> list[str]:
        """Simulation from which a recording is made, if it is one of this configuration."""
        return [self.points[recording].recording] if recording in self.points else []

    def resolved(self, recording: str) -> dict[str, object]:
        """Options that name a recording's run by its file: to rename a variant reruns nothing."""
        if recording not in self.points:
            return {}
        path = self._trials.format(recording=self.points[recording].recording)
        return {"sweep": None, "variant": None, "axes": {}, "instance": 0, "trials": path}

    def seeds(self) -> dict[str, str]:
        """Seed of the random draws of each recording's network."""
        return {name: point.instance_seed for name, point in self.points.items()}


def _run(options: SimulatedOptions, points: list[Point], where: str) -> Point:
    """Return the one run that the options name."""
    sweeps = dict.fromkeys(point.sweep for point in points)
    if options.sweep not in sweeps:
        raise unknown(f"{where}sweep: no sweep whose runs keep trials:", options.sweep, sweeps)
    left = [point for point in points if point.sweep == options.sweep]
    variants = dict.fromkeys(point.variant for point in left)
    if options.variant not in variants:
        raise unknown(f"{where}variant: not in sweep {options.sweep}:", options.variant, variants)
    left = [point for point in left if point.variant == options.variant]
    values = [axes for axes in left if options.axes.items() <= axes.axes.items()]
    if len({point.id for point in values}) != 1:
        known = "; ".join(dict.fromkeys(str(point.axes) for point in left))
        raise InputError(
            f"{where}axes: {options.axes} names {len({point.id for point in values})} points of "
            f"variant {options.variant}; give one of: {known}"
        )
    for point in values:
        if point.instance == options.instance:
            return point
    raise InputError(
        f"{where}instance: {options.instance}, but sweep {options.sweep} has {len(values)} "
        "instances, counted from 0"
    )
