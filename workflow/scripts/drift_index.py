"""Anchored drift indices of rate and timing, with their tests."""

from spikedrift import selections, trials
from spikedrift.atomic import write_netcdf
from spikedrift.config.drift import DriftOptions
from spikedrift.config.selections import Selection
from spikedrift.drift.anchored_indices import anchored_indices
from spikedrift.job import job

with job(snakemake.log[0], snakemake.threads):
    seed = snakemake.params.seed
    selected = selections.apply(
        trials.read(snakemake.input.trials), Selection(**snakemake.params.selection), seed
    )
    options = DriftOptions.part(snakemake.params.options)
    write_netcdf(anchored_indices(selected, options, seed), snakemake.output.index)
