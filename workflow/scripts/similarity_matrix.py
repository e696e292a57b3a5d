"""Compare all pairs of trials of a selection by one measure."""

from spikedrift.core.job import job
from spikedrift.similarity.matrix import write
from spikedrift.spikes import selections

with job(snakemake.log[0], snakemake.threads):
    params = snakemake.params
    selected = selections.read(snakemake.input.trials, params.selection, params.seed)
    measure = params.measure
    write(
        selected,
        measure["measure"],
        measure["options"],
        snakemake.output.matrix,
        params.source,
    )
