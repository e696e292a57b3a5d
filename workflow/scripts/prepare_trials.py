"""Make the trials file of a recording."""

from pathlib import Path

from spikedrift import trials
from spikedrift.config.recordings import Recording
from spikedrift.core.job import job
from spikedrift.sources.registry import prepare

with job(snakemake.log[0]):
    dataset = prepare(
        Recording(**snakemake.params.recording),
        snakemake.params.seed,
        Path(snakemake.params.raw),
        snakemake.params.terms,
    )
    trials.write(dataset, snakemake.output.trials)
