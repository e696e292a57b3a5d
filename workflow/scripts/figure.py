"""Draw a figure from the files that the plan names."""

from pathlib import Path

from spikedrift.config.compare import Compare
from spikedrift.config.figures import Figures
from spikedrift.core.job import job
from spikedrift.figures.registry import render

with job(snakemake.log[0]):
    lists, arguments = snakemake.params.lists, dict(snakemake.params.arguments)
    if "compare" in arguments:
        arguments["compare"] = Compare.part(arguments["compare"])
    render(
        snakemake.params.figure,
        {
            name: list(map(str, path)) if name in lists else str(path)
            for name, path in snakemake.input.items()
        },
        Path(snakemake.output.pdf).with_suffix(""),
        Figures.part(snakemake.params.options),
        **arguments,
    )
