"""Operating points at which plasticity rules are balanced."""

from pydantic import Field

from spikedrift.config.base import Options


class Balancing(Options):
    """A rule to balance: independent Poisson spikes are to change no mean weight."""

    rule: str = Field(description="a rule of docs/plasticity.md")
    set: str = Field(default="", description="parameter set; empty: the rule's defaults")
    rate: float = Field(default=4.0, gt=0, description="rate of both sides; Hz")
    post_rate: float | None = Field(
        default=None, gt=0, description="rate of the postsynaptic side; Hz, null: the same"
    )
    weight: float = Field(
        default=0.5, ge=0, le=1, description="where the weight stands, in units of its bound"
    )
    excitation: float | None = Field(
        default=None,
        gt=0,
        description="excitatory drive of the cell, for a rule that reads it; V, null: what the "
        "synapse brings",
    )
    parameter: str = Field(
        default="", description="what is set; empty: the parameter that the rule names"
    )
    bounds: tuple[float, float] | None = Field(
        default=None,
        description="values between which the bench searches; null: the closed form where there is "
        "one, or a hundredth to ten times the value of the set",
    )


DEFAULT = (
    Balancing(rule="triplet_stdp", set="visual_cortex_full"),
    Balancing(rule="triplet_stdp", set="visual_cortex_minimal"),
    Balancing(rule="triplet_stdp_nearest", set="visual_cortex_full"),
    Balancing(rule="triplet_stdp_nearest", set="visual_cortex_minimal"),
    Balancing(rule="bcm", set="visual_cortex"),
    Balancing(rule="calcium", set="cortical_slices"),
    Balancing(rule="calcium_graded", set="linear"),
    Balancing(rule="calcium_graded", set="nonlinear"),
    Balancing(rule="clopath", set="plain"),
    Balancing(rule="clopath", set="homeostatic"),
    Balancing(rule="codependent", set="frequency", weight=0.12, excitation=0.010),
)
