"""Write down what made the results."""

import json

from spikedrift.core import results
from spikedrift.core.atomic import write_text
from spikedrift.core.job import job
from spikedrift.plan import surroundings

with job(snakemake.log[0]):
    record = {
        "code": snakemake.params.code,
        "versions": dict(snakemake.params.versions),
        "lock_sha256": dict(snakemake.params.locks),
        "machines": [results.record(file) for file in surroundings.recorded()],
        "config": snakemake.params.config,
    }
    write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", snakemake.output[0])
