"""Where trials files come from: one file per source, found by name through `registry`."""
