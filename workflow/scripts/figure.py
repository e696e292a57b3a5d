"""Draw a figure from the files that its rule names."""

from pathlib import Path

from spikedrift.config.figures import Figures
from spikedrift.core.job import job
from spikedrift.figures.registry import render

with job(snakemake.log[0]):
    lists = snakemake.params.lists
    files = {name: [path] if name in lists else str(path) for name, path in snakemake.input.items()}
    render(
        snakemake.params.figure,
        files,
        Path(snakemake.output.pdf).with_suffix(""),
        Figures.part(snakemake.params.options),
    )
