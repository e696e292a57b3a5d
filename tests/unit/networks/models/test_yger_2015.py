"""The scaling of a spike's gain: closed forms against simulated arrivals, and a short session."""

import numpy as np
import pytest

from spikedrift.config.overrides import override
from spikedrift.networks import checks
from spikedrift.networks.declaration import Draws
from spikedrift.networks.models import yger_2015 as yger
from spikedrift.networks.models.yger_2015 import MODEL, ScalingNetwork
from spikedrift.networks.session_plan import NetworkRun
from spikedrift.networks.simulate import record_batch
from spikedrift.networks.timetable import lay_out


def test_what_is_declared_holds_and_says_that_it_is_derived():
    checks.check(MODEL.declare(ScalingNetwork()), "scaling")
    assert "derived" in MODEL.title
    assert all("derived" in one.meaning for one in MODEL.targets)


def test_inputs_have_the_mean_and_the_deviation_asked_for():
    options = ScalingNetwork(sizes=(400, 800), duration=200.0)
    network, rng = MODEL.declare(options), np.random.default_rng(1)
    timetable = lay_out(network.protocol, options.simulation.dt, rng)
    for n, source in zip(options.sizes, network.sources, strict=True):
        index, step = source.spikes(timetable, Draws(rng, rng))
        found = yger._deviation(options, index, step, timetable.stop, n)
        # Some 200/.04 independent values.
        assert found == pytest.approx(options.sigma, rel=0.04)
        ago = np.arange(0, 0.2, 1e-5)
        area = yger._kernel(options, ago).sum() * 1e-5
        rate = step.size / (timetable.stop * options.simulation.dt)
        assert rate * options.weight(n) * area == pytest.approx(options.mean(n), rel=0.01)


def test_the_gain_grows_with_the_square_root_of_many_inputs_and_less_of_few():
    options = ScalingNetwork()

    def exponent(n):
        return np.log2(options.gain(2 * n) / options.gain(n))

    assert exponent(10**7) == pytest.approx(0.5, abs=1e-3)
    assert 0.4 < exponent(250) < 0.48
    # Each input, active r times a second, gains step*w by a spike s before, and lifts by w*k(s).
    n, slow, fast, plus = 10**8, 0.020, 0.005, 0.020
    overlap = slow * plus / (slow + plus) - fast * plus / (fast + plus)
    each = options.weight(n) * yger.FORCE * fast / (slow - fast) * overlap
    assert options.gain(n) == pytest.approx(1e-4 * n * options.rate * each, rel=2e-3)


@pytest.mark.compiles
def test_a_short_session_gains_what_is_expected(tmp_path):
    changes = {"sizes": [500, 2000], "duration": 20.0, "simulation.jobs": 1}
    options = override(ScalingNetwork(), changes, "scaling")
    places = {"build_dir": tmp_path / "programs", "scratch_dir": tmp_path / "scratch"}
    ((made, recorded, _),) = record_batch(
        MODEL, options, [NetworkRun("scaling", {}, 1, 0)], **places
    )
    for n in options.sizes:
        weight = recorded.weights[f"afferent_{n}"]
        assert (np.diff(weight, axis=0) >= 0).all(), "spikes only potentiate"
        assert weight[-1].max() < 1.1 * weight[0].max()
    measured = MODEL.readout(made, recorded)
    assert 0.5 < measured["rate"] < 10
    # Some 35 spikes a cell, each of some 20 % spread.
    assert measured["size"] == pytest.approx(1, abs=0.15)
