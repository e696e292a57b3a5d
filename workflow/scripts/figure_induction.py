"""Draw what a plasticity rule does in its induction protocols."""

from pathlib import Path

from spikedrift.config.figures import Figures
from spikedrift.core import results
from spikedrift.core.job import job
from spikedrift.figures import induction
from spikedrift.figures.save import save
from spikedrift.plasticity import registry

with job(snakemake.log[0]):
    options = Figures.part(snakemake.params.options)
    rule_ = registry.declared(snakemake.wildcards.plasticity_rule)
    figure, table = induction.draw(
        results.table(snakemake.input.tsv, {"rule": rule_.name}),
        f"{rule_.title}: {rule_.citation}",
        options,
    )
    save(figure, table, Path(snakemake.output.pdf).with_suffix(""), options.dpi)
