"""Dependencies of files: everything that Snakemake's rules make on the way to them.

Snakemake makes a missing file only where a target asks for it or a job that runs needs it. When a
job fails, its file is lost, and so is Snakemake's record of how it was made; earlier results that
depend on it would then pass for finished. Targets therefore ask for all that their files depend on.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from spikedrift.plan.outputs import Output, Paths

# Results may outlive the public files they were made from, whose checksums say what they held.
FETCHED = {"fetch_file"}
# Rules of which more is known than their number of jobs.
BY_NAME = ("figure", "similarity_matrix", "simulate_point", "survey_chunk", *FETCHED)


@dataclass(frozen=True)
class Job:
    """A job on the way to some files.

    Attributes
    ----------
    rule : str
        Where the library asks for it by name, by that name, whatever the workflow calls it.
    wildcards : dict
    files : list of str
        Paths of its outputs.
    benchmark : str or None
        Path of the table of how long it took.
    """

    rule: str
    wildcards: dict[str, str]
    files: list[str]
    benchmark: str | None


class Standing:
    """Input functions of targets, and the jobs on the way to files.

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

    def jobs(self, target: Any, wildcards: Callable[..., Any]) -> list[Job]:
        """All jobs on the way to a target, as if nothing were there but the downloads that are.

        Parameters
        ----------
        target : snakemake.rules.Rule
        wildcards : type
            Snakemake's `Wildcards`.
        """
        files = map(str, target.expand_input(wildcards(fromdict={}))[0])
        ours = {self._paths.rule(name): name for name in BY_NAME}
        return [
            Job(ours.get(rule.name, rule.name), dict(values), *_made(rule, wildcards, values))
            for rule, values in self._walk(files, wildcards, self._makers, {})
        ]

    def _beneath(self, files: list[str], wildcards: Callable[..., Any]) -> list[str]:
        found = dict.fromkeys(files)
        for _ in self._walk(files, wildcards, self._lasting, found):
            pass
        return list(found)

    def _walk(
        self,
        files: Iterable[str],
        wildcards: Callable[..., Any],
        makers: Callable[[str], list[Any]],
        found: dict[str, None],
    ) -> Iterator[tuple[Any, dict[str, str]]]:
        """Rules beneath files with their wildcards; adds files that they make to those `found`."""
        queue = list(files)
        walked: set[tuple[str, ...]] = set()
        while queue:
            path = queue.pop()
            for rule in makers(path):
                found[path] = None
                values = rule.get_wildcards(path)
                job = (rule.name, *values.values())
                if job not in walked:
                    walked.add(job)
                    queue += map(str, rule.expand_input(wildcards(fromdict=values))[0])
                    yield rule, values

    def _makers(self, path: str) -> list[Any]:
        """Rules that make a file."""
        return list(self._workflow.dag.output_index.match_producers(path))

    def _lasting(self, path: str) -> list[Any]:
        """Rules that make a file that is neither temporary nor fetched."""
        fetched = {self._paths.rule(name) for name in FETCHED}
        return [
            rule
            for rule in self._makers(path)
            if rule.name not in fetched
            and not any(one.match(path) and one.flags.get("temp") for one in rule.output)
        ]


def _made(
    rule: Any, wildcards: Callable[..., Any], values: dict[str, str]
) -> tuple[list[str], str | None]:
    """Paths of a job's outputs and of its benchmark."""
    benchmark = rule.expand_benchmark(wildcards(fromdict=values))
    files = [str(path) for path in rule.expand_output(wildcards(fromdict=values))[0]]
    return files, None if benchmark is None else str(benchmark)
