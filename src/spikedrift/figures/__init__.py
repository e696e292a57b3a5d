"""Figures: one file for each figure, one style, and the plotted numbers beside each.

A figure is a module here (in `analyses/` for an analysis, in `final/` for a final figure) with
`draw(*, ..., options) -> (Figure, DataFrame)`. Its keyword arguments are the data sets that it
needs; `registry.render` reads them, draws the figure and writes it.
"""
