"""Options of posteriors over the parameters of families of models."""

from typing import Self

from pydantic import Field, model_validator

from spikedrift.config.base import LONGEST_NAME, Options, check_once
from spikedrift.config.compare import Statistic
from spikedrift.config.sweeps import NAME


class Flows(Options):
    """Normalizing flows that are trained; their mixture is the posterior."""

    members: int = Field(default=3, gt=0, description="flows, each with runs of its own held back")
    depth: int = Field(default=3, gt=0, description="layers of a flow")
    width: int = Field(default=32, gt=0, description="cells of the two hidden layers in each")
    dropout: float = Field(default=0.05, ge=0, lt=1, description="share of cells out in training")
    epochs: int = Field(default=200, gt=0, description="most passes through the runs")
    patience: int = Field(
        default=50, gt=0, description="passes without a smaller loss of the runs held back"
    )
    batch: int = Field(default=64, gt=1, description="runs of a step")
    rate: float = Field(default=2e-3, gt=0, description="first step size, on a falling cosine")
    validation: float = Field(
        default=0.15, gt=0, lt=0.5, description="share of the runs held back to end the training"
    )


class Posterior(Options):
    """Which parameters of each family give a recording's drift, and which it excludes."""

    name: str = Field(
        pattern=NAME, max_length=LONGEST_NAME, description="file of the results; letters, -, _"
    )
    recording: str = Field(description="name of a recording")
    selection: str = Field(default="all", description="selection of the recording")
    sweep: str = Field(
        description="name of a sweep with a survey, paired: false, and two axes or more that are "
        "drawn at random: the prior"
    )
    variants: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="families; null: all variants that are swept"
    )
    statistics: tuple[Statistic, ...] | None = Field(
        default=None, min_length=1, description="what is conditioned on; null: compare.statistics"
    )
    known: dict[str, float] = Field(
        default={},
        description="values on the axes that the recording was made with, where that is known: "
        "marked in the figure, and not used",
    )
    held_out: int = Field(
        default=200, ge=20, description="runs of each family for calibration, which are not trained"
    )
    fewest: int = Field(
        default=100, ge=20, description="fewest runs of a family to train on, besides these"
    )
    draws: int = Field(default=999, ge=99, description="draws of every posterior")
    nearest: int = Field(
        default=20, ge=5, description="runs that rejection ABC takes, the reference"
    )
    mass: float = Field(
        default=0.95, gt=0, lt=1, description="posterior mass of what is not excluded"
    )
    flows: Flows = Field(default=Flows(), description="the density estimator")

    @model_validator(mode="after")
    def _once(self) -> Self:
        check_once("variants", self.variants or ())
        check_once("statistics", self.statistics or ())
        if self.nearest > self.fewest:
            raise ValueError(f"nearest {self.nearest} is above fewest {self.fewest}")
        return self
