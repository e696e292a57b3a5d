"""Analyses, one in each file: the stem is the name, `ANALYSIS` says what it is.

The docstring of the file is the caption of its figure. See docs/adding-an-analysis.md. This file
has no imports, since listing the analyses must not import any of them.
"""
