"""What an analysis is: what it may ask of a recording, and how its numbers are kept."""
