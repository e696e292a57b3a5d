"""Run some plasticity rules through single protocols, for one figure."""

import tempfile
from pathlib import Path

import pandas as pd

from spikedrift.config.inductions import Induction
from spikedrift.core.atomic import write_tsv
from spikedrift.core.job import job
from spikedrift.plasticity import registry, targets
from spikedrift.plasticity.induce import chosen, induce

with job(snakemake.log[0]), tempfile.TemporaryDirectory() as scratch:
    output = Path(snakemake.output.tsv)
    tables = []
    for panel in snakemake.params.panels:
        rule_ = registry.get(panel["rule"])
        further = [Induction(**entry) for entry in panel["inductions"]]
        table = induce(
            rule_,
            chosen(rule_, panel["induction"], panel["set"], further),
            seed=snakemake.params.seed,
            build_dir=output.parent / "build",
            scratch_dir=Path(scratch),
        )
        known = [targets.of(targets.read(path), table) for path in panel["targets"]]
        judged = targets.judge(table, known[0] if known else None)
        tables.append(judged.assign(rule_title=rule_.title, citation=rule_.citation))
    write_tsv(pd.concat(tables, ignore_index=True), output)
