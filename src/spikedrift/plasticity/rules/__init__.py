"""The rules: one file each, with a module-level `RULE`."""
