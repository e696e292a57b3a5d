"""Whether a comparison can recover the plasticity rule that made the data."""
