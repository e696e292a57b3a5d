"""Draw the raster of a selection."""

from pathlib import Path

from spikedrift import trials
from spikedrift.config.figures import Figures
from spikedrift.config.selections import Selection
from spikedrift.core.job import job
from spikedrift.figures.raster import draw
from spikedrift.figures.save import save
from spikedrift.spikes import selections

with job(snakemake.log[0]):
    options = Figures.part(snakemake.params.options)
    selected = selections.apply(
        trials.read(snakemake.input.trials),
        Selection(**snakemake.params.selection),
        snakemake.params.seed,
    )
    figure, table = draw(trials=selected, options=options)
    save(figure, table, Path(snakemake.output.pdf).with_suffix(""), options.dpi)
