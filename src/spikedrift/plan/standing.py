"""What files stand on: all that Snakemake's rules make on the way to them.

Snakemake makes a missing file only where a target asks for it or a job that runs needs it. A job
that failed has lost its file, and Snakemake its record of what that was made with; results of
before would then pass for finished. Targets therefore ask for whatever their files stand on.
"""

from collections.abc import Callable, Iterable
from typing import Any

# What was made of public files may outlive them, and their checksums alone say what they hold.
FETCHED = {"fetch_file"}


class Standing:
    """Input functions of targets.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        Asked when an input function is called, after all rules were read.
    """

    def __init__(self, workflow: Any) -> None:
        self._workflow = workflow

    def __call__(self, files: Iterable[str]) -> Callable[[Any], list[str]]:
        """Input function that asks for files and for all that they stand on."""
        asked = list(files)
        return lambda wildcards: self._beneath(asked, type(wildcards))

    def _beneath(self, files: list[str], wildcards: Callable[..., Any]) -> list[str]:
        found, queue = dict.fromkeys(files), list(files)
        walked: set[tuple[str, ...]] = set()
        while queue:
            path = queue.pop()
            for rule in self._makers(path):
                found[path] = None
                values = rule.get_wildcards(path)
                job = (rule.name, *values.values())
                if job not in walked:
                    walked.add(job)
                    queue += map(str, rule.expand_input(wildcards(fromdict=values))[0])
        return list(found)

    def _makers(self, path: str) -> list[Any]:
        """Rules that make a file to stay."""
        return [
            rule
            for rule in self._workflow.dag.output_index.match_producers(path)
            if rule.name not in FETCHED
            and not any(one.match(path) and one.flags.get("temp") for one in rule.output)
        ]
