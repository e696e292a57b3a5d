"""Signal indices of rate and timing, with their tests and samples over units."""

from spikedrift import trials
from spikedrift.config.drift import CurveOptions, DriftOptions
from spikedrift.config.selections import Selection
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job
from spikedrift.drift.signal.recording import recording_drift
from spikedrift.spikes import selections

with job(snakemake.log[0], snakemake.threads):
    seed = snakemake.params.seed
    selected = selections.apply(
        trials.read(snakemake.input.trials), Selection(**snakemake.params.selection), seed
    )
    samples = CurveOptions.part(snakemake.params.samples)
    options = DriftOptions.part({**snakemake.params.options, "curves": samples})
    write_netcdf(recording_drift(selected, options, seed), snakemake.output.index)
