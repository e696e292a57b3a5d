"""Simulate one instance at one point of a sweep."""

import tempfile
from pathlib import Path

from spikedrift import trials
from spikedrift.config.networks import PatternNetwork
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job
from spikedrift.networks import registry

with job(snakemake.log[0]), tempfile.TemporaryDirectory() as scratch:
    network, point = snakemake.params.network, snakemake.params.point
    simulated = registry.get(network["network"]).simulate(
        PatternNetwork(**network["options"]),
        point["parameters"],
        recording=snakemake.wildcards.recording,
        seed=point["seed"],
        instance=point["instance"],
        build_dir=Path(snakemake.input.build).parent / "build",
        scratch_dir=Path(scratch),
    )
    write_netcdf(simulated.traces, snakemake.output.traces)
    trials.write(simulated.trials, snakemake.output.trials)
