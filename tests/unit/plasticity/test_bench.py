"""Cells of networks on the bench of inductions, where they are told to spike."""

import numpy as np
import pytest
from inducing import fixed_spikes, weights

from spikedrift.cells import cell as cells
from spikedrift.cells.cell import OFFERED
from spikedrift.plasticity import registry
from spikedrift.plasticity.bench import keys

NETWORK = [name for name in cells.names() if "told" not in cells.get(name).variables()]
NETWORK.remove("codependent")  # it is brought to its threshold by currents
DT = 0.1e-3
PAIRS = registry.get("pair_stdp")


def spikes_of(cell, pre, post, w=0.0, duration=0.05, record=(), rule=PAIRS, dt=DT):
    """Final weights, and what was recorded of two cells; pre and post of the first, s."""
    w_max = max(w, 1.0)
    found = weights(
        rule, {}, ([0] * len(pre), pre), ([0] * len(post), post), [w] * 2, w_max,
        duration=duration, cell=cell, record=["spikes", *record], dt=dt,
    )  # fmt: skip
    cell_of, step = found[1]["spikes"]
    return found[0], [step[cell_of == k] for k in range(2)], found[1]


def test_cells_of_networks_are_there():
    assert {"adex_litwin_kumar", "zenke_2015", "conductance_lif", "poisson"} <= set(NETWORK)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORK)
def test_a_cell_spikes_when_it_is_told_to(name):
    """Also twice in its dead time, and in two steps one after the other."""
    told = np.array([0.010, 0.0105, 0.0106, 0.030])
    _, (first, second), _ = spikes_of(name, [], told)
    told = np.round(told / DT).astype(int)
    assert set(told) <= set(first)
    if not cells.get(name).draws and name != "theta":
        assert list(first) == list(told)
        assert not second.size


@pytest.mark.slow
@pytest.mark.parametrize("name", cells.names())
def test_every_cell_runs_with_a_rule_that_asks_for_what_it_offers(name):
    cell = cells.get(name)
    offered = OFFERED.keys() & cell.variables(cell.offers)
    rule = "mlp" if {"u", "excitatory_drive", "inhibitory_drive"} <= offered else "pair_stdp"
    if "u" in offered and rule == "pair_stdp":
        rule = "clopath_assemblies"
    dt = 1e-3 if name == "adex_2010" else DT
    pre, post, start = fixed_spikes(name, n=8, duration=0.1, dt=dt)
    post = post[0], post[1] + max(cell.latency, dt)
    final = weights(registry.get(rule), {}, pre, post, start, 1.0, duration=0.1, dt=dt, cell=name)
    assert np.isfinite(final).all() and (final >= 0).all() and (final <= 1).all()


@pytest.mark.parametrize("name", ["conductance_lif", "adex_litwin_kumar", "srm_masquelier"])
def test_a_strong_synapse_makes_the_cell_spike_on_its_own(name):
    w = {"conductance_lif": 3.0, "adex_litwin_kumar": 300.0, "srm_masquelier": 600.0}[name]
    _, (first, second), _ = spikes_of(name, [0.010], [0.040], w)
    assert 100 < first[0] < 250 and 400 in first and not second.size
    dead = round(next(p.default for p in cells.get(name).parameters if p.name == "dead_time") / DT)
    gaps = np.diff(first[first < 400])
    assert (gaps >= dead).all(), "it spiked in its dead time without being told to"


def test_an_order_outlives_a_spike_of_the_cell_in_the_same_step():
    """It is given in the step of that spike, for the next one."""
    name = "srm_masquelier"
    _, (alone, _), _ = spikes_of(name, [0.010], [], 600.0)
    after = (alone[0] + 1) * DT
    _, (first, _), _ = spikes_of(name, [0.010], [after], 600.0)
    assert list(first) == [alone[0], alone[0] + 1]


def test_the_rule_of_assemblies_sees_a_cell_after_its_reset():
    rule = registry.get("clopath_assemblies")
    _, (first, _), seen = spikes_of(
        "adex_litwin_kumar", [0.010], [], 300.0, record=["u", "v_T", "adaptation"], rule=rule
    )
    after = first[0] + 1  # recorded before the step
    assert seen["u"][after, 0] == -0.060
    assert seen["v_T"][after, 0] == pytest.approx(-0.042, abs=1e-15)
    assert np.ptp(seen["u"][after : after + 10, 0]) == 0, "v stands still in the dead time"
    assert (np.diff(seen["v_T"][after : after + 10, 0]) < 0).all()
    assert (np.diff(seen["adaptation"][after : after + 10, 0]) != 0).all()
    assert seen["u"].max() <= 0.020


def test_keys_follow_from_the_seed():
    poisson, forced = cells.get("poisson"), cells.get("forced")
    assert keys(forced, 3) == {}
    one, other = (keys(poisson, 3, seed)["cells.key"] for seed in (1, 2))
    assert len({*one, *other}) == 6 and one.dtype == np.int64
    np.testing.assert_array_equal(one, keys(poisson, 3, 1)["cells.key"])
