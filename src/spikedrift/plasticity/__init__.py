"""Synaptic plasticity: rules as data, readable beside their papers, and how they are induced."""
