"""Judge every measure by all chunks of the ground truth."""

import json

import pandas as pd

from spikedrift.config.ground_truth import GroundTruth
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job
from spikedrift.ground_truth import verdicts
from spikedrift.ground_truth.assess import assess, dataset
from spikedrift.ground_truth.measure import read_chunk
from spikedrift.report.page import write_page

with job(snakemake.log[0]):
    options, versions = GroundTruth(**snakemake.params.options), snakemake.params.versions
    seeds = pd.concat(map(read_chunk, snakemake.input), ignore_index=True)
    table = assess(seeds, options)
    write_netcdf(dataset(seeds, table, options, versions), snakemake.output.data)
    write_page(table, snakemake.output.page, "Measures in recordings whose drift is known")
    made_with = {
        "what": "judgments of `snakemake -- ground_truth` (docs/ground-truth.md)",
        "seeds": "0 to n - 1 in each row",
        "software": json.dumps(versions, sort_keys=True),
        "options": options.model_dump_json(),
    }
    verdicts.write(table, snakemake.output.tsv, made_with)
