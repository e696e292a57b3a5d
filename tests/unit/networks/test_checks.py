"""Every fault of a declaration is one line that names the part and what is wrong with it."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_network import N_E, N_I, N_S, SIDE, TINY, changed, regular, with_protocol, with_recording

from spikedrift.core.errors import InputError
from spikedrift.networks.checks import check
from spikedrift.networks.declaration import (
    Distribution,
    Drive,
    Phase,
    Population,
    Source,
    Wiring,
    constant,
    in_degree,
    out_degree,
)
from spikedrift.networks.sheet import disc


def joined(which="fixed_in", /, **others):
    return changed("projections", which, **others)


def populated(which="E", /, **others):
    return changed("populations", which, **others)


def driven(**others):
    return changed("drives", "noise", **others)


def phased(*phases):
    return with_protocol(phases=phases)


def cued(**cue):
    name, value = {"E.noise_rate": (1.0, 2.0), **cue}.popitem()
    return with_protocol(cues=({name: value},) * 2)


BLOCK = Phase("block", repeats=2)
FAULTS = {
    # names
    "a name with a space": (populated(name="E cells"), "'E cells' is no name: letters"),
    "a name that begins with a digit": (driven(name="1st"), "'1st' is no name"),
    "two populations of one name": (populated("I", name="E"), "the name 'E' is given twice"),
    "a drive called as a projection": (driven(name="on_ring"), "'on_ring' is given twice"),
    "no cells": (populated("I", size=0), "I: a population of 0 cells"),
    "an empty source": (replace(TINY, sources=(Source("S", 0, regular),)), "S: a population of 0"),
    # populations
    "an unknown cell": (populated(cell="conductanc_lif"), "did you mean 'conductance_lif'"),
    "an unknown parameter": (
        populated(parameters={"treshold": -0.05}),
        "population E: the cell conductance_lif has no 'treshold'; did you mean 'threshold'",
    ),
    "a parameter of another size": (
        populated(parameters={"threshold": np.full(N_E + 1, -0.05)}),
        rf"population E: threshold: \({N_E + 1},\) values for {N_E} cells",
    ),
    "a parameter that is no number": (
        populated(parameters={"rest": np.nan}),
        "population E: rest: is not finite",
    ),
    "a start of nothing": (
        populated(start="u = rest"),
        "population E: start: no variable 'u'; known: g_e, g_i, v",
    ),
    # projections
    "an unknown source": (joined(pre="F"), "projection fixed_in: no population or source 'F'"),
    "an unknown target": (joined(post="F"), "projection fixed_in: no population 'F'; known: C, E"),
    "a source as a target": (joined(post="S"), "projection fixed_in: no population 'S'"),
    "an unknown receptor": (
        joined(receptor="excitatry"),
        "projection fixed_in: the cell conductance_lif has no receptor 'excitatry'; did you mean",
    ),
    "a cell without receptors": (
        populated("I", cell="forced", start=None),
        "projection on_ring: the cell forced has no receptor 'excitatory'",
    ),
    "no upper bound": (joined(w_max=0.0), "projection fixed_in: w_max: 0 is not above 0"),
    "a weight that is no number": (
        joined(weight=constant(np.inf)),
        "projection fixed_in: is not finite",
    ),
    "a delay that is no number": (
        joined(delay=Distribution("low", {"low": np.nan})),
        "projection fixed_in: is not finite",
    ),
    "a spike that arrives before it is sent": (
        joined(delay=-0.001),
        r"projection fixed_in: delay: -0\.001 s is no time",
    ),
    # wiring
    "a degree and a condition": (
        joined(wiring=Wiring("rand() < 0.5", degree=3)),
        "projection fixed_in: a wiring with both a degree and a condition",
    ),
    "an in-degree beyond all others": (
        joined(wiring=in_degree(N_E)),
        f"projection fixed_in: an in-degree of {N_E} where E offers {N_E - 1} cells",
    ),
    "an in-degree beyond the source": (
        joined("from_source", wiring=in_degree(N_S + 1)),
        f"projection from_source: an in-degree of {N_S + 1} where S offers {N_S} cells",
    ),
    "an out-degree beyond the target": (
        joined("fixed_out", wiring=out_degree(N_E + 1)),
        f"projection fixed_out: an out-degree of {N_E + 1} where E offers {N_E} cells",
    ),
    "a degree below 0": (joined(wiring=in_degree(-1)), "an in-degree of -1"),
    "an out-degree of a source": (
        joined("from_source", wiring=out_degree(3)),
        "projection from_source: an out-degree needs a population; S is a source",
    ),
    "a sheet of another size than its population": (
        joined("on_sheet", wiring=disc(2.0, SIDE + 1)),
        f"projection on_sheet: a wiring from {(SIDE + 1) ** 2} cells, and S has {N_S}",
    ),
    # rules
    "an unknown rule": (
        joined(plasticity={"pair_sdtp": {}}),
        "projection fixed_in: unknown plasticity rule 'pair_sdtp'; did you mean 'pair_stdp'",
    ),
    "an unknown parameter of a rule": (
        joined(plasticity={"pair_stdp": {"tau": 0.02}}),
        "projection fixed_in: pair_stdp: unknown parameter 'tau'",
    ),
    "a rule that sees what the cell does not offer": (
        replace(
            populated("I", cell="codependent", start=None),
            projections=(
                replace(TINY.projections[2], plasticity={"clopath": {}}),
                *joined("from_source", receptor="excitatory").projections[4:],
            ),
            recording=replace(TINY.recording, ensembles=""),
        ),
        r"projection on_ring: the rule clopath needs u \(membrane potential, spikes included\), "
        "which the cell codependent of I does not offer",
    ),
    # drives
    "a drive of nothing": (driven(post="S"), "drive noise: no population 'S'"),
    "a drive on no receptor": (
        driven(receptor="nmda"),
        "drive noise: the cell conductance_lif has no receptor 'nmda'",
    ),
    "rates of too few cells": (
        driven(rate=np.full(N_E - 1, 10.0)),
        rf"drive noise: rate: \({N_E - 1},\) values for {N_E} cells",
    ),
    "a drive of no weight": (driven(weight=np.nan), "drive noise: weight: is not finite"),
    # what phases and cues set
    "a phase that sets what is not there": (
        phased(replace(BLOCK, set={"E.noise": 5.0})),
        r"protocol: phase 0 \(block\): set: nothing to set: 'E\.noise'; did you mean 'E\.noise_",
    ),
    "a phase that sets what no rule asks of the cell": (
        phased(replace(BLOCK, set={"E.spike_peak": 0.0})),
        r"set: nothing to set: 'E\.spike_peak'",
    ),
    "weights of synapse by synapse": (
        phased(replace(BLOCK, set={"relay.w": np.zeros(20)})),
        r"set: relay\.w: \(20,\) values for 1 cells",
    ),
    "a cue that takes away weights": (
        cued(**{"relay.w": (0.0, 1.0)}),
        r"protocol: cues: nothing to set: 'relay\.w'",
    ),
    "a cue that sets what is not there": (
        cued(**{"I.noise_rate": (1.0, 2.0)}),
        r"protocol: cues: nothing to set: 'I\.noise_rate'; did you mean 'E.noise_rate'",
    ),
    "a cue of another size": (
        cued(**{"E.noise_rate": (np.ones(N_E), np.ones(N_I))}),
        rf"protocol: cues: E\.noise_rate: \({N_I},\) values for {N_E} cells",
    ),
    "a cue for each cell where all have one value": (
        cued(**{"E.rest": (np.full(N_E, -0.06), -0.06)}),
        r"protocol: cues: E\.rest has one value for all cells; declare it with one for each",
    ),
    "a cue that is no number": (
        cued(**{"E.noise_rate": (np.nan, 1.0)}),
        r"protocol: cues: E\.noise_rate: is not finite",
    ),
    # protocol
    "no phases": (phased(), "protocol: ends before it starts: it has no phases"),
    "an unknown phase": (
        phased(Phase("blok", repeats=2)),
        r"protocol: phase 0 \(blok\): no kind of phase 'blok'; did you mean 'block'",
    ),
    "a phase without a length": (
        phased(Phase("pause")),
        r"phase 0 \(pause\): give either duration",
    ),
    "a phase of two lengths": (
        phased(BLOCK, Phase("pause", duration=1.0, repeats=1)),
        r"phase 1 \(pause\): give either duration \(s\) or repeats",
    ),
    "a phase that ends before it starts": (
        phased(BLOCK, Phase("pause", duration=-1.0)),
        r"phase 1 \(pause\): ends before it starts: -1 s",
    ),
    "a phase of no time": (phased(Phase("pause", duration=0.0)), "ends before it starts: 0 s"),
    "no repeats": (phased(Phase("block", repeats=0)), r"phase 0 \(block\): 0 repeats"),
    "a block that shows nothing": (
        phased(Phase("block", duration=1.0)),
        r"phase 0 \(block\): shows segments; give repeats",
    ),
    "a cue that shows nothing": (
        phased(BLOCK, Phase("cue", duration=1.0)),
        r"phase 1 \(cue\): shows segments; give repeats",
    ),
    "a cue that is shown once": (
        phased(BLOCK, Phase("cue", repeats=1)),
        r"phase 1 \(cue\): one repeat, and responses are compared over repeats",
    ),
    "a part of a segment that is a trial": (
        phased(replace(BLOCK, rest=0.5)),
        r"phase 0 \(block\): only a phase of kind cue shows parts of segments",
    ),
    "a cue without the whole": (
        phased(BLOCK, Phase("cue", repeats=2, rest=0.5), Phase("cue", repeats=2)),
        r"phase 1 \(cue\): parts of segments are compared with whole ones: show these before",
    ),
    "a cue of more than the segment": (
        phased(BLOCK, Phase("cue", repeats=2), Phase("cue", repeats=2, rest=1.0)),
        r"phase 2 \(cue\): rest: 1 is no share of a segment",
    ),
    "no segments": (
        with_protocol(n_segments=0, cues=()),
        r"phase 1 \(block\): shows segments, and there are 0",
    ),
    "segments of no time": (
        with_protocol(duration=0.0),
        r"phase 1 \(block\): shows segments of 0 s",
    ),
    "rates of no rule": (
        phased(replace(BLOCK, rates={"fixed_in.inhibitory": 0.1})),
        r"phase 0 \(block\): rates: no rule 'fixed_in\.inhibitory'; did you mean 'fixed_out",
    ),
    "cues for some segments": (with_protocol(n_segments=3), "protocol: 2 cues for 3 segments"),
    "segments before the gap": (
        with_protocol(gap_jitter=0.06),
        r"protocol: gap_jitter 0\.06 s is longer than the gap",
    ),
    "trials that overlap": (
        with_protocol(gap_jitter=0.03, tail=0.03),
        r"protocol: tail 0\.03 s is longer than the shortest gap, trials overlap",
    ),
    # recording
    "units that are not there": (
        with_recording(units="S"),
        "recording: units: no population 'S'; known: C, E",
    ),
    "more units than cells": (
        with_recording(n_units=N_E + 1),
        f"recording: {N_E + 1} units, and E has {N_E} cells",
    ),
    "one unit": (with_recording(n_units=1), "recording: 1 units"),
    "a state that no cell has": (
        with_recording(states=("E.v", "E.fixed_in_x")),
        "recording: states: no variable 'E.fixed_in_x'",
    ),
    "traces of no step": (with_recording(trace_interval=0.0), "recording: trace_interval 0 s"),
    "a limit of no rate": (with_recording(limit=0.0), "recording: limit: 0 Hz is not above 0"),
    "ensembles of no projection": (
        with_recording(ensembles="fixed"),
        "recording: ensembles: no projection 'fixed'; did you mean 'fixed_in'",
    ),
    "ensembles of other cells": (
        with_recording(ensembles="on_ring"),
        "recording: ensembles: on_ring is from E to I, and not among the cells of E",
    ),
    "settling of no projection": (
        with_recording(settling="inhibitory"),
        "recording: settling: no projection 'inhibitory'",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line(fault):
    network, words = FAULTS[fault]
    with pytest.raises(InputError, match=words) as told:
        check(network, "config: sweep s")
    assert "\n" not in str(told.value) and str(told.value).startswith("config: sweep s: ")


def test_what_has_no_fault_passes():
    check(TINY, "here")
    check(populated(parameters={}), "here")
    check(joined(wiring=in_degree(N_E - 1)), "here")
    check(joined("fixed_out", wiring=out_degree(N_E)), "here")
    check(joined("from_source", wiring=in_degree(0)), "here")
    check(with_recording(n_units=N_E), "here")
    check(phased(Phase("pause", duration=1.0, set={"E.rest": -0.06})), "here")
    check(cued(**{"E.threshold": (np.full(N_E, -0.05), -0.04)}), "here")
    # A rule that sees the potential makes the parameters of spikes something to set.
    sees = joined(plasticity={"clopath": {}})
    check(
        replace(sees, protocol=phased(replace(BLOCK, set={"E.spike_peak": 0.0})).protocol), "here"
    )


def test_an_integrator_of_its_own_needs_no_cells():
    """Where the engine does not run, cells, receptors and what is set are the integrator's."""
    own = replace(
        TINY,
        populations=(Population("E", N_E), Population("I", N_I)),
        drives=(Drive("noise", "E", "current", 1.0, 5.0),),
    )
    check(own, "here", whole=False)
    with pytest.raises(InputError, match="unknown cell"):
        check(own, "here")
    with pytest.raises(InputError, match="here: protocol: ends before it starts"):
        check(replace(own, protocol=replace(TINY.protocol, phases=())), "here", whole=False)


def test_an_integrator_of_a_networks_own_has_no_limit():
    limited = replace(populated(cell=""), recording=replace(TINY.recording, limit=100.0))
    check(populated(cell=""), "here", whole=False)
    with pytest.raises(InputError, match="here: recording: limit: an integrator of the network's"):
        check(limited, "here", whole=False)
