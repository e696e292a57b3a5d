"""Simulated networks: one file a network, each with a `simulate` function."""
