"""Measure some seeds of one kind of synthetic recording."""

from spikedrift.config.drift import StateOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.atomic import write_tsv
from spikedrift.core.job import job
from spikedrift.ground_truth.measure import measured

with job(snakemake.log[0], snakemake.threads):
    chunk = snakemake.params.chunk
    state = None if chunk["state"] is None else StateOptions(**chunk["state"])
    table = measured(
        SyntheticOptions(**chunk["recording"]),
        chunk["measure"],
        chunk["options"],
        range(*chunk["seeds"]),
        state,
    )
    write_tsv(table.assign(case=snakemake.wildcards.truth_case), snakemake.output.tsv)
