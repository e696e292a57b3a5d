"""Simulated networks: one file per network, each with a `simulate` function."""
