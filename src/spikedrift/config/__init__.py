"""The configuration: pydantic models, one file per topic; defaults and docs live here.

The library reads its options from these models, so that a default has one place. This package
imports nothing of spikedrift except `core.errors`.
"""
