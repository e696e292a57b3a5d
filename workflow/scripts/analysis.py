"""Run one analysis on one selection of a recording."""

from spikedrift import selections, trials
from spikedrift.atomic import write_netcdf
from spikedrift.config.selections import Selection
from spikedrift.drift.analysis import analyze
from spikedrift.job import job

with job(snakemake.log[0], snakemake.threads):
    seed = snakemake.params.seed
    selected = selections.apply(
        trials.read(snakemake.input.trials), Selection(**snakemake.params.selection), seed
    )
    entry = snakemake.params.analysis
    write_netcdf(
        analyze(selected, entry["analysis"], entry["options"], seed), snakemake.output.result
    )
