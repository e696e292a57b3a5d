"""Statistics that know nothing of neuroscience."""
