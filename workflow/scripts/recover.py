"""Recover the variants of a sweep from their own runs, through the comparison with a recording."""

from spikedrift.comparison.recovery.recovery import attempt
from spikedrift.comparison.scores.summary import Run, vector
from spikedrift.config.compare import Compare
from spikedrift.config.recovery import Recovery
from spikedrift.core import results
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job

with job(snakemake.log[0]):
    given = snakemake.input
    scores = results.read(given.scores[0])
    recording, *others = (
        Run.read(*files)
        for files in zip(given.rate, given.timing, given.index, given.profile, strict=True)
    )
    names = [str(name) for name in scores["statistic"].values]
    found = attempt(
        scores,
        {run.name: vector(run.parts(recording.largest_lag()), names) for run in others},
        Compare.part(snakemake.params.compare),
        Recovery(**snakemake.params.options),
        snakemake.params.seed,
    )
    write_netcdf(found, snakemake.output[0])
