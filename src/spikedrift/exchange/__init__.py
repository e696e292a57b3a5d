"""Trials and matrices to the formats of other libraries, and back: one file a format."""
