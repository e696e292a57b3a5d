"""Compiled loops of networks that Brian2 does not run."""
