"""The excitatory cell of networks that form assemblies: AdEx with an adaptive threshold.

Litwin-Kumar & Doiron (2014), Nature Communications 5:5319, with the constants of the author's
program (a public copy of sim.jl):

    tau_m dv/dt = E_L - v + D_T exp((v - v_T)/D_T) + tau_m/C (g_e (E_e - v) + g_i (E_i - v) - w)
    tau_T dv_T/dt = V_T - v_T
    tau_w dw/dt = a (v - E_L) - w

A spike, v above 20 mV, sets v to -60 mV and v_T 10 mV above V_T, and adds b to w. In the dead time
v alone stands still. Conductances are differences of exponentials, g = (decay - rise)/(tau_decay -
tau_rise): a spike adds its weight to `rise` and to `decay`, so that g integrates to it. A weight is
a number of pF, as in the published set of the rule `clopath_assemblies`; the receptor gives it the
unit.

The rule of assemblies sees v itself. It looks between time steps, when a cell that has just spiked
is back at its reset: spikes are no peaks of `u`. Drives take the leak for C/tau_m.
"""

from spikedrift.cells.cell import Cell
from spikedrift.simulation.statements import Parameter

SYNAPSES = (
    Parameter("reversal_excitatory", 0.0, "volt", "excitatory reversal potential"),
    Parameter("reversal_inhibitory", -0.075, "volt", "inhibitory reversal potential"),
    Parameter("rise_excitatory", 0.001, "second", "rise of excitatory conductance"),
    Parameter("decay_excitatory", 0.006, "second", "decay of excitatory conductance"),
    Parameter("rise_inhibitory", 0.0005, "second", "rise of inhibitory conductance"),
    Parameter("decay_inhibitory", 0.002, "second", "decay of inhibitory conductance"),
)
MEMBRANE = (
    Parameter("tau_membrane", 0.020, "second", "membrane time constant"),
    Parameter("capacitance", 300e-12, "farad", "membrane capacitance"),
    Parameter("reset", -0.060, "volt", "potential after a spike"),
    Parameter("dead_time", 0.001, "second", "refractory period"),
)
MODEL = """
dv/dt = (rest - v + slope*exp((v - v_T)/slope))/tau_membrane
    + (g_e*(reversal_excitatory - v) + g_i*(reversal_inhibitory - v) - adaptation)/capacitance
    : volt (unless refractory)
dv_T/dt = (threshold - v_T)/tau_threshold : volt
dadaptation/dt = (adaptation_coupling*(v - rest) - adaptation)/tau_adaptation : amp
"""
CONDUCTANCES = """
de_rise/dt = -e_rise/rise_excitatory : farad
de_decay/dt = -e_decay/decay_excitatory : farad
di_rise/dt = -i_rise/rise_inhibitory : farad
di_decay/dt = -i_decay/decay_inhibitory : farad
g_e = (e_decay - e_rise)/(decay_excitatory - rise_excitatory) : siemens
g_i = (i_decay - i_rise)/(decay_inhibitory - rise_inhibitory) : siemens
"""
RECEPTORS = {
    "excitatory": "e_rise_post += {weight}*pF\ne_decay_post += {weight}*pF",
    "inhibitory": "i_rise_post += {weight}*pF\ni_decay_post += {weight}*pF",
}
OFFERS = {
    "u": "u = v : volt",
    "excitatory_drive": (
        "excitatory_drive = g_e*(reversal_excitatory - v)*tau_membrane/capacitance : volt"
    ),
    "inhibitory_drive": (
        "inhibitory_drive = g_i*(v - reversal_inhibitory)*tau_membrane/capacitance : volt"
    ),
}
CELL = Cell(
    name="adex_litwin_kumar",
    title="adaptive exponential cell with an adaptive threshold, conductances that rise and decay",
    citation="Litwin-Kumar A, Doiron B (2014) Nature Communications 5:5319",
    parameters=(
        Parameter("rest", -0.070, "volt", "resting potential"),
        *MEMBRANE,
        Parameter("slope", 0.002, "volt", "slope of the exponential"),
        Parameter("threshold", -0.052, "volt", "resting value of v_T"),
        Parameter("threshold_jump", 0.010, "volt", "v_T above it after a spike"),
        Parameter("tau_threshold", 0.030, "second", "return of v_T"),
        Parameter("peak", 0.020, "volt", "potential at which a spike ends"),
        Parameter("adaptation_coupling", 4e-9, "siemens", "adaptation per v - rest"),
        Parameter("adaptation_jump", 0.805e-12, "amp", "adaptation that a spike adds"),
        Parameter("tau_adaptation", 0.150, "second", "adaptation"),
        *SYNAPSES,
    ),
    model=MODEL + CONDUCTANCES,
    offers=OFFERS,
    threshold="v > peak",
    reset="""
    v = reset
    v_T = threshold + threshold_jump
    adaptation += adaptation_jump
    """,
    start="""
    v = reset + rand()*(threshold - reset)
    v_T = threshold
    adaptation = adaptation_coupling*(reset - rest)
    """,
    dead_time="dead_time",
    receptors=RECEPTORS,
)
