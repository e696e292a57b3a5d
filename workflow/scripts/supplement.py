"""Write the supplement: figures, parameters, unit counts, run times, software."""

from pathlib import Path

from spikedrift.core import results
from spikedrift.core.atomic import write_tsv
from spikedrift.core.job import job
from spikedrift.report.page import write_tables
from spikedrift.report.supplement import joined, tables

with job(snakemake.log[0]):
    params = snakemake.params
    found = tables(
        made=params.made,
        omitted=params.omitted,
        given=params.given,
        counted=zip(params.indices, snakemake.input.counted, strict=True),
        benchmarks=Path(params.benchmarks),
        provenance=results.record(snakemake.input.software),
    )
    write_tables(found, snakemake.output.page, "Supplement")
    write_tsv(joined(found), snakemake.output.tsv)
