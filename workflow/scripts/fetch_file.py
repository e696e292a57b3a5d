"""Fetch one file of a public data set."""

from pathlib import Path

from spikedrift.config.fetch import FetchOptions
from spikedrift.job import job
from spikedrift.sources.download import fetch

with job(snakemake.log[0]):
    fetch(
        snakemake.wildcards.dataset,
        snakemake.wildcards.file,
        Path(snakemake.output[0]),
        FetchOptions(**snakemake.params.options),
        Path(snakemake.params.registry),
    )
