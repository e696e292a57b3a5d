"""Figures of the analyses, in files of the same names; the caption is the analysis's docstring."""
