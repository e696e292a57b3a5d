"""Postsynaptic cells of the induction protocols: one file each, with a module-level `CELL`."""
