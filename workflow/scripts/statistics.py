"""Gather the statistics of all analyses in a table."""

from spikedrift import results
from spikedrift.atomic import write_tsv
from spikedrift.drift.table import statistics_table
from spikedrift.job import job
from spikedrift.page import write_page

with job(snakemake.log[0]):
    datasets = map(results.read, snakemake.input)
    table = statistics_table(zip(snakemake.params.rows, datasets, strict=True))
    write_page(table, snakemake.output.page, "Statistics of the analyses")
    write_tsv(table, snakemake.output.tsv)
