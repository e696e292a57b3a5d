"""Draw a final figure from the files that the plan names."""

from pathlib import Path

from spikedrift.config.compare import Compare
from spikedrift.config.figures import Figures
from spikedrift.core.job import job
from spikedrift.figures.registry import render

with job(snakemake.log[0]):
    lists, labels = snakemake.params.lists, dict(snakemake.params.labels)
    if "compare" in labels:
        labels["compare"] = Compare.part(labels["compare"])
    render(
        snakemake.params.figure,
        {
            name: list(map(str, path)) if name in lists else str(path)
            for name, path in snakemake.input.items()
        },
        Path(snakemake.output.pdf).with_suffix(""),
        Figures.part(snakemake.params.options),
        **labels,
    )
