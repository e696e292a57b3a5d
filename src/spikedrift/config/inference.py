"""Statistics over animals or network instances."""

from typing import Literal

from pydantic import Field

from spikedrift.config.base import Options


class Inference(Options):
    """One table of inference: indices and statistics of many recordings, over animals."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", description="name of the table; letters, -, _"
    )
    recordings: list[str] = Field(
        min_length=1,
        description="recordings, cohorts and sweeps; recordings of one stimulus are one group, "
        "and so are the runs of one point. Pools are refused",
    )
    selections: list[str] | None = Field(
        None, description="selections; null: all that apply to the recording"
    )
    statistics: list[str] | None = Field(
        None,
        description="statistics kept, as `{analysis}.{statistic}` (`signal_index.rate.index`, "
        "`behavior.rate.lag`); null: all. Name them before you look: Holm counts those kept",
    )
    indices: bool = Field(True, description="include the signal indices")
    interval: Literal["student", "bootstrap"] = Field(
        "student",
        description="interval of the mean over animals: Student, or percentiles of a hierarchical "
        "bootstrap (animals, then their recordings), which is too narrow with few animals",
    )
    confidence: float = Field(0.95, gt=0, lt=1, description="coverage of the intervals")
    bootstrap: int = Field(2000, ge=200, description="resamples of the bootstrap")
    test: Literal["sign_flip", "wilcoxon"] = Field(
        "sign_flip", description="test of the values of animals against no drift, two-sided"
    )
    min_animals: int = Field(
        3, ge=3, description="fewest animals, or instances, with which a statistic is tested"
    )
