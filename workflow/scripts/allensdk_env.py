"""Build the AllenSDK environment."""

from spikedrift.allensdk import LOCK, build
from spikedrift.core.job import job

with job(snakemake.log[0]):
    build(LOCK, snakemake.output[0])
