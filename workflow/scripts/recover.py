"""Recover the rules of a sweep from their own runs, through the comparison with a recording."""

from spikedrift import results
from spikedrift.atomic import write_netcdf
from spikedrift.comparison.recovery import attempt
from spikedrift.comparison.statistics import Run, vector
from spikedrift.config.compare import Compare
from spikedrift.config.recovery import Recovery
from spikedrift.job import job

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
