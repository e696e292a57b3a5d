"""Draw the learning and the drift of a survey along its axes."""

from pathlib import Path

from spikedrift.config.compare import Compare
from spikedrift.config.figures import Figures
from spikedrift.core.job import job
from spikedrift.figures.registry import render

with job(snakemake.log[0]):
    render(
        "survey",
        {"data": snakemake.input.data},
        Path(snakemake.output.pdf).with_suffix(""),
        Figures.part(snakemake.params.options),
        axes=snakemake.params.axes,
        compare=Compare.part(snakemake.params.compare),
    )
