"""Similarity matrices of a recording against those of simulated runs."""
