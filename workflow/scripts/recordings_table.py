"""Say of each recording what it is and whom to cite."""

import xarray as xr

from spikedrift.atomic import write_tsv
from spikedrift.job import job
from spikedrift.overview import overview
from spikedrift.page import write_page

with job(snakemake.log[0]):
    table = overview(map(xr.open_dataset, snakemake.input))
    write_page(table, snakemake.output.page, "Recordings")
    write_tsv(table, snakemake.output.tsv)
