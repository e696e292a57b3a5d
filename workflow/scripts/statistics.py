"""Gather the statistics of all analyses in a table."""

from spikedrift.core import results
from spikedrift.core.atomic import write_tsv
from spikedrift.core.job import job
from spikedrift.report.page import write_page
from spikedrift.report.tables import statistics_table

with job(snakemake.log[0]):
    datasets = map(results.read, snakemake.input)
    table = statistics_table(zip(snakemake.params.rows, datasets, strict=True))
    write_page(table, snakemake.output.page, "Statistics of the analyses")
    write_tsv(table, snakemake.output.tsv)
