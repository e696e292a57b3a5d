"""Options of the recovery test of a comparison."""

from pydantic import Field

from spikedrift.config.base import Options


class Recovery(Options):
    """Whether a comparison could distinguish its variants; docs/methods.md says what it means."""

    permutations: int = Field(
        default=1999,
        ge=99,
        description="permutations of points within instances: chance level and p of the "
        "accuracies. Holm's correction over all pairs of variants needs many",
    )
    power: float = Field(
        default=0.8,
        gt=0,
        lt=1,
        description="power at which the instances needed to distinguish two variants are counted",
    )
