"""Fetch one file of a public data set."""

from pathlib import Path

from spikedrift.config.fetch import FetchOptions
from spikedrift.core.job import job
from spikedrift.fetch.transfer import fetch

dataset, _, file = snakemake.wildcards.raw_file.partition("/")
with job(snakemake.log[0]):
    fetch(
        dataset,
        file,
        Path(snakemake.output[0]),
        FetchOptions(**snakemake.params.options),
        Path(snakemake.params.registry),
        next(iter(snakemake.input.links), None),
    )
