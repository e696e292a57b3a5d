"""Counted draws (`simulation.streams`) in compiled loops.

Integers are cast to unsigned at every step: numba would otherwise turn a sum of a signed and an
unsigned one into a float.
"""

import math

from numba import int64, uint64

from spikedrift.core.compiling import njit

GAMMA, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


@njit
def bits(key, n):  # type: ignore[no-untyped-def]
    """Return the n-th 64 bits of a stream."""
    z = uint64(key) + uint64(n) * uint64(GAMMA)
    z = (z ^ (z >> uint64(30))) * uint64(FIRST)
    z = (z ^ (z >> uint64(27))) * uint64(SECOND)
    return z ^ (z >> uint64(31))


@njit
def branch(key, purpose, place):  # type: ignore[no-untyped-def]
    """Return the key of another stream."""
    return int64(bits(key, (uint64(purpose) << uint64(32)) + uint64(place)))


@njit
def uniform(key, n):  # type: ignore[no-untyped-def]
    """Return the n-th number of a stream, in [0, 1)."""
    return float(bits(key, n) >> uint64(11)) * 2.0**-53


@njit
def normal(key, n):  # type: ignore[no-untyped-def]
    """Return the n-th standard normal number of a stream."""
    own = bits(key, n)
    radius = math.sqrt(-2 * math.log(1 - uniform(own, 0)))
    return radius * math.cos(2 * math.pi * uniform(own, 1))
