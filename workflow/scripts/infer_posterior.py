"""Infer the parameters of families of models from one recording."""

import json
import tempfile
from pathlib import Path

import numpy as np

from spikedrift.bayesflow import BAYESFLOW
from spikedrift.comparison.posterior.posterior import infer
from spikedrift.comparison.scores.models import Models
from spikedrift.comparison.scores.summary import Run
from spikedrift.config.posterior import Posterior
from spikedrift.core import results
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job


def estimate(arrays, options):
    """Train and draw with BayesFlow, in its own environment."""
    with tempfile.TemporaryDirectory() as folder:
        data, output = Path(folder) / "data.npz", Path(folder) / "draws.npz"
        np.savez(data, **arrays)
        BAYESFLOW.run(
            params.python, "posterior", given=json.dumps(options), data=data, output=output
        )
        with np.load(output) as file:
            return {name: file[name] for name in file.files}


with job(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    recording = Run.read(given.rate[0], given.timing[0], given.index[0], given.profile[0])
    models = Models.of_survey(results.read(given.survey), recording)
    options = Posterior.model_validate(params.options)
    posterior = infer(
        recording, models, params.variants, params.axes, options, estimate, params.seed
    )
    write_netcdf(posterior, snakemake.output[0])
