"""The leaky integrate-and-fire cell with conductance-based synapses.

Vogels, Sprekeler, Zenke, Clopath & Gerstner (2011), Science 334:1569: tau dv/dt = rest - v +
g_e (E_e - v) + g_i (E_i - v), with conductances in units of the leak that jump by the weight at a
spike and decay exponentially; and membrane noise, sigma xi/sqrt(tau), as the forward Euler scheme
with uniform kicks of the right variance. These have the weak order of normal ones (Kloeden & Platen
1992, section 14.1), whose draws would take most of the run time. Voltage-based rules see a spike as
a plateau of the membrane potential.

The set `song_2000` is the cell of Song, Miller & Abbott (2000), Nature Neuroscience 3:919, which
has no dead time; its largest weight g_max is 0.01. `vogels_2011` is the cell of the network of
Vogels et al., with its constant current of 200 pA on a leak of 10 nS.
"""

from spikedrift.cells.cell import Cell
from spikedrift.simulation.statements import Parameter

PARAMETERS = (
    Parameter("rest", -0.060, "volt", "potential without input, constant currents included"),
    Parameter("reset", -0.060, "volt", "potential after a spike"),
    Parameter("threshold", -0.050, "volt", "spike threshold"),
    Parameter(
        "membrane_noise", 0.0, "volt", "membrane noise, sigma of sigma*xi/sqrt(tau_membrane)"
    ),
    Parameter("reversal_excitatory", 0.0, "volt", "excitatory reversal potential"),
    Parameter("reversal_inhibitory", -0.080, "volt", "inhibitory reversal potential"),
    Parameter("tau_membrane", 0.020, "second", "membrane time constant"),
    Parameter("tau_excitatory", 0.005, "second", "decay of excitatory conductance"),
    Parameter("tau_inhibitory", 0.010, "second", "decay of inhibitory conductance"),
    Parameter("dead_time", 0.005, "second", "refractory period"),
    Parameter(
        "spike_peak", 0.020, "volt", "membrane potential in a spike, as voltage rules see it"
    ),
    Parameter("spike_width", 0.001, "second", "how long voltage rules see it after a spike"),
)
# The potential whose distance from the reversal potentials drives the currents is {at}.
MODEL = """
dv/dt = (rest - v + g_e*(reversal_excitatory - {at}) + g_i*(reversal_inhibitory - {at})
         + membrane_noise*sqrt(tau_membrane/dt)*kick)/tau_membrane : volt (unless refractory)
dg_e/dt = -g_e/tau_excitatory : 1
dg_i/dt = -g_i/tau_inhibitory : 1
kick = sqrt(12)*(uniform(key, t_in_timesteps) - 0.5) : 1
"""
OFFERS = {
    "u": "u = v + int(t - lastspike < spike_width)*(spike_peak - v) : volt",
    "excitatory_drive": "excitatory_drive = g_e*(reversal_excitatory - {at}) : volt",
    "inhibitory_drive": "inhibitory_drive = g_i*({at} - reversal_inhibitory) : volt",
}
CELL = Cell(
    name="conductance_lif",
    title="leaky integrate-and-fire cell, conductance-based synapses",
    citation="Vogels TP, Sprekeler H, Zenke F, Clopath C, Gerstner W (2011) Science 334:1569-1573",
    parameters=PARAMETERS,
    sets={
        "song_2000": {
            **{"rest": -0.074, "reset": -0.060, "threshold": -0.054},
            **{"tau_membrane": 0.010, "tau_excitatory": 0.005, "dead_time": 0.0},
        },
        "vogels_2011": {"rest": -0.040},
    },
    model=MODEL.format(at="v"),
    offers={name: text.format(at="v") for name, text in OFFERS.items()},
    threshold="v > threshold",
    reset="v = reset",
    start="v = reset + rand()*(threshold - reset)",
    dead_time="dead_time",
    receptors={"excitatory": "g_e_post += {weight}", "inhibitory": "g_i_post += {weight}"},
)
