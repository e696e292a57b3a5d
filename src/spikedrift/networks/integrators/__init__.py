"""Compiled loops: networks that Brian2 does not run, and input that is drawn bin by bin."""
