"""The share of the drive that cells give each other, from spikes and weights that are laid out."""

from dataclasses import replace

import numpy as np
import pytest

from spikedrift.networks.declaration import (
    Drive,
    Network,
    Population,
    Projection,
    Protocol,
    Recording,
    Source,
    all_to_all,
    constant,
)
from spikedrift.networks.drive import recurrent_share
from spikedrift.networks.timetable import Stage

DT = 0.001


def projection(name, pre, receptor="excitatory"):
    return Projection(name, pre, "E", receptor, all_to_all(), constant(1.0), w_max=9.0)


NETWORK = Network(
    populations=(Population("I", 1), Population("E", 2)),
    sources=(Source("A", 2, lambda timetable, draws: draws),),
    projections=(
        projection("recurrent", "E"),
        projection("afferent", "A"),
        projection("inhibitory", "I", "inhibitory"),
    ),
    protocol=Protocol(phases=()),
    recording=Recording("E"),
)
# Two stages: in the first each E cell fires once; in the second the first one fires three times.
STAGES = [Stage("block", f"block {k}", np.array([0]), 1000 * k, 1000 * (k + 1)) for k in (0, 1)]
TIME = np.array([0.1, 0.2, 0.25, 1.1, 1.2, 1.3])
POPULATION = np.array([1, 1, 0, 1, 1, 1])
CELL = np.array([0, 1, 0, 0, 0, 0])
# Saved at 0, .5, 1, 1.5 and 2 s: the middles of the stages count.
SAVED = np.arange(5) / 2
WEIGHTS = {
    "recurrent": np.array([[9.0, 9.0], [1.0, 2.0], [9.0, 9.0], [0.5, 4.0], [9.0, 9.0]]),
    "afferent": np.array([[9.0], [3.0], [9.0], [1.0], [9.0]]),
    "inhibitory": np.full((5, 1), 100.0),
}
ENDS = {
    "recurrent": (np.array([0, 1]), np.array([1, 0])),
    "afferent": (np.array([1]), np.array([0])),
    "inhibitory": (np.array([0]), np.array([0])),
}
SOURCES = {"A": (np.array([0, 1, 1, 1]), np.array([10, 20, 30, 1999]))}


def shares(network=NETWORK, weights=WEIGHTS, time=TIME):
    return recurrent_share(
        STAGES, network, DT, weights, ENDS, SAVED, SOURCES, time, POPULATION, CELL
    )


def test_every_spike_counts_with_the_weights_of_the_middle_of_its_stage():
    # Stage 0: E 1 + 2, A 2 spikes x 3. Stage 1: E 3 spikes x .5, A one spike x 1.
    assert shares() == pytest.approx([3 / (3 + 6), 1.5 / (1.5 + 1)])


def test_without_recurrent_synapses_it_is_zero_and_inhibition_does_not_count():
    forward = replace(NETWORK, projections=NETWORK.projections[1:])
    assert shares(forward).tolist() == [0, 0]
    louder = {**WEIGHTS, "inhibitory": np.full((5, 1), 1e6)}
    assert shares(weights=louder) == pytest.approx(shares())


@pytest.mark.parametrize(
    "network",
    [
        replace(NETWORK, drives=(Drive("noise", "E", "excitatory", 0.1, 10.0),)),
        replace(NETWORK, sources=(replace(NETWORK.sources[0], period=1.0),)),
        replace(NETWORK, projections=(*NETWORK.projections, projection("fixed", "A"))),
        replace(
            NETWORK,
            populations=(replace(NETWORK.populations[0], recorded=False), NETWORK.populations[1]),
            projections=(*NETWORK.projections[:2], projection("inhibitory", "I")),
        ),
    ],
)
def test_where_not_all_of_the_drive_is_known_there_is_no_share(network):
    assert np.isnan(shares(network)).all()


def test_without_any_drive_there_is_no_share():
    silent = {name: np.zeros_like(weight) for name, weight in WEIGHTS.items()}
    assert np.isnan(shares(weights=silent)).all()
