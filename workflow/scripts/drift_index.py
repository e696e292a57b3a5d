"""Signal indices of rate and timing, with their tests and samples over units."""

from spikedrift import selections, trials
from spikedrift.atomic import write_netcdf
from spikedrift.config.drift import CurveOptions, DriftOptions
from spikedrift.config.selections import Selection
from spikedrift.drift.signal.recording import recording_drift
from spikedrift.job import job

with job(snakemake.log[0], snakemake.threads):
    seed = snakemake.params.seed
    selected = selections.apply(
        trials.read(snakemake.input.trials), Selection(**snakemake.params.selection), seed
    )
    samples = CurveOptions.part(snakemake.params.samples)
    options = DriftOptions.part({**snakemake.params.options, "curves": samples})
    write_netcdf(recording_drift(selected, options, seed), snakemake.output.index)
