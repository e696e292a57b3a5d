"""The configuration: one pydantic model a topic, one file each; defaults and docs live here.

The library reads its options from these models, so that a default has one place. This package
imports nothing else of spikedrift but `errors`.
"""
