"""Run one analysis on one selection of a recording."""

from spikedrift import trials
from spikedrift.analyses.contract.analysis import analyze
from spikedrift.config.selections import Selection
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job
from spikedrift.spikes import selections

with job(snakemake.log[0], snakemake.threads):
    seed = snakemake.params.seed
    selected = selections.apply(
        trials.read(snakemake.input.trials), Selection(**snakemake.params.selection), seed
    )
    entry = snakemake.params.analysis
    write_netcdf(
        analyze(selected, entry["analysis"], entry["options"], seed), snakemake.output.result
    )
