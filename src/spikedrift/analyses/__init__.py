"""One file an analysis: its stem is the name, `ANALYSIS` says what.

The docstring of the file is the caption of its figure. See docs/adding-an-analysis.md. This file
stays empty of imports: listing the analyses must not import any of them.
"""
