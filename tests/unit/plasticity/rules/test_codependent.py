"""The codependent rules against event-by-event oracles, closed forms and published values."""

from pathlib import Path

import numpy as np
import pytest
from inducing import DT, spike_trains, weights
from waves import offer

from spikedrift.cells.cell import Cell
from spikedrift.plasticity import registry, targets
from spikedrift.plasticity.induce import induce

ROOT = Path(__file__).resolve().parents[4]


def low_pass(drive, tau):
    """Euler low-pass, after every step, of a drive before every step; (n_steps, n)."""
    found, now = np.empty_like(drive), np.zeros(drive.shape[1])
    for step, value in enumerate(drive):
        now = now + DT / tau * (value - now)
        found[step] = now
    return found


def trace(steps, now, tau):
    return np.exp(-(now - steps) * DT / tau).sum()


def excitatory(p, pre, post, e, i, w, w_max):
    """Weight after all events; at one step the presynaptic spike comes first."""
    for step, side in sorted([(s, 0) for s in pre] + [(s, 1) for s in post]):
        gate = np.exp(-((i[step] / p["I_gate"]) ** p["gamma"])) if i[step] < p["I_off"] else 0.0
        if side == 0:
            dw = -p["A_LTD"] * w * trace(post[post < step], step, p["tau_y"])
        else:
            x = trace(pre[pre <= step], step, p["tau_x"])
            z = trace(post[post < step], step, p["tau_z"]) + p["own"]
            dw = p["A_LTP"] * x * e[step] - p["A_het"] * z * e[step] ** 2
        w = min(max(w + p["eta"] * dw * gate, 0.0), w_max)
    return w


def inhibitory(p, pre, post, e, i, w, w_max):
    for step, side in sorted([(s, 0) for s in pre] + [(s, 1) for s in post]):
        other = post[post < step] if side == 0 else pre[pre <= step]
        dw = p["A"] * e[step] * (e[step] - p["alpha"] * i[step]) * trace(other, step, p["tau"])
        w = min(max(w + p["eta"] * dw, 0.0), w_max)
    return w


@pytest.mark.parametrize(
    ("name", "chosen", "change", "oracle"),
    [
        ("codependent", "frequency", {"eta": 4.0}, excitatory),
        ("codependent", "receptive_field", {"I_gate": 0.012, "I_off": 0.018}, excitatory),
        ("codependent_inhibitory", "balance", {"eta": 0.5}, inhibitory),
        ("codependent_inhibitory", "receptive_field", {"eta": 5.0}, inhibitory),
    ],
)
@pytest.mark.slow
def test_rules_agree_with_an_event_by_event_oracle(name, chosen, change, oracle, monkeypatch):
    offer(monkeypatch)
    rng = np.random.default_rng(4)
    rule, n, n_steps, w_max = registry.get(name), 20, 10_000, 0.8
    pre, post = (spike_trains(rng, n, rate, n_steps, DT) for rate in (40.0, 30.0))
    values = rule.values(chosen, change)
    start = rng.uniform(0.1, w_max, n)
    got, seen = weights(
        rule, values, (pre[0], pre[1] * DT), (post[0], post[1] * DT), start, w_max,
        duration=n_steps * DT, cell="waves", record=["excitatory_drive", "inhibitory_drive"],
    )  # fmt: skip
    e = low_pass(seen["excitatory_drive"], values["tau_E"])
    i = low_pass(seen["inhibitory_drive"], values["tau_I"])
    expected = [
        oracle(values, pre[1][pre[0] == k], post[1][post[0] == k], e[:, k], i[:, k],
               start[k], w_max)
        for k in range(n)
    ]  # fmt: skip
    assert np.ptp(expected - start) > 0.1 * w_max
    assert ((np.array(expected) > 0) & (np.array(expected) < w_max)).any()
    np.testing.assert_allclose(got, expected, atol=1e-9)


def held(excitatory, inhibitory):
    """Return a cell with constant drives, (V,) each."""
    return Cell(
        name="held",
        title="",
        model=f"""
        told : 1
        excitatory_drive = {excitatory}*volt : volt
        inhibitory_drive = {inhibitory}*volt*(0.5 + 0.25*i) : volt
        """,
    )


@pytest.mark.slow
def test_inhibition_rests_where_excitation_is_alpha_times_inhibition(monkeypatch):
    """A lone pair on constant drives changes by eta A E (E - alpha I) exp(-interval/tau)."""
    rule, e, n, interval = registry.get("codependent_inhibitory"), 0.012, 5, 0.007
    values = rule.values()
    i = e / values["alpha"] * (0.5 + 0.25 * np.arange(n))
    offer(monkeypatch, held(e, e / values["alpha"]))
    cells, at = np.arange(n), np.full(n, 1.5)  # after both low-passes have settled
    for pre, post in ((at, at + interval), (at + interval, at)):
        w = weights(
            rule, values, (cells, pre), (cells, post), np.ones(n), 2.0, duration=1.6, cell="held"
        )  # fmt: skip
        change = values["eta"] * values["A"] * e * (e - values["alpha"] * i)
        np.testing.assert_allclose(
            w - 1, change * np.exp(-interval / values["tau"]), rtol=1e-5, atol=1e-12
        )
        assert w[0] > 1 > w[4] and abs(w[2] - 1) < 1e-12


@pytest.mark.slow
def test_what_a_lone_spike_does(monkeypatch):
    """z is read before a spike is added to it, or after where `own` is 1; nothing else acts."""
    rule, e = registry.get("codependent"), 0.012
    offer(monkeypatch, held(e, 0.0))
    change = {}
    for own in (0.0, 1.0):
        for side, post in (("post", [0.5]), ("twice", [0.5, 0.525])):
            spikes = (np.zeros(len(post), dtype=int), post)
            w = weights(
                rule, {"own": own}, ([], []), spikes, [0.5], 1.0, duration=0.6, cell="held"
            )  # fmt: skip
            change[side, own] = w[0] - 0.5
    het, left = 10.0 * e**2, np.exp(-0.025 / 0.125)
    expected = {("post", 0.0): 0, ("post", 1.0): -het, ("twice", 0.0): -het * left,
                ("twice", 1.0): -het * (2 + left)}  # fmt: skip
    assert change == pytest.approx(expected, rel=1e-3)


@pytest.mark.compiles
def test_the_frequency_dependence_is_that_of_the_authors_program(tmp_path):
    rule = registry.get("codependent")
    found = induce(
        rule, rule.inductions[0], seed=1, build_dir=tmp_path / "b", scratch_dir=tmp_path / "s"
    )
    table = targets.judge(
        found, targets.read(ROOT / "resources" / "plasticity" / "codependent.tsv")
    )
    assert (table["pass"] == "yes").sum() == 14 and not (table["pass"] == "no").any()
