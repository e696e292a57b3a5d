"""What every part of the configuration shares."""

from pydantic import BaseModel, ConfigDict


class Options(BaseModel):
    """A block of the configuration: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
