"""The cell of orchestrated plasticity: AMPA, NMDA and GABA, a threshold that spikes raise.

Zenke, Agnes & Gerstner (2015), Nature Communications 6:6922, with the constants of the published
program (fzenke/pub2015orchestrated, on fzenke/auryn):

    tau_m dv/dt = v_rest - v + E - I
    E = (rho g_ampa + g_nmda)/(1 + rho) (E_e - v)
    I = (g_gaba + g_a1 + g_a2) (v - E_i)

Conductances are in units of the leak. A presynaptic spike adds its weight to g_ampa, which decays
and which g_nmda follows slowly, or to g_gaba. A spike sets v to -70 mV, lifts the threshold by
100 mV, which decays and takes the place of a dead time, and adds to the adaptation g_a1 and, from 0
by default, to the slow g_a2. As in the cell `cvaif`, adaptation counts as inhibitory drive, and the
membrane potential knows no spikes.

The defaults are those of the excitatory cell. The inhibitory one has rho = 0.3 and no adaptation,
and so have all cells of the networks of Confavreux et al. (2025).
"""

from spikedrift.cells.cell import Cell
from spikedrift.simulation.statements import Parameter

WITHOUT_ADAPTATION = {"ampa_over_nmda": 0.3, "adaptation": 0.0}
CELL = Cell(
    name="zenke_2015",
    title="AMPA, NMDA and GABA, a threshold that spikes raise, adaptation",
    citation="Zenke F, Agnes EJ, Gerstner W (2015) Nature Communications 6:6922",
    parameters=(
        Parameter("rest", -0.070, "volt", "resting potential"),
        Parameter("reset", -0.070, "volt", "potential after a spike"),
        Parameter("threshold", -0.050, "volt", "spike threshold at rest"),
        Parameter("threshold_jump", 0.100, "volt", "threshold above it after a spike"),
        Parameter("tau_threshold", 0.005, "second", "return of the threshold"),
        Parameter("reversal_excitatory", 0.0, "volt", "excitatory reversal potential"),
        Parameter("reversal_inhibitory", -0.080, "volt", "inhibitory reversal potential"),
        Parameter("tau_membrane", 0.020, "second", "membrane time constant"),
        Parameter("tau_ampa", 0.005, "second", "decay of AMPA"),
        Parameter("tau_nmda", 0.100, "second", "rise and decay of NMDA"),
        Parameter("tau_gaba", 0.010, "second", "decay of GABA"),
        Parameter("ampa_over_nmda", 0.2, "1", "rho, AMPA over NMDA"),
        Parameter("adaptation", 0.1, "1", "g_a1 that a spike adds"),
        Parameter("tau_adaptation", 0.100, "second", "decay of g_a1"),
        Parameter("slow_adaptation", 0.0, "1", "g_a2 that a spike adds"),
        Parameter("tau_slow_adaptation", 20.0, "second", "decay of g_a2"),
    ),
    sets={"inhibitory": WITHOUT_ADAPTATION, "confavreux_2025": WITHOUT_ADAPTATION},
    model="""
    dv/dt = (rest - v + excitatory_drive - inhibitory_drive)/tau_membrane : volt
    dg_ampa/dt = -g_ampa/tau_ampa : 1
    dg_nmda/dt = (g_ampa - g_nmda)/tau_nmda : 1
    dg_gaba/dt = -g_gaba/tau_gaba : 1
    dg_a1/dt = -g_a1/tau_adaptation : 1
    dg_a2/dt = -g_a2/tau_slow_adaptation : 1
    dlifted/dt = -lifted/tau_threshold : volt
    g_excitatory = (ampa_over_nmda*g_ampa + g_nmda)/(1 + ampa_over_nmda) : 1
    excitatory_drive = g_excitatory*(reversal_excitatory - v) : volt
    inhibitory_drive = (g_gaba + g_a1 + g_a2)*(v - reversal_inhibitory) : volt
    """,
    offers={"u": "u = v : volt"},
    threshold="v > threshold + lifted",
    reset="""
    v = reset
    lifted = threshold_jump
    g_a1 += adaptation
    g_a2 += slow_adaptation
    """,
    start="v = rest",
    receptors={"excitatory": "g_ampa_post += {weight}", "inhibitory": "g_gaba_post += {weight}"},
)
