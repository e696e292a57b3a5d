"""Options of recordings that are simulated networks, seen as an experiment would see them."""

from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from spikedrift.config.base import Location
from spikedrift.config.sources import SourceOptions


class SimulatedOptions(SourceOptions):
    """A simulated network whose rule is known, seen as an experiment would see it.

    It is one run of a sweep (`sweep`, `variant`, `instance`) or a trials file, of which the
    blocks are seen: through some of the units, and with noise that the network has not.
    """

    quality: ClassVar[tuple[str, ...] | None] = ()

    sweep: str | None = Field(
        None, description="sweep that simulates the network, one that keeps trials; or give trials"
    )
    variant: str | None = Field(None, description="variant of the sweep")
    axes: dict[str, Any] = Field(
        default_factory=dict, description="axis: value, where the sweep has axes"
    )
    instance: int = Field(0, ge=0, description="instance of the network")
    trials: Location | None = Field(
        None, description="path of a trials file of a simulation; null: that of the sweep's run"
    )
    units: int | None = Field(
        None, ge=1, description="units that are seen, drawn at random; null: all"
    )
    spike_loss: float = Field(0.0, ge=0, lt=1, description="share of the spikes that are missed")
    background: float = Field(
        0.0, ge=0, description="foreign spikes that every unit is given, at random times; Hz"
    )
    jitter: float = Field(0.0, ge=0, description="normal jitter of every spike, SD; s")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        named = self.sweep is not None and self.variant is not None
        if named == (self.trials is not None) or (self.sweep is None) != (self.variant is None):
            raise ValueError("give either sweep and variant, or trials")
        return self

    def paths(self, recording: str) -> list[str]:
        """Return the trials file, where it is given as a path."""
        return [] if self.trials is None else [self.trials]
