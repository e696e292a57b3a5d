"""Drift: curves against lag, and anchored indices of rate and timing with their tests."""
