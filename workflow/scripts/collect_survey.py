"""Put all runs of a survey together."""

from spikedrift import results
from spikedrift.atomic import write_netcdf, write_tsv
from spikedrift.job import job
from spikedrift.simulation.sweep import Point
from spikedrift.survey import collect

with job(snakemake.log[0]):
    data, table = collect(
        [results.read(path) for path in snakemake.input.chunks],
        [Point(**run) for run in snakemake.params.runs],
        snakemake.wildcards.sweep,
        snakemake.params.versions,
    )
    write_tsv(table, snakemake.output.table)
    write_netcdf(data, snakemake.output.data)
