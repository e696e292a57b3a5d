"""The library of cells: one file each, with a module-level `CELL`."""
