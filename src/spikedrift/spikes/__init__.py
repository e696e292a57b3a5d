"""Spikes of trials: arrays, selections, behavior state, surrogates."""
