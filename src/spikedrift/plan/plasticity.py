"""What `snakemake validate` has to make: plasticity rules, their targets, tables and figures.

Imports nothing heavy: Snakemake asks for it at every start.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spikedrift.config.figures import RulePanel
from spikedrift.config.inductions import Validation
from spikedrift.core.errors import unknown
from spikedrift.core.provenance import source_digest
from spikedrift.plasticity import cell, protocol, registry

PLASTICITY = "spikedrift.plasticity"


class RuleValidation:
    """Files and params of the validation of plasticity rules.

    Parameters
    ----------
    options : Validation
    shown : sequence of RulePanel
        Protocols that the final figure of plasticity rules shows.
    root : Path
        Of the repository.

    Raises
    ------
    InputError
        For a rule, a protocol or a cell that is not there.
    """

    def __init__(self, options: Validation, shown: Sequence[RulePanel], root: Path) -> None:
        self.options, self.targets = options, root / "resources" / "plasticity"
        self.shown = list(shown)
        self.names = registry.names() if options.rules is None else list(options.rules)
        for index, name in enumerate(options.rules or ()):
            if name not in registry.names():
                where = f"config: validation.rules[{index}]: unknown plasticity rule"
                raise unknown(where, name, registry.names())
        known = {"rule": registry.names(), "protocol": protocol.names(), "cell": cell.names()}
        for index, entry in enumerate(options.inductions):
            for key, there in known.items():
                if (name := getattr(entry, key)) not in there:
                    where = f"config: validation.inductions[{index}].{key}: unknown {key}"
                    raise unknown(where, name, there)

        for index, panel in enumerate(shown):
            if panel.rule not in registry.names():
                where = f"config: figures.rules[{index}].rule: unknown plasticity rule"
                raise unknown(where, panel.rule, registry.names())

    @property
    def tables(self) -> list[str]:
        """Tables of all conditions, one a rule."""
        return [f"results/validate/{name}.tsv" for name in self.names]

    @property
    def files(self) -> list[str]:
        """Tables and figures of the rules, and their summary."""
        figures = [f"results/figures/induction.{name}.pdf" for name in self.names]
        return [*self.tables, *figures, "results/validate/summary.tsv"]

    def targets_of(self, wildcards: Any) -> dict[str, str]:
        """Table of the values that a rule is held against, where there is one."""
        paths = self._targets(wildcards.plasticity_rule)
        return {"targets": paths[0]} if paths else {}

    def targets_shown(self, wildcards: Any) -> list[str]:
        """Tables of the rules that the final figure shows."""
        rules = dict.fromkeys(panel.rule for panel in self.shown)
        return [path for rule in rules for path in self._targets(rule)]

    def _targets(self, rule: str) -> list[str]:
        path = self.targets / f"{rule}.tsv"
        return [str(path)] if path.is_file() else []

    def further(self, wildcards: Any) -> list[dict[str, Any]]:
        """Protocols that the configuration adds to a rule's own."""
        return self._further(wildcards.plasticity_rule)

    def _further(self, rule: str) -> list[dict[str, Any]]:
        return [e.model_dump(mode="json") for e in self.options.inductions if e.rule == rule]

    @property
    def panels(self) -> list[dict[str, Any]]:
        """Rule, induction and set of every panel of the final figure, with further protocols."""
        return [
            panel.model_dump(mode="json")
            | {"inductions": self._further(panel.rule), "targets": self._targets(panel.rule)}
            for panel in self.shown
        ]

    def digest(self, wildcards: Any) -> str:
        """Digest of a rule and of all that it may be run through."""
        return self._digest(wildcards.plasticity_rule)

    @property
    def shown_digest(self) -> str:
        """Digest of the rules that the final figure shows."""
        return self._digest(*sorted({panel.rule for panel in self.shown}))

    @staticmethod
    def _digest(*rules: str) -> str:
        used = [f"{PLASTICITY}.{name}" for name in ("induce", "targets", "bench")]
        used += [f"{cell.PACKAGE}.{name}" for name in cell.names()]
        used += [f"{protocol.PACKAGE}.{name}" for name in protocol.names()]
        return source_digest(*used, *(f"{registry.PACKAGE}.{rule}" for rule in rules))

    def figure_digest(self, wildcards: Any) -> str:
        """Digest of the figure of a rule, which takes its words from the rule."""
        figure = ("spikedrift.figures.save", "spikedrift.figures.induction")
        return source_digest(*figure, f"{registry.PACKAGE}.{wildcards.plasticity_rule}")
