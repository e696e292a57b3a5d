"""Compile the network of a sweep."""

import json
from pathlib import Path

from spikedrift.config.networks import PatternNetwork
from spikedrift.core.atomic import write_text
from spikedrift.core.job import job
from spikedrift.networks import registry

with job(snakemake.log[0]):
    network = snakemake.params.network
    output = Path(snakemake.output[0])
    program = registry.get(network["network"]).program(
        PatternNetwork(**network["options"]), output.parent / "build"
    )
    write_text(json.dumps({"program": program.directory.name}) + "\n", output)
