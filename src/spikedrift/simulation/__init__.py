"""Simulation programs: built once, run for every point and seed."""
