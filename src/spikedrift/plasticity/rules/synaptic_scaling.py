"""Multiplicative synaptic scaling: all weights of a cell grow or shrink in proportion.

After Turrigiano et al. (1998), Nature 391:892, in the simplest form in use, not that of a
particular paper: dw/dt = scaling w (scaling_rate - r), where r is the postsynaptic rate, low-pass
filtered over tau_scaling. Steps come once a second: scaling is far slower. It acts beside a rule
that moves the weights, and the ratios between the weights of a cell stay as they are.
"""

from spikedrift.plasticity.rule import Parameter, Regular, Rule

INTERVAL = 1.0

RULE = Rule(
    name="synaptic_scaling",
    title="multiplicative synaptic scaling",
    citation="Turrigiano GG et al. (1998) Nature 391:892-896",
    parameters=(
        Parameter("scaling", 1e-3, "1", "relative change in a second, for 1 Hz off the target"),
        Parameter("scaling_rate", 4.0, "Hz", "postsynaptic rate at which the weights rest"),
        Parameter("tau_scaling", 10.0, "second", "low-pass filter of the rate"),
    ),
    rate="scaling",
    model="""
    n_spikes : 1
    rate_seen : Hz
    """,
    start="rate_seen = scaling_rate",
    on_post="n_spikes += 1",
    every=(
        Regular(
            f"""
            rate = n_spikes/({INTERVAL}*second)
            rate_seen += (1 - exp(-{INTERVAL}*second/tau_scaling))*(rate - rate_seen)
            n_spikes = 0
            w = clip(w*(1 + scaling*{INTERVAL}*second*(scaling_rate - rate_seen)), 0, w_max)
            """,
            interval=INTERVAL,
        ),
    ),
)
