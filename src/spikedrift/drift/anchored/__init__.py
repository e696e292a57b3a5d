"""Anchored indices of rate and timing, for comparison with the literature."""
