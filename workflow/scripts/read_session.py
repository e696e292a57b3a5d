"""Read a session through AllenSDK."""

from spikedrift.allensdk import AllenSdk
from spikedrift.core.job import job

with job(snakemake.log[0]):
    AllenSdk().run(
        snakemake.params.python,
        "read_session",
        snakemake.input.session,
        snakemake.output[0],
        limits=snakemake.wildcards.limits,
    )
