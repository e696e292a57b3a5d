"""Write the table of a sweep's points."""

from spikedrift.atomic import write_tsv
from spikedrift.config.sweeps import Sweep
from spikedrift.job import job
from spikedrift.simulation.sweep import points, table

with job(snakemake.log[0]):
    write_tsv(table(points(Sweep(**snakemake.params.sweep))), snakemake.output[0])
