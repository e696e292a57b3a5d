"""Files by name: an output of a rule for some wildcards. Paths are only in workflow/rules.

What plans, says `output("signal_index.index", recording=..., selection=...)`; the rules turn that
into a path with `Paths`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Output:
    """One file that a rule makes.

    Attributes
    ----------
    rule, name : str
        Rule, and name of the output in it.
    wildcards : tuple of (wildcard, value)
    """

    rule: str
    name: str
    wildcards: tuple[tuple[str, str], ...]


def output(of: str, **wildcards: str) -> Output:
    """Output `rule.name` for these wildcards."""
    rule, _, name = of.partition(".")
    return Output(rule, name, tuple(wildcards.items()))


def trials(recording: str) -> Output:
    """Trials of a recording, a pool or a simulation: their rules share one path."""
    return output("prepare_trials.trials", recording=recording)


def pattern(names: Iterable[str]) -> str:
    """Regular expression of a wildcard that takes these names only."""
    return "|".join(map(re.escape, names)) or "(?!)"


def trainings(names: Iterable[str]) -> list[Output]:
    """Files of trainings, each once; an empty name stands for none."""
    return [output("train.trained", trained=name) for name in dict.fromkeys(names) if name]


class Paths:
    """Paths of outputs: of one, of a list or of a mapping.

    Parameters
    ----------
    rules : snakemake.rules.Rules
        Used when an input function is called, after all rules were read.
    """

    def __init__(self, rules: Any) -> None:
        self._rules = rules
        self._patterns: dict[tuple[str, str], str] = {}

    def __call__(self, asked: Any) -> Callable[[Any], Any]:
        """Input function for outputs, or for a function of wildcards that returns them."""
        if callable(asked):
            return lambda wildcards: self.of(asked(wildcards))
        return lambda wildcards: self.of(asked)

    def of(self, asked: Any) -> Any:
        """Convert outputs to paths: one, a list, or a mapping of either; text stays as it is."""
        if isinstance(asked, Output):
            return self._pattern(asked.rule, asked.name).format_map(dict(asked.wildcards))
        if isinstance(asked, Mapping):
            return {key: self.of(value) for key, value in asked.items()}
        return asked if isinstance(asked, str) else [self.of(one) for one in asked]

    def rule(self, name: str) -> str:
        """Name of a rule in this workflow; a workflow that imports this one may have renamed it."""
        return str(getattr(self._rules, name).rule.name)

    def _pattern(self, rule: str, name: str) -> str:
        if (rule, name) not in self._patterns:
            self._patterns[rule, name] = str(getattr(getattr(self._rules, rule).output, name))
        return self._patterns[rule, name]
