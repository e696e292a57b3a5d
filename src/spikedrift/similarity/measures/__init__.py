"""The measures, one per file: the stem of a file is the name, `MEASURE` in it is the measure.

See docs/adding-a-measure.md. This file must not import anything: listing the measures must not
compile or import any of them.
"""
