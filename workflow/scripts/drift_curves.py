"""Similarity against lag, with intervals over units."""

from spikedrift.config.drift import CurveOptions
from spikedrift.config.similarity import MeasureEntry
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job
from spikedrift.drift.curves import curves
from spikedrift.spikes import selections

with job(snakemake.log[0], snakemake.threads):
    params = snakemake.params
    selected = selections.read(snakemake.input.trials, params.selection, params.seed)
    measure = MeasureEntry(**params.measure)
    options = CurveOptions.part(params.options)
    write_netcdf(curves(selected, measure, options, params.seed), snakemake.output.curves)
