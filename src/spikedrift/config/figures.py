"""How figures are drawn; colors live in `spikedrift.figures.style`."""

from pydantic import Field

from spikedrift.config.base import Options


class LearningFigure(Options):
    """A figure of what a sweep's variants learn and how they drift."""

    sweep: str = Field(description="name of a sweep")
    matrices: str | None = Field(
        default=None,
        description="selection that keeps the phases naive and block; null: the first such that "
        "applies to the sweep",
    )
    index: str = Field(default="all", description="selection that keeps the phase block only")


class RulePanel(Options):
    """A panel of the figure of plasticity rules: one protocol of a rule with one parameter set."""

    rule: str = Field(description="a rule of docs/plasticity.md")
    induction: str = Field(description="name of one of its protocols there")
    set: str = Field(default="", description="parameter set; default: the first, if any")


class Figures(Options):
    """Size, resolution and what is shown of a recording."""

    width: float = Field(default=7.0, gt=2, le=20, description="width of a figure; inches")
    dpi: int = Field(
        default=150, ge=50, le=600, description="resolution of PNG files; dots per inch"
    )
    raster_segment: int | None = Field(
        default=None,
        description="segment shown in rasters; null: the one with most spikes in block 0",
    )
    raster_repeats: int = Field(
        default=3, ge=1, le=10, description="repeats shown from the first and from the last block"
    )
    raster_units: int = Field(
        default=120, ge=1, le=2000, description="most units shown, evenly spaced in the sorted list"
    )
    learning: list[LearningFigure] = Field(
        default_factory=list,
        description="sweeps whose learning is drawn; final figures 3 and 4 show the first",
    )
    recordings: list[str] | None = Field(
        default=None,
        min_length=1,
        max_length=2,
        description="recordings whose trials final figure 1 shows; null: the first two",
    )
    rules: list[RulePanel] = Field(
        default_factory=list, description="panels of final figure 2; none: it is left out"
    )
