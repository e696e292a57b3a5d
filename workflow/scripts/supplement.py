"""Write the supplement: figures, parameters, unit counts, run times, software."""

import json
from pathlib import Path

from spikedrift.atomic import write_tsv
from spikedrift.job import job
from spikedrift.page import write_tables
from spikedrift.supplement import joined, tables

with job(snakemake.log[0]):
    params = snakemake.params
    found = tables(
        made=params.made,
        omitted=params.omitted,
        given=params.given,
        indices=params.indices,
        benchmarks=Path("benchmarks"),
        provenance=json.loads(Path(snakemake.input.software).read_text(encoding="utf-8")),
    )
    write_tables(found, snakemake.output.page, "Supplement")
    write_tsv(joined(found), snakemake.output.tsv)
