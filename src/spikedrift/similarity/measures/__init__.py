"""One file a measure. A file placed here is a measure: its stem is the name, `MEASURE` says what.

See docs/adding-a-measure.md. This file stays empty of imports: listing the measures must not
compile or import any of them.
"""
