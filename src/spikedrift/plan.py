"""What the workflow has to make for a configuration: names, files, and each rule's params.

The rules in workflow/rules ask this object; it reads no results and imports nothing heavy, since
Snakemake builds it at every start. Methods that take `wildcards` are Snakemake input or params
functions. All that they return is made of builtins: Snakemake compares it between runs.
"""

import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from spikedrift.config.root import Config
from spikedrift.errors import InputError
from spikedrift.provenance import source_digest, versions
from spikedrift.simulation import sweep as sweeps
from spikedrift.sources import registry as sources

ROOT = Path(__file__).parents[2]


def _by_name(entries: Iterable[Any]) -> dict[str, Any]:
    return {entry.name: entry for entry in entries}


class Plan:
    """Files and params of one configuration.

    Parameters
    ----------
    config : Config

    Raises
    ------
    InputError
        Where a `custom_rules` file does not exist.
    """

    registry = ROOT / "resources" / "data-registry.tsv"
    lock = ROOT / "envs" / "core.lock.txt"

    def __init__(self, config: Config) -> None:
        self.config = config
        self.recordings = _by_name(config.recordings)
        self.selections = _by_name(config.selections)
        self.measures = _by_name(config.similarity.measures)
        self.sweeps = _by_name(config.sweeps)
        self.comparisons = _by_name(config.comparisons)
        self.versions = versions()
        self.custom_rules = [str(Path(path).resolve()) for path in config.custom_rules]
        for path in self.custom_rules:
            if not Path(path).is_file():
                raise InputError(f"config: custom_rules: no such file {path}")

    # Names

    @staticmethod
    def pattern(names: Iterable[str]) -> str:
        """Regular expression of a wildcard that takes these names only."""
        return "|".join(map(re.escape, names)) or "(?!)"

    @cached_property
    def simulated(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Recording id of every simulation -> (sweep, point)."""
        return {
            f"{name}-{point.id}.patterns": (name, point.model_dump())
            for name, sweep in self.sweeps.items()
            for point in sweeps.points(sweep)
        }

    # Params

    def block(self, name: str = "") -> dict[str, Any]:
        """One block of the configuration with its defaults, or the whole."""
        whole = self.config.model_dump(mode="json")
        return whole[name] if name else whole

    @staticmethod
    def digest(*modules: str) -> str:
        """Digest of library modules, named from `spikedrift` on."""
        return source_digest(*(f"spikedrift.{module}" for module in modules))
