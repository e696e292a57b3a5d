"""Run one analysis on one selection of a recording."""

from spikedrift.analyses.contract.analysis import analyze
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job
from spikedrift.spikes import selections

with job(snakemake.log[0], snakemake.threads):
    params = snakemake.params
    selected = selections.read(snakemake.input.trials, params.selection, params.seed)
    entry = params.analysis
    write_netcdf(
        analyze(selected, entry["analysis"], entry["options"], params.seed), snakemake.output.result
    )
