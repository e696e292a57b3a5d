"""Join the trials files of several recordings."""

from spikedrift import trials
from spikedrift.core.job import job
from spikedrift.sources.pooling import pool

with job(snakemake.log[0]):
    datasets = [trials.read(path) for path in snakemake.input]
    trials.write(pool(datasets, snakemake.wildcards.recording), snakemake.output.trials)
