"""The comparators, one per file: its stem is the name, `COMPARATOR` in it is the comparator.

This file must not import anything: listing the comparators must not import any of them.
"""
