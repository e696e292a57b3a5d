"""Options of `snakemake reproduce`: published networks against what their papers say."""

from pydantic import Field

from spikedrift.config.base import Options


class Reproduction(Options):
    """What `snakemake reproduce` and `snakemake reproduce_full` run."""

    networks: tuple[str, ...] | None = Field(
        default=None, description="networks, docs/networks.md; null: all that name experiments"
    )
    seed: int = Field(default=1, ge=0, description="every random draw of these runs comes from it")
