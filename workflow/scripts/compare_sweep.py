"""Hold every point of the sweeps against one recording."""

from spikedrift.comparison.scores.models import Models
from spikedrift.comparison.scores.scores import compare
from spikedrift.comparison.scores.summary import Run
from spikedrift.config.compare import Compare
from spikedrift.core import results
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job

with job(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    recording = Run.read(given.rate[0], given.timing[0], given.index[0], given.profile[0])
    several = len(params.sweeps) > 1
    surveys = (results.read(path) for path in given.get("survey", ()))
    parts = [Models.of_survey(survey, recording, several) for survey in surveys]
    if params.points:
        files = given.model_rate, given.model_timing, given.model_index, given.model_profile
        parts.append(Models.read(params.points, *files))
    models = Models.joined(parts, params.sweeps)
    scores = compare(
        recording,
        models.runs,
        Compare.part(params.options),
        params.seed,
        control=models.control,
        titles=models.titles,
        coordinates=models.coordinates,
    )
    write_netcdf(scores, snakemake.output[0])
