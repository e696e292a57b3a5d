"""Sweeps over model variants, parameters and instances."""
