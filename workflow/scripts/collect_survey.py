"""Put all runs of a survey together."""

from spikedrift.config.sweeps import Accept
from spikedrift.core import results
from spikedrift.core.atomic import write_netcdf, write_tsv
from spikedrift.core.job import job
from spikedrift.sweeps.points import Point
from spikedrift.sweeps.survey import collect

with job(snakemake.log[0]):
    data, table = collect(
        [results.read(path) for path in snakemake.input.chunks],
        [Point(**run) for run in snakemake.params.runs],
        snakemake.wildcards.sweep,
        snakemake.params.versions,
        None if snakemake.params.accept is None else Accept.part(snakemake.params.accept),
        snakemake.params.match,
    )
    write_tsv(table, snakemake.output.table)
    write_netcdf(data, snakemake.output.data)
