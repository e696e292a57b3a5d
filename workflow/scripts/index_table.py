"""Gather the signal indices of recordings and selections in a table."""

from spikedrift.core import results
from spikedrift.core.atomic import write_tsv
from spikedrift.core.job import job
from spikedrift.report.page import write_page
from spikedrift.report.tables import index_table

with job(snakemake.log[0]):
    datasets = map(results.read, snakemake.input)
    table = index_table(zip(snakemake.params.rows, datasets, strict=True))
    write_page(table, snakemake.output.page, "Signal indices")
    write_tsv(table, snakemake.output.tsv)
