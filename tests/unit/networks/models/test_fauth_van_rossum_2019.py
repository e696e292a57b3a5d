"""Assemblies and turnover: each synapse on its own, the paper's closed forms, cues, trials."""

import numpy as np
import pytest
from rate_sessions import shown_twice
from scipy.integrate import quad

from spikedrift.config.overrides import override
from spikedrift.core.errors import InputError
from spikedrift.networks.models import fauth_van_rossum_2019 as fauth
from spikedrift.networks.session_plan import NetworkRun, plan

SMALL = {"n": 80, "groups": 2, "start": 8, "retention": 0.5}
SHOWN = {"n": 120, "groups": 3, "retention": 0.1, "shown": {"pause": 60.0}}


def planned(changes):
    options = override(fauth.FauthNetwork(), changes, "f")
    return plan(fauth.MODEL, options, NetworkRun("f", {}, 1, 0))


def reactivating(changes):
    return fauth.Reactivating(planned({**SMALL, **changes}))


def one_by_one(model, outside):
    """The printed equations, every synapse on its own; inhibition goes first."""
    o, dt = model.options, fauth.STEP
    u, f, inhibition, w = np.zeros(o.n), np.ones(o.n), 0.0, model.site.copy()
    there = w > 0
    for row in outside:
        v = 1 / (1 + np.exp(-u))
        arriving = (f * v) @ w.sum(axis=2)
        high = v > 0.5
        pair = (high[:, None].astype(int) + high)[:, :, None]
        change = np.select(
            [pair == 0, pair == 2],
            [-o.decay / fauth.DAY * w, o.potentiation * (o.w_max - w)],
            -o.depression * w,
        )
        w = np.where(there, w + dt * change, 0.0)
        inhibition += dt / o.tau * (-inhibition - o.inhibition * o.w_max * v.sum())
        u = u + dt / o.tau * (-u + arriving + inhibition + row)
        f = f + dt * ((1 - f) / o.recovery - o.use * f * v)
    return u, f, w


def test_an_episode_is_that_of_every_synapse_on_its_own():
    model = reactivating({})
    rng = np.random.default_rng(1)
    model.site[model.site > 0] *= rng.random(np.count_nonzero(model.site))
    model._settle()
    outside = 1.5 * rng.standard_normal((300, 80)) + 60 * (np.arange(80) < 5)
    u, f, w = one_by_one(model, outside)
    assert np.abs(w - model.site).max() > 0.1  # they learn
    model._advance(outside)
    model._settle()
    assert model.potential == pytest.approx(u, rel=1e-6, abs=1e-6)
    assert model.available == pytest.approx(f, rel=1e-6)
    assert model.site == pytest.approx(w, rel=1e-6, abs=1e-12)


def test_weak_synapses_come_and_go_in_balance():
    model = reactivating({"start": 0})
    for _ in range(300):
        model._turn_over()
    share = model.number.sum() / (80 * 79 * 16)
    rate = 0.03 + (24 - 0.03) / (1 + np.exp(-20 * (0.245 - 0.001)))
    assert share == pytest.approx(1 / (1 + rate), rel=0.05)
    assert not model.site[np.arange(80), np.arange(80)].any()


def test_survival_is_the_integral_of_equation_3():
    options = fauth.FauthNetwork()

    def removal(day):
        return 0.03 + (24 - 0.03) / (1 + np.exp(-20 * (0.245 - 0.7 * np.exp(-day / 2))))

    hours = np.array([4.0, 30.0, 50.0])
    exact = [np.exp(-quad(removal, 0, hour / 24)[0]) for hour in hours]
    assert fauth.survival(options, hours) == pytest.approx(exact, rel=1e-4)


def test_cycles_end_at_the_fixed_point_of_equation_7():
    options = override(fauth.FauthNetwork(), {"sensory": 10.0, "rest": 1.0}, "f")
    gamma = 24 / 25 * np.exp(-1 / 24)
    kept = float(fauth.survival(options, 10.0))
    fixed = 16 * (1 - gamma) / (1 - gamma * kept)
    assert fauth.after_cycles(options, 3.0, 500) == pytest.approx(fixed)
    assert fauth.after_cycles(options, fixed, 1) == pytest.approx(fixed)


def test_a_cue_has_as_many_cells_as_its_group():
    group = np.arange(60) < 15
    cue = fauth.corrupted(group, 0.4, np.random.default_rng(1))
    assert cue.sum() == 15 and (cue & group).sum() == 9
    assert np.array_equal(fauth.corrupted(group, 0.0, np.random.default_rng(1)), group)


def test_assemblies_reactivate_in_rest_and_complete_cues():
    model = reactivating({"sensory": 1e-6, "rest": 100.0, "exponential": False})
    model.update(600, 0)
    active = np.zeros(80)
    for _ in range(60):
        active += model._advance(model._outside(10, "retain"))
    member = model.options.member
    assert min(active[member == g].mean() for g in (0, 1)) > 5 * active[member < 0].mean()
    total = model.site.sum(axis=2)
    assert fauth.errors(model.options, total, np.random.default_rng(1))[2] == 0


def test_a_cue_is_completed_and_leaves_no_trace():
    model = reactivating(SHOWN)
    model.update(600, 0)
    before = [part.copy() for part in (model.potential, model.available, model.total)]
    first = model.respond(0)
    assert np.array_equal(first, model.respond(0))
    for was, now in zip(before, (model.potential, model.available, model.total), strict=True):
        assert np.array_equal(was, now)
    member = model.options.member
    assert first[member == 0].min() > 0.9 and first[member != 0].max() < 0.1


def test_without_potentiation_nothing_grows():
    model = reactivating({"potentiation": 0.0})
    before = model.total.sum()
    model.update(6000, 0)
    assert model.total.sum() < before


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"groups": 8}, "240 cells leave less than 15"), ({"start": 20}, "20 synapses at 16 sites")],
)
def test_what_does_not_fit_is_one_line(changes, said):
    with pytest.raises(InputError, match=said):
        override(fauth.FauthNetwork(), changes, "f")


def test_blocks_become_trials(tmp_path):
    options = override(fauth.FauthNetwork(), {**SMALL, **SHOWN}, "small")

    _, values = shown_twice(fauth.MODEL, options, "small.cues", tmp_path)
    assert values["index"] == pytest.approx(0, abs=0.05)  # synapses go, the code stays
