"""Similarity of trials: a file for each measure, a registry, and the compiled kernels."""
