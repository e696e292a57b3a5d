"""Write the catalogue of one Allen data set."""

from spikedrift.allensdk import AllenSdk
from spikedrift.core.job import job

fetch = snakemake.params.fetch
with job(snakemake.log[0]):
    AllenSdk().run(
        snakemake.params.python,
        "catalogue",
        snakemake.wildcards.catalogue,
        warehouse=fetch["endpoints"]["warehouse"],
        timeout=fetch["timeout"],
        tries=fetch["attempts"],
        cache=snakemake.params.cache,
        output=snakemake.output[0],
        compare=snakemake.input.used,
    )
