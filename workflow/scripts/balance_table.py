"""Balance plasticity rules at operating points."""

import tempfile
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from spikedrift.config.balance import Balancing
from spikedrift.core.atomic import write_tsv
from spikedrift.core.job import job
from spikedrift.plasticity import registry
from spikedrift.plasticity.balance import balanced
from spikedrift.plasticity.rule import Point

with job(snakemake.log[0]), tempfile.TemporaryDirectory() as scratch:
    output = Path(snakemake.output.tsv)
    rows = []
    for one in (Balancing(**entry) for entry in snakemake.params.points):
        point = Point(one.rate, one.post_rate or one.rate, one.weight, 1.0, one.excitation)
        found = balanced(
            registry.get(one.rule),
            one.set,
            point,
            parameter=one.parameter,
            bounds=one.bounds,
            seed=snakemake.params.seed,
            build_dir=output.parent / "build",
            scratch_dir=Path(scratch),
        )
        rows.append({"rule": one.rule, "set": one.set, **asdict(point), **asdict(found)})
    write_tsv(pd.DataFrame(rows).drop(columns="w_max"), output)
