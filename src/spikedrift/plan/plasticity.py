"""Files and params of `snakemake validate` and `balance`: rules, targets, tables and figures.

The module imports nothing that takes long, since Snakemake reads it at every start.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spikedrift.cells import cell
from spikedrift.config.figures import RulePanel
from spikedrift.config.inductions import Validation
from spikedrift.core.errors import unknown
from spikedrift.plan.figures import Figure
from spikedrift.plan.outputs import Output, output
from spikedrift.plasticity import protocol, registry


class RuleValidation:
    """Files and params of the validation of plasticity rules.

    Parameters
    ----------
    options : Validation
    shown : sequence of RulePanel
        Protocols that the final figure of plasticity rules shows.
    root : Path
        Folder of the repository.

    Raises
    ------
    InputError
        For a rule, a protocol or a cell that does not exist.
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

        for index, one in enumerate(options.balance):
            if one.rule not in registry.names():
                where = f"config: validation.balance[{index}].rule: unknown plasticity rule"
                raise unknown(where, one.rule, registry.names())
        for index, panel in enumerate(shown):
            if panel.rule not in registry.names():
                where = f"config: figures.rules[{index}].rule: unknown plasticity rule"
                raise unknown(where, panel.rule, registry.names())

    @property
    def tables(self) -> list[Output]:
        """Tables of all conditions, one a rule."""
        return [output("induce.tsv", plasticity_rule=name) for name in self.names]

    @property
    def made(self) -> list[Output]:
        """Tables of the rules, and their summary."""
        return [*self.tables, output("validation_summary.tsv")]

    @property
    def figures(self) -> list[Figure]:
        """Figures of simulated and published values, with a panel for every protocol and set."""
        return [
            Figure(
                f"induction.{name}",
                "induction",
                "Rules",
                {"rule": name, "figure": "induction"},
                {"table": output("induce.tsv", plasticity_rule=name)},
                {"rule": name},
                caption=f"Rule {name}.",
            )
            for name in self.names
        ]

    def targets_of(self, wildcards: Any) -> dict[str, str]:
        """Table of the values with which a rule is compared, where there is one."""
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
    def balanced(self) -> list[dict[str, Any]]:
        """Rules to balance, and where."""
        return [one.model_dump(mode="json") for one in self.options.balance]

    @property
    def panels(self) -> list[dict[str, Any]]:
        """Rule, induction and set of every panel of the final figure, with further protocols."""
        return [
            panel.model_dump(mode="json")
            | {"inductions": self._further(panel.rule), "targets": self._targets(panel.rule)}
            for panel in self.shown
        ]

    def modules(self, wildcards: Any) -> list[str]:
        """Modules of a rule and of everything that it may be run through."""
        return self._modules(wildcards.plasticity_rule)

    def modules_balanced(self, wildcards: Any) -> list[str]:
        """Modules of the rules that are balanced."""
        return self._modules(*sorted({one.rule for one in self.options.balance}))

    def modules_shown(self, wildcards: Any) -> list[str]:
        """Modules of the rules that the final figure shows."""
        return self._modules(*sorted({panel.rule for panel in self.shown}))

    @staticmethod
    def _modules(*rules: str) -> list[str]:
        used = [(cell.PACKAGE, cell.names()), (protocol.PACKAGE, protocol.names())]
        return [
            f"{package}.{name}"
            for package, names in (*used, (registry.PACKAGE, rules))
            for name in names
        ]
