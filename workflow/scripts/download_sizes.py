"""How large the files are that are to be fetched, and whether the disk holds them."""

from pathlib import Path

from spikedrift.config.fetch import FetchOptions
from spikedrift.core.job import job
from spikedrift.fetch.sizes import measure

with job(snakemake.log[0]):
    measure(
        snakemake.params.files,
        Path(snakemake.output[0]),
        FetchOptions(**snakemake.params.options),
        Path(snakemake.params.registry),
        next(iter(snakemake.input.links), None),
    )
