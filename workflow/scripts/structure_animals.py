"""Infer over animals from comparisons of the matrices of single recordings."""

from spikedrift.comparison.matrices.across_animals import over_animals
from spikedrift.config.compare import Compare
from spikedrift.core import results
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job

with job(snakemake.log[0]):
    structures = [results.read(path) for path in snakemake.input]
    found = over_animals(
        structures,
        snakemake.wildcards.compared_group,
        Compare.part(snakemake.params.options),
        snakemake.params.seed,
    )
    write_netcdf(found, snakemake.output[0])
