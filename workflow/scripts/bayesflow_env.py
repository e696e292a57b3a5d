"""Build the BayesFlow environment."""

from spikedrift.bayesflow import BAYESFLOW
from spikedrift.core.job import job

with job(snakemake.log[0]):
    BAYESFLOW.build(snakemake.output[0])
