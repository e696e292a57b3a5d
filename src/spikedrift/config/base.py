"""What every part of the configuration shares."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Options(BaseModel):
    """A block of the configuration: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def block_model(cls, key: str, raw: Any) -> "type[Options] | None":
        """Model of the block under `key` where it depends on other keys of the raw mapping."""
        return None
