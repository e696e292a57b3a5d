"""The networks: one file each, with its `Options` and a module-level `MODEL`."""
