"""Dependencies of files: everything that Snakemake's rules make on the way to them.

Snakemake makes a missing file only where a target asks for it or a job that runs needs it. When a
job fails, its file is lost, and so is Snakemake's record of how it was made; earlier results that
depend on it would then pass for finished. Targets therefore ask for all that their files depend on.
"""

from collections.abc import Callable, Iterable
from typing import Any

from spikedrift.plan.outputs import Output, Paths

# Results may outlive the public files they were made from, whose checksums say what they held.
FETCHED = {"fetch_file"}


class Standing:
    """Input functions of targets.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        Used when an input function is called, after all rules were read.
    paths : Paths
    """

    def __init__(self, workflow: Any, paths: Paths) -> None:
        self._workflow, self._paths = workflow, paths

    def __call__(self, asked: Iterable[Output]) -> Callable[[Any], list[str]]:
        """Input function that asks for files and for all their dependencies."""
        asked = list(asked)
        return lambda wildcards: self._beneath(self._paths.of(asked), type(wildcards))

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
        """Rules that make a file that is not temporary."""
        fetched = {self._paths.rule(name) for name in FETCHED}
        return [
            rule
            for rule in self._workflow.dag.output_index.match_producers(path)
            if rule.name not in fetched
            and not any(one.match(path) and one.flags.get("temp") for one in rule.output)
        ]
