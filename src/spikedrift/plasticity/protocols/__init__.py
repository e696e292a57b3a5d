"""Induction protocols: one file each, with a module-level `PROTOCOL`."""
