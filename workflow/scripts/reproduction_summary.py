"""All targets of all networks in one table."""

import pandas as pd

from spikedrift.core import results
from spikedrift.core.atomic import write_tsv
from spikedrift.core.job import job
from spikedrift.networks.reproduce import TEXT, stated
from spikedrift.report.page import write_page

with job(snakemake.log[0]):
    tables = [results.table(path, dtype=TEXT) for path in snakemake.input]
    table = pd.concat(tables, ignore_index=True)
    write_page(stated(table), snakemake.output.page, "Published networks against published values")
    write_tsv(table, snakemake.output.tsv)
