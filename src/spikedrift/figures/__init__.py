"""Figures: one file a figure, one style, the plotted numbers beside each.

A figure is a module here, one of an analysis in `analyses/`, a final one in `final/`, with
`draw(*, ..., options) -> (Figure, DataFrame)`. Its keyword arguments are the data sets that it
needs; `registry.render` reads them, draws and writes.
"""
