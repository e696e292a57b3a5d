"""Simulate and summarize some runs of a sweep."""

from pathlib import Path

from spikedrift.config.sweeps import Survey
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.job import job
from spikedrift.networks import catalog
from spikedrift.sweeps.points import Point
from spikedrift.sweeps.summary import Surveyed
from spikedrift.sweeps.survey import survey

with job(snakemake.log[0]):
    output, sweep = Path(snakemake.output[0]), snakemake.params.sweep
    surveyed = Surveyed(
        network=sweep["network"],
        options=catalog.get(sweep["network"]).options(**sweep["options"]),
        survey=Survey(**sweep["survey"]),
        measures=sweep["measures"],
        source=snakemake.params.source,
        trained={Path(path).stem: str(path) for path in snakemake.input.get("trained", [])},
    )
    points = [Point(**run) for run in snakemake.params.runs]
    write_netcdf(
        survey(surveyed, points, output.parents[1] / "runs", Path(snakemake.params.build)), output
    )
