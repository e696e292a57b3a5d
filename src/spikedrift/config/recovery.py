"""Options of the recovery test of a comparison."""

from pydantic import Field

from spikedrift.config.base import Options


class Families(Options):
    """Whether drift tells families of models apart, their parameters drawn; docs/recovery.md."""

    trees: int = Field(default=50, ge=10, description="trees of a random forest")
    folds: int = Field(
        default=4,
        ge=2,
        description="groups of draws that are held out in turn; as many as draws: one at a time",
    )
    permutations: int = Field(
        default=99,
        ge=19,
        description="permutations of families over the draws of each place, everything fitted anew",
    )
    aim: float = Field(
        default=0.8,
        gt=0,
        lt=1,
        description="families recovered less often than this are put together into regimes",
    )
    draws: int = Field(
        default=12, ge=2, description="below so many draws in a family, it is an illustration"
    )


class Recovery(Options):
    """Whether a comparison could distinguish its variants; docs/recovery.md says what it means."""

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
    families: Families | None = Field(
        default=None,
        description="recover variants as families, over draws of their parameters; null: point by "
        "point alone",
    )
