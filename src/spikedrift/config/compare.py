from pydantic import Field
from spikedrift.config.base import Options
class Comparison(Options):
    name: str
    recording: str
    sweep: str
    selection: str = "all"
class CompareOptions(Options):
    """x"""
