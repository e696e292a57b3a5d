"""Where trials files come from: one file a source, found by name through `registry`."""
