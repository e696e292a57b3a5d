"""Synaptic plasticity: rules as data, readable beside their papers, and how they are induced."""

import spikedrift.simulation  # noqa: F401  (Brian2 without a user's preferences)
