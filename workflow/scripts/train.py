"""Train a network, or go on with a training that was stopped."""

from pathlib import Path

from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job
from spikedrift.networks import catalog, training
from spikedrift.networks.checkpoints import Checkpoints
from spikedrift.networks.session_plan import NetworkRun

with job(snakemake.log[0]):
    output, of = Path(snakemake.output.trained), snakemake.params.training
    model = catalog.get(of["network"])
    options = model.options(**of["options"])
    digest = training.digest(snakemake.params.source, options, of["seed"], of["instance"])
    checkpoints = Checkpoints(output, digest)
    run = NetworkRun(snakemake.wildcards.trained, {}, of["seed"], of["instance"])
    write_netcdf(training.train(model, options, run, checkpoints), output)
    checkpoints.remove()
