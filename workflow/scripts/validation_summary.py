"""How many targets every plasticity rule meets, in one table."""

from pathlib import Path

from spikedrift.core import results
from spikedrift.core.atomic import write_tsv
from spikedrift.core.job import job
from spikedrift.plasticity import targets
from spikedrift.report.page import write_page

with job(snakemake.log[0]):
    tables = {
        name: results.table(path, {"rule": name}, dtype={"status": str}).fillna({"status": ""})
        for name, path in ((Path(path).stem, path) for path in snakemake.input)
    }
    table = targets.summary(tables)
    write_page(table, snakemake.output.page, "Plasticity rules against published values")
    write_tsv(table, snakemake.output.tsv)
