"""Take indices and statistics of many recordings over animals or network instances."""

import pandas as pd
import xarray as xr

from spikedrift.config.inference import Inference
from spikedrift.core import results
from spikedrift.core.atomic import write_netcdf, write_tsv
from spikedrift.core.job import job
from spikedrift.drift.over_animals import contrasts, infer, long_table
from spikedrift.report.page import write_page

with job(snakemake.log[0]):
    entry = snakemake.params.entry
    indices, analyses = (
        zip(entry[kind], map(results.read, snakemake.input.get(kind, [])), strict=True)
        for kind in ("indices", "analyses")
    )
    values = long_table(indices, analyses)
    values = pd.concat([values, contrasts(values, entry["controls"])], ignore_index=True)
    options = Inference(**entry["options"])
    table = infer(values, options, snakemake.params.seed)
    write_page(table, snakemake.output.page, f"Inference: {options.name}")
    write_tsv(values, snakemake.output.values)
    result = xr.Dataset.from_dataframe(table.rename_axis("row"))
    write_netcdf(
        result.assign_attrs(name=options.name, confidence=options.confidence),
        snakemake.output.result,
    )
    write_tsv(table, snakemake.output.tsv)
