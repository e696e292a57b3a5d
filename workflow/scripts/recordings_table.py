"""Say of each recording what it is and whom to cite."""

from spikedrift import results
from spikedrift.atomic import write_tsv
from spikedrift.job import job
from spikedrift.overview import NEEDED, overview
from spikedrift.page import write_page

with job(snakemake.log[0]):
    table = overview(results.read(path, NEEDED) for path in snakemake.input)
    write_page(table, snakemake.output.page, "Recordings")
    write_tsv(table, snakemake.output.tsv)
