"""Compile the network of a sweep."""

import json
from pathlib import Path

from spikedrift.core.atomic import write_text
from spikedrift.core.job import job
from spikedrift.networks import catalog
from spikedrift.networks.simulate import program

with job(snakemake.log[0]):
    network = snakemake.params.network
    output = Path(snakemake.output[0])
    model = catalog.get(network["network"])
    options = model.options(**network["options"])
    built = program(model.declare(options), options.simulation, output.parent / "build")
    write_text(json.dumps({"program": built.directory.name}) + "\n", output)
