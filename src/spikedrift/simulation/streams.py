"""Random numbers that are a function of what they are for, not of what was drawn before.

The n-th number of a stream is SplitMix64's of the counter n: the finalizer `mix` of `key +
n*GAMMA` (Steele, Lea & Flood 2014, OOPSLA '14, doi 10.1145/2660193.2660195). A key branches into
further streams by purpose and place. So a network alone, the same network as one copy of a batch,
one thread or several, C++ or CUDA draw the same numbers. The draw for a purpose at a place in a
time step is

    uniform(branch(key, purpose, place), step)

This module has the two functions `branch` and `uniform` and the derived `normal`, `normal_of` and
`arrivals` in NumPy and, for Brian2's code, in C++ and CUDA. Keys are int64, since Brian2 knows no
unsigned integers; they wrap.
"""

import re
from functools import cache
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

GAMMA = 0x9E3779B97F4A7C15
CODE = {
    "bits": """
static inline uint64_t _stream_bits(const int64_t key, const int64_t n)
{
    uint64_t z = (uint64_t)key + (uint64_t)n*0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30))*0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27))*0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}""",
    "branch": """
static inline int64_t _stream_branch(
    const int64_t key, const int64_t purpose, const int64_t place)
{
    return (int64_t)_stream_bits(key, (int64_t)(((uint64_t)purpose << 32) + (uint64_t)place));
}""",
    "uniform": """
static inline double _stream_uniform(const int64_t key, const int64_t n)
{
    return (double)(int64_t)(_stream_bits(key, n) >> 11)*0x1p-53;
}""",
    "normal": """
static inline double _stream_normal(const int64_t key, const int64_t n)
{
    const int64_t own = (int64_t)_stream_bits(key, n);
    const double first = (double)(int64_t)(_stream_bits(own, 0) >> 11)*0x1p-53;
    const double second = (double)(int64_t)(_stream_bits(own, 1) >> 11)*0x1p-53;
    return sqrt(-2*log(1 - first))*cos(6.283185307179586*second);
}""",
    "normal_of": """
static inline double _stream_normal_of(const double scale, const int64_t key, const int64_t n)
{
    if (scale == 0) return 0;
    const int64_t own = (int64_t)_stream_bits(key, n);
    const double first = (double)(int64_t)(_stream_bits(own, 0) >> 11)*0x1p-53;
    const double second = (double)(int64_t)(_stream_bits(own, 1) >> 11)*0x1p-53;
    return scale*(sqrt(-2*log(1 - first))*cos(6.283185307179586*second));
}""",
    "arrivals": """
static inline double _stream_arrivals(const int64_t key, const int64_t n, const double mean)
{
    const double u = (double)(int64_t)(_stream_bits(key, n) >> 11)*0x1p-53;
#ifndef __CUDACC__  // most cells get as much as the one before
    static thread_local
#endif
    double known = -1, at_most[4], last;  // probabilities: of at most 0 to 3, and of 3
    if (mean != known)
    {
        known = mean;
        at_most[0] = last = exp(-mean);
        for (int k = 1; k < 4; k++) at_most[k] = at_most[k-1] + (last *= mean/k);
    }
    // Without branches, which no processor would foresee.
    double count = (u >= at_most[0]) + (u >= at_most[1]) + (u >= at_most[2]) + (u >= at_most[3]);
    double term = last, sum = at_most[3];
    while (u >= sum && count < 1000)
    {
        term *= mean/count;
        sum += term;
        count += u >= sum;
    }
    return count;
}""",
}
FACTORS = r"(?:(?<![\w.*/%)])((?:[A-Za-z_]\w*\*)+))?"  # in front of a call, and after no operator
MOST = 1000  # largest number that `arrivals` draws


def bits(key: npt.ArrayLike, n: npt.ArrayLike) -> np.ndarray:
    """Return the n-th 64 bits of each stream, as uint64; `key` and `n` broadcast."""
    with np.errstate(over="ignore"):
        z = _unsigned(key) + _unsigned(n) * np.uint64(GAMMA)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(z ^ (z >> np.uint64(31)))


def branch(key: npt.ArrayLike, purpose: npt.ArrayLike, place: npt.ArrayLike) -> np.ndarray:
    """Return the key of another stream.

    Parameters
    ----------
    key : int64
    purpose : int in [1, 2**31)
        Number of what the stream is for, see `purpose`.
    place : int in [0, 2**32)

    Returns
    -------
    int64, the shape that the three broadcast to
    """
    counter = (_unsigned(purpose) << np.uint64(32)) + _unsigned(place)
    return bits(key, counter).view(np.int64)


def uniform(key: npt.ArrayLike, n: npt.ArrayLike) -> np.ndarray:
    """Return the n-th number of each stream, in [0, 1), a multiple of 2**-53; as `bits`."""
    return (bits(key, n) >> np.uint64(11)) * 2.0**-53


def normal(key: npt.ArrayLike, n: npt.ArrayLike) -> np.ndarray:
    """Return standard normal numbers, by Box & Muller (1958); C++ agrees up to rounding."""
    own = bits(key, n).view(np.int64)
    return np.sqrt(-2 * np.log(1 - uniform(own, 0))) * np.cos(2 * np.pi * uniform(own, 1))


def normal_of(scale: npt.ArrayLike, key: npt.ArrayLike, n: npt.ArrayLike) -> np.ndarray:
    """Return normal numbers of a standard deviation; C++ draws none where it is 0."""
    return np.asarray(scale * normal(key, n))


def arrivals(key: npt.ArrayLike, n: npt.ArrayLike, mean: npt.ArrayLike) -> np.ndarray:
    """Return Poisson numbers, by inversion of their distribution function.

    Parameters
    ----------
    key, n : int64
        As `bits`.
    mean : float
        Small: the time that a draw takes grows with it, and beyond 700 nothing is right.
    """
    u, mean = np.broadcast_arrays(uniform(key, n), np.asarray(mean, dtype=float))
    term = np.exp(-mean)
    total, count = term.copy(), np.zeros(u.shape)
    while (left := (u >= total) & (count < MOST)).any():
        count[left] += 1
        term = np.where(left, term * mean / np.maximum(count, 1), term)
        total[left] += term[left]
    return count


def purpose(name: str) -> int:
    """Return the number of a purpose such as `recurrent.wiring`: its checksum, never 0.

    Purpose 0 is what is drawn from the key itself: `uniform(key, step)`.
    """
    return crc32(name.encode()) % (2**31 - 1) + 1


def drawn(code: str, key: str, name: str, place: str) -> str:
    """Let Brian2 code draw from streams where it says `rand()` and `randn()`.

    Parameters
    ----------
    code : str
        Statements that run at most once a time step in each place.
    key, place : str
        Brian2 expressions of the key to branch from, and of the place.
    name : str
        Begins the name of the purpose, of which every call in `code` has one of its own.

    Factors by name in front of `randn()`, as in `noise*w_max*randn()`, go into the draw.
    """
    counter = iter(range(len(code)))

    def call(found: re.Match[str]) -> str:
        factors, kind = found.groups()
        number = purpose(f"{name}.{next(counter)}")
        draw = f"branch({key}, {number}, {place}), t_in_timesteps)"
        if factors and kind == "randn":
            return f"normal_of({factors.removesuffix('*')}, {draw}"
        return f"{factors or ''}{'normal' if kind == 'randn' else 'uniform'}({draw}"

    return re.sub(rf"{FACTORS}\b(randn?)\(\)", call, code)


def drawn_once(code: str, key: str, name: str, place: str) -> str:
    """Do as `drawn`, for an expression that is evaluated once, before the network runs.

    The first draw has the purpose `name` itself.
    """
    counter = iter(range(len(code)))

    def call(found: re.Match[str]) -> str:
        function = {"rand": "uniform", "randn": "normal"}[found[1]]
        number = next(counter)
        which = purpose(f"{name}.{number}" if number else name)
        return f"{function}(branch({key}, {which}, {place}), 0)"

    return re.sub(r"\b(randn?)\(\)", call, code)


@cache
def functions() -> dict[str, Any]:
    """Return the functions for the namespace of a Brian2 group."""
    import brian2 as b
    from brian2cuda.cuda_generator import CUDACodeGenerator

    targets = (("cpp", ""), (CUDACodeGenerator, "__host__ __device__"))
    made: dict[str, Any] = {}
    whole = ["integer", "integer"]
    for function, arguments, returned in (
        (bits, whole, "integer"), (branch, [*whole, "integer"], "integer"),
        (uniform, whole, "float"), (normal, whole, "float"), (normal_of, ["any", *whole], "float"),
        (arrivals, [*whole, "any"], "float"),
    ):  # fmt: skip
        name = function.__name__
        scaled = function is normal_of  # in any unit
        made[name] = b.Function(
            function,
            arg_units=[None if scaled else 1, *[1] * (len(arguments) - 1)],
            arg_types=arguments,
            return_unit=(lambda scale, key, n: scale) if scaled else 1,
            return_type=returned,
        )
        # Otherwise Brian2 writes the numbers out at every call, for a message.
        made[name].implementations.add_numpy_implementation(function, discard_units=True)
        # Dependencies are on `bits` alone, which no model names: Brian2 does not order functions
        # that it is asked for twice.
        first = {"bits": made["bits"]} if name != "bits" else None
        for target, prefix in targets:
            made[name].implementations.add_implementation(
                target, prefix + CODE[name], name=f"_stream_{name}", dependencies=first
            )
    return made


def _unsigned(number: npt.ArrayLike) -> np.ndarray:
    found = np.asarray(number)
    return found if found.dtype == np.uint64 else found.astype(np.int64).view(np.uint64)
