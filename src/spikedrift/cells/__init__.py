"""Cells: models of neurons as data, one library for induction protocols and for networks."""
