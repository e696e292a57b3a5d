"""The six final figures, one file each; the docstring is the caption."""
