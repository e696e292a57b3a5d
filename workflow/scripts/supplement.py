"""Write the supplement: figures, parameters, unit counts, run times, software."""

from pathlib import Path

from spikedrift import results
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
        provenance=results.record(snakemake.input.software),
    )
    write_tables(found, snakemake.output.page, "Supplement")
    write_tsv(joined(found), snakemake.output.tsv)
