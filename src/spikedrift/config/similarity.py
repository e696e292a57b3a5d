"""Options of the similarity measures."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from spikedrift.config.base import Chosen, NamedAfter, Options, complete

Scalar = str | bool | int | float | None


class SpikeshipOptions(Options):
    """Options of `spikeship`."""

    min_shared: int = Field(
        2, ge=2, description="fewest units active in both trials; below it the pair is NaN; units"
    )
    precision: Literal["float64", "float32"] = Field(
        "float64", description="precision of times and flows; float32 is off by less than 5.1e-7 "
        "of the latest time, and meant for GPUs",
    )  # fmt: skip
    device: Literal["cpu", "cuda"] = Field(
        "cpu", description="where it is computed; cuda needs an NVIDIA GPU"
    )


class RateOptions(Options):
    """Options of `rate_correlation`."""

    min_shared: int = Field(
        3, ge=3, description="fewest units observed in both trials; below it the pair is NaN; units"
    )
    standardize: bool = Field(
        False, description="z-score every unit over its trials first, so that all units weigh alike"
    )


class PopulationVectorOptions(RateOptions):
    """Options of `population_vector`."""

    bin: float | None = Field(
        None, gt=0, description="width of a time bin, null: the whole trial; s"
    )


class ActiveOptions(Options):
    """Options of `latency`, and what `rank_order` shares with it."""

    min_shared: int = Field(
        3, ge=3, description="fewest units active in both trials; below it the pair is NaN; units"
    )


class RankOrderOptions(ActiveOptions):
    """Options of `rank_order`."""

    time: Literal["first", "mean"] = Field(
        "first", description="what is ranked: time of the first spike, or mean spike time"
    )


class SpikeTrainOptions(Options):
    """Options of `isi_distance` and `spike_distance`."""

    min_shared: int = Field(
        1, ge=1, description="fewest shared units; below it the pair is NaN; units"
    )


class VanRossumOptions(SpikeTrainOptions):
    """Options of `van_rossum`."""

    time_constant: float = Field(0.01, gt=0, description="time constant of the exponential; s")


class VictorPurpuraOptions(SpikeTrainOptions):
    """Options of `victor_purpura`."""

    cost: float = Field(100.0, ge=0, description="cost of moving a spike; 1/s")


OPTIONS: dict[str, type[Options]] = {
    "spikeship": SpikeshipOptions,
    "latency": ActiveOptions,
    "rank_order": RankOrderOptions,
    "isi_distance": SpikeTrainOptions,
    "spike_distance": SpikeTrainOptions,
    "van_rossum": VanRossumOptions,
    "victor_purpura": VictorPurpuraOptions,
    "rate_correlation": RateOptions,
    "population_vector": PopulationVectorOptions,
}


class MeasureEntry(NamedAfter):
    """One similarity matrix to compute: a measure, its options, and a name for the file."""

    key_of_name: ClassVar[str] = "measure"
    chosen: ClassVar[Chosen] = {"options": ("measure", OPTIONS)}

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")] = Field(
        description="label of the file; default: the name of the measure"
    )
    measure: str = Field(description="name of a file in src/spikedrift/similarity/measures/")
    options: dict[str, Scalar] = Field(
        default_factory=dict, validate_default=True, description="options of the measure"
    )

    @field_validator("options")
    @classmethod
    def _check_options(cls, options: dict[str, Scalar], info: ValidationInfo) -> dict[str, Scalar]:
        return complete(OPTIONS, info.data.get("measure", ""), options)


class SimilarityOptions(Options):
    """Which measures are computed."""

    measures: list[MeasureEntry] = Field(
        [
            MeasureEntry(name="spikeship", measure="spikeship"),
            MeasureEntry(name="rate_correlation", measure="rate_correlation"),
            MeasureEntry(name="population_vector", measure="population_vector"),
        ],
        min_length=1,
        description="similarity measures, one file each",
    )
