"""Say of each recording what it is and whom to cite."""

import xarray as xr

from spikedrift.atomic import write_tsv
from spikedrift.job import job
from spikedrift.overview import overview

with job(snakemake.log[0]):
    write_tsv(overview(map(xr.open_dataset, snakemake.input)), snakemake.output[0])
