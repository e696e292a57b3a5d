"""Say of each recording what it is and whom to cite."""

from spikedrift.core import results
from spikedrift.core.atomic import write_tsv
from spikedrift.core.job import job
from spikedrift.report.overview import NEEDED, overview
from spikedrift.report.page import write_page

with job(snakemake.log[0]):
    table = overview(results.read(path, NEEDED) for path in snakemake.input)
    write_page(table, snakemake.output.page, "Recordings")
    write_tsv(table, snakemake.output.tsv)
