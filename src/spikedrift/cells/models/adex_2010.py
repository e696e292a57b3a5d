"""The adaptive exponential integrate-and-fire cell of the voltage-based rule.

Clopath, Büsing, Vasilaki & Gerstner (2010), Nature Neuroscience 13:344, with the constants and the
1 ms Euler steps of the authors' program (ModelDB 144566). A spike lasts two steps, in which the
membrane potential stands at fixed values and all else is frozen; the cell leaves it with a
threshold that has jumped, an afterdepolarizing current and a step of adaptation. Run it at
dt = 1 ms.
"""

from spikedrift.cells.cell import Cell

CELL = Cell(
    name="adex_2010",
    title="adaptive exponential integrate-and-fire cell, its spike two steps of 1 ms",
    citation="Clopath C, Büsing L, Vasilaki E, Gerstner W (2010) Nature Neuroscience 13:344-352",
    model="""
    leak = 30*nS*(-70.6*mV - v) : amp
    upswing = 30*nS*2*mV*exp((v - threshold)/(2*mV)) : amp
    dv/dt = free*(leak + upswing - adaptation + after)/(281*pF) : volt
    dadaptation/dt = free*(4*nS*(v + 70.6*mV) - adaptation)/(144*ms) : amp
    dafter/dt = -free*after/(40*ms) : amp
    dthreshold/dt = free*(-50.4*mV - threshold)/(50*ms) : volt
    since = t - lastspike : second
    free = int(since > 1.5*ms) : 1
    u = v + int(since < 2.5*ms)*(32.862*mV - v) - int(since < 1.5*ms)*3.462*mV : volt
    told : 1
    """,
    threshold="told > 0 or v > 20*mV",
    reset="""
    told = 0
    v = -49.5016*mV
    adaptation += 0.0805*pA
    after = 400*pA
    threshold = -30.4*mV
    """,
    start="""
    v = -70.6*mV
    threshold = -50.4*mV
    """,
)
