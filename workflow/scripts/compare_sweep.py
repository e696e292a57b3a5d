"""Hold every point of a sweep against one recording."""

from spikedrift.comparison.scores.models import Models
from spikedrift.comparison.scores.scores import compare
from spikedrift.comparison.scores.summary import Run
from spikedrift.config.compare import Compare
from spikedrift.core import results
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job

with job(snakemake.log[0]):
    given = snakemake.input
    recording = Run.read(given.rate[0], given.timing[0], given.index[0], given.profile[0])
    if surveyed := given.get("survey"):
        survey = results.read(surveyed[0])
        models = Models.of_survey(survey, recording)
    else:
        models = Models.read(
            snakemake.params.points,
            given.model_rate,
            given.model_timing,
            given.model_index,
            given.model_profile,
        )
    scores = compare(
        recording,
        models.runs,
        Compare.part(snakemake.params.options),
        snakemake.params.seed,
        control=models.control,
        titles=models.titles,
        coordinates=models.coordinates,
    )
    write_netcdf(scores, snakemake.output[0])
