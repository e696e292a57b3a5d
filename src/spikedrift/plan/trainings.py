"""Trainings of networks: one for all points that differ only in what comes after it.

The module imports nothing that takes long, since Snakemake reads it at every start.
"""

from typing import Any

from spikedrift.config.networks import NetworkOptions
from spikedrift.config.overrides import override
from spikedrift.plan.digests import network_modules
from spikedrift.plan.figures import Figure
from spikedrift.plan.outputs import Output, trainings
from spikedrift.plan.study import Study
from spikedrift.sweeps.points import Point


class Trainings:
    """Files and params of the trainings of all sweeps.

    Parameters
    ----------
    study : Study

    Attributes
    ----------
    points : dict of name -> Point
        The first point that begins with each training.
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        # Only of a network that has trainings are all points made.
        self._trained = {
            name: study.expansions[name].points
            for name, sweep in study.sweeps.items()
            if type(sweep.options).as_trained is not NetworkOptions.as_trained
        }
        self.points: dict[str, Point] = {}
        for points in self._trained.values():
            for point in points:
                if point.trained:
                    self.points.setdefault(point.trained, point)

    @property
    def names(self) -> list[str]:
        """Names of all trainings."""
        return list(self.points)

    @property
    def made(self) -> list[Output]:
        """Files of all trainings."""
        return trainings(self.points)

    def files(self, wildcards: Any) -> list[str]:
        """Files that a training reads, such as the recording that is learned."""
        return self.points[wildcards.trained].shared

    def of(self, wildcards: Any) -> dict[str, Any]:
        """Network of a training with its options, seed and instance."""
        point = self.points[wildcards.trained]
        sweep = self._study.sweeps[point.sweep]
        options = override(sweep.options, point.parameters, f"sweep {sweep.name}").as_trained()
        assert options is not None
        return {
            "network": sweep.network,
            "options": options.model_dump(mode="json"),
            "seed": point.seed,
            "instance": point.instance,
        }

    def modules(self, wildcards: Any) -> list[str]:
        """Modules with which a network is trained."""
        point = self.points[wildcards.trained]
        return network_modules(self._study, point.sweep, point.variant)

    @property
    def figures(self) -> list[Figure]:
        """Learning curves of every sweep whose networks are trained apart."""
        found = []
        for sweep, points in self._trained.items():
            first: dict[str, Point] = {}
            for point in points:
                if point.trained:
                    first.setdefault(point.trained, point)
            if first:
                found.append(
                    Figure(
                        f"learning_curve.{sweep}",
                        "learning_curve",
                        "Networks",
                        {"figure": "learning curve", "sweep": sweep},
                        {"trained": trainings(first)},
                        {"titles": [point.words for point in first.values()]},
                        caption=f"Sweep {sweep}. {self._study.seeds(sweep)}",
                    )
                )
        return found
