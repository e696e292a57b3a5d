"""Methods of the analyses: those that several share, and those that are a subject of their own."""
