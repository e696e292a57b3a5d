"""Definition of an analysis: what it may require of a recording, and how its numbers are kept."""
