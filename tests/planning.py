"""The plan of a configuration, with the paths that the Snakefile gives it."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from spikedrift.config.check import checked
from spikedrift.config.root import Config
from spikedrift.plan.outputs import Output
from spikedrift.plan.plan import Plan

TRIALS = "results/trials/{recording}.nc"
RAW = "results/raw"


def plan_for(raw: Mapping[str, Any] | Config) -> Plan:
    """Plan of a configuration, checked as at a start of Snakemake that is no job."""
    config = raw if isinstance(raw, Config) else checked(Config, raw)
    plan = Plan(config, trials=TRIALS, raw=RAW)
    plan.check()
    return plan


def words(made: Output) -> str:
    """Rule, output and wildcards of a file in a word: `signal_index.index m.movie all`."""
    return " ".join([f"{made.rule}.{made.name}", *(value for _, value in made.wildcards)])


class Wildcards(SimpleNamespace):
    """Wildcards of a job, as Snakemake hands them over."""

    def get(self, name: str) -> str | None:
        return getattr(self, name, None)
