"""Methods beneath the analyses: what several share, and what is a subject of its own."""
