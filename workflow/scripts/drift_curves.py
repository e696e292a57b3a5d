"""Similarity against lag, with intervals over units."""

from spikedrift import trials
from spikedrift.config.drift import CurveOptions
from spikedrift.config.selections import Selection
from spikedrift.config.similarity import MeasureEntry
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job
from spikedrift.drift.curves import curves
from spikedrift.spikes import selections

with job(snakemake.log[0], snakemake.threads):
    seed = snakemake.params.seed
    selected = selections.apply(
        trials.read(snakemake.input.trials), Selection(**snakemake.params.selection), seed
    )
    measure = MeasureEntry(**snakemake.params.measure)
    options = CurveOptions.part(snakemake.params.options)
    write_netcdf(curves(selected, measure, options, seed), snakemake.output.curves)
