"""What the report opens on and how it is ordered: files and params.

Imports nothing heavy: Snakemake asks for it at every start.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spikedrift.plan.plan import Plan

# Snakemake sorts categories by name: numbers keep them in the order of the path.
_ORDER = ("Start here", "Data", "Rules", "Networks", "Drift", "Comparison", "Provenance")
CATEGORIES = {name: f"{number} {name}" for number, name in enumerate(_ORDER)}
_PICTURES = (5, 1, 4, 6, 3, 2)  # the figure that answers most, among those that are made


class Report:
    """Files and params of the page that says what was found.

    Parameters
    ----------
    plan : Plan
        With its comparisons and final figures.
    """

    categories = CATEGORIES

    def __init__(self, plan: "Plan") -> None:
        self._plan = plan
        made = set(plan.comparisons.files)
        self._compared = [
            (f"results/compare/{name}.nc", recovery if recovery in made else "")
            for name in plan.comparisons.entries
            for recovery in [f"results/recovery/{name}.nc"]
        ]

    @property
    def picture(self) -> list[str]:
        """The headline figure; none where no final figure is made."""
        by_number = {final.number: name for name, final in reversed(self._plan.final.made.items())}
        shown = [by_number[number] for number in _PICTURES if number in by_number][:1]
        return [f"results/figures/final/{name}.png" for name in shown]

    def inputs(self, wildcards: Any) -> dict[str, list[str]]:
        """Files that the page is written from."""
        return {
            "scores": [scores for scores, _ in self._compared],
            "recovery": [recovery for _, recovery in self._compared if recovery],
            "indices": ["results/drift/indices.tsv"] * bool(self._plan.roster.names),
            "picture": self.picture,
        }

    @property
    def recovered(self) -> list[str]:
        """Recovery test of every comparison, in their order; empty where there is none."""
        return [recovery for _, recovery in self._compared]

    @property
    def truths(self) -> dict[str, dict[str, str]]:
        """Condition that a recording was simulated with, where it was."""
        return self._plan.origins.titles()
