"""One file a comparator. A file placed here is one: its stem is the name, `COMPARATOR` says what.

This file stays empty of imports: listing the comparators must not import any of them.
"""
