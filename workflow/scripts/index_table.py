"""Gather the drift indices of recordings and selections in a table."""

from spikedrift import results
from spikedrift.atomic import write_tsv
from spikedrift.drift.table import index_table
from spikedrift.job import job
from spikedrift.page import write_page

with job(snakemake.log[0]):
    datasets = map(results.read, snakemake.input)
    table = index_table(zip(snakemake.params.rows, datasets, strict=True))
    write_page(table, snakemake.output.page, "Drift indices")
    write_tsv(table, snakemake.output.tsv)
