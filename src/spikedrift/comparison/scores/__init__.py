"""Scores of simulated runs: distances of their drift statistics from those of a recording."""
