"""Write the table of a sweep's points."""

from spikedrift.config.sweeps import Sweep
from spikedrift.core.atomic import write_tsv
from spikedrift.core.job import job
from spikedrift.sweeps.points import points, table

with job(snakemake.log[0]):
    write_tsv(table(points(Sweep(**snakemake.params.sweep))), snakemake.output[0])
