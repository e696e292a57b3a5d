"""How many targets every plasticity rule meets, in one table."""

from pathlib import Path

from spikedrift import results
from spikedrift.atomic import write_tsv
from spikedrift.job import job
from spikedrift.page import write_page
from spikedrift.plasticity import targets

with job(snakemake.log[0]):
    tables = {
        name: results.table(path, {"rule": name}, dtype={"status": str}).fillna({"status": ""})
        for name, path in ((Path(path).stem, path) for path in snakemake.input)
    }
    table = targets.summary(tables)
    write_page(table, snakemake.output.page, "Plasticity rules against published values")
    write_tsv(table, snakemake.output.tsv)
