"""Hold the model's predictions against the recordings of this configuration."""

from spikedrift import results
from spikedrift.atomic import write_tsv
from spikedrift.comparison.predictions import score
from spikedrift.config.predictions import Predictions
from spikedrift.job import job
from spikedrift.page import write_page

with job(snakemake.log[0]):
    entry = snakemake.params.entry
    table = score(
        Predictions(**entry["options"]),
        entry["rows"],
        {str(path): results.read(path) for path in snakemake.input},
    )
    write_page(table, snakemake.output.page, "Predictions")
    write_tsv(table, snakemake.output.tsv)
