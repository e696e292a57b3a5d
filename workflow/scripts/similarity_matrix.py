"""Compare all pairs of trials of a selection by one measure."""

from spikedrift import trials
from spikedrift.config.selections import Selection
from spikedrift.core.job import job
from spikedrift.similarity.matrix import write
from spikedrift.spikes import selections

with job(snakemake.log[0], snakemake.threads):
    selected = selections.apply(
        trials.read(snakemake.input.trials),
        Selection(**snakemake.params.selection),
        snakemake.params.seed,
    )
    measure = snakemake.params.measure
    write(
        selected,
        measure["measure"],
        measure["options"],
        snakemake.output.matrix,
        snakemake.params.source,
    )
