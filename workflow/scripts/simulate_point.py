"""Simulate one instance at one point of a sweep."""

import tempfile
from pathlib import Path

from spikedrift import trials
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job
from spikedrift.networks import catalog
from spikedrift.networks.simulate import simulate

with job(snakemake.log[0]), tempfile.TemporaryDirectory() as scratch:
    network, point = snakemake.params.network, snakemake.params.point
    model = catalog.get(network["network"])
    simulated = simulate(
        model,
        model.options(**network["options"]),
        point["parameters"],
        recording=snakemake.wildcards.recording,
        seed=point["seed"],
        instance=point["instance"],
        build_dir=Path(snakemake.params.build),
        scratch_dir=Path(scratch),
        trained="".join(snakemake.input.get("trained", [])),
    )
    write_netcdf(simulated.traces, snakemake.output.traces)
    trials.write(simulated.trials, snakemake.output.trials)
