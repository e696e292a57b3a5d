"""Synaptic plasticity rules as data: one file a rule, readable beside its paper."""
