"""Similarity of trials: one file a measure, a registry, and the compiled kernels behind them."""
