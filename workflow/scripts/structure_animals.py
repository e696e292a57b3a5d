"""Infer over animals from comparisons of the matrices of single recordings."""

from spikedrift import results
from spikedrift.atomic import write_netcdf
from spikedrift.comparison.structure_animals import over_animals
from spikedrift.config.compare import Compare
from spikedrift.job import job

with job(snakemake.log[0]):
    structures = [results.read(path) for path in snakemake.input]
    found = over_animals(
        structures,
        snakemake.wildcards.compared_group,
        Compare.part(snakemake.params.options),
        snakemake.params.seed,
    )
    write_netcdf(found, snakemake.output[0])
