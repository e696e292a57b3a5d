"""What a recording is like beside its drift."""

from spikedrift.config.drift import CurveOptions
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job
from spikedrift.drift.profile import profile
from spikedrift.spikes import selections

with job(snakemake.log[0], snakemake.threads):
    params = snakemake.params
    selected = selections.read(snakemake.input.trials, params.selection, params.seed)
    options = CurveOptions.part(params.options)
    write_netcdf(profile(selected, options, params.seed), snakemake.output.profile)
