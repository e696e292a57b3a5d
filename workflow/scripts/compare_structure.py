"""Hold the similarity matrices of every run of the sweeps against those of one recording."""

from spikedrift import trials
from spikedrift.comparison.matrices.matrices import structure
from spikedrift.config.compare import Compare
from spikedrift.config.selections import Selection
from spikedrift.config.similarity import MeasureEntry
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job
from spikedrift.spikes import selections
from spikedrift.sweeps.points import first_controls

with job(snakemake.log[0], snakemake.threads):
    given, params = snakemake.input, snakemake.params
    chosen = {key: Selection(**options) for key, options in params.selections.items()}
    points: dict[str, list] = {}
    for label, path in zip(params.points, given.models, strict=True):
        run = selections.apply(trials.read(path), chosen["models"], params.seed)
        points.setdefault(label["point"], []).append(run)
    found = structure(
        selections.apply(trials.read(given.trials[0]), chosen["trials"], params.seed),
        points,
        MeasureEntry(**params.timing),
        Compare.part(params.options),
        params.seed,
        control=first_controls(params.points, "point"),
        titles={one["point"]: one["title"] for one in params.points},
        sweep=", ".join(params.sweeps),
    )
    write_netcdf(found, snakemake.output[0])
