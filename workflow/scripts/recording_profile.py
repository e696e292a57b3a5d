"""What a recording is like beside its drift."""

from spikedrift import trials
from spikedrift.config.drift import CurveOptions
from spikedrift.config.selections import Selection
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job
from spikedrift.drift.profile import profile
from spikedrift.spikes import selections

with job(snakemake.log[0], snakemake.threads):
    seed = snakemake.params.seed
    selected = selections.apply(
        trials.read(snakemake.input.trials), Selection(**snakemake.params.selection), seed
    )
    options = CurveOptions.part(snakemake.params.options)
    write_netcdf(profile(selected, options, seed), snakemake.output.profile)
