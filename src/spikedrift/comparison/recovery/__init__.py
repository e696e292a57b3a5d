"""Whether a comparison can recover the variant that made the data."""
