"""Score on every animal the point of a sweep that is best for the others."""

from spikedrift.comparison.scores.across_animals import leave_one_out
from spikedrift.config.compare import Compare
from spikedrift.core import results
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job

with job(snakemake.log[0]):
    scores = [results.read(path) for path in snakemake.input]
    write_netcdf(leave_one_out(scores, Compare.part(snakemake.params.options)), snakemake.output[0])
