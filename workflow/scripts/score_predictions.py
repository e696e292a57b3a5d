"""Hold the model's predictions against the recordings of this configuration."""

from spikedrift.comparison.predictions import score
from spikedrift.config.predictions import Predictions
from spikedrift.core import results
from spikedrift.core.atomic import write_tsv
from spikedrift.core.job import job
from spikedrift.report.page import write_page

with job(snakemake.log[0]):
    entry = snakemake.params.entry
    table = score(
        Predictions(**entry["options"]),
        entry["rows"],
        [results.read(path) for path in snakemake.input],
    )
    write_page(table, snakemake.output.page, "Predictions")
    write_tsv(table, snakemake.output.tsv)
