"""Write what was found, as a page and as text."""

import pandas as pd

from spikedrift.core import results
from spikedrift.core.job import job
from spikedrift.report.findings import Compared, findings
from spikedrift.report.page import write_article, write_markdown

TITLE = "What was found"

with job(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    compared = []
    recoveries = iter(given.recovery)
    for path, recovered, truth in zip(given.scores, params.recovered, params.truths, strict=True):
        scores = results.read(path)
        tested = results.read(next(recoveries)) if recovered else None
        compared.append(Compared(scores, tested, truth))
    written = {"sep": "\t", "keep_default_na": False, "na_values": ["nan"]}
    indices = [pd.read_csv(path, **written) for path in given.indices]
    parts = findings(compared, *indices)
    write_markdown(parts, snakemake.output.text, TITLE)
    write_article(parts, snakemake.output.page, TITLE, *given.picture)
