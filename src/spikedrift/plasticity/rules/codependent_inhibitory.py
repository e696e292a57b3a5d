"""Codependent inhibitory plasticity.

Agnes & Vogels (2024), Nature Neuroscience 27:964: a presynaptic spike changes the weight by
eta A E (E - alpha I) y and a postsynaptic one by the same with x, where x and y are the traces of
the presynaptic and postsynaptic spikes, read before the spike that reads them is added. E and I
are low-passes of the excitatory and the inhibitory drive of the cell: the weight rests where
E = alpha I, which is a balance of currents and not a rate.
"""

from collections.abc import Mapping

import numpy as np

from spikedrift.cells.models import conductance_clamp as clamp
from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Parameter, ParameterSet, Rule

PROGRAM = "the authors' program, ejagnes/codependent_plasticity"


def predict(values: Mapping[str, float], condition: Condition, induction: Induction) -> float:
    """Change of the weight while potential and conductances are held; NaN where they are not."""
    if condition.held is None or induction.cell != clamp.CELL.name:
        return np.nan
    excitation = clamp.EXCITATORY * (clamp.REVERSAL_EXCITATORY - condition.held)
    inhibition = clamp.INHIBITORY * (condition.held - clamp.REVERSAL_INHIBITORY)
    # Every presynaptic spike pairs with every postsynaptic one, whichever comes first.
    apart = np.abs(np.subtract.outer(condition.pre, condition.post))
    step = values["eta"] * values["A"] * excitation * (excitation - values["alpha"] * inhibition)
    return float(step * np.exp(-apart / values["tau"]).sum())


RULE = Rule(
    name="codependent_inhibitory",
    title="codependent inhibitory plasticity",
    citation="Agnes EJ, Vogels TP (2024) Nature Neuroscience 27:964-974",
    parameters=(
        Parameter("eta", 1.5e-4, "1", "step, in units of the weight"),
        Parameter("A", 100.0, "1/volt**2", "what the product of the drives counts"),
        Parameter("alpha", 0.855, "1", "excitation over inhibition at rest of the weight"),
        Parameter("tau", 0.020, "second", "window of both traces"),
        Parameter("tau_E", 0.010, "second", "low-pass of the excitatory drive"),
        Parameter("tau_I", 0.100, "second", "low-pass of the inhibitory drive"),
    ),
    model="""
    dx/dt = -x/tau : 1 (event-driven)
    dy/dt = -y/tau : 1 (event-driven)
    """,
    on_pre="""
    {transmit}
    w = clip(w + eta*A*E_post*(E_post - alpha*I_post)*y, 0, w_max)
    x += 1
    """,
    on_post="""
    w = clip(w + eta*A*E_post*(E_post - alpha*I_post)*x, 0, w_max)
    y += 1
    """,
    cell="""
    dE/dt = (excitatory_drive - E)/tau_E : volt
    dI/dt = (inhibitory_drive - I)/tau_I : volt
    """,
    sets={
        "balance": ParameterSet({}, f"{PROGRAM}, EI_balance"),
        "receptive_field": ParameterSet({"A": 10.0, "alpha": 0.93}, f"{PROGRAM}, receptive_field"),
    },
    predict=predict,
    # Not in the paper: where the change is 0, E = alpha I.
    inductions=(
        Induction(
            name="balance",
            title="pairs while potential and conductances are held",
            protocol="voltage_clamp",
            options={
                "potentials": tuple(1e-3 * u for u in range(-80, -39, 4)),
                "post_interval": 0.010,
                "duration": 2.0,
            },
            cell="conductance_clamp",
            weight=0.7,
            w_max=10.0,
            tolerance=1e-7,
        ),
    ),
)
