"""spikedrift: representational drift in firing rate and spike timing, in recordings and models."""

__version__ = "0.1.0"
