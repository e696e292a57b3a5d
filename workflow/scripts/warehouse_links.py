"""Ask the Allen warehouse where its files are."""

import json

from spikedrift.allensdk import AllenSdk
from spikedrift.core.job import job

fetch = snakemake.params.fetch
with job(snakemake.log[0]):
    AllenSdk().run(
        snakemake.params.python,
        "warehouse_links",
        snakemake.output[0],
        given=json.dumps(snakemake.params.files),
        warehouse=fetch["endpoints"]["warehouse"],
        timeout=fetch["timeout"],
    )
