"""Hold every condition of a sweep against one recording."""

from spikedrift.atomic import write_netcdf
from spikedrift.comparison.compare import compare
from spikedrift.comparison.statistics import Run
from spikedrift.config.compare import Compare
from spikedrift.job import job

with job(snakemake.log[0]):
    given, labels = snakemake.input, snakemake.params.conditions
    runs: dict[str, list[Run]] = {}
    for label, *files in zip(
        labels, given.model_rate, given.model_timing, given.model_index, strict=True
    ):
        runs.setdefault(label["condition"], []).append(Run.read(*files))
    scores = compare(
        Run.read(given.rate[0], given.timing[0], given.index[0]),
        runs,
        Compare(**snakemake.params.options),
        snakemake.params.seed,
        control=next((label["condition"] for label in labels if label["control"]), None),
        titles={label["condition"]: label["title"] for label in labels},
    )
    write_netcdf(scores, snakemake.output[0])
