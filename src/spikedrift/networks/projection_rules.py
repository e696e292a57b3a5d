"""What is plastic in the pattern network: options of its projections."""

from pydantic import Field

from spikedrift.config.base import Options
from spikedrift.config.networks import ExcitatoryPlasticity, Plasticity


class RecurrentPlasticity(ExcitatoryPlasticity):
    """Plasticity from E to E."""

    w_max: float = Field(
        default=0.09, gt=0, description="upper bound of the weight; leak conductances"
    )


class InhibitoryPlasticity(Plasticity):
    """Plasticity from I to E; the default holds the excitatory rate near a target."""

    rule: str = Field(default="inhibitory", description="a rule of docs/plasticity.md")
    w_max: float = Field(
        default=3.0, gt=0, description="upper bound of the weight; leak conductances"
    )
    eta: float = Field(
        default=0.002,
        ge=0,
        description="size of the steps after settling, in place of the rule's own `eta`",
    )
    settle_eta: float = Field(
        default=0.002, ge=0, description="the same while settling, in every variant"
    )


PROJECTIONS = ("afferent", "recurrent", "inhibitory", "ei", "ii")  # those that can be plastic
SIX_PARAMETER_ORDER = ("recurrent", "ei", "inhibitory", "ii")


class NetworkPlasticity(Options):
    """Plasticity by projection; a rate of 0 turns a rule off."""

    afferent: ExcitatoryPlasticity = Field(
        default=ExcitatoryPlasticity(), description="afferent to E"
    )
    recurrent: RecurrentPlasticity = Field(default=RecurrentPlasticity(), description="E to E")
    inhibitory: InhibitoryPlasticity = Field(default=InhibitoryPlasticity(), description="I to E")
    ei: Plasticity = Field(default=Plasticity(), description="E to I")
    ii: Plasticity = Field(default=Plasticity(w_max=3.0), description="I to I")
    six_parameter: tuple[float, ...] | None = Field(
        default=None,
        min_length=24,
        max_length=24,
        description=(
            "24 numbers that make six_parameter the rule of E to E, E to I, I to E and I to I, in "
            "this order: tau_pre, tau_post (s), alpha, beta, gamma, kappa of each; each "
            "projection's eta still scales its steps"
        ),
    )

    def of(self, projection: str) -> Plasticity:
        """Return the plasticity of a projection."""
        options: Plasticity = getattr(self, projection)
        if self.six_parameter is None or projection not in SIX_PARAMETER_ORDER:
            return options
        first = 6 * SIX_PARAMETER_ORDER.index(projection)
        return options.model_copy(
            update={
                "rule": "six_parameter",
                "set": "",
                "parameters": self.six_parameter[first : first + 6],
            }
        )
