"""Signal indices of rate and timing, with their tests and samples over units."""

from spikedrift.config.drift import CurveOptions, DriftOptions
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job
from spikedrift.drift.signal.recording import recording_drift
from spikedrift.spikes import selections

with job(snakemake.log[0], snakemake.threads):
    params = snakemake.params
    selected = selections.read(snakemake.input.trials, params.selection, params.seed)
    samples = CurveOptions.part(params.samples)
    options = DriftOptions.part({**params.options, "curves": samples})
    write_netcdf(recording_drift(selected, options, params.seed), snakemake.output.index)
