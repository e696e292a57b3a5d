"""Run the experiments of a network's paper."""

import tempfile
from pathlib import Path

from spikedrift.core.atomic import write_tsv
from spikedrift.core.job import job
from spikedrift.networks import catalog
from spikedrift.networks.reproduce import judged, reproduce

with job(snakemake.log[0]), tempfile.TemporaryDirectory() as scratch:
    output, size = Path(snakemake.output.measured), snakemake.wildcards.size
    model = catalog.get(snakemake.wildcards.network)
    table = reproduce(
        model,
        size,
        seed=snakemake.params.seed,
        source=snakemake.params.source,
        store=output.parent / "sessions",
        build_dir=output.parents[1] / "build",
        scratch_dir=Path(scratch),
    )
    write_tsv(judged(table, model, size), snakemake.output.targets)
    write_tsv(table, output)
