"""Comparison of the similarity matrices of a recording with those of simulated runs."""
