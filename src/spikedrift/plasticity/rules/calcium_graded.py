"""Calcium-based plasticity without stable states.

Graupner, Wallisch & Ostojic (2016), Journal of Neuroscience 36:11238: calcium as in `calcium`, but
the weight is graded: it rises towards w_max while calcium is above theta_p and falls towards 0
while it is above theta_d, without noise and without a drift of its own. In the nonlinear variant a
postsynaptic spike brings more calcium while that of a presynaptic spike, `ca_x`, is still there.

Between updates calcium decays, so that the times above the thresholds and with them the weight are
exact.
"""

from typing import Any

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.calcium_theory import balanced_fall, predict
from spikedrift.plasticity.rule import Balance, Parameter, ParameterSet, Regular, Rule
from spikedrift.plasticity.rules.calcium import ABOVE, CALCIUM, constants

PUBLISHED = (
    "Graupner, Wallisch & Ostojic 2016; fitted to the pairing data of Sjöström, Turrigiano & "
    "Nelson 2001; as in the authors' published code (mgraupe/CalciumBasedPlasticityModel)"
)
LINEAR = constants(
    0.0222721171, 0.844990637, 1.62137900, 2.00928899, 137.758631, 597.089216, 520.761286,
    0.00953708736, boost=0.0,
)  # fmt: skip
NONLINEAR = constants(
    0.0189304409, 0.864671725, 2.30814844, 4.99779542, 111.825154, 894.236947, 707.022578,
    0.010, boost=2.30814844 / 0.864671725 + 1,
)  # fmt: skip
UPDATE = (
    ABOVE
    + """
    kept = exp(-eta*(gamma_d + gamma_p)*both/tau)
    w = clip(w + (w_max*gamma_p/(gamma_d + gamma_p) - w)*(1 - kept), 0, w_max)
    w = clip(w - w*(1 - exp(-eta*gamma_d*alone_d/tau)), 0, w_max)
    w = clip(w + (w_max - w)*(1 - exp(-eta*gamma_p*alone_p/tau)), 0, w_max)
    ca = ca*decay
    ca_x = ca_x*decay
    last = t
    """
)


def _induction(
    name: str, title: str, protocol: str, dt: float = 1e-4, replicates: int = 1, **options: Any
) -> Induction:
    """Induction that starts at half the weight's bound."""
    return Induction(
        name=name, title=title, protocol=protocol, options=options, readout="ratio",
        tolerance=0.02, dt=dt, replicates=replicates,
    )  # fmt: skip


RATES = (1, 2, 5, 10, 15, 20, 30, 40, 50, 60)
# On a grid of .5 ms the delays are as near to the published ones as on a grid of .1 ms.
INDUCTIONS = (
    _induction(
        "frequency", "75 regular pairs", "pairing", dt=5e-4, pairs=75,
        frequencies=[0.1, 1, 5, 10, 20, 30, 40, 50],
    ),
    _induction(
        "window", "75 regular pairs", "pairing", dt=5e-4, pairs=75, along="interval",
        frequencies=[1, 10, 20], intervals=[ms / 1000 for ms in range(-25, 26, 5)],
    ),
    _induction(
        "irregular_pairs", "10 s of Poisson trains with pairs", "irregular_pairs", replicates=200,
        rates=RATES, paired=[0, 0.2, 0.4], interval=0.010,
    ),
    _induction(
        "irregular_pairs_post_first", "10 s of Poisson trains with pairs", "irregular_pairs",
        replicates=200, rates=RATES, paired=[0.2, 0.4], interval=-0.010,
    ),
)  # fmt: skip

RULE = Rule(
    name="calcium_graded",
    title="graded calcium-based plasticity",
    citation="Graupner M, Wallisch P, Ostojic S (2016) Journal of Neuroscience 36:11238-11258",
    parameters=(
        *(one.at(LINEAR.get(one.name, one.default)) for one in CALCIUM),
        Parameter("boost", 0.0, "1", "postsynaptic calcium per presynaptic calcium"),
    ),
    model="""
    ca : 1
    ca_x : 1
    last : second
    """,
    on_pre=UPDATE + "{transmit}",
    on_late=UPDATE
    + """ca += ca_scale*pre_jump
    ca_x += ca_scale*pre_jump""",
    late="D",
    on_post=UPDATE + "ca += ca_scale*post_jump + boost*ca_x",
    every=(Regular(UPDATE, interval=1.0),),
    predict=predict,
    balance=Balance("gamma_d", balanced_fall),
    inductions=INDUCTIONS,
    sets={
        "linear": ParameterSet(LINEAR, PUBLISHED),
        "nonlinear": ParameterSet(NONLINEAR, PUBLISHED),
    },
)
