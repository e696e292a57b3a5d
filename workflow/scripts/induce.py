"""Run a plasticity rule through its induction protocols."""

import tempfile
from pathlib import Path

import pandas as pd

from spikedrift.config.inductions import Induction
from spikedrift.core.atomic import write_tsv
from spikedrift.core.job import job
from spikedrift.plasticity import registry, targets
from spikedrift.plasticity.induce import induce, inductions

with job(snakemake.log[0]), tempfile.TemporaryDirectory() as scratch:
    output = Path(snakemake.output.tsv)
    rule_ = registry.get(snakemake.wildcards.plasticity_rule)
    further = [Induction(**entry) for entry in snakemake.params.inductions]
    tables = [
        induce(
            rule_,
            induction,
            seed=snakemake.params.seed,
            build_dir=output.parent / "build",
            scratch_dir=Path(scratch),
        )
        for induction in inductions(rule_, further)
    ]
    known = targets.read(snakemake.input.targets) if snakemake.input.get("targets") else None
    judged = targets.judge(pd.concat(tables, ignore_index=True), known)
    write_tsv(judged.assign(rule_title=rule_.title, citation=rule_.citation), output)
