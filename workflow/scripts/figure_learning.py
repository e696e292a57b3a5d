"""Draw what the conditions of a sweep learn and how they drift."""

from pathlib import Path

from spikedrift.config.compare import Compare
from spikedrift.config.figures import Figures
from spikedrift.core.job import job
from spikedrift.figures.registry import render

with job(snakemake.log[0]):
    labels = snakemake.params.conditions
    render(
        "learning",
        {name: list(snakemake.input[name]) for name in ("rate", "timing", "index")},
        Path(snakemake.output.pdf).with_suffix(""),
        Figures.part(snakemake.params.options),
        conditions=[label["point"] for label in labels],
        titles={label["point"]: label["title"] for label in labels},
        rules={label["point"]: label["condition"] for label in labels},
        control=next((label["condition"] for label in labels if label["control"]), None),
        compare=Compare.part(snakemake.params.compare),
    )
