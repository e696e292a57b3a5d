"""Build the AllenSDK environment."""

from spikedrift.allensdk import AllenSdk
from spikedrift.core.job import job

with job(snakemake.log[0]):
    AllenSdk().build(snakemake.output[0])
